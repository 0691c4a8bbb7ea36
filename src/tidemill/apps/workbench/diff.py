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
from tidemill.contracts import NO_GOLD, ConfigError, Votes
from tidemill.label.analysis.disagreements import Change, changes
from tidemill.label.analysis.summary import is_right
from tidemill.label.engine.apply import apply
from tidemill.label.engine.failures import Quarantine
from tidemill.label.functions.declared import AnyFunction
from tidemill.label.functions.function_fingerprint import OpaqueError, fingerprint
from tidemill.label.functions.loading import load_functions
from tidemill.reports.workbench import ChangedRows, FunctionChange, FunctionDiff, Row
from tidemill.runs.git import git, succeeds

Indices = npt.NDArray[np.intp]


def diff(look: ProblemView, *, against: str = "HEAD", size: int | None = None, shown: int = 3) -> FunctionDiff:
    """Compare the functions with those at a revision, tag or version.

    Parameters
    ----------
    look
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
    rows = look.sample(size)
    revision = _revision(look, against)
    with _folder_at(revision, look) as folder:
        old = load_functions(folder, classes=look.classes)
        new = look.functions
        left_old, left_new = _differing(old, new)
        found = changes(_votes(look, left_old, rows), _votes(look, left_new, rows))
    return FunctionDiff(
        problem=look.name,
        against=revision,
        rows=len(rows),
        unchanged=len(new) - sum(change.kind != "removed" for change in found),
        functions=tuple(_change(look, change, rows, shown) for change in found),
    )


def _revision(look: ProblemView, against: str) -> str:
    """``v1.0.0`` is this problem's version."""
    for name in (against, f"{look.name}@{against}"):
        if succeeds("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", folder=look.project.root):
            return name
    raise ConfigError(f"--against {against}: git knows no such revision, nor {look.name} such a version")


@contextlib.contextmanager
def _folder_at(revision: str, look: ProblemView) -> Iterator[Path]:
    folder, root = look.paths.functions.relative_to(look.project.root), look.project.root
    with tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch) / "then.tar"
        if not succeeds("cat-file", "-e", f"{revision}:./{folder}", folder=root):
            raise ConfigError(f"there was no {folder} at {revision}: name a later revision with --against")
        git("archive", "--format=tar", f"--output={archive}", revision, "--", str(folder), folder=root)
        with tarfile.open(archive) as packed:
            packed.extractall(scratch, filter="data")
        yield Path(scratch) / folder


def _differing(old: list[AnyFunction], new: list[AnyFunction]) -> tuple[list[AnyFunction], list[AnyFunction]]:
    """Those of each that may vote differently from their namesake."""
    was, now = ({one.name: _fingerprint(one) for one in functions} for functions in (old, new))
    alike = {name for name, found in was.items() if found is not None and now.get(name) == found}
    return [one for one in old if one.name not in alike], [one for one in new if one.name not in alike]


def _fingerprint(function: AnyFunction) -> str | None:
    """None where the function reaches what cannot be seen, so that only its votes tell."""
    try:
        return fingerprint(function)
    except OpaqueError:
        return None


def _votes(look: ProblemView, functions: list[AnyFunction], rows: Indices) -> tuple[list[str], Votes]:
    quarantine = Quarantine(limit=len(rows))
    votes = apply(look.table(rows), functions, n_classes=len(look.classes), on_error=quarantine)
    return [function.name for function in functions], votes


def _change(look: ProblemView, change: Change, rows: Indices, shown: int) -> FunctionChange:
    parts = {
        name: _changed(look, change, rows, places, shown, votes=change.before if name == "lost" else change.after)
        for name, places in (("gained", change.gained), ("lost", change.lost), ("flipped", change.flipped))
    }
    return FunctionChange(function=change.name, kind=change.kind, **parts)


def _changed(
    look: ProblemView, change: Change, rows: Indices, places: Indices, shown: int, *, votes: Votes
) -> ChangedRows:
    gold = look.gold[rows]
    known = places[gold[places] != NO_GOLD]
    right = is_right(votes[known][:, None], gold[known])[:, 0] if len(known) else np.empty(0, dtype=np.bool_)
    return ChangedRows(
        rows=len(places),
        dev_correct=int(right.sum()),
        dev_votes=len(known),
        examples=_examples(look, change, rows, places, shown),
    )


def _examples(look: ProblemView, change: Change, rows: Indices, places: Indices, shown: int) -> tuple[Row, ...]:
    mixed = np.random.default_rng(SEED).permutation(places)
    chosen = mixed[np.argsort(look.gold[rows[mixed]] == NO_GOLD, kind="stable")][:shown]
    kept = look.raw[rows[chosen]].drop("image", strict=False).to_dicts()
    return tuple(
        row
        | {
            "was": vote_name(int(change.before[place]), look.classes),
            "is": vote_name(int(change.after[place]), look.classes),
            "gold": look.classes[gold] if (gold := int(look.gold[rows[place]])) != NO_GOLD else None,
        }
        for row, place in zip(kept, chosen, strict=True)
    )


def printed(found: FunctionDiff) -> list[str]:
    """Write the comparison as lines.

    Parameters
    ----------
    found
        Functions whose votes changed, and example rows.

    Returns
    -------
    list of str
        Lines of a terminal of 100 columns.
    """
    head = f"{found.problem} since {found.against}, on {found.rows:,} rows"
    if not found.functions:
        return [f"{head}: no vote has changed"]
    lines = [f"{head}: {len(found.functions)} functions changed, {found.unchanged} did not"]
    for one in found.functions:
        lines += ["", f"{one.function} ({one.kind})"]
        for name, part in (("gained", one.gained), ("lost", one.lost), ("flipped", one.flipped)):
            if part.rows:
                dev = f"; on dev {part.dev_correct} of {part.dev_votes} right" if part.dev_votes else ""
                lines.append(f"  {name} {part.rows:,} rows{dev}")
                lines += [f"    {row_line(row, 96, gold=str(row['gold'] or '-'))}" for row in part.examples]
    return lines
