"""a head and the rows it learned from -> classical models beside it, what each is worth, and the ensemble where it wins.

Every model is asked about rows that it has not seen, nor its vocabulary, its scales or its labels' repairs. The blend and
the stack of these answers are judged on parts that they were not fitted on. The ensemble takes the head's place only where
gold says that it gains over the head alone, with the whole interval of the gain above zero.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.contracts import Probabilities
from tidemill.train.choose import ENOUGH_GOLD, as_good_as_the_best
from tidemill.train.combine import WAYS, combined, cross_fitted
from tidemill.train.evidence import Judge, judge, line
from tidemill.train.learn import Lesson, learn, taught
from tidemill.train.members.base import Material, Member
from tidemill.train.members.registry import MEMBERS, members_of
from tidemill.train.model import Ensemble
from tidemill.train.settings import TrainSettings
from tidemill.train.teach import Array, Ints, evened

HEAD: Final = "head"
OFF: Final[dict[str, Any]] = {"used": False, "reason": "train.ensemble.members is empty: the head is the end model"}
"""What the report says where no ensemble was asked for."""

Log = Callable[[str], None]


@dataclass(frozen=True)
class Found:
    """The ensemble (None: the head alone does as well), and the report of why."""

    ensemble: Ensemble | None
    report: dict[str, Any]

    def summary(self) -> dict[str, Any]:
        """Nothing -> what config.json and the model card tell of it."""
        return {name: self.report[name] for name in ("members", "way", "reason", "sentences", "combination")}


@dataclass(frozen=True)
class Asked:
    """(models, rows, classes) of rows that the models have not seen, whose they are, and labels to combine them by."""

    names: tuple[str, ...]
    said: Any
    part: Ints
    targets: Probabilities
    weights: Array

    def combine(self, way: str, *, without: str | None = None) -> Probabilities:
        """Way, and a model to leave out -> what combinations say of the rows that they were not fitted on."""
        kept = [place for place, name in enumerate(self.names) if name != without]
        return cross_fitted(way, self.said[kept], self.targets, self.weights, self.part)


def pooled(ensemble: Ensemble, settings: TrainSettings) -> dict[str, Any]:
    """Head and views, and the recipe that fitted them -> the report of them."""
    taught_so = (
        "they learn from what all say of rows that none has seen" if settings.self_training else "each learns alone"
    )
    return {
        "used": True,
        "members": list(ensemble.members),
        "way": "co-training" if settings.self_training else "mean",
        "reason": f"train.views: {taught_so}, and the answer is the geometric mean of theirs",
        "sentences": [],
        "combination": ensemble.combination.notes(),
    }


def ensembled(lesson: Lesson, settings: TrainSettings, modality: str, *, say: Log = print) -> Found:
    """Lesson and the settings that the head was fitted with -> what was found.

    Raises
    ------
    ConfigError
        A member is not known, or reads texts where the rows are images.
    """
    names, left_out = members_of(settings.ensemble, modality)
    if left_out:
        say(f"ensemble: {', '.join(left_out)} left out: they read texts, and the rows are {modality}s")
    material = Material(lesson.features, lesson.texts)
    asked = out_of_fold(lesson, material, names, settings)
    judged = judge(lesson, taught(lesson, settings)[1], settings)
    report = judgement(asked, judged, settings)
    report |= {"left_out": left_out, "members": names, "folds": settings.ensemble.folds}
    if not report["used"]:
        return Found(None, report)
    members = {name: member_of(name, lesson, material, settings) for name in names}
    combination = combined(report["way"], asked.said, asked.targets, asked.weights)
    report["combination"] = combination.notes()
    return Found(Ensemble(members, combination), report)


def out_of_fold(lesson: Lesson, material: Material, names: Sequence[str], settings: TrainSettings) -> Asked:
    """Lesson, rows and names of members -> what head and members say of the rows that they have not seen."""
    part = stratified(lesson.targets.argmax(axis=1), settings.ensemble.folds, settings.seed)
    said = np.zeros((1 + len(names), *lesson.targets.shape))
    for k in range(settings.ensemble.folds):
        print(f"train: ensemble, part {k + 1} of {settings.ensemble.folds}", file=sys.stderr)
        others, own = lesson.part(part != k), part == k
        said[0, own] = learn(others, settings).predict_proba(lesson.features[own])
        for place, name in enumerate(names, start=1):
            member = member_of(name, others, material.part(part != k), settings)
            said[place, own] = member.predict_proba(material.part(own))
    targets, weights = taught(lesson, settings)
    return Asked((HEAD, *names), said, part, targets, evened(targets, weights, settings))


def stratified(labels: Ints, parts: int, seed: int) -> Ints:
    """(rows,) classes -> (rows,) the part of each; all parts hold as many of a class, one more or less.

    >>> part = stratified(np.repeat([0, 1], [6, 3]), 3, 0)
    >>> np.bincount(part[:6]).tolist(), np.bincount(part[6:]).tolist()
    ([2, 2, 2], [1, 1, 1])
    """
    order = np.random.default_rng([seed, 13]).permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    part = np.zeros(len(labels), dtype=np.int64)
    part[order] = np.arange(len(labels)) % parts
    return part


def member_of(name: str, lesson: Lesson, material: Material, settings: TrainSettings) -> Member:
    """Member's name, lesson, its rows -> the member, taught by the labels and weights that teach the head."""
    targets, weights = taught(lesson, settings)
    own = getattr(settings.ensemble, name)
    return MEMBERS[name].fit(material, targets, evened(targets, weights, settings), own, settings.seed)


def judgement(asked: Asked, judged: Judge, settings: TrainSettings) -> dict[str, Any]:
    """Answers about unseen rows and who judges them -> every figure, the sentences and whether the ensemble is used."""
    head = asked.said[0]
    wanted: Sequence[str] = WAYS if settings.ensemble.combine == "auto" else (settings.ensemble.combine,)
    whole = {way: asked.combine(way) for way in WAYS}
    losses = {way: judged.losses(whole[way]) for way in wanted}
    way: str = as_good_as_the_best(losses)[0]
    lines = {name: line(judged, asked.said[place], head) for place, name in enumerate(asked.names)}
    lines |= {one: line(judged, said, head) for one, said in whole.items()}
    without = {
        name: line(judged, asked.combine(way, without=name), whole[way]) for name in asked.names if len(asked.names) > 1
    }
    used, reason = _decided(lines[way], way, judged, by_labels=settings.ensemble.by_labels)
    return {
        "used": used,
        "reason": reason,
        "way": way,
        "judged_by": judged.words(),
        "rows": int(judged.heard.sum()),
        "lines": lines,
        "without": without,
        "sentences": [sentence(name, one["gain"]) for name, one in without.items()],
    }


def _decided(best: dict[str, Any], way: str, judged: Judge, *, by_labels: bool) -> tuple[bool, str]:
    """Figures of the combination beside the head's -> whether it is used, and why.

    Labels alone do not decide unless that is asked for: what fits them best repeats their mistakes best, and on three sets
    of real votes it was surely worse by gold (docs/decisions/0008).
    """
    mean, low, high = best["gain"]
    told = f"the {way} against the head alone: {mean:+.4f} [{low:+.4f}, {high:+.4f}] less {judged.words()}"
    alone = "so the head alone is the end model"
    if not (judged.by_gold or by_labels):
        return (
            False,
            f"{told}; labels do not tell whether that is a gain (train.use_gold with {ENOUGH_GOLD} rows would), {alone}",
        )
    if low <= 0.0:
        return False, f"{told}; not surely a gain, {alone}"
    if best["told_gain"][0] < 0.0:
        return False, f"{told}; but it tells {-best['told_gain'][0]:.1%} fewer classes, {alone}"
    return True, f"{told}; so the {way} is the end model"


def sentence(name: str, gain: Sequence[float]) -> str:
    """Member's name and what leaving it out gains -> the answer to "would it work as well without it?".

    >>> sentence("lstm", [-0.001, -0.003, 0.002])
    'without lstm: as well, -0.0010 [-0.0030, +0.0020]'
    """
    mean, low, high = gain
    verdict = "worse" if high < 0.0 else "better" if low > 0.0 else "as well"
    return f"without {name}: {verdict}, {mean:+.4f} [{low:+.4f}, {high:+.4f}]"


def table(report: dict[str, Any]) -> pl.DataFrame:
    """Report -> a line for each model, for the blend and the stack (all beside the head), and for each ablation."""
    rows = [("beside head", name, one) for name, one in report.get("lines", {}).items()]
    rows += [("left out", name, one) for name, one in report.get("without", {}).items()]
    columns: dict[str, Any] = {"what": [what for what, _, _ in rows], "model": [name for _, name, _ in rows]}
    for key in ("told", "told_gain", "loss", "gain"):
        for place, end in enumerate(("", "_low", "_high")):
            columns[key + end] = [one[key][place] for _, _, one in rows]
    schema: dict[str, Any] = dict.fromkeys(columns, pl.Float64) | {"what": pl.String, "model": pl.String}
    return pl.DataFrame(columns, schema=schema)
