"""The analysis table: Snorkel's columns, gold of dev, and what the label model learned of each function."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tidemill.apps.workbench.formatting import WIDTH, columns, percent, vote_name
from tidemill.apps.workbench.problem_view import SEED, ProblemView
from tidemill.common.spelling import did_you_mean
from tidemill.contracts import ABSTAIN, NO_GOLD, ConfigError, Probabilities, TidemillError
from tidemill.denoise.report.explain import explain
from tidemill.denoise.report.gold_report import against_gold
from tidemill.label.analysis.cost import costs
from tidemill.label.analysis.disagreements import disagreements
from tidemill.label.analysis.summary import conflicts, lf_summary
from tidemill.reports.denoise import Explanation, GoldScores
from tidemill.reports.workbench import DependentGroup, FunctionLine, FunctionTable

ROWS: Final = 50_000
"""Rows from which is told what the label model believes; Snorkel's columns are of all rows."""
_FLOOR: Final = 1e-3
_SORTS: Final = {
    "name": ("function", False),
    "coverage": ("coverage", True),
    "conflicts": ("conflicts", True),
    "dev": ("dev_accuracy", False),
    "learned": ("learned_accuracy", False),
    "weight": ("weight", False),
    "outvoted": ("outvoted", True),
    "cost": ("ms_per_1000", True),
    "value": ("value_bits", False),
}
_RENAMED: Final = {"acts": "weight", "lost": "outvoted", "worth": "value"}  # of 0.1


def function_table(look: ProblemView, *, sort: str = "name", cost: bool = True) -> FunctionTable:
    """Analyze a problem's functions.

    Parameters
    ----------
    look
        View of the problem.
    sort
        Column to sort by.
    cost
        Whether to measure the time that each function takes.

    Returns
    -------
    FunctionTable
        A line per function, and figures of all functions together.

    Raises
    ------
    ConfigError
        There is no such column to sort by.
    """
    rows = _some_rows(look)
    table = lf_summary(look.votes, look.names, n_classes=len(look.classes), gold=look.gold)
    learned = _learned(look, rows)
    measured = _costs(look) if cost else {}
    functions = [_function(look, line, learned, measured.get(line["function"])) for line in table.to_dicts()]
    if sort in _RENAMED:
        raise ConfigError(f"--sort {sort}: the column is called {_RENAMED[sort]} now")
    if sort not in _SORTS:
        raise ConfigError(f"--sort {sort}: no such column{did_you_mean(sort, list(_SORTS))}")
    key, down = _SORTS[sort]
    known = [line for line in functions if getattr(line, key) is not None]
    return FunctionTable(
        problem=look.name,
        rows=len(look.votes),
        dev_rows=int((look.gold != NO_GOLD).sum()),
        coverage=float((look.votes != ABSTAIN).any(axis=1).mean()),
        conflict=float(conflicts(look.votes, n_classes=len(look.classes)).mean()),
        label_model=None if look.model is None else look.model.name,
        dev_scores=None if learned is None else learned.dev_scores,
        effective_functions=None if learned is None else learned.explanation.dependences.effective_functions,
        groups=() if learned is None else _groups(learned.explanation),
        functions=(
            *sorted(known, key=lambda line: getattr(line, key), reverse=down),
            *(line for line in functions if getattr(line, key) is None),
        ),
    )


@dataclass(frozen=True)
class _Learned:
    """What the label model says of the functions, on some rows; per function, by its place, what is lost without it."""

    explanation: Explanation
    dev_scores: GoldScores | None
    outvoted: dict[str, float]
    bits: dict[str, float]
    points: dict[str, float | None]


def _some_rows(look: ProblemView) -> npt.NDArray[np.intp]:
    if len(look.votes) <= ROWS:
        return np.arange(len(look.votes))
    drawn = np.random.default_rng(SEED).choice(len(look.votes), ROWS, replace=False)
    return np.union1d(drawn, np.flatnonzero(look.gold != NO_GOLD))


def _learned(look: ProblemView, rows: npt.NDArray[np.intp]) -> _Learned | None:
    """What the label model says of each function; None where it was fitted on other functions or not at all."""
    if look.model is None:
        return None
    votes = look.votes[rows]
    features = look.features[rows] if look.model.uses_features and look.features is not None else None
    found = explain(look.model, votes, names=look.names, classes=look.classes, features=features)
    probabilities = look.probabilities(votes, rows)
    answer = probabilities.argmax(axis=1)
    outvoted = disagreements(votes, answer).sum(axis=0) / np.maximum((votes != ABSTAIN).sum(axis=0), 1)
    bits, points = values(look)
    on_dev = against_gold(probabilities, votes, look.gold[rows], seed=SEED)
    return _Learned(
        found,
        None if on_dev is None else on_dev.label_model,
        dict(zip(look.names, outvoted.tolist(), strict=True)),
        dict(zip(look.names, bits, strict=True)),
        dict(zip(look.names, points, strict=True)),
    )


def _groups(found: Explanation) -> tuple[DependentGroup, ...]:
    weights = found.dependences.weights
    return tuple(
        DependentGroup(functions=group, effective=round(sum(weights[name] for name in group), 2))
        for group in found.dependences.groups
    )


def _on_dev(scores: GoldScores) -> str:
    accuracy, error = (
        "" if ends is None else f" [{ends[0]:.3f}, {ends[1]:.3f}]"
        for ends in (scores.accuracy_interval, scores.calibration_error_interval)
    )
    return f"accuracy on dev {scores.accuracy:.3f}{accuracy}, calibration error {scores.calibration_error:.3f}{error}"


def values(look: ProblemView) -> tuple[list[float], list[float | None]]:
    """Measure what labels lose where a function abstains; the label model is not fitted again.

    Parameters
    ----------
    look
        View of the problem.

    Returns
    -------
    bits : list of float
        Per function, per 100 rows: of the true class, on dev rows with gold; without gold, of the label model's own prediction.
    points : list of float or None
        Points of accuracy on dev.
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


def _costs(look: ProblemView) -> dict[str, float]:
    """Of those that can be loaded."""
    try:
        rows = np.arange(min(len(look.raw), 200), dtype=np.intp)
        return costs(look.table(rows), look.functions, n_classes=len(look.classes))
    except TidemillError:
        return {}


def _function(look: ProblemView, line: dict[str, Any], learned: _Learned | None, cost: float | None) -> FunctionLine:
    name = line["function"]
    quality = None if learned is None else learned.explanation.functions[name]
    return FunctionLine(
        function=name,
        votes=tuple(vote_name(vote, look.classes) for vote in line["Polarity"]),
        coverage=line["Coverage"],
        overlaps=line["Overlaps"],
        conflicts=line["Conflicts"],
        dev_correct=line["Correct"],
        dev_incorrect=line["Incorrect"],
        dev_accuracy=line["Emp. Acc."] if line["Correct"] + line["Incorrect"] else None,
        learned_accuracy=None if quality is None else quality.accuracy,
        learned_interval=None if quality is None else quality.interval,
        weight=None if learned is None else learned.explanation.dependences.weights[name],
        outvoted=None if learned is None else learned.outvoted[name],
        ms_per_1000=cost,
        value_bits=None if learned is None else learned.bits[name],
        value_points=None if learned is None else learned.points[name],
    )


_HEAD: Final = ["function", "votes", "cover", "over", "confl", "dev", "learned", "weight", "outvoted", "ms/1k", "value"]


def printed(table: FunctionTable) -> list[str]:
    """Write the analysis table as lines.

    Parameters
    ----------
    table
        Figures of each function and of all together.

    Returns
    -------
    list of str
        Lines of a terminal of 100 columns.
    """
    shares = f"coverage {percent(table.coverage, 1)}, conflict {percent(table.conflict, 1)}"
    lines = [f"{table.problem}: {len(table.functions)} functions, {table.rows:,} rows; {shares}"]
    if table.label_model is None:
        lines.append(f"no label model of these functions yet: dvc repro denoise@{table.problem}")
    else:
        right = "" if table.dev_scores is None else f"; {_on_dev(table.dev_scores)}"
        text = f"{table.label_model}{right}; effective number of functions {table.effective_functions:.1f}"
        lines += textwrap.wrap(text, WIDTH, subsequent_indent="  ")
    lines += ["", *columns([_HEAD, *[_cells(line) for line in table.functions]])]
    for group in table.groups:
        text = f"these {len(group.functions)} have an effective number of {group.effective:.1f}: {', '.join(group.functions)}"
        lines += textwrap.wrap(text, WIDTH, subsequent_indent="  ")
    return lines


def _cells(line: FunctionLine) -> list[str]:
    ends = line.learned_interval
    return [
        line.function,
        line.votes[0] if len(line.votes) == 1 else f"{len(line.votes)} kinds" if line.votes else "-",
        percent(line.coverage, 1),
        percent(line.overlaps, 1),
        percent(line.conflicts, 1),
        f"{line.dev_correct}/{line.dev_correct + line.dev_incorrect}",
        "-" if ends is None else f"{percent(line.learned_accuracy)} [{100 * ends[0]:.0f},{100 * ends[1]:.0f}]",
        "-" if line.weight is None else f"{line.weight:.1f}",
        percent(line.outvoted),
        "-" if line.ms_per_1000 is None else f"{line.ms_per_1000:,.0f}",
        "-" if line.value_bits is None else f"{line.value_bits:.1f}",
    ]
