"""What an edited labeling function would change, before it is saved: its figures on all rows, and rows gained, lost, flipped."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.apps.studio.function_file import entries, one_function
from tidemill.apps.studio.rows import votes_of
from tidemill.apps.studio.workspace import Workspace
from tidemill.apps.workbench.diff import function_change
from tidemill.apps.workbench.formatting import vote_name
from tidemill.common.statistics import wilson
from tidemill.contracts import ABSTAIN, NO_GOLD, Votes
from tidemill.label.analysis.disagreements import Change
from tidemill.label.analysis.summary import is_right
from tidemill.label.conditions.generated import Generated
from tidemill.label.engine.apply import apply, required_statistics
from tidemill.label.engine.failures import Quarantine
from tidemill.label.functions.declared import DeclaredLabelingFunction, declared_functions
from tidemill.reports.studio import FunctionPreview

CONFIDENCE: Final = 0.95
_SHOWN: Final = 4


def preview(
    workspace: Workspace, file: str, text: str, *, replaces: str | None, new: bool = False
) -> list[FunctionPreview]:
    """Try the YAML of a function, or of a template of several, against what is saved.

    Parameters
    ----------
    workspace
        The problem.
    file
        Name of the YAML file.
    text
        YAML of the function as it is edited.
    replaces
        Name of the saved function in whose place it is to stand; None: it is an additional one.
    new
        Whether the file need not exist.

    Returns
    -------
    list of FunctionPreview
        One per function that the YAML makes.

    Raises
    ------
    ConfigError
        The YAML is wrong; file and line are named.
    """
    functions, before = edited_functions(workspace, file, text, replaces=replaces, new=new)
    is_single = len(before) == len(functions) == 1
    was = {functions[0].name: before[0]} if is_single else {function.name: function for function in before}
    return [_preview(workspace, function, was.get(function.name)) for function in functions]


def edited_functions(
    workspace: Workspace, file: str, text: str, *, replaces: str | None, new: bool
) -> tuple[list[DeclaredLabelingFunction], list[DeclaredLabelingFunction]]:
    """Read the YAML of an edited function, and that of the saved one.

    Parameters
    ----------
    workspace
        The problem.
    file
        Name of the YAML file.
    text
        YAML of the function as it is edited.
    replaces
        Name of the saved function in whose place it is to stand; None: it is an additional one.
    new
        Whether the file need not exist.

    Returns
    -------
    edited, saved : list of DeclaredLabelingFunction
        Several of a template; none is saved of an additional one.

    Raises
    ------
    ConfigError
        The YAML is wrong; file and line are named.
    """
    view, path = workspace.view, workspace.file(file, new=new)
    saved = entries(path.read_text(encoding="utf-8"), path) if path.exists() else []
    entry = next((one for one in saved if one.name == replaces), None)
    line = entry.line if entry else 2
    functions = declared_functions(one_function(text, path, line), view.classes, view.paths.closed)
    before = declared_functions(one_function(entry.text, path, line), view.classes, view.paths.closed) if entry else []
    return functions, before


def _preview(
    workspace: Workspace, function: DeclaredLabelingFunction, saved: DeclaredLabelingFunction | None
) -> FunctionPreview:
    view, rows = workspace.view, workspace.rows
    waits = isinstance(function.condition, Generated) and function.condition.column not in workspace.table.columns
    votes, failures = (nothing(workspace), ()) if waits else votes_on(workspace, function)
    before = (
        nothing(workspace)
        if saved is None or waits
        else workspace.kept(_key(saved), lambda: votes_on(workspace, saved)[0])
    )
    gold = view.gold[rows]
    judged = (votes != ABSTAIN) & (gold != NO_GOLD)
    right = int(is_right(votes[judged][:, None], gold[judged]).sum())
    change = Change(function.name, "added" if saved is None else "edited", before, votes)
    values, counts = np.unique(votes[votes != ABSTAIN], return_counts=True)
    nearest, share = _nearest(workspace, votes != ABSTAIN, {function.name, saved.name if saved else function.name})
    return FunctionPreview(
        function=function.name,
        rows=len(rows),
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
        change=function_change(view, change, rows, _SHOWN),
    )


def nothing(workspace: Workspace) -> Votes:
    """Abstain on all rows.

    Parameters
    ----------
    workspace
        The problem.

    Returns
    -------
    (n_rows,)
        Of the rows that functions are previewed on.
    """
    return np.full(len(workspace.rows), ABSTAIN, dtype=np.int16)


def _nearest(workspace: Workspace, fires: npt.NDArray[np.bool_], own: set[str]) -> tuple[str | None, float | None]:
    """The function of the last run that votes on most of the same rows."""
    view = workspace.view
    if votes_of(view) is None or not fires.any():
        return None, None
    both = workspace.kept("voting", lambda: view.votes[workspace.rows] != ABSTAIN)[fires].mean(axis=0)
    shares = {name: float(share) for name, share in zip(view.names, both, strict=True) if name not in own and share}
    name = max(shares, key=lambda one: shares[one], default=None)
    return name, None if name is None else shares[name]


def _key(function: DeclaredLabelingFunction) -> tuple[str, str, int]:
    return ("votes", repr(function.condition), function.vote)


def votes_on(workspace: Workspace, function: DeclaredLabelingFunction) -> tuple[Votes, tuple[str, ...]]:
    """Apply a function to the rows that functions are previewed on.

    Parameters
    ----------
    workspace
        The problem.
    function
        As it is edited.

    Returns
    -------
    votes : (n_rows,)
        An abstain where the function fails.
    reasons : tuple of str
        Why it fails, where it does.
    """
    quarantine = Quarantine(limit=len(workspace.rows) + 1)
    table = _table_for(workspace, function)
    votes = apply(table, [function], n_classes=len(workspace.view.classes), on_error=quarantine)
    return votes[:, 0], tuple(failure.reason.splitlines()[-1] for failure in quarantine.failures[:3])


def _table_for(workspace: Workspace, function: DeclaredLabelingFunction) -> pl.DataFrame:
    """Statistics of images that are measured already stand in place of the images."""
    table = workspace.table
    names = required_statistics([function], table.columns)
    if not names:
        return table
    return table.drop("image").hstack(workspace.statistics(names))
