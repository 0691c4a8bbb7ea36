"""Retraining after an edit of a labeling function: the train stage against fine-tuning the same backbone by a plain script.

Run: python benchmarks/train_speed.py [--seeds 3] [--epochs 1] [--chain] [--json OUT] [--check]
Reads the tables that `make run` or `dvc repro` leaves under data/. Both are processes from start to end, imports included,
with one thread each, on the same rows and labels: `python -m tidemill.stages.train spam`, which also predicts every row and
writes the model and its cards, against plain_finetune.py, which predicts test. One epoch flatters the plain script: three
are usual. The target row compares CPU seconds of these, so that work of others on the machine does not count.
With --chain also what a person waits for after a real edit: `dvc repro train@spam` with a word added to a function.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from packaged_rows import METRIC, Packaged, packaged
from paired_comparison import mean_score, paired, spread
from targets import Target, finish, options, target

PROBLEM: Final = "spam"
TIMES: Final = 20.0
EDITED: Final = Path("src/problems/spam/sms.yaml")
ROOT: Final = Path(__file__).parents[1]
HEAD, TUNED, CHAIN = "train stage", "plain fine-tuning", "chain after an edit"


def main() -> None:
    """Time both, score both on the gold of test, print, write, and say what was missed."""
    parser = options(__doc__)
    parser.add_argument("--epochs", type=int, default=1, help="of the plain script")
    parser.add_argument("--seeds", type=int, default=3, help="of which each is a run of the plain script")
    parser.add_argument(
        "--chain", action="store_true", help="also edit a function here and run the stages (it is put back)"
    )
    asked = parser.parse_args()
    os.chdir(ROOT)
    rows = packaged(PROBLEM)
    heads = [rows.weak(seed) for seed in range(asked.seeds)]
    figures: dict[str, Any] = {HEAD: median([stage() for _ in range(3)]) | scored(rows, heads)}
    tuned = [fine_tuned(rows, seed, asked.epochs) for seed in range(asked.seeds)]
    figures[TUNED] = median([seconds for seconds, _ in tuned]) | scored(rows, [predicted for _, predicted in tuned])
    if asked.chain:
        figures[CHAIN] = edited()
    gain = paired(heads, [predicted for _, predicted in tuned], rows.gold, METRIC)
    figures |= {"gain_interval": gain, "epochs": asked.epochs, "seeds": asked.seeds, "rows": len(rows.training_rows)}
    figures["targets"] = targets(figures)
    report(figures)
    finish(figures, asked)


def timed(command: Sequence[str]) -> dict[str, float]:
    """Command -> wall and CPU seconds of the process and what it started, with one thread each."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"), "1")
    home = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    before, began = _cpu(), time.monotonic()
    done = subprocess.run(
        command, env=os.environ | threads | {"PATH": home}, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stderr[-2000:]}")
    return {"wall_seconds": time.monotonic() - began, "cpu_seconds": _cpu() - before}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def median(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    """Runs -> each figure's median."""
    summary = {name: round(float(np.median([run[name] for run in runs])), 2) for name in runs[0]}
    print(summary, file=sys.stderr)
    return summary


def scored(rows: Packaged, predicted: Sequence[Any]) -> dict[str, Any]:
    """What is said of test with each seed -> mean balanced accuracy in points and its interval."""
    return {"score": mean_score(predicted, rows.gold, METRIC), "interval": spread(predicted, rows.gold, METRIC)}


def stage() -> dict[str, float]:
    """Nothing -> seconds of the train stage."""
    return timed([sys.executable, "-m", "tidemill.stages.train", PROBLEM])


def fine_tuned(rows: Packaged, seed: int, epochs: int) -> tuple[dict[str, float], Any]:
    """Problem, a seed and epochs -> seconds of the plain script, and what it says of test."""
    with tempfile.TemporaryDirectory() as folder:
        table, out = Path(folder) / "rows.parquet", Path(folder) / "said.npy"
        lesson(rows).write_parquet(table)
        script = [sys.executable, "benchmarks/plain_finetune.py", str(table), str(out)]
        seconds = timed([*script, "--epochs", str(epochs), "--seed", str(seed)])
        print(f"plain script, seed {seed}: {seconds['cpu_seconds']:.0f} CPU seconds", file=sys.stderr)
        return seconds, np.load(out)


def lesson(rows: Packaged) -> pl.DataFrame:
    """Problem -> text and label of the rows that teach, then text alone of those of test."""
    covered = rows.training_rows[rows.covered]
    labels = [list(map(float, item)) for item in rows.rows.targets[covered]]
    both = [*covered.tolist(), *rows.test.tolist()]
    kept = pl.Series("label", [*labels, *[None] * len(rows.test)], dtype=pl.List(pl.Float32))
    return pl.DataFrame({"text": rows.text(both), "label": kept})


def edited() -> dict[str, float]:
    """Nothing -> seconds of the stages up to train after a word is added to a function, once all is as it was before."""
    command = ["dvc", "repro", f"train@{PROBLEM}"]
    timed(command)
    before = EDITED.read_text(encoding="utf-8")
    word = f"tidemill{time.time_ns()}"
    try:
        changed = before.replace("words: [", f"words: [{word}, ", 1)
        if changed == before:
            raise SystemExit(f"{EDITED} has no function with a list of words to edit")
        EDITED.write_text(changed, encoding="utf-8")
        seconds = timed(command)
    finally:
        EDITED.write_text(before, encoding="utf-8")
    timed(command)
    return {name: round(value, 2) for name, value in seconds.items()}


def targets(figures: dict[str, Any]) -> dict[str, Target]:
    """Figures -> whether it is as fast, at equal or better score, as was promised."""
    times = figures[TUNED]["cpu_seconds"] / figures[HEAD]["cpu_seconds"]
    gain = figures[HEAD]["score"] - figures[TUNED]["score"]
    return {
        "retrain, times": target(
            times, "times as fast as a plain Lightning script, process for process: 20", met=times >= TIMES
        ),
        "retrain, score": target(gain, "points above it: equal or better", figures["gain_interval"], met=gain >= 0),
    }


def report(figures: dict[str, Any]) -> None:
    """Figures -> a table on standard output."""
    print(f"{'spam, one thread':24}{'CPU s':>9}{'wall s':>9}   balanced accuracy on test")
    for name in (HEAD, TUNED, CHAIN):
        if name in figures:
            row = figures[name]
            ends = f"{row['score']:6.1f} [{row['interval'][0]:.1f}, {row['interval'][1]:.1f}]" if "score" in row else ""
            print(f"{name:24}{row['cpu_seconds']:9.1f}{row['wall_seconds']:9.1f}   {ends}")
    print()


if __name__ == "__main__":
    main()
