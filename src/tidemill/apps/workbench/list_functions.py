"""votes, gold of dev and the label model -> the analysis table: Snorkel's columns and what was learned of each function."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tidemill.apps.workbench.formatting import WIDTH, columns, percent, vote_name
from tidemill.apps.workbench.problem_view import SEED, Look
from tidemill.common.spelling import did_you_mean
from tidemill.contracts import ABSTAIN, NO_GOLD, ConfigError, Probabilities, TidemillError
from tidemill.denoise.report.explain import explain
from tidemill.denoise.report.gold_report import against_gold
from tidemill.label.analysis.cost import costs
from tidemill.label.analysis.disagreements import disagreements
from tidemill.label.analysis.summary import conflicts, lf_summary

ROWS: Final = 50_000
"""Rows from which is told what the label model believes; Snorkel's columns are of all rows."""
_FLOOR: Final = 1e-3
_SORTS: Final = {
    "name": ("function", False),
    "coverage": ("coverage", True),
    "conflicts": ("conflicts", True),
    "dev": ("dev_accuracy", False),
    "learned": ("learned_accuracy", False),
    "acts": ("acts_as", False),
    "lost": ("lost", True),
    "cost": ("ms_per_1000", True),
    "worth": ("worth_bits", False),
}


def listing(look: Look, *, sort: str = "name", cost: bool = True) -> dict[str, Any]:
    """Problem → its analysis table and what is told of all functions together."""
    rows = _some_rows(look)
    table = lf_summary(look.votes, look.names, n_classes=len(look.classes), gold=look.gold)
    told = _told(look, rows)
    measured = _costs(look) if cost else {}
    functions = [
        _function(look, line, told["functions"].get(line["function"], {}), measured) for line in table.to_dicts()
    ]
    if sort not in _SORTS:
        raise ConfigError(f"--sort {sort}: no such column{did_you_mean(sort, list(_SORTS))}")
    key, down = _SORTS[sort]
    known = [one for one in functions if one[key] is not None]
    return {
        "problem": look.name,
        "rows": len(look.votes),
        "dev_rows": int((look.gold != NO_GOLD).sum()),
        "heard": float((look.votes != ABSTAIN).any(axis=1).mean()),
        "in_conflict": float(conflicts(look.votes, n_classes=len(look.classes)).mean()),
        "label_model": told["model"],
        "dev_accuracy": told["dev_accuracy"],
        "dev_calibration": told["dev_calibration"],
        "effective_functions": told["effective"],
        "repeats": told["repeats"],
        "functions": [
            *sorted(known, key=lambda one: one[key], reverse=down),
            *[one for one in functions if one[key] is None],
        ],
    }


def _some_rows(look: Look) -> npt.NDArray[np.intp]:
    if len(look.votes) <= ROWS:
        return np.arange(len(look.votes))
    drawn = np.random.default_rng(SEED).choice(len(look.votes), ROWS, replace=False)
    return np.union1d(drawn, np.flatnonzero(look.gold != NO_GOLD))


def _told(look: Look, rows: npt.NDArray[np.intp]) -> dict[str, Any]:
    """What the label model says of each function; nothing where it was fitted on other functions or not at all."""
    if look.model is None:
        return {
            "model": None,
            "dev_accuracy": None,
            "dev_calibration": None,
            "effective": None,
            "repeats": [],
            "functions": {},
        }
    votes = look.votes[rows]
    features = look.features[rows] if look.model.uses_features and look.features is not None else None
    found = explain(look.model, votes, names=look.names, classes=look.classes, features=features)
    weights = found["dependences"]["weights"]
    probabilities = look.probabilities(votes, rows)
    answer = probabilities.argmax(axis=1)
    lost = disagreements(votes, answer).sum(axis=0) / np.maximum((votes != ABSTAIN).sum(axis=0), 1)
    bits, points = worths(look)
    on_dev = (against_gold(probabilities, votes, look.gold[rows], seed=SEED) or {}).get("label_model")
    return {
        "model": look.model.name,
        "dev_accuracy": None if on_dev is None else on_dev["accuracy"],
        "dev_calibration": on_dev,
        "effective": found["dependences"]["effective_functions"],
        "repeats": [
            {"functions": group, "act_as": round(sum(weights[name] for name in group), 2)}
            for group in found["dependences"]["groups"]
        ],
        "functions": {
            name: found["functions"][name]
            | {"acts_as": weights[name], "lost": float(lost[j]), "bits": bits[j], "points": points[j]}
            for j, name in enumerate(look.names)
        },
    }


def _on_dev(scores: Mapping[str, Any]) -> str:
    accuracy, error = (scores[f"{name}_interval"] for name in ("accuracy", "calibration_error"))
    return (
        f"accuracy on dev {scores['accuracy']:.3f} [{accuracy[0]:.3f}, {accuracy[1]:.3f}], "
        f"calibration error {scores['calibration_error']:.3f} [{error[0]:.3f}, {error[1]:.3f}]"
    )


def worths(look: Look) -> tuple[list[float], list[float | None]]:
    """Problem → per function, what labels lose where it is silent: bits per 100 rows, and points of accuracy on dev.

    Bits are of the true class, on dev rows with gold; without gold, of the label model's own answer. The label model is
    not fitted again.
    """
    known = np.flatnonzero(look.gold != NO_GOLD)
    rows = known if len(known) else _some_rows(look)
    votes = look.votes[rows]
    whole = look.probabilities(votes, rows)
    truth = np.eye(len(look.classes))[look.gold[rows]] if len(known) else whole
    bits: list[float] = []
    points: list[float | None] = []
    for j in range(votes.shape[1]):
        heard = np.flatnonzero(votes[:, j] != ABSTAIN)
        without = votes[heard].copy()
        without[:, j] = ABSTAIN
        less = look.probabilities(without, rows[heard]) if len(heard) else whole[heard]
        bits.append(100 * _bits(truth[heard], whole[heard], less) / len(rows))
        points.append(100 * _right(truth[heard], whole[heard], less) / len(rows) if len(known) else None)
    return bits, points


def _bits(truth: Probabilities, whole: Probabilities, less: Probabilities) -> float:
    gain = np.log2(np.clip(whole, _FLOOR, 1)) - np.log2(np.clip(less, _FLOOR, 1))
    return float((truth * gain).sum())


def _right(truth: Probabilities, whole: Probabilities, less: Probabilities) -> float:
    answer = truth.argmax(axis=1)
    return float((whole.argmax(axis=1) == answer).sum() - (less.argmax(axis=1) == answer).sum())


def _costs(look: Look) -> dict[str, float]:
    """Functions as they stand now → cost, where they can be asked."""
    try:
        rows = np.arange(min(len(look.raw), 200), dtype=np.intp)
        return costs(look.table(rows), look.functions, n_classes=len(look.classes))
    except TidemillError:
        return {}


def _function(look: Look, line: dict[str, Any], learned: dict[str, Any], measured: dict[str, float]) -> dict[str, Any]:
    told = line["Correct"] + line["Incorrect"]
    return {
        "function": line["function"],
        "votes": [vote_name(vote, look.classes) for vote in line["Polarity"]],
        "coverage": line["Coverage"],
        "overlaps": line["Overlaps"],
        "conflicts": line["Conflicts"],
        "dev_correct": line["Correct"],
        "dev_incorrect": line["Incorrect"],
        "dev_accuracy": line["Emp. Acc."] if told else None,
        "learned_accuracy": learned.get("accuracy"),
        "learned_interval": learned.get("interval"),
        "acts_as": learned.get("acts_as"),
        "lost": learned.get("lost"),
        "ms_per_1000": measured.get(line["function"]),
        "worth_bits": learned.get("bits"),
        "worth_points": learned.get("points"),
    }


_HEAD: Final = ["function", "votes", "cover", "over", "confl", "dev", "learned", "acts", "lost", "ms/1k", "worth"]


def printed(told: dict[str, Any]) -> list[str]:
    """Analysis table → lines."""
    heard = f"{percent(told['heard'], 1)} heard, {percent(told['in_conflict'], 1)} in conflict"
    lines = [f"{told['problem']}: {len(told['functions'])} functions, {told['rows']:,} rows; {heard}"]
    if told["label_model"] is None:
        lines.append(f"no label model of these functions yet: dvc repro denoise@{told['problem']}")
    else:
        right = "" if told["dev_calibration"] is None else f"; {_on_dev(told['dev_calibration'])}"
        text = f"{told['label_model']}{right}; effective number of functions {told['effective_functions']:.1f}"
        lines += textwrap.wrap(text, WIDTH, subsequent_indent="  ")
    lines += ["", *columns([_HEAD, *[_cells(one) for one in told["functions"]]])]
    for group in told["repeats"]:
        text = f"these {len(group['functions'])} act as {group['act_as']:.1f}: {', '.join(group['functions'])}"
        lines += textwrap.wrap(text, WIDTH, subsequent_indent="  ")
    return lines


def _cells(one: dict[str, Any]) -> list[str]:
    right, wrong = one["dev_correct"], one["dev_incorrect"]
    interval = one["learned_interval"]
    return [
        one["function"],
        one["votes"][0] if len(one["votes"]) == 1 else f"{len(one['votes'])} kinds" if one["votes"] else "-",
        percent(one["coverage"], 1),
        percent(one["overlaps"], 1),
        percent(one["conflicts"], 1),
        f"{right}/{right + wrong}",
        "-"
        if interval is None
        else f"{percent(one['learned_accuracy'])} [{100 * interval[0]:.0f},{100 * interval[1]:.0f}]",
        "-" if one["acts_as"] is None else f"{one['acts_as']:.1f}",
        percent(one["lost"]),
        "-" if one["ms_per_1000"] is None else f"{one['ms_per_1000']:,.0f}",
        "-" if one["worth_bits"] is None else f"{one['worth_bits']:.1f}",
    ]
