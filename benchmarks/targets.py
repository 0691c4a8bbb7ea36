"""Targets of a benchmark: met or missed, by which figure; every script prints, writes and checks them in the same way."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Target = dict[str, Any]


def target(figure: float, promised: str, interval: Sequence[float] | None = None, *, met: bool) -> Target:
    """What was promised, the figure and its 95% interval -> the target, as JSON keeps it."""
    ends = None if interval is None else [round(float(end), 3) for end in interval]
    return {"met": bool(met), "figure": round(float(figure), 3), "interval": ends, "promised": promised}


def options(description: str | None) -> argparse.ArgumentParser:
    """Description of a script -> its parser, with what all of them take."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--check", action="store_true", help="exit with 1, naming each target missed")
    return parser


def kept(file: Path | None) -> dict[str, Any]:
    """File of figures, perhaps -> what an earlier run has written there."""
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file is not None and file.exists() else {}


def finish(figures: Mapping[str, Any], asked: argparse.Namespace) -> None:
    """Figures with ``targets`` in them -> the table of targets, the file, and the exit that was asked for."""
    print(table(figures["targets"]))
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    missed = [name for name, item in figures["targets"].items() if not item["met"]]
    if asked.check and missed:
        raise SystemExit(f"missed: {', '.join(missed)}")


def table(targets: Mapping[str, Target]) -> str:
    """Targets -> a line for each: met or MISSED, name, figure, interval, what was promised.

    >>> print(table({"retrain": target(12.5, "at least 20 times as fast", met=False)}))
    MISSED retrain                   12.50                       at least 20 times as fast
    """
    return "\n".join(_line(name, item) for name, item in targets.items())


def _line(name: str, one: Target) -> str:
    ends = "" if one["interval"] is None else f"[{one['interval'][0]:.2f}, {one['interval'][1]:.2f}]"
    return f"{'met   ' if one['met'] else 'MISSED'} {name:22} {one['figure']:8.2f}  {ends:20} {one['promised']}"
