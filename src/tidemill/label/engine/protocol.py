"""What a worker process and its parent both know: the frames they exchange, and where the worker is.

A frame is a JSON header and bytes over a pipe, never a pickle. Two numbers in shared memory are the function the worker
asks of which row. Only the standard library is imported here, so that workers start while their parent still imports.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import Final

HEAD: Final = struct.Struct("<8sIQ")
"""Start of a frame: the mark, and sizes of its header and of the bytes after it."""
MARK: Final = b"tidemill"
"""What a frame begins with; anything else was written into the pipe by a labeling function."""
POSITION: Final = struct.Struct("<qq")
"""Index of the function that is applied, and of the row."""
NO_FUNCTION: Final = -1
"""In place of a function's index: none is applied."""
ALL_ROWS: Final = -1
"""In place of a row's index: the function is applied to the whole table."""


def memory(process: int | str = "self") -> float:
    """Measure the resident memory of a process.

    Parameters
    ----------
    process
        Number of the process; by default this one.

    Returns
    -------
    float
        Megabytes; 0 where there is no such process.
    """
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return _memory_by_psutil(process)
    return pages * mmap.PAGESIZE / (1 << 20)


def _memory_by_psutil(process: int | str) -> float:
    import psutil  # imported where there is no /proc alone: workers start with the standard library

    try:
        return float(psutil.Process(None if process == "self" else int(process)).memory_info().rss) / (1 << 20)
    except psutil.Error:
        return 0.0
