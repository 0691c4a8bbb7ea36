"""Candidates for labeling functions on rows without a clear label, or of a new class, for the user to accept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import yaml
from pydantic import JsonValue

from tidemill.apps.workbench.formatting import WIDTH, row_line
from tidemill.apps.workbench.problem_view import IMAGES, SEED, TEXTS, ProblemView
from tidemill.common.spelling import did_you_mean
from tidemill.contracts import ABSTAIN, NO_GOLD, ConfigError, DataError, Votes
from tidemill.label.analysis.suggestions import Candidate, Evidence, suggest
from tidemill.label.analysis.summary import conflicts
from tidemill.label.image_statistics.statistics import statistics_of
from tidemill.label.run import visible_columns
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
        _seen(view.table(rows)),
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


def suggest_for_class(view: ProblemView, name: str, examples: Collection[str], *, most: int = 10) -> Suggestions:
    """Suggest functions that would vote for a class that is new, for which no function votes yet.

    Rows of train and dev are read alone. All that are no examples count as of another class, labeled or not, since most of them are.

    Parameters
    ----------
    view
        View of the problem, which has the class.
    name
        Of the class.
    examples
        Ids of rows that are of it.
    most
        Candidates at most.

    Returns
    -------
    Suggestions
        Candidates that vote for it; none where its rows are too few, or nothing tells them apart.
    """
    raw = view.raw.filter(pl.col("split").is_in(["train", "dev"]))
    is_new = raw["row_id"].is_in(list(examples)).to_numpy()
    limit = IMAGES if view.problem.modality == "image" else TEXTS
    order = np.random.default_rng(SEED).permutation(np.flatnonzero(~is_new))
    rows = np.sort(np.concatenate([np.flatnonzero(is_new)[:limit], order[:limit]]))
    kept, gold = raw[rows], is_new[rows].astype(np.int16)
    if not gold.any():
        return Suggestions(problem=view.name, rows=len(rows), uncovered=0, in_conflict=0, candidates=())
    seen = _seen(visible_columns(kept, view.settings.hidden_columns))
    found = suggest(Evidence(seen, gold, gold == 1, ("another class", name)), most=most, seed=SEED)
    return Suggestions(
        problem=view.name,
        rows=len(rows),
        uncovered=int(gold.sum()),
        in_conflict=0,
        candidates=tuple(_of_examples(kept, gold, item, name) for item in found if item.entry["vote"] == name),
    )


def _of_examples(rows: pl.DataFrame, gold: npt.NDArray[np.int16], one: Candidate, name: str) -> CandidateFunction:
    shown = rows[one.rows[:2]].drop("image", strict=False).to_dicts()
    return CandidateFunction(
        entry=one.entry,
        source=one.source,
        adds=one.gains,
        of_them_uncovered=one.gains,
        fires=one.fires,
        dev_correct=one.correct,
        dev_votes=one.labeled,
        precision_at_least=round(one.low, 3),
        examples=tuple(
            row | {"gold": name if gold[place] else None} for row, place in zip(shown, one.rows, strict=False)
        ),
    )


def _known(view: ProblemView, batch: str | None) -> str | None:
    if batch is not None and batch not in view.batches:
        raise ConfigError(f"--batch {batch}: no such batch has arrived{did_you_mean(batch, view.batches)}")
    return batch


def _seen(table: pl.DataFrame) -> pl.DataFrame:
    """Image statistics stand in place of images."""
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
    return [head, *candidate_lines(result, judged_on="dev")]


def candidate_lines(result: Suggestions, *, judged_on: str) -> list[str]:
    """Write candidates alone.

    Parameters
    ----------
    result
        Candidates with their figures and example rows.
    judged_on
        Rows that tell whether their votes are right.

    Returns
    -------
    list of str
    """
    lines = ["Candidates, not advice: read the rows, then add what you would have thought of yourself."]
    if not result.candidates:
        lines.append("No word, value, limit or group of rows predicts a class well enough on them.")
    for candidate in result.candidates:
        lines += [
            "",
            *entry_lines(candidate.entry),
            (
                f"    # {candidate.source}: adds {candidate.adds:,} rows, {candidate.of_them_uncovered:,} of them uncovered so far; fires on "
                f"{candidate.fires:,}; {judged_on} {candidate.dev_correct} of {candidate.dev_votes} right"
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
