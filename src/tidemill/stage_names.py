"""The names of the stages, in order; a module of its own, since commands that only look need nothing else."""

from __future__ import annotations

from typing import Final

STAGES: Final = ("ingest", "embed", "label", "denoise", "search", "train", "evaluate", "facts", "monitor")
