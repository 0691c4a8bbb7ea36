"""Which functions' votes changed since a revision, and on which rows."""

from __future__ import annotations

import contextlib
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tidemill.apps.workbench.formatting import row_line, vote_name
from tidemill.apps.workbench.problem_view import SEED, ProblemView
from tidemill.common.spelling import counted
from tidemill.contracts import NO_GOLD, ConfigError, Votes
from tidemill.label.analysis.disagreements import Change, changes
from tidemill.label.analysis.summary import is_right
from tidemill.label.engine.load import LoadedFunction, fingerprint_or_empty
from tidemill.reports.workbench import ChangedRows, FunctionChange, FunctionDiff, Row
from tidemill.runs.git import git, succeeds

Indices = npt.NDArray[np.intp]


def diff(view: ProblemView, *, against: str = "HEAD", size: int | None = None, shown: int = 3) -> FunctionDiff:
    """Compare the functions with those at a revision, tag or version.

    Parameters
    ----------
    view
        View of the problem.
    against
        Revision, tag or version of git.
    size
        Rows of the sample.
    shown
        Rows shown of each change.

    Returns
    -------
    FunctionDiff
        Functions whose votes changed, and rows gained, lost and flipped.
    """
    rows = view.sample(size)
    revision = _revision(view, against)
    with _folder_at(revision, view) as folder:
        new = view.functions
        with view.open_functions(folder) as opened:
            left_old, left_new = _differing(opened.functions, new)
            before = view.votes_of(left_old, rows, opened)[0]
        after = view.votes_of(left_new, rows)[0]
        result = changes((_names(left_old), before), (_names(left_new), after))
    return FunctionDiff(
        problem=view.name,
        against=revision,
        rows=len(rows),
        unchanged=len(new) - sum(change.kind != "removed" for change in result),
        functions=tuple(function_change(view, change, rows, shown) for change in result),
    )


def _revision(view: ProblemView, against: str) -> str:
    """``v1.0.0`` is this problem's version."""
    for name in (against, f"{view.name}@{against}"):
        if succeeds("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", folder=view.project.root):
            return name
    raise ConfigError(f"--against {against}: git knows no such revision, nor {view.name} such a version")


@contextlib.contextmanager
def _folder_at(revision: str, view: ProblemView) -> Iterator[Path]:
    folder, root = view.paths.functions.relative_to(view.project.root), view.project.root
    with tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch) / "then.tar"
        if not succeeds("cat-file", "-e", f"{revision}:./{folder}", folder=root):
            raise ConfigError(f"there was no {folder} at {revision}: name a later revision with --against")
        git("archive", "--format=tar", f"--output={archive}", revision, "--", str(folder), folder=root)
        with tarfile.open(archive) as packed:
            packed.extractall(scratch, filter="data")
        yield Path(scratch) / folder


def _differing(
    old: list[LoadedFunction], new: list[LoadedFunction]
) -> tuple[list[LoadedFunction], list[LoadedFunction]]:
    """Those of each that may vote differently from their namesake; without a fingerprint only votes tell."""
    was, now = ({function.name: fingerprint_or_empty(function) for function in functions} for functions in (old, new))
    alike = {name for name, result in was.items() if result and now.get(name) == result}
    return [function for function in old if function.name not in alike], [
        function for function in new if function.name not in alike
    ]


def _names(functions: list[LoadedFunction]) -> list[str]:
    return [function.name for function in functions]


def function_change(view: ProblemView, change: Change, rows: Indices, shown: int) -> FunctionChange:
    """Collect the rows that a function gained, lost and flipped, with examples.

    Parameters
    ----------
    view
        View of the problem.
    change
        The function's votes before and after.
    rows : (n_rows,)
        Indices of the rows that the votes are of.
    shown
        Rows shown of each change.

    Returns
    -------
    FunctionChange
    """
    parts = {
        name: _changed(view, change, rows, places, shown, votes=change.before if name == "lost" else change.after)
        for name, places in (("gained", change.gained), ("lost", change.lost), ("flipped", change.flipped))
    }
    return FunctionChange(function=change.name, kind=change.kind, **parts)


def _changed(
    view: ProblemView, change: Change, rows: Indices, places: Indices, shown: int, *, votes: Votes
) -> ChangedRows:
    gold = view.gold[rows]
    labeled = places[gold[places] != NO_GOLD]
    right = is_right(votes[labeled][:, None], gold[labeled])[:, 0] if len(labeled) else np.empty(0, dtype=np.bool_)
    return ChangedRows(
        rows=len(places),
        dev_correct=int(right.sum()),
        dev_votes=len(labeled),
        examples=_examples(view, change, rows, places, shown),
    )


def _examples(view: ProblemView, change: Change, rows: Indices, places: Indices, shown: int) -> tuple[Row, ...]:
    mixed = np.random.default_rng(SEED).permutation(places)
    chosen = mixed[np.argsort(view.gold[rows[mixed]] == NO_GOLD, kind="stable")][:shown]
    kept = view.raw[rows[chosen]].drop("image", strict=False).to_dicts()
    return tuple(
        row
        | {
            "was": vote_name(int(change.before[place]), view.classes),
            "is": vote_name(int(change.after[place]), view.classes),
            "gold": view.classes[gold] if (gold := int(view.gold[rows[place]])) != NO_GOLD else None,
        }
        for row, place in zip(kept, chosen, strict=True)
    )


def printed(result: FunctionDiff) -> list[str]:
    """Write the comparison as lines.

    Parameters
    ----------
    result
        Functions whose votes changed, and example rows.

    Returns
    -------
    list of str
        Lines of a terminal of 100 columns.
    """
    head = f"{result.problem} since {result.against}, on {result.rows:,} rows"
    if not result.functions:
        return [f"{head}: no vote has changed"]
    lines = [f"{head}: {counted(len(result.functions), 'function')} changed, {result.unchanged} did not"]
    for function in result.functions:
        lines += ["", f"{function.function} ({function.kind})"]
        for name, part in (("gained", function.gained), ("lost", function.lost), ("flipped", function.flipped)):
            if part.rows:
                dev = f"; on dev {part.dev_correct} of {part.dev_votes} right" if part.dev_votes else ""
                lines.append(f"  {name} {part.rows:,} rows{dev}")
                lines += [f"    {row_line(row, 96, gold=str(row['gold'] or '-'))}" for row in part.examples]
    return lines
