"""Rows that a person picks as examples of a class, written as `tidemill lf examples` does, and a function that asks for rows like them."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import Field

from tidemill.apps.studio.rows import votes_of
from tidemill.apps.studio.workspace import Workspace
from tidemill.apps.workbench.examples import examples
from tidemill.apps.workbench.problem_view import ProblemView
from tidemill.contracts import ConfigError, Settings
from tidemill.label.conditions.labeled_examples import unit
from tidemill.reports.studio import MadeExamples

_NOT_IN_NAMES: Final = re.compile(r"[^a-z0-9]+")
_FLOOR: Final = 0.25
"""Quantile of the similarity of examples to the mean of the others: a function that asks for it finds three of four of them."""
_ALONE: Final = 0.6
"""Where there is one example, which says nothing of how far others lie."""


class PickedRows(Settings):
    """Rows that are examples of a class."""

    of: str = Field(max_length=1000)
    rows: tuple[str, ...] = Field(min_length=1, max_length=1000)


def make_examples(workspace: Workspace, picked: PickedRows) -> MadeExamples:
    """Write picked rows to a new file of examples, and the YAML of a function of them, which is not saved.

    Parameters
    ----------
    workspace
        The problem.
    picked
        Rows and their class.

    Returns
    -------
    MadeExamples

    Raises
    ------
    ConfigError
        There is no such class or row, or the backbone has not seen the rows yet.
    """
    view = workspace.view
    if votes_of(view) is None or view.features is None:
        raise ConfigError("rows are compared by what the model sees in them, which a run computes: start one first")
    if not set(picked.rows) <= set(view.raw["row_id"].to_list()):
        raise ConfigError("a picked row is no longer there: load the page again")
    with workspace.lock:
        path = _new_file(workspace, picked.of)
        made = examples(view, path.name, of=picked.of, rows=picked.rows)
    least = _similarity(view, picked.rows)
    fields = (
        "kind: prototype",
        f"file: {path.name}",
        f"of: {_text(picked.of)}",
        f"at_least: {least}",
        f"vote: {_text(picked.of)}",
    )
    return MadeExamples(file=path.name, examples=made.examples, yaml="\n".join((f"name: {path.stem}", *fields)))


def _new_file(workspace: Workspace, of: str) -> Path:
    folder = workspace.view.paths.functions
    name = "like_" + (_NOT_IN_NAMES.sub("_", of.lower()).strip("_")[:40] or "these")
    taken = {path.stem for path in folder.iterdir()} | {one.name for one in workspace.view.functions}
    number = next(n for n in range(1, len(taken) + 2) if f"{name}_{n}" not in taken)
    return folder / f"{name}_{number}.jsonl"


def _similarity(view: ProblemView, rows: tuple[str, ...]) -> float:
    assert view.features is not None  # noqa: S101 - the caller has looked
    vectors = unit(view.features[view.raw["row_id"].is_in(list(rows)).to_numpy()])
    if len(vectors) == 1:
        return _ALONE
    others = unit((vectors.sum(axis=0) - vectors) / (len(vectors) - 1))
    return math.floor(100 * float(np.quantile((vectors * others).sum(axis=1), _FLOOR))) / 100


def _text(value: str) -> str:
    """A string of JSON is one of YAML."""
    return json.dumps(value, ensure_ascii=False)
