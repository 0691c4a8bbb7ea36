"""The end model in one table of targets: packaged problems, vote sets, retraining, search, prediction.

Run: python benchmarks/train.py [--only packaged,retrain] [--data DIR] [--cache FOLDER] [--seeds 3] [--json OUT]
[--plot OUT.png] [--keep FOLDER] [--check]
Each part is a script of its own, which prints more than this does: `packaged` train_packaged.py, `sets` train_sets.py,
`retrain` train_speed.py, `search` search.py, `prediction` export.py. The packaged problems' tables come from `make run` or
`dvc repro`. --data is a folder of sets in WRENCH's form; without it `sets` is left out.
The whole takes more than an hour: --keep FOLDER keeps each part's figures there, and a part that has some is not run again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from targets import Target, finish, options, target

HERE = Path(__file__).parent
PARTS = {
    "packaged": "train_packaged.py",
    "sets": "train_sets.py",
    "retrain": "train_speed.py",
    "search": "search.py",
    "prediction": "export.py",
}
SEEDED = ("packaged", "sets", "retrain")


def main() -> None:
    """Run the parts that were asked for, print one table, draw and write it, and say what was missed."""
    parser = options(__doc__)
    parser.add_argument("--only", default=",".join(PARTS), help="parts to run, with commas between them")
    parser.add_argument("--data", type=Path, help="folder of vote sets with text")
    parser.add_argument("--cache", type=Path, help="folder where features of the sets are kept between runs")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="folder of the figures of parts that have run")
    parser.add_argument("--plot", type=Path, help="also draw the table here")
    asked = parser.parse_args()
    figures: dict[str, Any] = {name: run(name, asked) for name in chosen(asked)}
    figures["targets"] = {key: item for name in figures for key, item in targets(name, figures[name]).items()}
    if asked.plot:
        draw(figures["targets"], asked.plot)
    finish(figures, asked)


def chosen(asked: argparse.Namespace) -> list[str]:
    """What was asked -> the parts that can run, in their order; a line says why one is left out."""
    wanted = asked.only.split(",")
    if unknown := [name for name in wanted if name not in PARTS]:
        raise SystemExit(f"--only {unknown[0]}: the parts are {', '.join(PARTS)}")
    kept = []
    for name, script in PARTS.items():
        if name in wanted and not (HERE / script).exists():
            print(f"{name}: left out, there is no benchmarks/{script}", file=sys.stderr)
        elif name == "sets" and name in wanted and asked.data is None:
            print("sets: left out, --data names no folder of vote sets", file=sys.stderr)
        elif name in wanted:
            kept.append(name)
    return kept


def run(name: str, asked: argparse.Namespace) -> dict[str, Any]:
    """Part and what was asked -> its figures. Its own table goes to standard error, so that this one's stands alone."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.keep.resolve() if asked.keep else Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        out = folder / f"{name}.json"
        if out.exists():
            print(f"{name}: figures of {out}", file=sys.stderr)
            return dict(json.loads(out.read_text(encoding="utf-8")))
        print(f"\n{name}: benchmarks/{PARTS[name]}", file=sys.stderr)
        command = [sys.executable, str(HERE / PARTS[name]), "--json", str(out)]
        command += ["--seeds", str(asked.seeds)] if name in SEEDED else []
        command += ["--data", str(asked.data.resolve())] if name == "sets" else []
        command += ["--cache", str(asked.cache.resolve())] if name == "sets" and asked.cache else []
        done = subprocess.run(command, stdout=sys.stderr, check=False, cwd=HERE.parent)
        if done.returncode:
            raise SystemExit(f"benchmarks/{PARTS[name]} failed; the line above says why")
        return dict(json.loads(out.read_text(encoding="utf-8")))


def targets(name: str, figures: dict[str, Any]) -> dict[str, Target]:
    """Part and its figures -> its targets."""
    if name != "search":
        result: dict[str, Target] = figures["targets"]
        return result
    return {f"search, {problem}": searched(item) for problem, item in figures.items()}


def searched(one: dict[str, Any]) -> Target:
    """What a search found -> whether it kept to its budget and beats the default by 2 points, or surely nothing does."""
    from search import met

    gain, *ends = one.get("points") or (0.0, 0.0, 0.0)
    return target(gain, "points above the default: 2, or nothing is surely 2 above it", ends, met=met(one))


def draw(result: dict[str, Target], path: Path) -> None:
    """Targets -> a picture of the table: a line for each, green where met, red where missed."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(11, 0.42 * len(result) + 0.5))
    axes.axis("off")
    for place, (name, one) in enumerate(result.items()):
        ends = "" if one["interval"] is None else f"[{one['interval'][0]:.1f}, {one['interval'][1]:.1f}]"
        cells = ("met" if one["met"] else "missed", name, f"{one['figure']:.2f}", ends, one["promised"])
        for x, cell in zip((0.0, 0.08, 0.37, 0.44, 0.56), cells, strict=True):
            colour = ("#2a7f3f" if one["met"] else "#b3261e") if x == 0.0 else "#222222"
            axes.text(x, -place, cell, color=colour, fontsize=9, va="center")
    axes.set_xlim(0, 1.1)
    axes.set_ylim(-len(result) + 0.4, 0.6)
    figure.savefig(path, dpi=110, bbox_inches="tight")


if __name__ == "__main__":
    main()
