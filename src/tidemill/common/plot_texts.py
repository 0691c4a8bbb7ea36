"""Texts in plots as they are: names of classes and functions may hold dollar signs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def plain_texts() -> Iterator[None]:
    """Let texts that are drawn in the block stand as they are, where matplotlib takes what stands between ``$`` for formulas.

    Also a decorator, ``@plain_texts()``, for a function that draws and saves.

    Yields
    ------
    None
        matplotlib's settings are as before after the block.
    """
    from matplotlib import rc_context

    with rc_context({"text.parse_math": False}):
        yield
