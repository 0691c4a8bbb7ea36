"""How long `make run` takes in a fresh clone and again when nothing has changed, and what the models it makes score.

The environment is installed and the packages are fetched before the clock starts. Prints the two tables of the README.
Run: python benchmarks/readme_figures.py
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGETS = {"first": 480.0, "unchanged": 30.0}
PROBLEMS = ("spam", "solar")
YARDSTICKS = ("majority_class", "majority_vote", "label_model", "end_model", "gold_ceiling")


def main() -> None:
    """Clone, install, fetch, then time the two runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a target is missed")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tidemill-") as scratch:
        clone = Path(scratch) / "clone"
        seconds = _measure(clone)
        scores = {problem: _scores(clone, problem) for problem in PROBLEMS}
    _tell(seconds, scores)
    if chosen.json:
        content = {"seconds": seconds, "scores": scores}
        chosen.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    missed = [name for name, value in seconds.items() if value >= TARGETS[name]]
    if chosen.check and missed:
        raise SystemExit(f"missed: {', '.join(missed)}")


def _measure(clone: Path) -> dict[str, float]:
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    packages = ROOT / "data" / "packages"
    if packages.exists():
        shutil.copytree(packages, clone / "data" / "packages")
    subprocess.run(["make", "install"], cwd=clone, check=True)
    subprocess.run([clone / ".venv/bin/tidemill", "fetch"], cwd=clone, check=True)
    return {name: _timed(["make", "run"], clone) for name in ("first", "unchanged")}


def _scores(clone: Path, problem: str) -> dict[str, list[float]]:
    """Finished clone and a problem -> model -> balanced accuracy on all test rows, with its interval."""
    with (clone / "reports" / problem / "plots" / "scores.csv").open(encoding="utf-8", newline="") as file:
        lines = [
            line for line in csv.DictReader(file) if line["slice"] == "all" and line["metric"] == "balanced_accuracy"
        ]
    return {line["model"]: [float(line[name]) for name in ("score", "low", "high")] for line in lines}


def _tell(seconds: dict[str, float], scores: dict[str, dict[str, list[float]]]) -> None:
    print("\n| `make run` | measured | asked for |\n| --- | --- | --- |")
    for name, value in seconds.items():
        print(f"| {name} | {value:.0f} s | under {TARGETS[name]:.0f} s |")
    heads = [name.replace("_", " ") for name in YARDSTICKS]
    print(f"\n| balanced accuracy | {' | '.join(heads)} |\n|{' --- |' * (len(heads) + 1)}")
    for problem, result in scores.items():
        cells = [f"{result[name][0]:.3f} [{result[name][1]:.3f}, {result[name][2]:.3f}]" for name in YARDSTICKS]
        print(f"| `{problem}` | {' | '.join(cells)} |")


def _timed(command: list[str], folder: Path) -> float:
    start = time.monotonic()
    subprocess.run(command, cwd=folder, check=True)
    return time.monotonic() - start


if __name__ == "__main__":
    main()
