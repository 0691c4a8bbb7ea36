"""A report of `denoise` in a few words: for the end of a command, the page of a run and Prefect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tidemill.reports.denoise import (
    CalibrationChoice,
    ClassShare,
    DenoiseReport,
    Dependences,
    GoldComparison,
    Identifiability,
    LabelValue,
    MajorityVote,
    ModelChoice,
    PeopleInLabels,
    RowGroups,
)

_SHOWN: Final = 6
"""Classes, or groups, that one line names."""


def facts(report: DenoiseReport) -> list[tuple[str, str]]:
    """List the facts of a report, the most important first.

    Parameters
    ----------
    report
        Report of the denoise stage.

    Returns
    -------
    list of tuple of str
        Names and sentences; what the report does not hold is left out.
    """
    choice = report.choice
    summary = {
        "label model": _chosen(report),
        "evidence": "" if choice is None else _evidence(choice),
        "majority vote": _majority(report.majority_vote),
        "class balance": _balance(report),
        "repetition": _repetition(report.dependences),
        "people": _people(report.people),
        "against gold": _gold(report.gold),
        "calibrated by gold": _calibration(None if choice is None else choice.calibration),
        "class shares": _class_shares(report.class_shares_on_gold or {}),
        "rows by votes": _row_groups(report.row_groups_on_gold),
        "not identifiable": _unidentified(report.identifiability),
        "worth": _value(report.label_value),
        "next": _next(report.label_value),
    }
    return [(name, text) for name, text in summary.items() if text]


def _chosen(report: DenoiseReport) -> str:
    if choice := report.choice:
        over = f" on top of {choice.votes_only}" if choice.votes_only is not None else ""
        return f"{report.model} chose {choice.chosen}{over}: {choice.reason}"
    return f"{report.model}; {report.fallback_reason}" if report.fallback_reason else report.model


def _evidence(choice: ModelChoice) -> str:
    parts = []
    if choice.misfit is not None:
        parts.append(f"misfit of the pairs {choice.misfit:.2f} (chance is 1)")
    compared = {
        "left-out functions agree with": choice.held_out_agreement,
        "features predict": choice.feature_fit or {},
    }
    for name, values in compared.items():
        known = {model: value for model, value in values.items() if value is not None}
        if known:
            parts.append(f"{name} " + ", ".join(f"{model} {value:.3f}" for model, value in known.items()))
    if choice.stability is not None:
        parts.append(f"{choice.stability:.1%} of rows keep their class under resampling")
    return "; ".join(parts)


def _people(people: PeopleInLabels | None) -> str:
    if people is None:
        return ""
    against = f"; {people.overruled} keep another class than all of two or more people name" if people.overruled else ""
    return (
        f"{people.answers} answers of {people.people} people are part of the labels of {people.rows} rows, of which {people.changed} have another "
        f"class than by functions alone; functions are believed {people.slope:.2f} times as far as they are sure{against}"
    )


def _majority(majority: MajorityVote) -> str:
    if majority.agreement_where_covered is None:
        return ""
    shares = _listed({name: f"{share:.1%}" for name, share in majority.label_shares.items()})
    same = majority.agreement_where_covered
    return f"gives the same class on {same:.1%} of the covered rows; its shares: {shares}"


def _balance(report: DenoiseReport) -> str:
    ends = report.class_balance_interval or {}
    summary = {}
    for name, share in report.class_balance.items():
        span = f" [{ends[name][0]:.1%}, {ends[name][1]:.1%}]" if name in ends else ""
        summary[name] = f"{share:.1%}{span}"
    return _listed(summary)


def _listed(values: Mapping[str, str]) -> str:
    shown = [f"{name} {value}" for name, value in list(values.items())[:_SHOWN]]
    hidden = len(values) - len(shown)
    return ", ".join(shown) + (f", and {hidden} more" if hidden > 0 else "")


def _repetition(known: Dependences | None) -> str:
    if known is None:
        return ""
    groups = [" + ".join(group) for group in known.groups[:_SHOWN]]
    result = f"; these repeat one another: {'; '.join(groups)}" if groups else "; none repeats another"
    return f"{known.voting} functions that vote, effective number {known.effective_functions:.1f}{result}"


def _gold(known: GoldComparison | None) -> str:
    if known is None:
        return ""
    each = [
        f"{name}: accuracy {scores.accuracy:.3f}{_interval(scores.accuracy_interval)}, "
        f"calibration error {scores.calibration_error:.3f}{_interval(scores.calibration_error_interval)}"
        for name, scores in (("label model", known.label_model), ("majority vote", known.majority_vote))
    ]
    return f"{known.label_model.rows:,} rows that it did not learn from; {'; '.join(each)}"


def _interval(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f" [{ends[0]:.3f}, {ends[1]:.3f}]"


def _calibration(known: CalibrationChoice | None) -> str:
    if known is None:
        return ""
    if known.log_loss is None or known.calibrated_log_loss is None:
        return f"no: {known.reason}"
    losses = f"log loss {known.log_loss:.3f} without, {known.calibrated_log_loss:.3f} with, out of fold"
    return f"{'yes' if known.used else 'no'}, on {known.rows:,} gold rows: {losses}"


def _class_shares(known: Mapping[str, ClassShare]) -> str:
    """Name the classes of which labels have too many or too few, beyond chance."""
    wrong = {
        name: f"{each.labels:.1%} of the labels, {each.gold:.1%} of the gold"
        for name, each in known.items()
        if each.differs
    }
    return f"differ beyond chance on the gold rows: {_listed(wrong)}" if wrong else ""


def _row_groups(known: RowGroups | None) -> str:
    if known is None:
        return ""
    groups = {"without votes": known.without_votes, "tied": known.tied, "the others": known.determined}
    lines = [
        f"{name}: {each.rows:,} gold rows, accuracy {each.accuracy:.3f}{_interval(each.accuracy_interval)}, "
        f"mean confidence {each.confidence:.3f}"
        for name, each in groups.items()
        if each.rows
    ]
    return "; ".join(lines)


def _unidentified(known: Identifiability | None) -> str:
    if known is None:
        return ""
    classes = [f"class {name}: {reason}" for name, reason in list(known.classes.items())[:_SHOWN]]
    hidden = len(known.classes) - len(classes)
    lines = [*known.data_set, *classes, *([f"and {hidden} more classes"] if hidden > 0 else [])]
    lines.append(f"{known.rows.without_votes:.1%} of rows have no votes, {known.rows.tied:.1%} are tied")
    return "; ".join(lines)


def _value(known: LabelValue | None) -> str:
    if known is None:
        return ""
    if known.gold_rows is None or known.interval is None:
        return known.reason
    if known.at_least:
        return f"at least {known.gold_rows:,.0f} hand labels, as many as there is gold to learn from in the comparison"
    low, high = known.interval
    beyond = " or more" if high >= max(map(int, known.curve or {}), default=float("inf")) else ""
    return f"about {known.gold_rows:,.0f} hand labels (90% interval {low:,.0f} to {high:,.0f}{beyond})"


def _next(known: LabelValue | None) -> str:
    if known is None or known.gold_rows is None:
        return ""
    words = {"write": "write a function", "label": "label rows by hand", "stop": "stop"}
    return f"{words[known.next]}: {known.reason}"
