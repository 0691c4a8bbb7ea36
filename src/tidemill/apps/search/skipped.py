"""Problem → the report that no search was asked for: light, as the stage runs with every pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tidemill.project.tables import write_json


def not_asked(name: str, folder: Path) -> dict[str, Any]:
    """Problem and the report's folder → what is written there."""
    verdict = f"no search was asked for: tidemill run problem={name} search.minutes=10, or tidemill search {name}"
    told = {"problem": name, "minutes": 0, "trials": 0, "verdict": verdict}
    write_json(told, folder / "search.json")
    return told
