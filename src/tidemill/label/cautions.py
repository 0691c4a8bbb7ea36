"""Warnings about labeling functions, on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable


def print_cautions(notes: Iterable[str]) -> None:
    """Print each on a line of standard error.

    Parameters
    ----------
    notes
        Sentences.
    """
    for note in notes:
        print(f"caution: {note}", file=sys.stderr, flush=True)
