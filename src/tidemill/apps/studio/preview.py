"""What an edited labeling function would change, before it is saved: its figures, and rows gained, lost, flipped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.apps.studio.function_file import entries, one_function
from tidemill.apps.studio.rows import votes_of
from tidemill.apps.studio.workspace import TriedRows, Workspace
from tidemill.apps.workbench.diff import function_change
from tidemill.apps.workbench.formatting import vote_name
from tidemill.common.statistics import wilson
from tidemill.contracts import ABSTAIN, NO_GOLD, Votes
from tidemill.label.analysis.disagreements import Change
from tidemill.label.analysis.summary import is_right
from tidemill.label.conditions.generated import Generated
from tidemill.label.conditions.labeled_examples import FEATURE
from tidemill.label.engine.apply import apply, required_statistics
from tidemill.label.engine.failures import Quarantine
from tidemill.label.engine.vectorised import columns_of
from tidemill.label.functions.declared import DeclaredLabelingFunction, declared_functions
from tidemill.reports.studio import FunctionPreview

CONFIDENCE: Final = 0.95
_SHOWN: Final = 4


class EditedText(NamedTuple):
    """YAML of a function, or of a template of several, as it is edited.

    Attributes
    ----------
    file
        Name of its YAML file.
    text
        The YAML.
    replaces
        Name of the saved function in whose place it is to stand; None: it is an additional one, whose file need not exist.
    """

    file: str
    text: str
    replaces: str | None


def preview(workspace: Workspace, edited: EditedText, *, is_quick: bool = False) -> list[FunctionPreview]:
    """Try the YAML of a function, or of a template of several, against what is saved.

    Parameters
    ----------
    workspace
        The problem.
    edited
        The YAML.
    is_quick
        Whether a sample of the rows is enough.

    Returns
    -------
    list of FunctionPreview
        One per function that the YAML makes; of a sample too while statistics of all images are being measured.

    Raises
    ------
    ConfigError
        The YAML is wrong; file and line are named.
    """
    functions, before = edited_functions(workspace, edited)
    is_single = len(before) == len(functions) == 1
    was = {functions[0].name: before[0]} if is_single else {function.name: function for function in before}
    rows = workspace.rows(is_sample=is_quick)
    names = _statistics(workspace, [*functions, *before])
    if not rows.is_sample and names and workspace.statistics(names, rows) is None:
        rows = workspace.rows(is_sample=True)
    return [_preview(workspace, function, was.get(function.name), rows) for function in functions]


def edited_functions(
    workspace: Workspace, edited: EditedText
) -> tuple[list[DeclaredLabelingFunction], list[DeclaredLabelingFunction]]:
    """Read the YAML of an edited function, and that of the saved one.

    Parameters
    ----------
    workspace
        The problem.
    edited
        The YAML.

    Returns
    -------
    edited, saved : list of DeclaredLabelingFunction
        Several of a template; none is saved of an additional one.

    Raises
    ------
    ConfigError
        The YAML is wrong; file and line are named.
    """
    view, path = workspace.view, workspace.file(edited.file, new=edited.replaces is None)
    saved = entries(path.read_text(encoding="utf-8"), path) if path.exists() else []
    entry = next((one for one in saved if one.name == edited.replaces), None)
    line = entry.line if entry else 2
    functions = declared_functions(one_function(edited.text, path, line), view.classes, view.paths.closed)
    before = declared_functions(one_function(entry.text, path, line), view.classes, view.paths.closed) if entry else []
    return functions, before


def _statistics(workspace: Workspace, functions: Sequence[DeclaredLabelingFunction]) -> list[str]:
    return required_statistics(list(functions), workspace.view.raw.columns)


def _preview(
    workspace: Workspace, function: DeclaredLabelingFunction, saved: DeclaredLabelingFunction | None, rows: TriedRows
) -> FunctionPreview:
    view = workspace.view
    nothing = np.full(len(rows.places), ABSTAIN, dtype=np.int16)
    waits = isinstance(function.condition, Generated) and function.condition.column not in workspace.table(rows).columns
    votes, failures = (nothing, ()) if waits else votes_on(workspace, function, rows)
    before = nothing
    if saved is not None and not waits:
        before = workspace.kept(_key(saved, rows), lambda: votes_on(workspace, saved, rows)[0])
    gold = view.gold[rows.places]
    judged = (votes != ABSTAIN) & (gold != NO_GOLD)
    right = int(is_right(votes[judged][:, None], gold[judged]).sum())
    change = Change(function.name, "added" if saved is None else "edited", before, votes)
    values, counts = np.unique(votes[votes != ABSTAIN], return_counts=True)
    own = {function.name, saved.name if saved else function.name}
    nearest, share = _nearest(workspace, votes != ABSTAIN, own, rows)
    return FunctionPreview(
        function=function.name,
        rows=len(votes),
        rows_in_all=view.raw.height,
        measured=_measured_share(workspace, function),
        votes={vote_name(int(vote), view.classes): int(n) for vote, n in zip(values, counts, strict=True)},
        coverage=float((votes != ABSTAIN).mean()) if len(votes) else 0.0,
        coverage_before=None if saved is None or not len(before) else float((before != ABSTAIN).mean()),
        dev_rows=int((gold != NO_GOLD).sum()),
        dev_correct=right,
        dev_votes=int(judged.sum()),
        precision_interval=wilson(right, int(judged.sum()), CONFIDENCE) if judged.any() else None,
        failures=failures,
        waits=waits,
        nearest=nearest,
        nearest_share=share,
        change=function_change(view, change, rows.places, _SHOWN),
    )


def _measured_share(workspace: Workspace, function: DeclaredLabelingFunction) -> float | None:
    """None where nothing is waited for."""
    names = _statistics(workspace, [function])
    return workspace.measured_share(names) if names else None


def _nearest(
    workspace: Workspace, fires: npt.NDArray[np.bool_], own: set[str], rows: TriedRows
) -> tuple[str | None, float | None]:
    """The function of the last run that votes on most of the same rows."""
    view = workspace.view
    if votes_of(view) is None or not fires.any():
        return None, None
    voting = workspace.kept(("voting", rows.is_sample), lambda: view.votes[rows.places] != ABSTAIN)
    both = voting[fires].mean(axis=0)
    shares = {name: float(share) for name, share in zip(view.names, both, strict=True) if name not in own and share}
    name = max(shares, key=lambda one: shares[one], default=None)
    return name, None if name is None else shares[name]


def _key(function: DeclaredLabelingFunction, rows: TriedRows) -> tuple[str, str, int, bool]:
    return ("votes", repr(function.condition), function.vote, rows.is_sample)


def votes_on(
    workspace: Workspace, function: DeclaredLabelingFunction, rows: TriedRows
) -> tuple[Votes, tuple[str, ...]]:
    """Apply a function to rows.

    Parameters
    ----------
    workspace
        The problem.
    function
        As it is edited.
    rows
        A sample, or all rows; where it asks for statistics of their images, these have been measured.

    Returns
    -------
    votes : (n_rows,)
        An abstain where the function fails.
    reasons : tuple of str
        Why it fails, where it does.
    """
    quarantine = Quarantine(limit=len(rows.places) + 1)
    table = _table_for(workspace, function, rows)
    votes = apply(table, [function], n_classes=len(workspace.view.classes), on_error=quarantine)
    return votes[:, 0], tuple(failure.reason.splitlines()[-1] for failure in quarantine.failures[:3])


def _table_for(workspace: Workspace, function: DeclaredLabelingFunction, rows: TriedRows) -> pl.DataFrame:
    """Statistics of images stand in place of the images; features are read where the function compares them."""
    table = workspace.table(rows)
    names = _statistics(workspace, [function])
    if names and (measured := workspace.statistics(names, rows)) is not None:
        table = table.drop("image").hstack(measured)
    features = workspace.view.features if FEATURE in columns_of(function) else None
    if features is None:
        return table
    return table.with_columns(pl.Series(FEATURE, features[rows.places] if rows.is_sample else features))
