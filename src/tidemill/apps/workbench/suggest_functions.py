"""Candidates for labeling functions on a problem's rows without a clear label, for the user to accept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import yaml
from pydantic import JsonValue

from tidemill.apps.workbench.formatting import WIDTH, row_line
from tidemill.apps.workbench.problem_view import SEED, ProblemView
from tidemill.common.spelling import did_you_mean
from tidemill.contracts import ABSTAIN, NO_GOLD, ConfigError, DataError, Votes
from tidemill.label.analysis.suggestions import Candidate, Evidence, suggest
from tidemill.label.analysis.summary import conflicts
from tidemill.label.image_statistics.statistics import statistics_of
from tidemill.reports.workbench import CandidateFunction, Suggestions


def suggest_functions(
    view: ProblemView, *, most: int = 10, size: int | None = None, shown: int = 2, batch: str | None = None
) -> Suggestions:
    """Suggest functions that would vote on rows on which no function votes, or on which they disagree.

    Parameters
    ----------
    view
        View of the problem.
    most
        Candidates at most.
    size
        Rows of the sample; None: as many as the other commands take.
    shown
        Rows shown of each candidate.
    batch
        Batch whose rows candidates shall add; None: all.

    Returns
    -------
    Suggestions
        Candidates with their figures, those that add most first.

    Raises
    ------
    DataError
        No dev row has gold.
    ConfigError
        No such batch has arrived.
    """
    view.check()
    rows = view.sample(size, batch=_known(view, batch))
    votes = view.votes[rows]
    silent, torn = (votes == ABSTAIN).all(axis=1), conflicts(votes, n_classes=len(view.classes))
    if batch is not None:
        is_asked = (view.raw["batch"] == batch).to_numpy()[rows]
        silent, torn = silent & is_asked, torn & is_asked
    if not (view.gold[rows] != NO_GOLD).any():
        raise DataError(f"{view.name}: no dev row has gold, so no candidate can be judged; label some dev rows")
    asked = Evidence(
        _seen(view, rows),
        view.gold[rows],
        silent | torn,
        view.classes,
        None if view.features is None else view.features[rows],
    )
    result = suggest(asked, most=most, seed=SEED)
    return Suggestions(
        problem=view.name,
        rows=len(rows) if batch is None else int(is_asked.sum()),
        uncovered=int(silent.sum()),
        in_conflict=int(torn.sum()),
        candidates=tuple(_candidate(view, rows, item, votes, shown) for item in result),
    )


def _known(view: ProblemView, batch: str | None) -> str | None:
    if batch is not None and batch not in view.batches:
        raise ConfigError(f"--batch {batch}: no such batch has arrived{did_you_mean(batch, view.batches)}")
    return batch


def _seen(view: ProblemView, rows: Any) -> pl.DataFrame:
    """Image statistics stand in place of images."""
    table = view.table(rows)
    if "image" not in table.columns:
        return table
    summary = pl.DataFrame([statistics_of(image) for image in table["image"]])
    return table.drop("image").hstack(summary.rename({name: f"image.{name}" for name in summary.columns}))


def _candidate(view: ProblemView, rows: Any, one: Candidate, votes: Votes, shown: int) -> CandidateFunction:
    places = np.random.default_rng(SEED).permutation(one.rows)[:shown]
    examples = view.raw[rows[places]].drop("image", strict=False).to_dicts()
    return CandidateFunction(
        entry=one.entry,
        source=one.source,
        adds=one.gains,
        of_them_uncovered=int((votes[one.rows] == ABSTAIN).all(axis=1).sum()),
        fires=one.fires,
        dev_correct=one.correct,
        dev_votes=one.labeled,
        precision_at_least=round(one.low, 3),
        examples=tuple(
            row | {"gold": view.classes[gold] if (gold := int(view.gold[rows[place]])) != NO_GOLD else None}
            for row, place in zip(examples, places, strict=True)
        ),
    )


def entry_lines(entry: Mapping[str, JsonValue]) -> list[str]:
    """Write an entry of a YAML file of labeling functions: one line, or one per key where that is too wide.

    Parameters
    ----------
    entry
        Keys and values of a declared labeling function.

    Returns
    -------
    list of str
        Lines, indented as an item of a list.
    """
    flow: str = yaml.safe_dump(dict(entry), default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000)
    line = f"  - {flow.strip()}"
    if len(line) <= WIDTH:
        return [line]
    block = yaml.safe_dump([dict(entry)], default_flow_style=None, sort_keys=False, allow_unicode=True, width=WIDTH - 2)
    return [f"  {part}" for part in block.splitlines()]


def printed(result: Suggestions) -> list[str]:
    """Write candidates as lines that can be pasted into a YAML file, once they have been read.

    Parameters
    ----------
    result
        Candidates with their figures and example rows.

    Returns
    -------
    list of str
        Lines of a terminal of 100 columns; figures are comments.
    """
    head = f"{result.problem}: of {result.rows:,} rows {result.uncovered:,} have no vote, {result.in_conflict:,} a conflict"
    lines = [head, "Candidates, not advice: read the rows, then add what you would have thought of yourself."]
    if not result.candidates:
        lines.append("No word, value, limit or group of rows predicts a class well enough on them.")
    for candidate in result.candidates:
        lines += [
            "",
            *entry_lines(candidate.entry),
            (
                f"    # {candidate.source}: adds {candidate.adds:,} rows, {candidate.of_them_uncovered:,} of them uncovered so far; fires on "
                f"{candidate.fires:,}; dev {candidate.dev_correct} of {candidate.dev_votes} right"
            ),
            *[f"    #   {row_line(row, WIDTH - 8, gold=str(row['gold'] or '-'))}" for row in candidate.examples],
        ]
        if candidate.entry["kind"] == "prototype":
            ids = " ".join(str(row["row_id"])[:12] for row in candidate.examples)
            vote = candidate.entry["vote"]
            lines.append(
                f"    # first: tidemill lf examples {result.problem} {candidate.entry['file']} --class {vote} {ids} …"
            )
    return lines
