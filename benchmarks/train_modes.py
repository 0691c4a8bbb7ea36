"""How much of the backbone learns, on the packaged problems: modes head, partial, full and scratch by the code of `train`.

Run: python benchmarks/train_modes.py [--problems spam,solar] [--modes head,partial,full,scratch] [--rows 1000]
[--seeds 1] [--json OUT] [--plot OUT.png]
Reads the tables that `make run` or `dvc repro` leaves under data/. All modes learn from the same rows, --rows of train and
dev drawn at random (0: all), with the settings of src/tidemill/conf/train, and are scored on all of test. CPU seconds are those of
all that a mode adds to stored features: teaching the backbone, embedding these rows and those of test anew, and the head.
Figures that --json has already are kept, so that modes can be run one by one; --problems "" only draws them.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from packaged_rows import METRIC, PROBLEMS, Packaged, packaged
from paired_comparison import mean_score, spread
from targets import kept, options
from tidemill.apps.models.finetune import finetune_model
from tidemill.contracts import labels_contract, votes_contract
from tidemill.embed.embedder import backbone_record
from tidemill.embed.settings import EmbedSettings
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.project.tables import batch_names, read
from tidemill.train.run import Tables, train
from tidemill.train.settings import TrainSettings

MODES = ("head", "partial", "full", "scratch")
CONF = Path(__file__).parents[1] / "src/tidemill/conf" / "train"


@dataclass(frozen=True)
class Elsewhere(Paths):
    """The problem's paths, but for the model: the candidate stays as it is."""

    folder: Path

    @property
    def model(self) -> Path:
        """Folder for what is made here."""
        return self.folder


def main() -> None:
    """Run the modes, print, draw, write."""
    parser = options(__doc__)
    parser.add_argument("--problems", default=",".join(PROBLEMS))
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--rows", type=int, default=1000, help="rows that teach; 0: all")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, help="instead of those of src/tidemill/conf/train")
    parser.add_argument("--plot", type=Path, help="also draw the table here")
    asked = parser.parse_args()
    figures: dict[str, Any] = kept(asked.json)
    for name in filter(None, asked.problems.split(",")):
        rows = packaged(name)
        for mode in asked.modes.split(","):
            figures.setdefault(name, {})[mode] = told(rows, mode, asked)
            if asked.json:
                asked.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
        report(name, figures[name], asked.rows)
    if asked.plot:
        draw(figures, asked.plot)


def told(rows: Packaged, mode: str, asked: Any) -> dict[str, Any]:
    """Problem and mode -> mean balanced accuracy in points with its interval, CPU seconds, and how much learned."""
    predicted, seconds, training_set = [], [], 0
    for seed in range(asked.seeds):
        began = time.process_time()
        answer, training_set = learned(rows, settings(rows, mode, seed, asked.epochs), asked.rows)
        predicted.append(answer)
        seconds.append(time.process_time() - began)
        print(f"{rows.name}, {mode}, seed {seed}: {seconds[-1]:.0f} CPU seconds", file=sys.stderr)
    score, ends = mean_score(predicted, rows.gold, METRIC), spread(predicted, rows.gold, METRIC)
    return {"score": score, "interval": ends, "cpu_seconds": float(np.mean(seconds)), "rows": training_set}


def settings(rows: Packaged, mode: str, seed: int, epochs: int | None) -> TrainSettings:
    """Problem, mode and seed -> the problem's settings with what src/tidemill/conf/train/<mode>.yaml changes."""
    content = yaml.safe_load((CONF / f"{mode}.yaml").read_text(encoding="utf-8"))
    finetune = (content.get("finetune") or {}) | ({"epochs": epochs} if epochs else {})
    return rows.settings.with_changes({"mode": mode, "finetune": finetune, "seed": seed})


def learned(rows: Packaged, search_settings: TrainSettings, most: int) -> tuple[Any, int]:
    """Problem, settings and how many rows may teach -> what the model says of test, and how many rows taught it."""
    tables, problem = drawn(rows, most, search_settings.seed), rows.rows.problem
    _, embedding, real = Project.open(Path()).load(rows.name, "embed", EmbedSettings)
    names = batch_names(real.manifest)
    backbone = backbone_record(real.features / f"{names[-1]}.parquet")
    with tempfile.TemporaryDirectory() as folder:
        paths = Elsewhere(real.name, real.root, real.shared, Path(folder))
        if search_settings.mode != "head":
            after = finetune_model(tables, problem, embedding, search_settings, paths, names)
            tables, backbone = after.tables, after.backbone
        done = train(tables, problem=problem, settings=search_settings, backbone=backbone)
    ids = rows.rows.rows["row_id"][rows.test].to_frame()
    features = ids.join(tables.features, on="row_id", how="left", maintain_order="left")["feature"].to_numpy()
    training_set = tables.votes.height - len(rows.test)
    return done.head.predict_proba(features), training_set


def drawn(rows: Packaged, most: int, seed: int) -> Tables:
    """Problem, a number and a seed -> the tables of test and of that many rows of train and dev."""
    classes, paths = rows.rows.problem.classes, rows.rows.paths
    order = np.random.default_rng([seed, 5]).permutation(rows.training_rows)
    kept = np.sort(np.concatenate([order[: most or len(order)], rows.test]))
    ids = rows.rows.rows["row_id"][kept].to_frame()
    votes = read(paths.votes, votes_contract(len(classes)))
    labels = read(paths.labels, labels_contract(classes))
    features = rows.rows.rows.select("row_id", "feature")

    def of(table: pl.DataFrame) -> pl.DataFrame:
        return ids.join(table, on="row_id", how="left", maintain_order="left")

    return Tables(of(features), of(labels), of(votes).select(votes.columns))


def report(name: str, modes: dict[str, Any], rows: int) -> None:
    """Problem's figures -> a table on standard output."""
    print(f"{name}, {'all' if not rows else f'{rows:,}'} rows that teach")
    print(f"{'mode':10}{'CPU s':>9}{'rows':>7}   balanced accuracy on test")
    for mode, row in modes.items():
        low, high = row["interval"]
        print(f"{mode:10}{row['cpu_seconds']:9.1f}{row['rows']:7,}   {row['score']:.1f} [{low:.1f}, {high:.1f}]")


def draw(figures: dict[str, Any], path: Path) -> None:
    """Problems -> a picture: score against CPU seconds, a point for each mode."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(figures), figsize=(4.6 * len(figures), 3.4), squeeze=False)
    for axis, (name, modes) in zip(axes[0], figures.items(), strict=True):
        for mode, row in modes.items():
            low, high = row["interval"]
            ends = [[max(row["score"] - low, 0)], [max(high - row["score"], 0)]]
            axis.errorbar(row["cpu_seconds"], row["score"], yerr=ends, fmt="o", capsize=3, label=mode)
        axis.set(xscale="log", xlabel="CPU seconds", ylabel="balanced accuracy, points", title=name)
        axis.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    main()
