"""The analysis table: Snorkel's columns, gold of dev, and what the label model learned of each function."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tidemill.apps.workbench.formatting import WIDTH, columns, percent, vote_name
from tidemill.apps.workbench.generated import generated_lines
from tidemill.apps.workbench.problem_view import SEED, ProblemView
from tidemill.common.spelling import counted, did_you_mean
from tidemill.contracts import ABSTAIN, NO_GOLD, ConfigError, Probabilities, TidemillError
from tidemill.denoise.report.explain import explain
from tidemill.denoise.report.gold_report import against_gold
from tidemill.label.analysis.cost import costs
from tidemill.label.analysis.disagreements import disagreements
from tidemill.label.analysis.summary import conflicts, lf_summary
from tidemill.project.generated_votes import seconds_of
from tidemill.reports.denoise import Explanation, GoldScores
from tidemill.reports.generate import GeneratedReport
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


def function_table(view: ProblemView, *, sort: str = "name", cost: bool = True) -> FunctionTable:
    """Analyze a problem's functions.

    Parameters
    ----------
    view
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
    rows = _some_rows(view)
    table = lf_summary(view.votes, view.names, n_classes=len(view.classes), gold=view.gold)
    learned = _learned(view, rows)
    measured = _costs(view) if cost else {}
    functions = [_function(view, line, learned, measured.get(line["function"])) for line in table.to_dicts()]
    if sort in _RENAMED:
        raise ConfigError(f"--sort {sort}: the column is called {_RENAMED[sort]} now")
    if sort not in _SORTS:
        raise ConfigError(f"--sort {sort}: no such column{did_you_mean(sort, list(_SORTS))}")
    key, down = _SORTS[sort]
    known = [line for line in functions if getattr(line, key) is not None]
    generated = GeneratedReport.read_if_there(view.paths.generated_report)
    return FunctionTable(
        problem=view.name,
        rows=len(view.votes),
        dev_rows=int((view.gold != NO_GOLD).sum()),
        coverage=float((view.votes != ABSTAIN).any(axis=1).mean()),
        conflict=float(conflicts(view.votes, n_classes=len(view.classes)).mean()),
        label_model=None if view.model is None else view.model.name,
        dev_scores=None if learned is None else learned.dev_scores,
        effective_functions=None if learned is None else learned.explanation.dependences.effective_functions,
        groups=() if learned is None else _groups(learned.explanation),
        changed=changed_functions(view),
        functions=(
            *sorted(known, key=lambda line: getattr(line, key), reverse=down),
            *(line for line in functions if getattr(line, key) is None),
        ),
        generated=() if generated is None else generated.voters,
        seconds=seconds_of(view.paths),
    )


@dataclass(frozen=True)
class _Learned:
    """What the label model says of the functions, on some rows; per function, by its place, what is lost without it."""

    explanation: Explanation
    dev_scores: GoldScores | None
    outvoted: dict[str, float]
    bits: dict[str, float]
    points: dict[str, float | None]


def _some_rows(view: ProblemView) -> npt.NDArray[np.intp]:
    if len(view.votes) <= ROWS:
        return np.arange(len(view.votes))
    drawn = np.random.default_rng(SEED).choice(len(view.votes), ROWS, replace=False)
    return np.union1d(drawn, np.flatnonzero(view.gold != NO_GOLD))


def _learned(view: ProblemView, rows: npt.NDArray[np.intp]) -> _Learned | None:
    """What the label model says of each function; None where it was fitted on other functions or not at all."""
    if view.model is None:
        return None
    votes = view.votes[rows]
    features = view.features[rows] if view.model.uses_features and view.features is not None else None
    result = explain(view.model, votes, names=view.names, classes=view.classes, features=features)
    probabilities = view.probabilities(votes, rows)
    answer = probabilities.argmax(axis=1)
    outvoted = disagreements(votes, answer).sum(axis=0) / np.maximum((votes != ABSTAIN).sum(axis=0), 1)
    bits, points = values(view)
    on_dev = against_gold(probabilities, votes, view.gold[rows], seed=SEED)
    return _Learned(
        result,
        None if on_dev is None else on_dev.label_model,
        dict(zip(view.names, outvoted.tolist(), strict=True)),
        dict(zip(view.names, bits, strict=True)),
        dict(zip(view.names, points, strict=True)),
    )


def _groups(result: Explanation) -> tuple[DependentGroup, ...]:
    weights = result.dependences.weights
    return tuple(
        DependentGroup(functions=group, effective=round(sum(weights[name] for name in group), 2))
        for group in result.dependences.groups
    )


def _on_dev(scores: GoldScores) -> str:
    accuracy, error = (
        "" if ends is None else f" [{ends[0]:.3f}, {ends[1]:.3f}]"
        for ends in (scores.accuracy_interval, scores.calibration_error_interval)
    )
    return f"accuracy on dev {scores.accuracy:.3f}{accuracy}, calibration error {scores.calibration_error:.3f}{error}"


def values(view: ProblemView) -> tuple[list[float], list[float | None]]:
    """Measure what labels lose where a function abstains; the label model is not fitted again.

    Parameters
    ----------
    view
        View of the problem.

    Returns
    -------
    bits : list of float
        Per function, per 100 rows: of the true class, on dev rows with gold; without gold, of the label model's own prediction.
    points : list of float or None
        Points of accuracy on dev.
    """
    labeled = np.flatnonzero(view.gold != NO_GOLD)
    rows = labeled if len(labeled) else _some_rows(view)
    votes = view.votes[rows]
    whole = view.probabilities(votes, rows)
    truth = np.eye(len(view.classes))[view.gold[rows]] if len(labeled) else whole
    bits: list[float] = []
    points: list[float | None] = []
    for j in range(votes.shape[1]):
        covered = np.flatnonzero(votes[:, j] != ABSTAIN)
        without = votes[covered].copy()
        without[:, j] = ABSTAIN
        less = view.probabilities(without, rows[covered]) if len(covered) else whole[covered]
        bits.append(100 * _bits(truth[covered], whole[covered], less) / len(rows))
        points.append(100 * _right(truth[covered], whole[covered], less) / len(rows) if len(labeled) else None)
    return bits, points


def _bits(truth: Probabilities, whole: Probabilities, less: Probabilities) -> float:
    gain = np.log2(np.clip(whole, _FLOOR, 1)) - np.log2(np.clip(less, _FLOOR, 1))
    return float((truth * gain).sum())


def _right(truth: Probabilities, whole: Probabilities, less: Probabilities) -> float:
    answer = truth.argmax(axis=1)
    return float((whole.argmax(axis=1) == answer).sum() - (less.argmax(axis=1) == answer).sum())


def _costs(view: ProblemView) -> dict[str, float]:
    """Of those that can be loaded."""
    try:
        rows = np.arange(min(len(view.raw), 200), dtype=np.intp)
        return costs(view.table(rows), view.loaded.asked_of_rows())
    except TidemillError:
        return {}


def _function(view: ProblemView, line: dict[str, Any], learned: _Learned | None, cost: float | None) -> FunctionLine:
    name = line["function"]
    quality = None if learned is None else learned.explanation.functions[name]
    return FunctionLine(
        function=name,
        votes=tuple(vote_name(vote, view.classes) for vote in line["Polarity"]),
        coverage=line["Coverage"],
        overlaps=line["Overlaps"],
        conflicts=line["Conflicts"],
        dev_correct=line["Correct"],
        dev_incorrect=line["Incorrect"],
        dev_accuracy=line["Emp. Acc."] if line["Correct"] + line["Incorrect"] else None,
        learned_accuracy=None if quality is None else quality.accuracy,
        learned_interval=None if quality is None or quality.accuracy is None else quality.interval,
        weight=None if learned is None else learned.explanation.dependences.weights[name],
        outvoted=None if learned is None else learned.outvoted[name],
        ms_per_1000=cost,
        value_bits=None if learned is None else learned.bits[name],
        value_points=None if learned is None else learned.points[name],
    )


def changed_functions(view: ProblemView) -> tuple[str, ...]:
    """Find the functions that are not those whose votes the figures are of.

    Parameters
    ----------
    view
        View of the problem.

    Returns
    -------
    tuple of str
        Names, those that are new or removed marked as such; or why the functions cannot be loaded. Where another machine cast the
        votes, functions that were edited are not among them.
    """
    try:
        edited, now = view.edited(), [function.name for function in view.functions]
    except TidemillError as error:
        return (f"none can be loaded: {error}",)
    added = [f"{name} (new)" for name in now if name not in set(view.names)]
    return (*edited, *added, *(f"{name} (removed)" for name in view.names if name not in now))


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
    lines = [f"{table.problem}: {counted(len(table.functions), 'function')}, {counted(table.rows, 'row')}; {shares}"]
    if table.label_model is None:
        lines.append(f"no label model of these functions yet: dvc repro denoise@{table.problem}")
    else:
        right = "" if table.dev_scores is None else f"; {_on_dev(table.dev_scores)}"
        text = f"{table.label_model}{right}; effective number of functions {table.effective_functions:.1f}"
        lines += textwrap.wrap(text, WIDTH, subsequent_indent="  ")
    if table.changed:
        text = f"changed since these figures: {', '.join(table.changed)}; `tidemill compose && dvc repro denoise@{table.problem}`"
        lines += textwrap.wrap(text, WIDTH, subsequent_indent="  ")
    lines += ["", *columns([_HEAD, *[_cells(line) for line in table.functions]])]
    for group in table.groups:
        text = f"these {len(group.functions)} have an effective number of {group.effective:.1f}: {', '.join(group.functions)}"
        lines += textwrap.wrap(text, WIDTH, subsequent_indent="  ")
    return [*lines, *generated_lines(table.generated, table.seconds)]


def _cells(line: FunctionLine) -> list[str]:
    ends = line.learned_interval
    return [
        line.function,
        line.votes[0] if len(line.votes) == 1 else f"{len(line.votes)} kinds" if line.votes else "-",
        percent(line.coverage, 1),
        percent(line.overlaps, 1),
        percent(line.conflicts, 1),
        "-" if line.dev_accuracy is None else f"{line.dev_correct}/{line.dev_correct + line.dev_incorrect}",
        "-" if ends is None else f"{percent(line.learned_accuracy)} [{100 * ends[0]:.0f},{100 * ends[1]:.0f}]",
        "-" if line.weight is None else f"{line.weight:.1f}",
        percent(line.outvoted),
        "-" if line.ms_per_1000 is None else f"{line.ms_per_1000:,.0f}",
        "-" if line.value_bits is None else f"{line.value_bits:.1f}",
    ]
