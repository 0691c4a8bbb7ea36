"""the card that a model was trained with, and what evaluate found -> the card with its scores and its verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from tidemill.evaluate.board import ALL
from tidemill.evaluate.run import Evaluated
from tidemill.evaluate.yardsticks import ORDER

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
    lines = ["## Where its labels come from", "", *told, "", *_scores(done), *_slices(done), *_verdict(done.verdict)]
    return trained.rstrip("\n") + "\n\n" + "\n".join([*lines, ""])


def _scores(done: Evaluated) -> list[str]:
    rows = done.metrics["rows"]
    if not rows:
        return ["## Scores", "", "None: no row of the test split has a label by a person.", ""]
    whole = done.scores.filter((pl.col("slice") == ALL) & pl.col("score").is_not_null())
    metrics = whole["metric"].unique(maintain_order=True).to_list()
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


def _slices(done: Evaluated) -> list[str]:
    metric = done.metrics["metric"]
    parts = done.scores.filter(
        (pl.col("slice") != ALL) & (pl.col("yardstick") == "end_model") & (pl.col("metric") == metric)
    )
    parts = parts.filter(pl.col("score").is_not_null())
    if not parts.height:
        return []
    lines = [f"| {line['slice']} | {line['rows']:,} | {_cell(line)} |" for line in parts.iter_rows(named=True)]
    return [f"| slice | rows | {metric.replace('_', ' ')} |", "| --- | ---: | ---: |", *lines, ""]


def _verdict(verdict: Mapping[str, Any]) -> list[str]:
    return ["## Verdict of the gate", "", f"{verdict['verdict']}:", "", *(f"- {one}" for one in verdict["reasons"])]
