"""Classical models beside the head: what each is worth, whether gold or labels can tell, and what each costs.

Run: python benchmarks/ensemble.py [--problems spam,solar] [--data DIR --cache FOLDER] [--cost] [--json OUT] [--plots FOLDER]
Reads the tables that `make run` or `dvc repro` leaves under data/, and fits the ensemble of src/tidemill/conf/train/ensemble.yaml on their
rows of train and dev: judged by gold of dev, which teaches too, and judged by the labels, without any gold. Scores on test
(balanced accuracy x 100, with a paired interval of the gain) are told beside, and decide nothing. With --data, sets with text in WRENCH's form: what
the labels say a blend and a stack gain over the head on unseen rows of train, and what the gold of the same rows says, which
no model has learned from. With --cost, CPU seconds to fit and to ask each model, of spam's rows and of four times as many.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from denoise import BACKBONE, ROOT, fitted
from denoise_sets import VoteSet, score
from few_gold_labels import train_gold
from packaged_rows import METRIC, PROBLEMS, Packaged, packaged
from paired_comparison import paired
from targets import options
from tidemill.contracts import ABSTAIN, NO_GOLD
from tidemill.project.contents import texts_of
from tidemill.project.project import Project
from tidemill.project.tables import batch_names
from tidemill.train.classical.base import ModelInputs
from tidemill.train.classical.registry import MEMBERS, members_of
from tidemill.train.end_model.stacking import WAYS, fit_combination
from tidemill.train.ensemble.choose_ensemble import (
    HEAD,
    compare_with_head,
    comparison_table,
    fit_member,
    out_of_fold_predictions,
)
from tidemill.train.ensemble.paired_bootstrap import comparison_rows
from tidemill.train.ensemble.plot import draw_comparison
from tidemill.train.recipes.recipe import TrainingSet, fit_head_by_recipe, recipe_targets
from tidemill.train.settings import ALL_MEMBERS, TrainSettings
from train_sets import features, settings, with_text

SEEN = 3000  # rows of a set that teach at most
QUICK = ("linear", "ngrams", "naive_bayes", "xgboost")
TIMES = 4


@dataclass(frozen=True)
class Task:
    """Rows that teach and rows that are scored, with their texts where they have them."""

    training_set: TrainingSet
    material: ModelInputs
    asked: ModelInputs
    gold: Any
    modality: str


def main() -> None:
    """Fit what was asked, print, draw, write."""
    parser = options(__doc__)
    parser.add_argument("--problems", default=",".join(PROBLEMS), help="none: an empty string")
    parser.add_argument("--judges", default="gold,labels")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, help="folder of vote sets with text")
    parser.add_argument("--weights", type=Path, default=BACKBONE, help="folder of MiniLM")
    parser.add_argument("--cache", type=Path, help="folder where features are kept between runs")
    parser.add_argument("--cost", action="store_true", help="also time each model")
    parser.add_argument("--plots", type=Path, help="folder for a picture of each problem")
    asked = parser.parse_args()
    results: dict[str, Any] = {"problems": {}, "sets": {}, "targets": {}}
    for name in filter(None, asked.problems.split(",")):
        task = packaged_task(packaged(name))
        for judged_by in asked.judges.split(","):
            own = beside_head(asked.seed, use_gold=judged_by == "gold")
            one = measured(task, own)
            results["problems"][f"{name}, {judged_by}"] = one
            told(f"{name}, judged by {judged_by}", one)
            if asked.plots and judged_by == "gold":
                draw_comparison(one["report"], asked.plots / f"ensemble_{name}.png")
    if asked.cost:
        results["cost"] = cost(packaged_task(packaged("spam")), beside_head(asked.seed, use_gold=True))
    for votes in with_text(asked.data) if asked.data else ():
        results["sets"][votes.name] = evidence(votes, asked)
    if asked.json:
        asked.json.write_text(
            json.dumps(results, indent=2, sort_keys=True, default=lambda report: report.model_dump()) + "\n",
            encoding="utf-8",
        )


def packaged_task(rows: Packaged) -> Task:
    """Packaged problem -> its task; gold of dev alone is known to what learns."""
    study, name = rows.rows, rows.name
    modality = study.problem.modality
    split = study.rows["split"].to_numpy()
    teaches = np.flatnonzero(np.isin(split, ("train", "dev")))
    gold = np.where(split[teaches] == "dev", study.gold[teaches], NO_GOLD)
    texts: list[str] | None = None
    if modality == "text":
        paths = Project.open(Path()).paths(name)
        result = study.rows.select("row_id").join(
            texts_of(paths, batch_names(paths.manifest)), on="row_id", how="left", maintain_order="left"
        )
        texts = result["text"].to_list()
    whole = ModelInputs(study.features, texts)
    training_set = TrainingSet(study.features[teaches], study.targets[teaches], study.covered[teaches], gold)
    return Task(training_set, whole.part(teaches), whole.part(rows.test), rows.gold, modality)


def measured(task: Task, own: TrainSettings) -> dict[str, Any]:
    """Task and settings -> the report on unseen rows, and the score on test of every model, of the blend and the stack."""
    names = members_of(own.ensemble, task.modality)[0]
    asked = out_of_fold_predictions(task.training_set, task.material, names, own)
    report = compare_with_head(
        asked, comparison_rows(task.training_set, recipe_targets(task.training_set, own)[1], own), own
    )
    texts = [fit_head_by_recipe(task.training_set, own).predict_proba(task.asked.features)]
    texts += [fit_member(name, task.training_set, task.material, own).predict_proba(task.asked) for name in names]
    test = {name: score(item, task.gold, METRIC) for name, item in zip((HEAD, *names), texts, strict=True)}
    gained = {}
    for way in WAYS:
        answer = fit_combination(way, asked.predictions, asked.targets, asked.weights).predict_proba(np.stack(texts))
        test[way] = score(answer, task.gold, METRIC)
        gained[way] = paired([answer], [texts[0]], task.gold, METRIC)
    return {"report": report, "test": {name: round(item, 2) for name, item in test.items()}, "test_gain": gained}


def told(name: str, one: dict[str, Any]) -> None:
    """Name and what was measured -> printed."""
    lines = comparison_table(one["report"])
    test = pl.Series(
        "test",
        [
            one["test"].get(model) if what == "beside head" else None
            for what, model in lines.select("what", "model").rows()
        ],
    )
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_hide_dataframe_shape=True, tbl_width_chars=200, float_precision=4):
        print(f"{name}: {one['report']['reason']}")
        print(lines.with_columns(test))
    print("\n".join(one["report"]["sentences"]))
    for way, (low, high) in one["test_gain"].items():
        gain = one["test"][way] - one["test"][HEAD]
        print(f"{way} over the head on test: {gain:+.1f} [{low:+.1f}, {high:+.1f}]", flush=True)


def beside_head(seed: int, *, use_gold: bool, members: Any = ALL_MEMBERS) -> TrainSettings:
    """Seed, whether gold teaches and judges, and members -> settings of src/tidemill/conf/train/ensemble.yaml with these members."""
    own = settings("head", seed)
    changes = yaml.safe_load((ROOT / "src/tidemill/conf" / "train" / "ensemble.yaml").read_text(encoding="utf-8"))
    del changes["defaults"]
    return own.with_changes(changes).with_changes({"gold.use": use_gold, "ensemble.members": members})


def evidence(votes: VoteSet, asked_for: argparse.Namespace) -> dict[str, Any]:
    """Set and what was asked -> what blend and stack gain over the head by the labels, and by gold of the same rows."""
    own = beside_head(asked_for.seed, use_gold=False, members=QUICK)
    seen = features(votes, asked_for.weights, asked_for.cache)
    gold = train_gold(asked_for.data / votes.name)
    labels = fitted("auto", votes.n_classes, votes.train, features=seen["train"]).predict_proba(
        votes.train, features=seen["train"]
    )
    kept = np.random.default_rng(asked_for.seed).permutation(len(labels))[:SEEN]
    covered = (votes.train != ABSTAIN).any(axis=1)
    training_set = TrainingSet(seen["train"][kept], labels[kept], covered[kept], np.full(len(kept), NO_GOLD))
    material = ModelInputs(training_set.features, [votes.texts["train"][row] for row in kept])
    asked = out_of_fold_predictions(training_set, material, QUICK, own)
    truth = gold[kept]
    judges = {
        "labels": comparison_rows(training_set, recipe_targets(training_set, own)[1], own),
        "gold": comparison_rows(
            replace(training_set, gold=truth), np.ones(len(kept)), own.with_changes({"gold.use": True})
        ),
    }
    results = {}
    for name, item in judges.items():
        lines = compare_with_head(asked, item, own).lines or {}
        results[name] = {way: {"gain": lines[way].gain, "accuracy_gain": lines[way].accuracy_gain} for way in WAYS}
        for way in WAYS:
            gains = "  ".join(
                f"{key} {mean:+.3f} [{low:+.3f}, {high:+.3f}]" for key, (mean, low, high) in results[name][way].items()
            )
            print(f"{votes.name:14} {way:6} by {name:7} {gains}", flush=True)
    return results


def cost(task: Task, own: TrainSettings) -> dict[str, Any]:
    """Task and settings -> member -> rows -> CPU seconds to fit, and to ask as many rows."""
    results: dict[str, Any] = {}
    count = len(task.training_set.targets)
    for times in (1, TIMES):
        rows = np.tile(np.arange(count), times)
        whole = task.training_set
        training_set = TrainingSet(whole.features[rows], whole.targets[rows], whole.covered[rows], whole.gold[rows])
        material = task.material.part(rows)
        for name in (HEAD, *MEMBERS):
            start = time.process_time()
            if name == HEAD:
                head = fit_head_by_recipe(training_set, own)
                middle = time.process_time()
                head.predict_proba(material.features)
            else:
                member = fit_member(name, training_set, material, own)
                middle = time.process_time()
                member.predict_proba(material)
            seconds = [round(middle - start, 2), round(time.process_time() - middle, 2)]
            results.setdefault(name, {})[str(len(rows))] = seconds
            print(f"{name:12} {len(rows):7,} rows: {seconds[0]:7.2f} s to fit, {seconds[1]:6.2f} s to ask", flush=True)
    return results


if __name__ == "__main__":
    main()
