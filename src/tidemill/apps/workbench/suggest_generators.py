"""Which generator would pay next: quick ones are fitted and tried on labels of gold rows, others are named with what they need."""

from __future__ import annotations

import operator
import textwrap
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from tidemill.apps.workbench.formatting import WIDTH, percent
from tidemill.apps.workbench.generated import generator_rows
from tidemill.apps.workbench.problem_view import ProblemView
from tidemill.apps.workbench.suggest_functions import entry_lines
from tidemill.contracts import ABSTAIN, Votes
from tidemill.generate.few_gold import fit_on_gold, mean_prediction
from tidemill.generate.label_gain import label_errors
from tidemill.generate.rows import Rows
from tidemill.generate.thresholds import cast, cast_held_out, choose_thresholds, uncertain_on
from tidemill.label.conditions.generated import Model
from tidemill.reports.workbench import GeneratorCandidate, GeneratorSuggestions

_QUICK: Final = {"text": ("linear", "ngrams"), "image": ("linear",)}
_SLOW: Final = {
    "text": {
        "lstm": "reads the order of words; fitted in a minute or so",
        "text_cnn": "reads words beside one another; fitted in a minute or so",
        "cnn_lstm": "reads both; fitted in a minute or two",
    },
    "image": {
        "cnn": "reads pixels that the backbone may not; fitted in a minute or two",
        "gan": "uses images without labels too; fitted in five minutes",
        "feature_gan": "uses features of images without labels too; fitted in half a minute",
    },
}
_PRECISIONS: Final = (0.6, 0.8, 0.9)


def suggest_generators(view: ProblemView) -> GeneratorSuggestions:
    """Try quick generators on gold of dev beside all functions that there are, and name others; what there is is not suggested again.

    Parameters
    ----------
    view
        View of the problem.

    Returns
    -------
    GeneratorSuggestions
        Those that were tried first, the one with which labels are best first.
    """
    rows, there = generator_rows(view), view.loaded.generated()
    kinds = {_kind(function.condition.model_dump()) for function in there}
    beside = np.column_stack([rows.votes, *_generated_votes(view, [function.name for function in there])])
    quick = [learner for learner in _QUICK[view.problem.modality] if learner not in kinds]
    tried = [item for learner in quick if (item := _tried(learner, rows, beside)) is not None]
    tried.sort(key=lambda item: item.error_with if item.error_with is not None else np.inf)
    others = [item for item in _untried(view, rows) if _kind(item.entry) not in kinds]
    return GeneratorSuggestions(problem=view.name, gold_rows=len(rows.labeled), candidates=(*tried, *others))


def _kind(entry: Mapping[str, Any]) -> str:
    """What tells generators apart: the learner of a model that learns from gold; a second prompt or description may say anything."""
    if entry["kind"] != "model":
        return str(entry["kind"])
    return "self-trained" if entry.get("learns_from") == "labels" else str(entry["learner"])


def _generated_votes(view: ProblemView, names: Sequence[str]) -> list[Votes]:
    """Of generators that have voted on these rows."""
    seen = view.of_rows_there_are()
    if not seen.has_votes:
        return []
    return [seen.votes[:, seen.names.index(name)] for name in names if name in seen.names]


def _tried(learner: str, rows: Rows, beside: Votes) -> GeneratorCandidate | None:
    """With the precision, and on the rows, with which labels are best; None where there is too little gold to fit it."""
    start, condition = time.perf_counter(), Model.model_validate({"kind": "model", "learner": learner})
    model = fit_on_gold(condition, rows)
    if isinstance(model, str):
        return None
    everywhere = mean_prediction(model.members, condition, rows, np.arange(rows.ids.height))
    gold, without = rows.gold[rows.labeled], float(label_errors(beside, rows).mean())
    tried = []
    open_rows = uncertain_on(rows.votes, n_classes=rows.n_classes)
    for precision in _PRECISIONS:
        how = {"precision": precision, "at_least": condition.at_least}
        votes = cast(everywhere, choose_thresholds(model.held_out, gold, **how))
        votes[rows.labeled] = cast_held_out(model.held_out, gold, model.folds, **how)
        for sample in ("all", "uncertain"):
            kept = votes if sample == "all" else np.where(open_rows, votes, np.int16(ABSTAIN))
            error = float(label_errors(np.column_stack([beside, kept]), rows).mean())
            tried.append((error, precision, sample, float((kept != ABSTAIN).mean())))
    error, precision, sample, coverage = min(tried, key=operator.itemgetter(0))
    verdict = "labels of gold rows get better" if error < without else "labels of gold rows get no better"
    entry: dict[str, Any] = {"name": f"{learner}_model", "kind": "model", "learner": learner, "precision": precision}
    return GeneratorCandidate(
        entry=entry if sample == "all" else entry | {"sample": sample},
        tried=True,
        coverage=coverage,
        error_without=round(without, 4),
        error_with=round(error, 4),
        seconds=round(time.perf_counter() - start, 1),
        about=verdict,
    )


def _untried(view: ProblemView, rows: Rows) -> list[GeneratorCandidate]:
    silent = (rows.votes == ABSTAIN).all(axis=1)
    uncertain = int(uncertain_on(rows.votes, n_classes=rows.n_classes).sum())
    found = [
        _named({"name": f"{name}_model", "kind": "model", "learner": name}, about)
        for name, about in _SLOW[view.problem.modality].items()
    ]
    if view.problem.modality == "text":
        describe: Any = {name: f"a sentence about {name}" for name in view.classes}
        found.append(
            _named({"name": "described", "kind": "zero_shot", "describe": describe}, "write a sentence of each class")
        )
        prompt = {
            "name": "asked",
            "kind": "prompt",
            "endpoint": "NAME",
            "model": "MODEL",
            "template": "{text}",
            "sample": "uncertain",
        }
        about = f"asks a language model of the {uncertain:,} rows on which functions are silent or disagree; `tidemill lf cost` says what that takes"
        found.append(_named(prompt, about))
    if len(rows.names) and silent.any():
        entry = {"name": "self_trained", "kind": "model", "learner": "linear", "learns_from": "labels"}
        found.append(
            _named(
                entry, f"votes on the {int(silent.sum()):,} rows without votes, as the labels of the others teach it"
            )
        )
    return found


def _named(entry: dict[str, Any], about: str) -> GeneratorCandidate:
    return GeneratorCandidate(
        entry=entry, tried=False, coverage=None, error_without=None, error_with=None, seconds=None, about=about
    )


def printed(result: GeneratorSuggestions) -> list[str]:
    """Write candidates as lines that can be pasted into a YAML file.

    Parameters
    ----------
    result
        Generators with their figures.

    Returns
    -------
    list of str
        Lines of a terminal of 100 columns; figures are comments.
    """
    lines = [f"{result.problem}: {result.gold_rows:,} gold rows of dev; generators, tried ones first"]
    for item in result.candidates:
        text = item.about
        if item.tried:
            text = (
                f"{item.about}: squared error {item.error_with:.4f}, without it {item.error_without:.4f}; votes on "
                f"{percent(item.coverage)} of the rows; took {item.seconds:.0f} s"
            )
        comment = textwrap.wrap(text, WIDTH - 6)
        lines += ["", *entry_lines(item.entry), *[f"    # {line}" for line in comment]]
    return lines
