"""Labeling functions that `tidemill lf suggest` finds, with their evidence; none is taken by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import yaml

from tidemill.apps.studio.workspace import Workspace
from tidemill.apps.workbench.suggest_functions import suggest_functions
from tidemill.reports.studio import OfferedFunction, OfferedFunctions
from tidemill.reports.workbench import CandidateFunction

_MOST: Final = 8
_SHOWN: Final = 3
_CHARACTERS: Final = 200


def offer(workspace: Workspace, batch: str | None) -> OfferedFunctions:
    """Suggest functions that would vote where none does, or where they disagree.

    Parameters
    ----------
    workspace
        The problem.
    batch
        Batch whose rows they shall add; None: all.

    Returns
    -------
    OfferedFunctions

    Raises
    ------
    DataError
        No dev row has gold.
    ConfigError
        No such batch has arrived.
    """
    found = suggest_functions(workspace.view, most=_MOST, shown=_SHOWN, batch=batch)
    return OfferedFunctions(rows=found.rows, functions=tuple(map(_offered, found.candidates)))


def _offered(one: CandidateFunction) -> OfferedFunction:
    return OfferedFunction(
        yaml=yaml.safe_dump(dict(one.entry), default_flow_style=None, sort_keys=False, allow_unicode=True).strip(),
        source=one.source,
        adds=one.adds,
        dev_correct=one.dev_correct,
        dev_votes=one.dev_votes,
        precision_at_least=one.precision_at_least,
        examples=tuple(_example(row) for row in one.examples),
    )


def _example(row: Mapping[str, Any]) -> str:
    content = row["text"] if row.get("text") is not None else row.get("key", row["row_id"])
    return str(content)[:_CHARACTERS]
