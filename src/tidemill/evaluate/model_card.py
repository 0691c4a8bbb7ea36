"""The model card with its scores and its verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from tidemill.evaluate.baselines import END_MODEL, ORDER
from tidemill.evaluate.proportions import LEAST_ROWS
from tidemill.evaluate.run import Evaluated
from tidemill.evaluate.score_table import ALL
from tidemill.reports.base import Estimate
from tidemill.reports.evaluate import Coverage, Metrics, Temperature, Verdict

_OF_A_CLASS: Final = ("precision_", "recall_")
_NAMES: Final = {
    "majority_class": "majority class",
    "majority_vote": "majority vote",
    "label_model": "label model",
    "end_model": "**this model**",
    "champion": "champion",
    "gold_ceiling": "trained on gold",
}


def evaluation_card(trained: str, done: Evaluated, labels: Sequence[tuple[str, str]]) -> str:
    """Add scores and verdict to the card that the train stage wrote.

    Parameters
    ----------
    trained
        That card, Markdown.
    done
        Scores, verdict and tables of the evaluation.
    labels
        Facts of the label model.

    Returns
    -------
    str
        Markdown, the same for the same model.
    """
    entries = [f"- **{name}**: {text}" for name, text in labels]
    lines = ["## Where its labels come from", "", *entries, "", *_scores(done), *_classes(done), *_slices(done)]
    lines += [*_confidence(done.metrics), *_verdict(done.verdict)]
    return trained.rstrip("\n") + "\n\n" + "\n".join([*lines, ""])


def _scores(done: Evaluated) -> list[str]:
    rows = done.metrics.rows
    if not rows:
        return ["## Scores", "", "None: no row of the test split has a label by a person.", ""]
    if rows < LEAST_ROWS:
        return [
            "## Scores",
            "",
            f"None: people labeled {rows} rows of the test split, too few; {LEAST_ROWS} are needed.",
            "",
        ]
    whole = done.scores.filter((pl.col("slice") == ALL) & pl.col("score").is_not_null())
    metrics = [item for item in whole["metric"].unique(maintain_order=True) if not item.startswith(_OF_A_CLASS)]
    results = {(line["model"], line["metric"]): line for line in whole.iter_rows(named=True)}
    there = [name for name in ORDER if any(key[0] == name for key in results)]
    lines = [
        f"| {_NAMES[name]} | " + " | ".join(_cell(results.get((name, item))) for item in metrics) + " |"
        for name in there
    ]
    confidence, as_of = done.metrics.confidence, done.metrics.gold_as_of
    return [
        "## Scores",
        "",
        (
            f"On {rows:,} rows of the test split that people labeled{f' (as of {as_of[:16]}Z)' if as_of else ''}, with "
            f"{confidence:.0%} intervals. Of log loss and "
            "calibration error less is better."
        ),
        "",
        "| | " + " | ".join(item.replace("_", " ") for item in metrics) + " |",
        "| --- |" + " ---: |" * len(metrics),
        *lines,
        "",
    ]


def _cell(line: Mapping[str, Any] | None) -> str:
    return (
        "-" if line is None or line["score"] is None else f"{line['score']:.3f} [{line['low']:.3f}, {line['high']:.3f}]"
    )


def _classes(done: Evaluated) -> list[str]:
    """Precision and recall of each class, where the likeliest class is predicted."""
    mine = done.scores.filter((pl.col("slice") == ALL) & (pl.col("model") == END_MODEL))
    results = {line["metric"]: line for line in mine.iter_rows(named=True) if line["score"] is not None}
    names = [metric.removeprefix("recall_") for metric in results if metric.startswith("recall_")]
    lines = [
        f"| {name} | {_cell(results.get(f'precision_{name}'))} | {_cell(results.get(f'recall_{name}'))} |"
        for name in names
    ]
    return ["| class | precision | recall |", "| --- | ---: | ---: |", *lines, ""] if lines else []


def _slices(done: Evaluated) -> list[str]:
    """The gate's metric on each slice, of this model beside the baselines."""
    metric = done.metrics.metric
    parts = done.scores.filter((pl.col("slice") != ALL) & (pl.col("metric") == metric) & pl.col("score").is_not_null())
    if not parts.height:
        return []
    results = {(line["slice"], line["model"]): line for line in parts.iter_rows(named=True)}
    there = [name for name in ORDER if any(key[1] == name for key in results)]
    rows = dict(parts.select("slice", "rows").iter_rows())
    lines = [
        f"| {item} | {count:,} | " + " | ".join(_cell(results.get((item, name))) for name in there) + " |"
        for item, count in rows.items()
    ]
    heads = " | ".join(_NAMES[name] for name in there)
    title = f"{metric.replace('_', ' ').capitalize()} by slice of these rows:"
    return [title, "", f"| slice | rows | {heads} |", "| --- | ---: |" + " ---: |" * len(there), *lines, ""]


def _confidence(metrics: Metrics) -> list[str]:
    """How far its confidence is to be believed, and what it rejects."""
    lines = [*_temperature(metrics.temperature), *_coverage(metrics.coverage)]
    if metrics.none_of_the_above is not None and metrics.none_of_the_above.rejected is not None:
        share = _share(metrics.none_of_the_above.rejected)
        lines.append(f"It refuses {share} of these rows, which are of the known kind, as none of the above.")
    return ["## Calibration", "", *(f"- {item}" for item in lines), ""] if lines else []


def _temperature(result: Temperature | None) -> list[str]:
    if result is None or result.before is None or result.after is None or result.before.score is None:
        return []
    whose = "weak labels of valid" if result.fitted_on == "weak" else "gold of dev"
    return [
        (
            f"Its confidence is {_interval(result.before)} off on average, and {_interval(result.after)} once its logits are "
            f"divided by the temperature {result.value:.2f}, fitted on {result.rows:,} rows with {whose}."
        )
    ]


def _coverage(result: Coverage) -> list[str]:
    asked = f"{result.target_precision:.0%}"
    if result.threshold is None:
        return [f"No confidence makes {asked} of its answers right on split valid."]
    if result.coverage is None or result.precision is None:
        return []
    return [
        (
            f"From a confidence of {result.threshold:.3f} on, where {asked} of its answers are right on split valid, it "
            f"answers {_share(result.coverage)} of these rows and is right in {_share(result.precision)}."
        )
    ]


def _interval(estimate: Estimate) -> str:
    return _cell(estimate.model_dump())


def _share(estimate: Estimate) -> str:
    return "-" if estimate.score is None else f"{estimate.score:.1%} [{estimate.low:.1%}, {estimate.high:.1%}]"


def _verdict(verdict: Verdict) -> list[str]:
    return ["## Verdict of the gate", "", f"{verdict.verdict}:", "", *(f"- {reason}" for reason in verdict.reasons)]
