"""Labels by people and by functions against twenty lines of scikit-learn on the same labels and the same backbone.

    python benchmarks/few_labels.py [--data DIR --cache FOLDER] [--only spam,solar,gate] [--sizes 50,300] [--quick] [--json FILE] [--check]

Reads the tables that a run of all batches leaves under data/, and with --data also sets with text in WRENCH's form; --cache keeps the
features of those. So many rows of `train` and `dev` are drawn, and their gold is shown to the end model with `train.gold.use: auto` beside
the probabilistic labels of the other rows, to logistic regression on the features as they are and scaled, and, of texts, to
logistic regression on TF-IDF. Gold of rows that would judge, in `valid` and `test`, is shown to nobody. The same is repeated with labels of
functions that guess: those of other rows. `source` adds fifty labels of a second source (polycrystalline cells) to two hundred of the first.
`splits` counts which labels teach and judge, `gate` is what benchmarks/gate.py simulates. What --json has already is kept, so that
parts can be run one by one.
"""

from __future__ import annotations

import json
import time
import warnings
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

import gate
from denoise_sets import score
from few_gold_labels import Task, tasks
from packaged_rows import PROBLEMS, packaged
from paired_comparison import paired
from targets import Target, finish, kept, options, target
from tidemill.contracts import NO_GOLD
from tidemill.ingest.splits import label_shares
from tidemill.train.ensemble.gold_mix import fit_gold_mix
from tidemill.train.recipes.recipe import TrainingSet
from tidemill.train.settings import TrainSettings
from train_sets import settings

SIZES: Final = (20, 50, 100, 300, 1000)
OURS, GUESSING, ALONE = "functions and gold", "functions that guess, and gold", "gold alone"
PLAIN, SCALED, WORDING = "logistic regression", "logistic regression, scaled", "TF-IDF"
GUESSED_SIZES: Final = (50, 300)
OTHERS: Final = ("source", "splits", "gate")
FIRST_LABELS, NEW_LABELS = 200, 50
MAX_LOSS: Final = -1.0


def main() -> None:
    """Measure what was asked, print it, check the targets."""
    parser = options(__doc__)
    parser.add_argument("--data", type=Path, help="folder of vote sets with text")
    parser.add_argument("--cache", type=Path, help="folder where features of the sets are kept between runs")
    parser.add_argument("--only", help=f"names of tasks and of {', '.join(OTHERS)}; all by default")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument(
        "--rows", type=int, default=3000, help="rows of train and dev that are used, drawn anew each time"
    )
    parser.add_argument("--quick", action="store_true", help="three draws of 1,500 rows")
    asked = parser.parse_args()
    if asked.quick:
        asked.draws, asked.rows = 3, 1500
    figures: dict[str, Any] = kept(asked.json)
    figures.setdefault("cells", {})
    for name, result in measured(asked):
        figures["cells"][name] = result
        print(f"{name}: {_shown(result)}", flush=True)
        if asked.json:
            asked.json.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    finish(figures | {"targets": targets(figures["cells"])}, asked)


def measured(asked: Namespace) -> Iterator[tuple[str, dict[str, Any]]]:
    """What was asked -> name and figures of each cell."""
    chosen = None if asked.only is None else asked.only.split(",")
    named = [name for name in PROBLEMS if chosen is None or name in chosen]
    data = asked.data if chosen is None or set(chosen) - {*PROBLEMS, *OTHERS} else None
    for task in tasks(Namespace(problems=",".join(named), data=data, cache=asked.cache, sets=chosen)):
        if chosen is None or task.name in chosen:
            for size in map(int, asked.sizes.split(",")):
                if size < 0.7 * (task.truth != NO_GOLD).sum():
                    yield f"{task.name} {size}", cell(task, size, asked)
    if chosen is None or "source" in chosen:
        yield "source", new_source(asked)
    if chosen is None or "splits" in chosen:
        yield "splits", splits()
    if chosen is None or "gate" in chosen:
        yield "gate", {"cells": gate.all_cells(40 if asked.quick else 300)}


def cell(task: Task, size: int, asked: Namespace) -> dict[str, Any]:
    """Task and number of gold rows -> scores of each method, and gains over each rival with paired intervals."""
    started, answers = time.process_time(), dict[str, list[Any]]()
    scored = task.parts["test"]
    test = Rows(task.features[scored], _picked(task.texts, np.flatnonzero(scored)))
    for seed in range(asked.draws):
        training_set, how = drawn(task, size, seed, asked.rows), settings("head", seed)
        methods = {OURS: training_set} | (_without_help(training_set, seed) if size in GUESSED_SIZES else {})
        for name, rows in methods.items():
            answers.setdefault(name, []).append(taught(rows, how, test))
        for name, answer in rivals(training_set, test).items():
            answers.setdefault(name, []).append(answer)
    gold = task.gold[scored]
    result: dict[str, Any] = {name: _mean(each, gold, task.metric) for name, each in answers.items()}
    pairs = {rival: (OURS, rival) for rival in (PLAIN, SCALED, WORDING) if rival in answers}
    pairs |= {GUESSING: (GUESSING, ALONE)} if GUESSING in answers else {}
    gains = {name: _gain(answers[one], answers[other], gold, task.metric) for name, (one, other) in pairs.items()}
    return {"scores": result, "gains": gains, "cpu_seconds": round((time.process_time() - started) / asked.draws, 1)}


class Rows:
    """Features and texts of rows that are scored."""

    def __init__(self, features: Any, texts: Any) -> None:
        self.features, self.texts = features, texts


def drawn(task: Task, size: int, seed: int, rows: int) -> TrainingSet:
    """Task -> so many of its rows, drawn at random, of which ``size`` have gold: some of every class."""
    rng = np.random.default_rng([size, seed])
    order = rng.permutation(np.flatnonzero(task.truth != NO_GOLD))
    first = [np.flatnonzero(task.truth[order] == place)[:2] for place in np.unique(task.truth[order])]
    order = np.concatenate([order[np.concatenate(first)], np.delete(order, np.concatenate(first))])
    others = rng.permutation(np.setdiff1d(np.arange(len(task.truth)), order[:size]))[: max(rows - size, 0)]
    used = np.sort(np.concatenate([order[:size], others]))
    gold = np.full(len(task.truth), NO_GOLD)
    gold[order[:size]] = task.truth[order[:size]]
    one = task.training_set
    return TrainingSet(one.features[used], one.targets[used], one.covered[used], gold[used], _picked(one.texts, used))


def _picked(texts: Any, rows: Any) -> Any:
    return None if texts is None else [texts[row] for row in rows]


def _without_help(training_set: TrainingSet, seed: int) -> dict[str, TrainingSet]:
    """The same rows with labels of other rows, and without labels by functions."""
    order = np.random.default_rng([seed, 5]).permutation(len(training_set.gold))
    guessed = replace(training_set, targets=training_set.targets[order], covered=training_set.covered[order])
    return {GUESSING: guessed, ALONE: replace(training_set, covered=np.zeros(len(order), dtype=np.bool_))}


def taught(training_set: TrainingSet, how: TrainSettings, test: Rows) -> Any:
    """Rows and settings -> what the end model of ``gold.use: auto`` predicts of rows."""
    model = fit_gold_mix(training_set, how.with_changes({"gold.use": "auto"})).model
    return model.predict_proba(test.features, test.texts)


def rivals(training_set: TrainingSet, test: Rows) -> dict[str, Any]:
    """Rows with gold -> what scikit-learn's models of them predict."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def model() -> Any:
        return LogisticRegression(max_iter=1000, class_weight="balanced")

    labeled = training_set.part(training_set.gold != NO_GOLD)
    fitted: dict[str, Callable[[], Any]] = {
        PLAIN: lambda: (model().fit(labeled.features, labeled.gold), test.features),
        SCALED: lambda: (make_pipeline(StandardScaler(), model()).fit(labeled.features, labeled.gold), test.features),
    }
    if labeled.texts is not None:
        wording = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        fitted[WORDING] = lambda: (make_pipeline(wording, model()).fit(labeled.texts, labeled.gold), test.texts)
    answers = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of iterations that were not enough, which is what twenty lines do
        for name, fit in fitted.items():
            done, rows = fit()
            answers[name] = np.zeros((len(test.features), training_set.targets.shape[1]))
            answers[name][:, done.classes_] = done.predict_proba(rows)
    return answers


def new_source(asked: Namespace) -> dict[str, Any]:
    """Two hundred labels of monocrystalline cells, then fifty of polycrystalline ones too -> what these are worth on test."""
    rows = packaged("solar")
    batch = rows.rows.rows["batch"].to_numpy().astype(str)
    is_new = np.char.startswith(batch, "poly")
    scored = rows.test[is_new[rows.test]]
    test, gold = Rows(rows.rows.features[scored], None), rows.rows.gold[scored]
    answers: dict[str, list[Any]] = {}
    for seed in range(asked.draws):
        rng = np.random.default_rng([seed, 9])
        order = rng.permutation(len(rows.training_rows))
        of_new = is_new[rows.training_rows][order]
        first, new = order[~of_new][:FIRST_LABELS], order[of_new][:NEW_LABELS]
        for name, labeled in {"before": first, "after": np.concatenate([first, new])}.items():
            gold_shown = np.full(len(order), NO_GOLD)
            gold_shown[labeled] = rows.truth[labeled]
            one = TrainingSet(rows.rows.features[rows.training_rows], rows.labels, rows.covered, gold_shown, None)
            answers.setdefault(f"{OURS}, {name}", []).append(taught(one, settings("head", seed), test))
            for rival, answer in rivals(one, test).items():
                answers.setdefault(f"{rival}, {name}", []).append(answer)
    pairs = {
        f"{rival}, {when}": (f"{OURS}, {when}", f"{rival}, {when}")
        for rival in (PLAIN, SCALED)
        for when in ("before", "after")
    }
    pairs["the labels"] = (f"{OURS}, after", f"{OURS}, before")
    return {
        "scores": {name: _mean(each, gold, "balanced") for name, each in answers.items()},
        "gains": {name: _gain(answers[a], answers[b], gold, "balanced") for name, (a, b) in pairs.items()},
    }


def splits() -> dict[str, Any]:
    """Numbers of labels -> least share that teaches from 200 on, and least share that teaches or judges."""
    shares = {labels: label_shares(labels) for labels in range(1, 3001)}
    used = {labels: (one.train + one.dev + one.valid + one.test) / labels for labels, one in shares.items()}
    teaching = [(one.train + one.dev) / labels for labels, one in shares.items() if labels >= 200]
    return {"used": min(used.values()), "teach": min(teaching)}


def _mean(answers: list[Any], gold: Any, metric: str) -> float:
    return round(float(np.mean([score(answer, gold, metric) for answer in answers])), 2)


def _gain(ours: list[Any], theirs: list[Any], gold: Any, metric: str) -> dict[str, Any]:
    gain = _mean(ours, gold, metric) - _mean(theirs, gold, metric)
    return {"gain": round(gain, 2), "interval": paired(ours, theirs, gold, metric)}


def targets(cells: dict[str, Any]) -> dict[str, Target]:
    """Cells -> targets, of those parts that were measured."""
    gains = {f"{name}, {rival}": one for name, item in cells.items() for rival, one in item.get("gains", {}).items()}
    rivals_of = {name: one for name, one in gains.items() if name.rpartition(", ")[0] and _is_rival(name)}
    results: dict[str, Target] = {}
    if rivals_of:
        worst = min(rivals_of, key=lambda name: rivals_of[name]["gain"])
        above = float(np.mean([one["interval"][0] > 0 for one in rivals_of.values()]))
        results["never below"] = _at_least(rivals_of[worst], f"at most 1 point below any rival (worst: {worst})")
        results["surely above"] = target(above, f"in .70 of {len(rivals_of)} cells", met=above >= 0.7)
    if guessed := {name: one for name, one in gains.items() if name.endswith(GUESSING)}:
        worst = min(guessed, key=lambda name: guessed[name]["gain"])
        results["guessing"] = _at_least(guessed[worst], f"at most 1 point below gold alone (worst: {worst})")
    if "source" in cells:
        after, labels = cells["source"]["gains"][f"{PLAIN}, after"], cells["source"]["gains"]["the labels"]
        results["new source"] = _at_least(after, "with 50 labels of it at most 1 point below logistic regression")
        results["new source, gain"] = target(
            labels["gain"], "more than before them", labels["interval"], met=labels["gain"] > 0
        )
    if "splits" in cells:
        used, teach = (cells["splits"][name] for name in ("used", "teach"))
        results["labels used"] = target(used, "1.00 teach or judge", met=used == 1.0)
        results["labels that teach"] = target(teach, "at least .60 from 200 on", met=teach >= 0.6)
    if "gate" in cells:
        results |= {f"gate, {name}": one for name, one in gate.summary(cells["gate"]["cells"]).items()}
    return results


def _is_rival(name: str) -> bool:
    return not name.startswith("source") and any(name.endswith(f", {rival}") for rival in (PLAIN, "scaled", WORDING))


def _at_least(gain: dict[str, Any], promised: str) -> Target:
    return target(gain["gain"], promised, gain["interval"], met=gain["gain"] >= MAX_LOSS)


def _shown(result: dict[str, Any]) -> str:
    if "gains" not in result:
        return "done" if "cells" in result else json.dumps(result)
    gains = ", ".join(
        f"{name} {one['gain']:+.1f} [{one['interval'][0]:+.1f}, {one['interval'][1]:+.1f}]"
        for name, one in result["gains"].items()
    )
    return f"{json.dumps(result['scores'])}; {gains}; {result.get('cpu_seconds', '')} CPU seconds a draw"


if __name__ == "__main__":
    main()
