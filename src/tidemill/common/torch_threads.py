"""The number of torch's threads, for as long as a block runs; it is the process's, and would leak into whatever runs next."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Run a block with so many threads of torch, and set the number that was there before.

    Parameters
    ----------
    count
        Number of threads, on which the last bits of results depend.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
