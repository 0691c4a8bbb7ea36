"""Why a stream alarms: functions that decayed or fell silent, groups that are new, and the rows that show it most.

This explains an alarm and raises none: what is listed is ranked by evidence or by how much more frequent it became.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from tidemill.monitor.rows import rounded
from tidemill.monitor.sequential.batch import Batch
from tidemill.monitor.sequential.groups import Group, groups_of
from tidemill.monitor.sequential.stream import Stream
from tidemill.monitor.sequential.view import View
from tidemill.reports.monitor import Cause, CauseKind, FunctionCause, GroupCause, Shift

Array = npt.NDArray[np.float64]
Change = Literal["decayed", "fell silent", "votes less", "votes more"]

_LISTED: Final = 5
_SAMPLES: Final = 10
_CLUSTER_ROWS: Final = 100  # for a person who names a class of them
_LEAST_EVIDENCE: Final = 3.0  # a factor of twenty, before scores share the level
_LEAST_LIFT: Final = 2.0
_LEAST_SHARE: Final = 0.03
_NEW_BELOW: Final = 0.01
_SILENT_BELOW: Final = 0.2
_MANY_FUNCTIONS: Final = 3
_CLASS_SCORES: Final = ("class", "posterior")


def find_cause(stream: Stream, reference: Batch, changed: Batch, since: str) -> Cause:
    """Look for the cause of an alarm.

    Parameters
    ----------
    stream : Stream
        That has alarmed.
    reference, changed : Batch
        Rows of the reference, and rows from the estimated change on.
    since : str
        Batch with which the change is estimated to have begun.

    Returns
    -------
    Cause
    """
    functions = _functions(stream, reference, changed)
    groups = _groups(reference, changed)
    kind, sentence = _likeliest(stream, functions, groups)
    return Cause(
        kind=kind,
        sentence=f"since {since}, {sentence}",
        functions=functions,
        groups=groups,
        rows=_samples(stream, changed),
    )


def _functions(stream: Stream, reference: Batch, changed: Batch) -> tuple[FunctionCause, ...]:
    views = [View(batch, stream.watch.basis) for batch in (reference, changed)]
    evidence = _best(stream, stream.log_evidence())
    results = []
    for j, name in enumerate(stream.watch.names.functions):
        firing, contradiction = (evidence.get(f"{kind}:{name}", 0.0) for kind in ("firing", "contradiction"))
        if max(firing, contradiction) < _LEAST_EVIDENCE:
            continue
        coverage = _shift([view.voted[:, j].mean() for view in views])
        results.append(
            FunctionCause(
                function=name,
                change="decayed" if contradiction > firing else _firing_change(coverage),
                coverage=coverage,
                contradiction=_shift([_wrong(view, j) for view in views]),
                log_evidence=rounded(max(firing, contradiction)),
            )
        )
    return tuple(sorted(results, key=lambda one: -one.log_evidence)[:_LISTED])


def _best(stream: Stream, values: Array) -> dict[str, float]:
    """The largest value of each column over all rows and strata."""
    names = [column.name for column in stream.watch.columns]
    return dict(zip(names, values.max(axis=0).tolist(), strict=True))


def _wrong(view: View, j: int) -> float:
    voted = view.voted[:, j]
    return float(view.contradiction[voted, j].mean()) if voted.any() else 0.0


def _firing_change(coverage: Shift) -> Change:
    if coverage.batch > coverage.reference:
        return "votes more"
    return "fell silent" if coverage.batch < _SILENT_BELOW * coverage.reference else "votes less"


def _shift(values: Sequence[float]) -> Shift:
    return Shift(reference=rounded(values[0]), batch=rounded(values[1]))


def _groups(reference: Batch, changed: Batch) -> tuple[GroupCause, ...]:
    grown = [
        group
        for group in groups_of(reference, changed)
        if group.lift >= _LEAST_LIFT and group.shares[1] >= _LEAST_SHARE
    ]
    grown.sort(key=lambda group: -group.gain)
    return tuple(_group_cause(group, changed) for group in grown[:_LISTED])


def _group_cause(group: Group, changed: Batch) -> GroupCause:
    most = _CLUSTER_ROWS if group.kind == "cluster" else _SAMPLES
    rows = tuple(changed.row_ids[k] for k in np.flatnonzero(group.after)[:most])
    return GroupCause(
        group=group.name, kind=group.kind, share=_shift(group.shares), lift=rounded(group.lift), rows=rows
    )


def _samples(stream: Stream, changed: Batch) -> tuple[str, ...]:
    """Rows that are most extreme by the score that alarmed."""
    if stream.alarm is None:
        return ()
    place = [column.name for column in stream.watch.columns].index(stream.alarm.column)
    values, mask = stream.watch.evaluate(changed)
    cells = stream.watch.cells(values)[:, place]
    extreme = cells.astype(np.float64)
    if stream.watch.columns[place].two_sided:
        extreme = np.abs(extreme - np.median(np.arange(len(stream.watch.edges[place]) + 1)))
    order = np.argsort(-np.where(mask[:, place], extreme, -np.inf), kind="stable")
    return tuple(changed.row_ids[k] for k in order[: min(_SAMPLES, int(mask[:, place].sum()))])


def _likeliest(
    stream: Stream, functions: Sequence[FunctionCause], groups: Sequence[GroupCause]
) -> tuple[CauseKind, str]:
    margins = _best(stream, stream.margins())
    top = max(margins, key=lambda name: margins[name])
    named = [one for one in groups if one.kind != "cluster"]
    alone = functions and top.partition(":")[2] == functions[0].function
    crossed = {name.partition(":")[2] for name, margin in margins.items() if ":" in name and margin >= 0.0}
    many = len(crossed & set(stream.watch.names.functions)) >= _MANY_FUNCTIONS
    if alone and not many:
        return _of_function(functions[0])
    if named and _is_behind(named[0], margins):
        return _of_group(named[0])
    if functions and top.partition(":")[0] in {"firing", "contradiction"} and not many:
        return _of_function(functions[0])
    clusters = [one for one in groups if one.kind == "cluster"]
    if clusters and margins.get("neighbours", -1.0) >= 0.0:
        one = clusters[0]
        return (
            "new_cluster",
            f"about {one.share.batch:.0%} of the rows are of a kind that was {one.share.reference:.0%} before",
        )
    column = stream.watch.columns[[column.name for column in stream.watch.columns].index(top)]
    owner = stream.watch.owners[stream.watch.columns.index(column)]
    kind: CauseKind = "mix_of_classes" if top.partition(":")[0] in _CLASS_SCORES else "other"
    return kind, stream.watch.scores[owner].describe(column)


def _is_behind(group: GroupCause, margins: dict[str, float]) -> bool:
    """Whether the column of the group has crossed its threshold too."""
    if group.kind == "stratum":
        return margins.get("stratum", -1.0) >= 0.0
    return margins.get(f"metadata:{group.group.partition(' is ')[0]}", -1.0) >= 0.0


def _of_function(one: FunctionCause) -> tuple[CauseKind, str]:
    if one.change == "decayed":
        wrong = one.contradiction
        return "function_decayed", (
            f"the labeling function {one.function} has decayed: the other evidence is against {wrong.batch:.0%} "
            f"of its votes, {wrong.reference:.0%} before"
        )
    covers = f"on {one.coverage.batch:.0%} of the rows, {one.coverage.reference:.0%} before"
    silent = one.change == "fell silent"
    verb = "has fallen silent: it votes" if silent else "votes"
    return "function_silent" if silent else "other", f"the labeling function {one.function} {verb} {covers}"


def _of_group(one: GroupCause) -> tuple[CauseKind, str]:
    before = "none" if one.share.reference == 0.0 else f"{one.share.reference:.0%}"
    is_new = one.share.reference < _NEW_BELOW
    text = "a kind of rows is new" if is_new else "a kind of rows is more frequent"
    return "new_value" if is_new else "other", f"{text}: {one.group} on {one.share.batch:.0%} of them, {before} before"
