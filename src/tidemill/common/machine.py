"""The machine that this runs on."""

from __future__ import annotations

import os


def cores() -> int:
    """Count the processor cores that this process may use.

    Returns
    -------
    int
        Where the system does not report which are available to this process (macOS), all that there are; at least 1.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def physical_memory() -> float:
    """Measure the memory that the machine has.

    Returns
    -------
    float
        Megabytes.
    """
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
