"""End models trained on labels of this version's `auto` against labels of another version's, with paired intervals.

Run, once with the other version's sources first on the path, once without:
  PYTHONPATH=OTHER/src python benchmarks/denoise_end_models.py --data DIR --write before.npz
  python benchmarks/denoise_end_models.py --data DIR --before before.npz [--seeds 3] [--json OUT] [--check]
DIR holds vote sets in WRENCH's form, of which those whose rows all have text are used, with MiniLM's features and the plain
head; the packaged problems have the end model of their configuration, on the tables that `make run` leaves under data/
(--packaged ROOT: of a project elsewhere). Labels of the other version are not sharpened unless --sharpen-before says so: 0.1.0 did not.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from denoise_sets import load_set
from targets import finish, options, target

SEED = 20
PROBLEMS = ("spam", "solar")
FITTED_ON = ("train", "dev")
REGISTRIES = ("tidemill.denoise.models.registry", "tidemill.denoise.registry")
"""Where `create` is now, and where 0.1.0 has it."""
DRAWS = 500
SMALLEST = 1e-6
IMPROVED = 3


def main() -> None:
    """Write labels, or compare what end models learn from them, print it and say what was missed."""
    parser = options(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of vote sets with text")
    parser.add_argument(
        "--packaged", type=Path, default=Path(), help="root of a project with the packaged problems' tables"
    )
    parser.add_argument("--write", type=Path, help="only write labels of the version on the path here")
    parser.add_argument("--before", type=Path, help="labels of another version, as --write writes them")
    parser.add_argument("--sharpen-before", type=float, default=1.0, help="train.sharpen for these")
    parser.add_argument("--weights", type=Path, help="folder of MiniLM")
    parser.add_argument("--cache", type=Path, help="folder where features of the sets are kept between runs")
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    if (asked.write is None) == (asked.before is None):
        parser.error("give either --write or --before")
    labels = dict(_labels(asked.data, asked.packaged))
    if asked.write:
        np.savez_compressed(asked.write, **labels)
        return
    compare(labels, dict(np.load(asked.before)), asked)


def _labels(data: Path, root: Path) -> Iterator[tuple[str, Any]]:
    """Labels by `auto` of each set's train rows, and of all rows of each packaged problem, by the name of the set."""
    registry = next(module for module in map(_imported, REGISTRIES) if module is not None)
    for path in sorted(part.parent for part in data.glob("*/meta.json")):
        votes_set = load_set(path)
        if votes_set.texts is not None:
            model = registry.create("auto", votes_set.n_classes, seed=SEED).fit(votes_set.train)
            yield votes_set.name, model.predict_proba(votes_set.train)
    for name in PROBLEMS:
        table = pl.read_parquet(root / "data" / name / "votes.parquet")
        functions = [column for column, kind in table.schema.items() if kind == pl.Int16]
        votes = table.select(functions).to_numpy()
        seen = votes[table["split"].is_in(FITTED_ON).to_numpy()]
        yield name, registry.create("auto", 2, seed=SEED).fit(seen).predict_proba(votes)


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        return None


def compare(now: dict[str, Any], before: dict[str, Any], asked: argparse.Namespace) -> None:
    """Train on both, print score and log loss of each set, and say which targets are missed."""
    results = {name: _compared(*trained) for name, *trained in _trained(now, before, asked)}
    print(
        f"{'set':14}{'before':>8}{'now':>8}  95% interval of the gain   {'log loss':>8}{'now':>8}  95% interval of the change"
    )
    for name, item in results.items():
        gain, change = item["gain_interval"], item["log_loss_interval"]
        print(
            f"{name:14}{item['before']:8.1f}{item['now']:8.1f}  {gain[0]:+6.1f} to {gain[1]:+6.1f}           "
            f"{item['log_loss_before']:8.3f}{item['log_loss']:8.3f}  {change[0]:+.3f} to {change[1]:+.3f}"
        )
    worse = [name for name, item in results.items() if item["gain_interval"][1] < 0]
    better = [name for name, item in results.items() if item["log_loss_interval"][1] < 0]
    summary = {
        "surely worse": target(
            len(worse), f"end models no worse by interval: {', '.join(worse) or 'none'}", met=not worse
        ),
        "log loss lower": target(
            len(better), f"surely lower on {IMPROVED} or more: {', '.join(better)}", met=len(better) >= IMPROVED
        ),
    }
    finish({"sets": results, "targets": summary}, asked)


def _trained(now: dict[str, Any], before: dict[str, Any], asked: argparse.Namespace) -> Iterator[tuple[Any, ...]]:
    """Set by set: name, probabilities of test rows by each seed from both labels, gold and metric."""
    from denoise import BACKBONE
    from train_sets import features, settings, taught, with_text

    for votes in with_text(asked.data):
        seen = features(votes, asked.weights or BACKBONE, asked.cache)
        answers: list[list[Any]] = [[], []]
        for seed in range(asked.seeds):
            how = settings("head", seed)
            flat = how.model_copy(update={"sharpen": asked.sharpen_before})
            answers[0].append(taught(votes, seen, now[votes.name], how)[0])
            answers[1].append(taught(votes, seen, before[votes.name], flat)[0])
        print(f"{votes.name}: trained", file=sys.stderr)
        yield votes.name, *answers, votes.gold, votes.metric
    yield from _packaged(now, before, asked)


def _packaged(now: dict[str, Any], before: dict[str, Any], asked: argparse.Namespace) -> Iterator[tuple[Any, ...]]:
    import os
    from dataclasses import replace

    from packaged_rows import METRIC, packaged
    from tidemill.contracts import probability_columns

    os.chdir(asked.packaged)
    for name in PROBLEMS:
        rows = packaged(name)
        classes = probability_columns(rows.rows.problem.classes)
        answers: list[list[Any]] = []
        for labels, sharpen in ((now[name], rows.settings.labels.sharpening), (before[name], asked.sharpen_before)):
            columns = [
                pl.Series(column, labels[:, place], rows.rows.rows.schema[column])
                for place, column in enumerate(classes)
            ]
            other = replace(rows, rows=replace(rows.rows, rows=rows.rows.rows.with_columns(columns)))
            answers.append([other.weak(seed, changes={"labels.sharpening": sharpen}) for seed in range(asked.seeds)])
        print(f"{name}: trained", file=sys.stderr)
        yield name, *answers, rows.gold, METRIC


def _compared(now: list[Any], before: list[Any], gold: Any, metric: str) -> dict[str, Any]:
    """Score and log loss from both labels, with intervals of their difference over test rows and seeds."""
    from paired_comparison import mean_score, paired

    losses = [np.mean([_log_loss(answer, gold) for answer in answers], axis=0) for answers in (now, before)]
    change, generator = losses[0] - losses[1], np.random.default_rng(SEED)
    draws = [change[generator.integers(0, len(gold), len(gold))].mean() for _ in range(DRAWS)]
    return {
        "now": mean_score(now, gold, metric),
        "before": mean_score(before, gold, metric),
        "gain_interval": paired(now, before, gold, metric),
        "log_loss": float(losses[0].mean()),
        "log_loss_before": float(losses[1].mean()),
        "log_loss_interval": [float(end) for end in np.quantile(draws, [0.025, 0.975])],
    }


def _log_loss(probabilities: Any, gold: Any) -> Any:
    return -np.log(np.maximum(probabilities[np.arange(len(gold)), gold], SMALLEST))


if __name__ == "__main__":
    main()
