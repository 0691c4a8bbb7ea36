"""A report of `denoise` in a few words: for the end of a command, the page of a run and Prefect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_SHOWN: Final = 6
"""Classes, or groups, that one line names."""


def facts(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """List what a report says, in the order in which a person asks.

    Parameters
    ----------
    report : mapping
        Report of ``denoise``.

    Returns
    -------
    list of tuple of str
        Names and sentences; what the report does not hold is left out.

    Examples
    --------
    >>> facts({"model": "majority", "class_balance": {"ham": 0.9, "spam": 0.1}})
    [('label model', 'majority'), ('class balance', 'ham 90.0%, spam 10.0%')]
    """
    told = {
        "label model": _chosen(report),
        "evidence": _evidence(report.get("choice") or {}),
        "majority vote": _majority(report.get("majority_vote") or {}),
        "class balance": _balance(report),
        "repetition": _repetition(report.get("dependences") or {}),
        "against gold": _gold(report.get("gold") or {}),
        "calibrated by gold": _calibration((report.get("choice") or {}).get("calibration") or {}),
        "class shares": _class_shares(report.get("class_shares_on_gold") or {}),
        "rows by votes": _row_groups(report.get("row_groups_on_gold") or {}),
        "not identifiable": _unidentified(report.get("identifiability") or {}),
        "worth": _worth(report.get("worth") or {}),
        "next": _next(report.get("worth") or {}),
    }
    return [(name, text) for name, text in told.items() if text]


def _chosen(report: Mapping[str, Any]) -> str:
    choice, name = report.get("choice") or {}, str(report["model"])
    if choice:
        over = f" on top of {choice['votes_only']}" if "votes_only" in choice else ""
        return f"{name} chose {choice['chosen']}{over}: {choice['reason']}"
    why = report.get("fallback_reason")
    return f"{name}; {why}" if why else name


def _evidence(choice: Mapping[str, Any]) -> str:
    parts = []
    if choice.get("misfit") is not None:
        parts.append(f"misfit of the pairs {choice['misfit']:.2f} (chance is 1)")
    for key, name in (("held_out_agreement", "left-out functions agree with"), ("feature_fit", "features tell of")):
        known = {model: value for model, value in (choice.get(key) or {}).items() if value is not None}
        if known:
            parts.append(f"{name} " + ", ".join(f"{model} {value:.3f}" for model, value in known.items()))
    if choice.get("stability") is not None:
        parts.append(f"{choice['stability']:.1%} of rows keep their class under resampling")
    return "; ".join(parts)


def _majority(known: Mapping[str, Any]) -> str:
    if known.get("agreement_where_heard") is None:
        return ""
    shares = _listed({name: f"{share:.1%}" for name, share in known["label_shares"].items()})
    return f"gives the same class on {known['agreement_where_heard']:.1%} of the rows it hears; its shares: {shares}"


def _balance(report: Mapping[str, Any]) -> str:
    ends = report.get("class_balance_interval") or {}
    told = {}
    for name, share in (report.get("class_balance") or {}).items():
        span = f" [{ends[name][0]:.1%}, {ends[name][1]:.1%}]" if name in ends else ""
        told[name] = f"{share:.1%}{span}"
    return _listed(told)


def _listed(values: Mapping[str, str]) -> str:
    shown = [f"{name} {value}" for name, value in list(values.items())[:_SHOWN]]
    hidden = len(values) - len(shown)
    return ", ".join(shown) + (f", and {hidden} more" if hidden > 0 else "")


def _repetition(known: Mapping[str, Any]) -> str:
    if not known:
        return ""
    groups = [" + ".join(group) for group in known["groups"][:_SHOWN]]
    found = f"; these repeat one another: {'; '.join(groups)}" if groups else "; none repeats another"
    return f"{known['speaking']} functions that speak count as {known['effective_functions']:.1f}{found}"


def _gold(known: Mapping[str, Any]) -> str:
    if not known:
        return ""
    names = {"label_model": "label model", "majority_vote": "majority vote"}
    each = [
        f"{names[key]}: accuracy {scores['accuracy']:.3f}{_interval(scores, 'accuracy_interval')}, "
        f"calibration error {scores['calibration_error']:.3f}{_interval(scores, 'calibration_error_interval')}"
        for key, scores in known.items()
    ]
    return f"{known['label_model']['rows']:,} rows that it did not learn from; {'; '.join(each)}"


def _interval(scores: Mapping[str, Any], key: str) -> str:
    return f" [{scores[key][0]:.3f}, {scores[key][1]:.3f}]" if key in scores else ""


def _calibration(known: Mapping[str, Any]) -> str:
    if not known:
        return ""
    if "log_loss" not in known:
        return f"no: {known['reason']}"
    losses = f"log loss {known['log_loss']:.3f} without, {known['calibrated_log_loss']:.3f} with, out of fold"
    return f"{'yes' if known['used'] else 'no'}, on {known['rows']:,} gold rows: {losses}"


def _class_shares(known: Mapping[str, Any]) -> str:
    """Name the classes of which labels have too many or too few, beyond chance."""
    wrong = {
        name: f"{each['labels']:.1%} of the labels, {each['gold']:.1%} of the gold"
        for name, each in known.items()
        if each["differs"]
    }
    return f"differ beyond chance on the gold rows: {_listed(wrong)}" if wrong else ""


def _row_groups(known: Mapping[str, Any]) -> str:
    names = {"without_votes": "without votes", "tied": "tied", "determined": "the others"}
    told = [
        f"{names[key]}: {each['rows']:,} gold rows, accuracy {each['accuracy']:.3f}{_interval(each, 'accuracy_interval')}, "
        f"mean confidence {each['confidence']:.3f}"
        for key, each in known.items()
        if each["rows"]
    ]
    return "; ".join(told)


def _unidentified(known: Mapping[str, Any]) -> str:
    if not known:
        return ""
    classes = [f"class {name}: {reason}" for name, reason in list(known["classes"].items())[:_SHOWN]]
    hidden = len(known["classes"]) - len(classes)
    rows = known["rows"]
    told = [*known["data_set"], *classes, *([f"and {hidden} more classes"] if hidden > 0 else [])]
    told.append(f"{rows['without_votes']:.1%} of rows have no votes, {rows['tied']:.1%} are tied")
    return "; ".join(told)


def _worth(known: Mapping[str, Any]) -> str:
    if not known:
        return ""
    if known["gold_rows"] is None:
        return str(known["why"])
    low, high = known["interval"]
    about = "at least" if known["at_least"] else "about"
    return f"{about} {known['gold_rows']:,.0f} hand labels (90% interval {low:,.0f} to {high:,.0f})"


def _next(known: Mapping[str, Any]) -> str:
    if not known or known["gold_rows"] is None:
        return ""
    words = {"write": "write a function", "label": "label rows by hand", "stop": "stop"}
    return f"{words[known['next']]}: {known['why']}"
