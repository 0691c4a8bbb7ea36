"""The label card: how the labels came to be, and how far to trust them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from tidemill.denoise.report.summary import facts
from tidemill.reports.denoise import DenoiseReport
from tidemill.reports.generate import GeneratedVoter

_COLUMNS: Final = ("function", "Coverage", "Overlaps", "Conflicts", "Emp. Acc.", "Learned Weight")


def label_card(
    name: str, report: DenoiseReport, analysis: pl.DataFrame, *, generated: Sequence[GeneratedVoter] = ()
) -> str:
    """Write the label card, the same for the same labels.

    Parameters
    ----------
    name
        Of the problem.
    report
        What ``denoise`` reports.
    analysis
        Table of functions, as lf_analysis.csv holds it.
    generated
        Functions whose votes are generated.

    Returns
    -------
    str
        Markdown.
    """
    functions = analysis.to_dicts()
    parts = [*_head(name, report, functions), *_functions(functions), *_generated(generated)]
    return "\n".join([*parts, *_model(report), *_limits(report), ""])


def _head(name: str, report: DenoiseReport, functions: Sequence[Mapping[str, Any]]) -> list[str]:
    gold = report.gold
    return [
        f"# Label card: {name}",
        "",
        (
            _origin(report)
            + (f" People labeled {gold.label_model.rows:,} rows of dev, by which they are checked." if gold else "")
        ),
        f"{report.rows:,} rows, {len(functions)} functions; coverage {report.coverage:.1%}.",
        "",
    ]


def _origin(report: DenoiseReport) -> str:
    if report.people is None:
        return (
            "No person has given these labels. Labeling functions voted, and a label model turned their votes into a "
            "probability per class."
        )
    return (
        f"Labeling functions voted, {report.people.people} people answered {report.people.rows:,} rows, and one model turned both into a "
        f"probability per class.{_overruled(report.people.overruled)}"
    )


def _overruled(rows: int) -> str:
    if not rows:
        return ""
    return f" On {rows:,} of them it keeps another class than all of two or more people name, for the functions are surer than they."


def _functions(functions: Sequence[Mapping[str, Any]]) -> list[str]:
    shown = [column for column in _COLUMNS if functions and column in functions[0]]
    lines = ["| " + " | ".join(shown) + " |", "| --- |" + " ---: |" * (len(shown) - 1)] if shown else []
    lines += ["| " + " | ".join(_cell(row[column]) for column in shown) + " |" for row in functions]
    return [
        "## The functions",
        "",
        *lines,
        "",
        (
            "Coverage, overlaps and conflicts are shares of all rows. Emp. Acc. is measured on labels by people in the "
            "development split, - where a function votes on none; Learned Weight is how often the label model agrees with a vote."
        ),
        "",
    ]


def _generated(voters: Sequence[GeneratedVoter]) -> list[str]:
    if not voters:
        return []
    return [
        "## Generated votes",
        "",
        (
            "Models, descriptions of classes and language models cast these. Those that learned from gold of dev voted on a row with gold "
            "without having seen it."
        ),
        "",
        *(f"- {voter.sentence()}" for voter in voters),
        "",
    ]


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value).replace("|", "\\|")


def _model(report: DenoiseReport) -> list[str]:
    lines = [f"- **{name}**: {text}" for name, text in facts(report)]
    shares = ", ".join(f"{name} {share:.1%}" for name, share in report.uncovered_rows.items())
    lines.append(f"- **rows without votes**: {shares}, on average")
    return ["## The label model", "", *lines, ""]


def _limits(report: DenoiseReport) -> list[str]:
    measured = report.gold is not None
    lines = [
        (
            "A probability is as good as the functions' independence that the model assumes or has found; where all of them "
            "err together, it is sure and wrong."
        ),
        "The functions know what their authors thought of: rows of another kind are uncovered, or get votes by accident.",
    ]
    if not measured:
        lines.insert(0, "Nothing here was held against labels by people: there are none in the development split.")
    return ["## Limits", "", *(f"- {text}" for text in lines)]
