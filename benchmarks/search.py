"""`tidemill search` on the packaged problems: its verdict within the budget, and what is found beside the default on test.

Run in a checkout whose `denoise` stage has run: python benchmarks/search.py [--problem spam solar] [--minutes 10] [--json OUT] [--check]
Settings are those of params.yaml: `tidemill compose solar.train.gold.use=true` before lets gold of dev judge. Gold of test is
read after the search has ended, to report balanced accuracy (mean of three seeds); nothing is chosen by it.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tidemill.apps.search import candidate_backbones
from tidemill.apps.search.search import search_for
from tidemill.contracts import ABSTAIN, FEATURES, NO_GOLD, gold_contract, labels_contract, probability_columns
from tidemill.contracts import votes_contract as votes_of
from tidemill.embed.embedder import Embedder
from tidemill.embed.settings import EmbedSettings
from tidemill.project.project import Project
from tidemill.project.tables import batch_names, read, read_batches
from tidemill.train.recipes.cotraining import fit_end_model
from tidemill.train.recipes.recipe import TrainingSet
from tidemill.train.run import TRAIN_SPLITS, join_rows
from tidemill.train.search.space import apply_changes
from tidemill.train.settings import TrainSettings

SEEDS = 3
OVERRUN = 1.1
POINTS = 2.0


def main() -> None:
    """Search each problem, score what was found, print it, write it, and say what was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problem", nargs="+", default=["solar", "spam"])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--check", action="store_true", help="exit with 1, naming each target missed")
    asked = parser.parse_args()
    figures = {name: searched(name, asked.minutes) for name in asked.problem}
    for name, item in figures.items():
        print(
            f"{name}: {item['trials']} trials in {item['elapsed_seconds']} s of {60 * item['minutes']:.0f}; {item['verdict']}"
        )
        print(
            f"{name}: balanced accuracy on test {item['default_test']:.4f} as it is, {item['found_test']:.4f} as found"
        )
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    missed = [name for name, item in figures.items() if not met(item)]
    if asked.check and missed:
        raise SystemExit(f"missed: {', '.join(missed)}")


def searched(name: str, minutes: float) -> dict[str, Any]:
    """Problem and minutes -> figures of the search, and balanced accuracy on test as it is and as found."""
    project = Project.open(Path())
    summary = search_for(project, name, project.paths(name).searched, minutes=minutes)
    kept = ("minutes", "elapsed_seconds", "trials", "pruned", "gain", "interval", "points", "measure", "verdict")
    figures = {key: getattr(summary, key) for key in kept}
    scores = {"default_test": scored(name, {}, {})}
    scores["found_test"] = scored(name, summary.embed or {}, summary.changes or {})
    return figures | scores | {"embed": summary.embed, "changes": summary.changes}


def met(one: dict[str, Any]) -> bool:
    """Figures -> whether the budget held, and the default is beaten by two points or nothing is surely two points better."""
    if one["gain"] is None or one["elapsed_seconds"] > OVERRUN * 60 * one["minutes"]:
        return False
    gain, low, high = one["points"]
    return bool((low > 0 and gain >= POINTS) or one["interval"][0] <= 0 or high < POINTS)


def scored(name: str, embed_changes: dict[str, Any], train_changes: dict[str, Any]) -> float:
    """Problem and changes -> balanced accuracy on gold of test of heads taught with them on every row that teaches."""
    problem, settings, paths = Project.open(Path()).load(name, "train", TrainSettings)
    batches, classes = batch_names(paths.manifest), problem.classes
    votes, contract = read(paths.votes, votes_of(len(classes))), votes_of(len(classes))
    rows = join_rows(
        votes, read_batches(paths.features, FEATURES, batches), read(paths.labels, labels_contract(classes))
    )
    gold = pl.concat(
        [read_batches(item, gold_contract(len(classes)), batches) for item in (paths.dev, paths.train_gold, paths.gold)]
    )
    rows = rows.join(gold, on="row_id", how="left", maintain_order="left")
    wanted = rows.filter(pl.col("split").is_in([*TRAIN_SPLITS, "test"]))
    labeled, split = wanted["gold"].fill_null(NO_GOLD).to_numpy().astype(np.int64), wanted["split"].to_numpy()
    seen = wanted["feature"].to_numpy() if not embed_changes else embedded(name, wanted["row_id"], embed_changes)
    covered = wanted.select(pl.any_horizontal(pl.col(contract.other_names(votes.columns)) != ABSTAIN)).to_series()
    used = np.where((split == "dev") & settings.gold.use, labeled, NO_GOLD)
    training_set = TrainingSet(
        seen, wanted.select(probability_columns(classes)).to_numpy(), covered.to_numpy(), used
    ).part(split != "test")
    everything = candidate_backbones.contents(paths, batches, problem, wanted["row_id"])[problem.modality].to_list()
    if settings.may_read_texts and problem.modality == "text":
        training_set = replace(
            training_set, texts=[item for item, where in zip(everything, split, strict=True) if where != "test"]
        )
    asked = (split == "test") & (labeled != NO_GOLD)
    texts = [item for item, wanted_too in zip(everything, asked, strict=True) if wanted_too]
    scores = []
    for seed in range(SEEDS):
        model = fit_end_model(training_set, apply_changes(settings, train_changes).with_changes({"seed": seed}))
        right = model.predict_proba(seen[asked], texts).argmax(axis=1) == labeled[asked]
        scores.append(np.mean([right[labeled[asked] == label].mean() for label in np.unique(labeled[asked])]))
    return round(float(np.mean(scores)), 6)


def embedded(name: str, row_ids: pl.Series, changes: dict[str, Any]) -> Any:
    """Problem, rows and changes of its embed section -> (rows, dimensions) features by them."""
    problem, embed, paths = Project.open(Path()).load(name, "embed", EmbedSettings)
    rows = candidate_backbones.contents(paths, batch_names(paths.manifest), problem, row_ids)
    embedder = Embedder(
        candidate_backbones.changed(problem, embed, "found", changes), problem.modality, root=paths.shared
    )
    folder = paths.state / "search" / name / "features"
    result = candidate_backbones.features(rows, embedder, folder, deadline=math.inf, name="found")
    assert result is not None  # noqa: S101 - it had all the time there is
    return result


if __name__ == "__main__":
    main()
