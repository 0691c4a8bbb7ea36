"""the card that a model was trained with, and what evaluate found -> the card with its scores and its verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from tidemill.evaluate.board import ALL
from tidemill.evaluate.run import Evaluated
from tidemill.evaluate.yardsticks import CANDIDATE, ORDER

_OF_A_CLASS: Final = ("precision_", "recall_")
_NAMES: Final = {
    "majority_class": "majority class",
    "majority_vote": "majority vote",
    "label_model": "label model",
    "end_model": "**this model**",
    "champion": "champion",
    "gold_ceiling": "trained on gold",
}


def card(trained: str, done: Evaluated, labels: Sequence[tuple[str, str]]) -> str:
    """Card of the train stage, what was evaluated and facts of the label model -> Markdown, the same for the same model."""
    told = [f"- **{name}**: {text}" for name, text in labels]
    lines = ["## Where its labels come from", "", *told, "", *_scores(done), *_classes(done), *_slices(done)]
    lines += [*_honesty(done.metrics), *_verdict(done.verdict)]
    return trained.rstrip("\n") + "\n\n" + "\n".join([*lines, ""])


def _scores(done: Evaluated) -> list[str]:
    rows = done.metrics["rows"]
    if not rows:
        return ["## Scores", "", "None: no row of the test split has a label by a person.", ""]
    whole = done.scores.filter((pl.col("slice") == ALL) & pl.col("score").is_not_null())
    metrics = [one for one in whole["metric"].unique(maintain_order=True) if not one.startswith(_OF_A_CLASS)]
    found = {(line["yardstick"], line["metric"]): line for line in whole.iter_rows(named=True)}
    there = [name for name in ORDER if any(key[0] == name for key in found)]
    lines = [
        f"| {_NAMES[name]} | " + " | ".join(_cell(found.get((name, one))) for one in metrics) + " |" for name in there
    ]
    confidence = done.metrics["confidence"]
    return [
        "## Scores",
        "",
        (
            f"On {rows:,} rows of the test split that people labeled, with {confidence:.0%} intervals. Of log loss and "
            "calibration error less is better."
        ),
        "",
        "| | " + " | ".join(one.replace("_", " ") for one in metrics) + " |",
        "| --- |" + " ---: |" * len(metrics),
        *lines,
        "",
    ]


def _cell(line: Mapping[str, Any] | None) -> str:
    return "-" if line is None else f"{line['score']:.3f} [{line['low']:.3f}, {line['high']:.3f}]"


def _classes(done: Evaluated) -> list[str]:
    """Precision and recall of each class, as the likeliest one is told."""
    mine = done.scores.filter((pl.col("slice") == ALL) & (pl.col("yardstick") == CANDIDATE))
    found = {line["metric"]: line for line in mine.iter_rows(named=True) if line["score"] is not None}
    names = [metric.removeprefix("recall_") for metric in found if metric.startswith("recall_")]
    lines = [
        f"| {name} | {_cell(found.get(f'precision_{name}'))} | {_cell(found.get(f'recall_{name}'))} |" for name in names
    ]
    return ["| class | precision | recall |", "| --- | ---: | ---: |", *lines, ""] if lines else []


def _slices(done: Evaluated) -> list[str]:
    """The gate's metric on each slice, of this model beside the yardsticks."""
    metric = done.metrics["metric"]
    parts = done.scores.filter((pl.col("slice") != ALL) & (pl.col("metric") == metric) & pl.col("score").is_not_null())
    if not parts.height:
        return []
    found = {(line["slice"], line["yardstick"]): line for line in parts.iter_rows(named=True)}
    there = [name for name in ORDER if any(key[1] == name for key in found)]
    rows = dict(parts.select("slice", "rows").iter_rows())
    lines = [
        f"| {one} | {count:,} | " + " | ".join(_cell(found.get((one, name))) for name in there) + " |"
        for one, count in rows.items()
    ]
    heads = " | ".join(_NAMES[name] for name in there)
    title = f"{metric.replace('_', ' ').capitalize()} by slice of these rows:"
    return [title, "", f"| slice | rows | {heads} |", "| --- | ---: |" + " ---: |" * len(there), *lines, ""]


def _honesty(metrics: Mapping[str, Any]) -> list[str]:
    """How far its confidence is to be believed, and what it refuses."""
    told = [*_temperature(metrics.get("temperature", {})), *_coverage(metrics["coverage"])]
    refused = metrics.get("none_of_the_above", {}).get("refused")
    told += (
        [f"It refuses {_share(refused)} of these rows, which are of the known kind, as none of the above."]
        if refused
        else []
    )
    return ["## Calibration", "", *(f"- {one}" for one in told), ""] if told else []


def _temperature(told: Mapping[str, Any]) -> list[str]:
    if "before" not in told:
        return []
    whose = "weak labels of valid" if told["fitted_on"] == "weak" else "gold of dev"
    return [
        (
            f"Its confidence is {_cell(told['before'])} off on average, and {_cell(told['after'])} once its logits are divided by the "
            f"temperature {told['value']:.2f}, fitted on {told['rows']:,} rows with {whose}."
        )
    ]


def _coverage(told: Mapping[str, Any]) -> list[str]:
    asked = f"{told['asked']:.0%}"
    if told["least_confidence"] is None:
        return [f"No confidence makes {asked} of its answers right on split valid."]
    if "coverage" not in told:
        return []
    return [
        (
            f"From a confidence of {told['least_confidence']:.3f} on, where {asked} of its answers are right on split valid, it answers "
            f"{_share(told['coverage'])} of these rows and is right in {_share(told['precision'])}."
        )
    ]


def _share(line: Mapping[str, Any]) -> str:
    return "-" if line["score"] is None else f"{line['score']:.1%} [{line['low']:.1%}, {line['high']:.1%}]"


def _verdict(verdict: Mapping[str, Any]) -> list[str]:
    return ["## Verdict of the gate", "", f"{verdict['verdict']}:", "", *(f"- {one}" for one in verdict["reasons"])]
