"""Rows of a problem: searched, filtered, the least certain first, a page at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from tidemill.apps.studio.workspace import Workspace, measured, stamp_of
from tidemill.apps.workbench.formatting import vote_name
from tidemill.apps.workbench.problem_view import ProblemView
from tidemill.contracts import ABSTAIN, NO_GOLD, ConfigError, Settings, Votes, probability_columns
from tidemill.label.analysis.summary import conflicts
from tidemill.label.conditions.match_span import match_span
from tidemill.label.engine.apply import required_statistics
from tidemill.label.engine.load import LoadedFunction
from tidemill.label.engine.slices import NO_ROWS
from tidemill.label.functions.declared import DeclaredLabelingFunction
from tidemill.reports.studio import RowPage, ShownRow, ShownVote, TextPart

PAGE: Final = 25
_HIDDEN: Final = {"row_id", "key", "batch", "split", "text", "image", "feature"}
Mask = npt.NDArray[np.bool_]


class RowQuery(Settings):
    """Which rows are asked for; empty: all."""

    text: str = Field(default="", max_length=1000)
    how: Literal["words", "regex", "id"] = "words"
    votes: Literal["", "none", "conflict", "model", "person"] = ""
    batch: str = ""
    slice: str = ""
    label: str = ""
    function: str = ""
    order: Literal["", "uncertain"] = ""
    page: int = Field(default=0, ge=0)


def find_rows(workspace: Workspace, query: RowQuery) -> RowPage:
    """Find rows.

    Parameters
    ----------
    workspace
        The problem.
    query
        What is asked for.

    Returns
    -------
    RowPage
        One page of them.

    Raises
    ------
    ConfigError
        The pattern is none, or there is no such function, slice or class.
    """
    view = workspace.view
    mask = _searched(view.raw, query) & _filtered(workspace, query)
    found = np.flatnonzero(mask)
    if query.order == "uncertain" and (labels := view_labels(view)) is not None:
        found = found[np.argsort(labels[found].max(axis=1), kind="stable")]
    page = min(query.page, max(0, (len(found) - 1) // PAGE))
    chosen = found[page * PAGE : (page + 1) * PAGE]
    return RowPage(
        found=len(found),
        of=view.raw.height,
        page=page,
        pages=-(-len(found) // PAGE),
        rows=shown_rows(view, chosen, _selected(view, query.function)),
    )


def _searched(raw: pl.DataFrame, query: RowQuery) -> Mask:
    text = query.text.strip()
    if not text:
        return np.ones(raw.height, dtype=np.bool_)
    if query.how == "id":
        return raw["row_id"].str.starts_with(text).to_numpy()
    column = raw["text"] if "text" in raw.columns else raw["key"].cast(pl.String)
    if query.how == "words":
        lowered = [word.lower() for word in text.split()]
        found = [column.str.contains_any([word], ascii_case_insensitive=True) for word in lowered]
        whole: Mask = np.logical_and.reduce([one.fill_null(value=False).to_numpy() for one in found])
        return whole
    try:
        return column.str.contains(text).fill_null(value=False).to_numpy()
    except pl.exceptions.PolarsError as error:
        raise ConfigError(f"the pattern does not compile: {str(error).splitlines()[0]}") from error


def _filtered(workspace: Workspace, query: RowQuery) -> Mask:
    view = workspace.view
    mask: Mask = np.ones(view.raw.height, dtype=np.bool_)
    if query.batch:
        mask &= (view.raw["batch"] == query.batch).to_numpy()
    if query.slice:
        mask &= _in_slice(workspace, query.slice)
    if query.votes and votes_of(view) is not None:
        mask &= _DOUBTS[query.votes](workspace)
    if query.function:
        mask &= _votes_of_saved(view, query.function) != ABSTAIN
    if query.label:
        if query.label not in view.classes:
            raise ConfigError(f"there is no class {query.label!r}")
        labels = view_labels(view)
        mask &= (labels.argmax(axis=1) == view.classes.index(query.label)) if labels is not None else mask
    return mask


def _silent(workspace: Workspace) -> Mask:
    silent: Mask = (workspace.view.votes == ABSTAIN).all(axis=1)
    return silent


def _conflicts(workspace: Workspace) -> Mask:
    view = workspace.view
    return workspace.kept("conflicts", lambda: conflicts(view.votes, n_classes=len(view.classes)))


def _against_model(workspace: Workspace) -> Mask:
    """The label model and the end model name different classes."""
    view = workspace.view
    path, labels = view.paths.predictions, view_labels(view)
    if labels is None or not path.exists():
        raise ConfigError("no model has been trained on these rows yet: start a run")
    columns = probability_columns(view.classes)
    predicted = workspace.kept(
        ("predictions", stamp_of(path)), lambda: pl.read_parquet(path, columns=["row_id", *columns], glob=False)
    )
    joined = view.raw.select("row_id").join(predicted, on="row_id", how="left", maintain_order="left").select(columns)
    is_known = joined[:, 0].is_not_null().to_numpy()
    classes = joined.fill_null(0.0).to_numpy().argmax(axis=1)
    differs: Mask = is_known & (classes != labels.argmax(axis=1))
    return differs


def _against_person(workspace: Workspace) -> Mask:
    """The label model and a person name different classes, on rows of dev."""
    view = workspace.view
    labels = view_labels(view)
    if labels is None:
        raise ConfigError("the label model has not spoken on these rows yet: start a run")
    differs: Mask = (view.gold != NO_GOLD) & (view.gold != labels.argmax(axis=1))
    return differs


_DOUBTS: Final[dict[str, Callable[[Workspace], Mask]]] = {
    "none": _silent,
    "conflict": _conflicts,
    "model": _against_model,
    "person": _against_person,
}


def slices_of(workspace: Workspace) -> list[str]:
    """List the names of the problem's slicing functions.

    Parameters
    ----------
    workspace
        The problem.

    Returns
    -------
    list of str
    """
    return workspace.slices(NO_ROWS).columns[1:]


def _in_slice(workspace: Workspace, name: str) -> Mask:
    slices = workspace.slices(workspace.view.raw)
    if name not in slices.columns[1:]:
        raise ConfigError(f"there is no slice {name!r}")
    return slices[name].to_numpy()


def votes_of(view: ProblemView) -> Votes | None:
    """Read the votes of all rows.

    Parameters
    ----------
    view
        View of the problem.

    Returns
    -------
    (n_rows, n_functions) or None
        None before the label stage has run on these rows.
    """
    if not view.paths.votes.exists() or not view.raw["row_id"].equals(view.voted["row_id"]):
        return None
    return view.votes


def view_labels(view: ProblemView) -> npt.NDArray[Any] | None:
    """Read the labels of all rows.

    Parameters
    ----------
    view
        View of the problem.

    Returns
    -------
    (n_rows, n_classes) or None
        None before the denoise stage has run on these rows.
    """
    return None if votes_of(view) is None else view.labels


def _votes_of_saved(view: ProblemView, name: str) -> Votes:
    if votes_of(view) is None or name not in view.names:
        raise ConfigError(f"{name!r} has no votes yet: start a run, up to the labels")
    return view.votes[:, view.names.index(name)]


def _selected(view: ProblemView, name: str) -> LoadedFunction | None:
    return next((one for one in view.functions if one.name == name), None) if name else None


def shown_rows(
    view: ProblemView, places: npt.NDArray[np.intp], function: LoadedFunction | None = None
) -> tuple[ShownRow, ...]:
    """Collect what the list shows of rows.

    Parameters
    ----------
    view
        View of the problem.
    places : (n_some,)
        Indices of the rows.
    function
        Function whose match is marked in the text.

    Returns
    -------
    tuple of ShownRow
    """
    votes, labels = votes_of(view), view_labels(view)
    hidden = {*_HIDDEN, *view.settings.hidden_columns}
    table = view.raw[places]
    rows = table.drop("image", strict=False).hstack(_asked(table, function)).to_dicts()
    return tuple(
        ShownRow(
            row_id=str(row["row_id"]),
            batch=str(row["batch"]),
            split=str(row["split"]),
            parts=_parts(row.get("text"), function),
            metadata={key: _shown(value) for key, value in row.items() if key not in hidden and value is not None},
            gold=view.classes[gold] if (gold := int(view.gold[place])) != NO_GOLD else None,
            label=None if labels is None else view.classes[int(labels[place].argmax())],
            probability=None if labels is None else float(labels[place].max()),
            votes=() if votes is None else _shown_votes(view, votes[place]),
        )
        for row, place in zip(rows, places, strict=True)
    )


def _asked(table: pl.DataFrame, function: LoadedFunction | None) -> pl.DataFrame:
    """Statistics of the images that the function asks for."""
    if "image" not in table.columns or not isinstance(function, DeclaredLabelingFunction):
        return pl.DataFrame()
    names = required_statistics([function], table.columns)
    return measured(table["row_id", "image"], names) if names else pl.DataFrame()


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _shown_votes(view: ProblemView, votes: Votes) -> tuple[ShownVote, ...]:
    return tuple(
        ShownVote(function=view.names[j], vote=vote_name(int(votes[j]), view.classes))
        for j in np.flatnonzero(votes != ABSTAIN)
    )


def _parts(text: object, function: LoadedFunction | None) -> tuple[TextPart, ...]:
    if not isinstance(text, str):
        return ()
    span = match_span(function.condition, text) if isinstance(function, DeclaredLabelingFunction) else None
    start, end = span or (0, 0)
    pieces = ((text[:start], False), (text[start:end], True), (text[end:], False))
    return tuple(TextPart(text=piece, matched=matched) for piece, matched in pieces if piece)
