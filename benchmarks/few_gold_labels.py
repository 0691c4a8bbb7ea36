"""What a handful of clean rows is worth beside weak labels ("Weaker than you think", Zhu et al., ACL 2023).

Run: python benchmarks/few_gold_labels.py [--data DIR --cache FOLDER] [--sizes 5,10,20,50] [--draws 5] [--auto-draws 2]
[--json OUT] [--plot OUT.png]
Reads the tables that `make run` or `dvc repro` leaves under data/, and with --data also sets with text in WRENCH's form.
So many rows per class of those that teach are drawn, and their gold is shown to: a head that learns of them alone; the
head on weak labels, the rows mixed in (use_gold); the same head, corrected by them afterwards; and train=auto with them
mixed in. Beside these are the head and auto without any gold. Scores of the packaged problems are told on valid too, for
whoever chooses by them; the picture has those of test. Every draw has a seed of its own; the intervals are over draws and
scored rows. Figures that --json has already are kept, so that tasks can be run one by one; --problems "" only draws them.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from denoise import BACKBONE, fitted
from packaged_rows import METRIC, PROBLEMS, packaged
from paired_comparison import mean_score, spread
from targets import kept, options
from tidemill.common.nested import flatten
from tidemill.contracts import ABSTAIN, NO_GOLD
from tidemill.train.head.fit import fit_head
from tidemill.train.recipes import choose_recipe
from tidemill.train.recipes.recipe import TrainingSet, fit_head_by_recipe
from tidemill.train.settings import TrainSettings
from train_sets import features, settings, with_text

ALONE, WEAK, MIXED = "clean rows alone", "weak labels", "weak labels, clean rows mixed in"
AUTO, AUTO_MIXED = "auto", "auto, clean rows mixed in"
AFTER = "weak labels, corrected by clean rows"
METHODS = (WEAK, ALONE, MIXED, AFTER, AUTO, AUTO_MIXED)
SPLITS = ("valid", "test")
STEPS, PENALTIES, PARTS = 300, (0.3, 1.0, 3.0, 10.0, 30.0), 5


@dataclass(frozen=True)
class Task:
    """Rows that teach, their gold (NO_GOLD: unknown), rows that are scored, and the settings of both end models."""

    name: str
    training_set: TrainingSet
    truth: Any
    features: Any
    texts: Any
    gold: Any
    parts: dict[str, Any]  # split -> mask of the rows that are scored
    metric: str
    head: TrainSettings
    auto: TrainSettings

    def shown(self, rows: Any) -> TrainingSet:
        """Indices -> the lesson with the gold of these rows in it."""
        gold = np.full(len(self.truth), NO_GOLD)
        gold[rows] = self.truth[rows]
        return replace(self.training_set, gold=gold)


def main() -> None:
    """Measure each task, print, draw, write."""
    parser = options(__doc__)
    parser.add_argument("--data", type=Path, help="folder of vote sets with text")
    parser.add_argument("--cache", type=Path, help="folder where features of the sets are kept between runs")
    parser.add_argument("--problems", default=",".join(PROBLEMS))
    parser.add_argument("--sizes", default="5,10,20,50")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--auto-draws", type=int, default=2, help="0: without auto, which takes long")
    parser.add_argument("--sets", type=lambda names: names.split(","), help="of --data, these alone")
    parser.add_argument("--plot", type=Path, help="also draw the figures here")
    asked = parser.parse_args()
    figures: dict[str, Any] = kept(asked.json)
    for task in tasks(asked):
        figures[task.name] = measured(task, [int(size) for size in asked.sizes.split(",")], asked)
        for split, methods in figures[task.name].items():
            report(f"{task.name}, {split}", methods)
        if asked.json:
            asked.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    if asked.plot:
        draw(figures, asked.plot)


def tasks(asked: Any) -> Any:
    """What was asked -> tasks, packaged problems first."""
    for name in filter(None, asked.problems.split(",")):
        rows = packaged(name)
        split = rows.rows.rows["split"].to_numpy()
        scored = np.isin(split, SPLITS) & (rows.rows.gold != NO_GOLD)
        parts = {name: split[scored] == name for name in SPLITS}
        training_set = TrainingSet(
            rows.rows.features[rows.training_rows],
            rows.labels,
            rows.covered,
            np.full(len(rows.training_rows), NO_GOLD),
            rows.text(rows.training_rows),
        )
        how = rows.seeded(0).with_changes({"recipes": ()})
        auto = how.with_changes(_changes("auto", "head"))
        seen, gold = rows.rows.features[scored], rows.rows.gold[scored]
        yield Task(
            name, training_set, rows.truth, seen, rows.text(np.flatnonzero(scored)), gold, parts, METRIC, how, auto
        )
    for votes in with_text(asked.data) if asked.data else ():
        if asked.sets is not None and votes.name not in asked.sets:
            continue  # before its features are computed
        seen = features(votes, BACKBONE, asked.cache)
        model = fitted("auto", votes.n_classes, votes.train, features=seen["train"])
        labels = model.predict_proba(votes.train, features=seen["train"])
        covered = (votes.train != ABSTAIN).any(axis=1)
        training_set = TrainingSet(seen["train"], labels, covered, np.full(len(labels), NO_GOLD), votes.texts["train"])
        truth = train_gold(asked.data / votes.name)
        both = settings("head", 0), settings("auto", 0)
        parts = {"test": np.ones(len(votes.gold), dtype=bool)}
        texts = votes.texts["test"]
        yield Task(votes.name, training_set, truth, seen["test"], texts, votes.gold, parts, votes.metric, *both)


def _changes(name: str, base: str) -> dict[str, Any]:
    """Two files of src/tidemill/conf/train -> what the first says that the second does not."""
    ours, theirs = (dict(flatten(settings(option, 0).model_dump())) for option in (name, base))
    return {key: value for key, value in ours.items() if not isinstance(value, dict) and value != theirs[key]}


def train_gold(folder: Path) -> Any:
    """Folder of a set -> gold of its rows that teach."""
    rows = json.loads((folder / "train.json").read_text(encoding="utf-8"))
    return np.array([NO_GOLD if row["label"] is None else row["label"] for row in rows.values()])


def measured(task: Task, sizes: list[int], asked: Any) -> dict[str, Any]:
    """Task and rows per class -> split -> method -> rows per class (0: none) -> mean score and interval."""
    stated: dict[str, dict[int, list[Any]]] = {}
    weak = [fit_head_by_recipe(task.training_set, seeded(task.head, seed)) for seed in range(asked.draws)]
    stated[WEAK] = {0: [head.predict_proba(task.features) for head in weak]}
    if asked.auto_draws:
        stated[AUTO] = {0: [automatic(task, task.training_set, seed, gold=False) for seed in range(asked.auto_draws)]}
    for size in sizes:
        for seed in range(asked.draws):
            rows = drawn(task, size, seed)
            shown, how = task.shown(rows), seeded(task.head, seed)
            answers = {
                ALONE: alone(task, rows, how),
                MIXED: fit_head_by_recipe(shown, how.with_changes({"gold.use": True})).predict_proba(task.features),
                AFTER: corrected(task, rows, weak[seed]),
            }
            if seed < asked.auto_draws:
                answers[AUTO_MIXED] = automatic(task, shown, seed, gold=True)
            for name, answer in answers.items():
                stated.setdefault(name, {}).setdefault(size, []).append(answer)
        print(f"{task.name}: {size} clean rows per class done", file=sys.stderr)
    return {
        split: {
            name: {str(size): _figures(task, each, rows) for size, each in points.items()}
            for name, points in stated.items()
        }
        for split, rows in task.parts.items()
    }


def _figures(task: Task, predicted: list[Any], rows: Any) -> dict[str, Any]:
    part, gold = [item[rows] for item in predicted], task.gold[rows]
    return {"score": mean_score(part, gold, task.metric), "interval": spread(part, gold, task.metric)}


def seeded(search_settings: TrainSettings, seed: int) -> TrainSettings:
    """Settings and a seed -> the same with it."""
    return search_settings.with_changes({"seed": seed})


def drawn(task: Task, size: int, seed: int) -> Any:
    """Task, rows per class and a seed -> indices of the rows whose gold is shown; fewer where a class has fewer."""
    rng = np.random.default_rng([seed, size])
    classes = range(task.training_set.targets.shape[1])
    return np.concatenate([rng.permutation(np.flatnonzero(task.truth == k))[:size] for k in classes])


def alone(task: Task, rows: Any, search_settings: TrainSettings) -> Any:
    """Rows with gold -> what a head says that learned of them alone."""
    targets = np.eye(task.training_set.targets.shape[1])[task.truth[rows]]
    return fit_head(task.training_set.features[rows], targets, settings=search_settings.plain()).predict_proba(
        task.features
    )


def automatic(task: Task, training_set: TrainingSet, seed: int, *, gold: bool) -> Any:
    """Lesson -> what train=auto says, with gold where it is to be used."""
    how = task.auto.with_changes({"seed": seed, "gold.use": gold})
    return choose_recipe.fit_chosen_recipe(training_set, how)[0].predict_proba(task.features, task.texts)


def corrected(task: Task, rows: Any, head: Any) -> Any:
    """Rows with gold and a head on weak labels -> what it says once a linear layer has learned from them what it gets wrong.

    Logits of the head plus a linear map of its features, small by a penalty that parts of the rows choose, where the
    greatest is no correction at all: Zhu et al.'s fine-tuning on clean rows afterwards, in a form that has one optimum.
    """
    own = task.training_set.features[rows]
    seen, base, truth = scaled(head, own), np.log(head.predict_proba(own) + 1e-6), task.truth[rows]
    part = np.random.default_rng(0).permutation(len(rows)) % PARTS
    losses = {np.inf: cross_entropy(base, truth)}
    for penalty in PENALTIES:
        out = base.copy()
        for k in range(PARTS):
            out[part == k] += seen[part == k] @ correction(seen[part != k], base[part != k], truth[part != k], penalty)
        losses[penalty] = cross_entropy(out, truth)
    best = min(losses, key=losses.__getitem__)
    logits = np.log(head.predict_proba(task.features) + 1e-6)
    if np.isfinite(best):
        logits = logits + scaled(head, task.features) @ correction(seen, base, truth, best)
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def scaled(head: Any, rows: Any) -> Any:
    """Head and features -> the features standardised as it does, of length about one, and a constant."""
    inner = (rows - head.mean) / head.scale / np.sqrt(rows.shape[1])
    return np.hstack([inner, np.ones((len(rows), 1))])


def correction(seen: Any, base: Any, truth: Any, penalty: float) -> Any:
    """Features, logits, gold and a penalty -> weights whose map, added to the logits, tells gold best."""
    from scipy.optimize import minimize

    classes, targets = base.shape[1], np.eye(base.shape[1])[truth]

    def loss(flat: Any) -> tuple[float, Any]:
        weights = flat.reshape(seen.shape[1], classes)
        logits = base + seen @ weights
        raised = np.exp(logits - logits.max(axis=1, keepdims=True))
        predicted = raised / raised.sum(axis=1, keepdims=True)
        value = -np.log(predicted[np.arange(len(truth)), truth] + 1e-12).sum() + 0.5 * penalty * (weights**2).sum()
        return float(value), (seen.T @ (predicted - targets) + penalty * weights).ravel()

    start = np.zeros(seen.shape[1] * classes)
    return minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS}).x.reshape(-1, classes)


def cross_entropy(logits: Any, truth: Any) -> float:
    """Logits and gold -> mean cross entropy."""
    top = logits.max(axis=1, keepdims=True)
    sums = np.log(np.exp(logits - top).sum(axis=1)) + top[:, 0]
    return float((sums - logits[np.arange(len(truth)), truth]).mean())


def report(name: str, methods: dict[str, Any]) -> None:
    """Task's figures -> a table on standard output."""
    sizes = sorted({int(size) for points in methods.values() for size in points})
    print(f"{name:42}" + "".join(f"{size:>20}" for size in sizes))
    for method, points in methods.items():
        print(f"  {method:40}" + "".join(f"{_cell(points.get(str(size))):>20}" for size in sizes))


def _cell(point: dict[str, Any] | None) -> str:
    return "" if point is None else f"{point['score']:.1f} [{point['interval'][0]:.1f}, {point['interval'][1]:.1f}]"


def draw(figures: dict[str, Any], path: Path) -> None:
    """Tasks -> a picture: score against clean rows per class, a line for each method."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    columns = min(len(figures), 4)
    lines = -(-len(figures) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(4.2 * columns, 3.4 * lines + 0.6), squeeze=False)
    for axis in axes.flat[len(figures) :]:
        axis.axis("off")
    for axis, (name, splits) in zip(axes.flat, figures.items(), strict=False):
        methods = splits["test"]
        for method, points in methods.items():
            _line(axis, method, points, f"C{METHODS.index(method)}")
        axis.set(xscale="log", xlabel="clean rows per class", ylabel="score, points", title=name)
        sizes = sorted({int(size) for points in methods.values() for size in points} - {0})
        axis.set_xticks(sizes, [str(size) for size in sizes])
        axis.minorticks_off()
    pairs = [axis.get_legend_handles_labels() for axis in axes.flat]
    shown = {label: handle for handles, labels in pairs for handle, label in zip(handles, labels, strict=True)}
    figure.legend(shown.values(), shown.keys(), loc="lower center", ncol=2, frameon=False, fontsize=8)
    figure.tight_layout(rect=(0, 0.17 / lines, 1, 1))
    figure.savefig(path, dpi=90)


def _line(axis: Any, method: str, points: dict[str, Any], colour: str) -> None:
    if "0" in points:
        axis.axhline(points["0"]["score"], color=colour, linestyle="--", label=method)
        return
    sizes = sorted(map(int, points))
    ends = np.array([points[str(size)]["interval"] for size in sizes])
    axis.plot(sizes, [points[str(size)]["score"] for size in sizes], marker="o", color=colour, label=method)
    axis.fill_between(sizes, ends[:, 0], ends[:, 1], color=colour, alpha=0.12)


if __name__ == "__main__":
    main()
