"""Rows that repeat others: equal contents become one row with the labels of all, near-duplicates are kept, grouped or dropped.

1. Of equal contents the first is kept. Its label is the one that most of them have; where two have as many, none.
2. Texts are near-duplicates from a Jaccard similarity of 5-grams on. Digits do not count in it, so that a campaign with changing
   telephone numbers is one text.
3. Unless the texts are made from templates: where more than a fifth of them differ from another in digits alone, numbers are what
   they say, and texts with different numbers are no near-duplicates.
4. Candidates of a relation are near-duplicates only where they are about the same subject and object.
5. ``group``: a near-duplicate has the split of the first text that it is like, so that none is tested on what was learned.
"""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.common.spelling import counted
from tidemill.contracts import NO_GOLD
from tidemill.ingest.labels_of_known_rows import most_common
from tidemill.ingest.near_duplicates import PERMUTATIONS, Seen, normalize, signatures
from tidemill.ingest.settings import IngestSettings

FATES: Final = ("kept", "grouped", "same", "near")
"""What became of a row that was read: kept, kept with the split of a text like it, dropped for equal content or as near-duplicate."""
SCHEMA: Final = {"key": pl.String, "content": pl.String, "fate": pl.String, "gold": pl.Int16}
SIGNATURE: Final = pl.Array(pl.UInt32, PERMUTATIONS)
_TEMPLATED: Final = 0.2
"""Share of texts that differ from another in digits alone, from which on numbers are content."""
_MANY: Final = 0.2
"""Share of rows that repeat others from which on this is reported."""
_SHOWN: Final = 80
_FEW: Final = 5


@dataclass(frozen=True)
class Repeats:
    """What became of each row.

    Parameters
    ----------
    seen
        key, content, fate and label of each row, and the signature of each text that later ones are compared with.
    first
        Content hash and key of the row whose split each row has: its own, or of the first text that it is like.
    gold
        Labels, those of equal contents joined.
    notes
        What a person should know of it.
    """

    seen: pl.DataFrame
    first: list[tuple[str, str]]
    gold: list[int]
    notes: tuple[str, ...]


def compares(settings: IngestSettings) -> bool:
    """Whether near-duplicates are looked for.

    Parameters
    ----------
    settings
        Of ingest.

    Returns
    -------
    bool
        Texts alone are compared.
    """
    return settings.modality == "text" and settings.near_duplicates != "keep"


def find_repeats(  # noqa: PLR0913 - what a row is, and what it is compared with
    contents: Sequence[Any],
    names: tuple[Sequence[str], Sequence[str]],
    gold: Sequence[int],
    settings: IngestSettings,
    before: pl.DataFrame,
    *,
    source: str,
    topics: Sequence[str] | None = None,
    called: Sequence[str] = (),
) -> Repeats:
    """Find rows that repeat others of their batch or of earlier ones.

    Parameters
    ----------
    contents
        Text or bytes of each row.
    names
        Key and content hash of each row.
    gold
        Label of each row.
    settings
        Policy and least similarity of near-duplicates.
    before
        ``seen`` rows of earlier batches.
    source
        Name of the source, for notes.
    topics
        What each row is about, where rows that are about different things are no near-duplicates.
    called
        What notes call each row that is an image.

    Returns
    -------
    Repeats
    """
    keys, hashes = names
    fates = _fates_by_content(hashes, set(before["content"].to_list()))
    joined, notes = _joined(hashes, gold, fates, functools.partial(_shown, contents, called), source)
    first = list(zip(hashes, keys, strict=True))
    seen = pl.DataFrame({"key": keys, "content": hashes, "fate": fates, "gold": joined}, schema=SCHEMA)
    if compares(settings):
        open_rows = [row for row, fate in enumerate(fates) if fate == "kept"]
        of_templates = _of_templates([contents[row] for row in open_rows])
        templated = len(of_templates) > _TEMPLATED * len(open_rows)
        about = None if topics is None else [topics[row] for row in open_rows]
        found = signatures([contents[row] for row in open_rows], digits=templated, topics=about)
        marks, like = _near(found, open_rows, len(fates), settings, before)
        known = before.filter(pl.col("fate") == "kept").select("content", "key").rows()
        for row, leader in like.items():
            fates[row] = "grouped" if settings.near_duplicates == "group" else "near"
            first[row] = known[leader] if leader < len(known) else first[leader - len(known)]
        seen = seen.with_columns(pl.Series("fate", fates), pl.Series("signature", marks, dtype=SIGNATURE))
        if templated:
            share = f"{len(of_templates)} of {len(open_rows)} texts ({len(of_templates) / len(open_rows):.0%})"
            notes.append(
                f"{source}: {share} differ from another in digits alone, such as {of_templates[0][:_SHOWN]!r}: they are made from "
                "templates, numbers are content, and texts with different numbers are no near-duplicates"
            )
        notes += _notes_on_near(contents, list(like), settings, source)
    return Repeats(seen, first, joined, tuple(notes))


def other_metadata(repeats: Repeats, columns: Mapping[str, Sequence[Any]], source: str) -> list[str]:
    """Word how many rows that are left out for their content have other metadata than the row that is kept.

    Parameters
    ----------
    repeats
        Of the rows.
    columns
        Metadata that functions may ask, by column.
    source
        Name of the source.

    Returns
    -------
    list of str
        A sentence, or none.
    """
    contents, fates = repeats.seen["content"].to_list(), repeats.seen["fate"].to_list()
    kept = {content: row for row, (content, fate) in enumerate(zip(contents, fates, strict=True)) if fate != "same"}
    same = [(row, kept[content]) for row, content in enumerate(contents) if fates[row] == "same" and content in kept]
    differ = {name: [row for row, leader in same if values[row] != values[leader]] for name, values in columns.items()}
    names = [name for name, rows in differ.items() if rows]
    if not names:
        return []
    rows = {row for name in names for row in differ[name]}
    listed = ", ".join(map(repr, names))
    return [
        (
            f"{source}: {len(rows)} of the rows with the content of another have another {listed}, and functions see that of the first row alone: "
            f"where {listed} decides the label, make it a part of the content"
        )
    ]


def _fates_by_content(hashes: Sequence[str], known: set[str]) -> list[str]:
    fates = []
    for content in hashes:
        fates.append("same" if content in known else "kept")
        known.add(content)
    return fates


def _joined(
    hashes: Sequence[str], gold: Sequence[int], fates: Sequence[str], shown: Callable[[int], str], source: str
) -> tuple[list[int], list[str]]:
    """Labels of equal contents, joined in the row that is kept, and notes on them."""
    labels: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for content, label in zip(hashes, gold, strict=True):
        if label != NO_GOLD:
            labels[content][label] += 1
    kept = {hashes[row] for row, fate in enumerate(fates) if fate == "kept"}
    results = [
        NO_GOLD if fate != "kept" else most_common(labels[item]) for item, fate in zip(hashes, fates, strict=True)
    ]
    same = [row for row, fate in enumerate(fates) if fate == "same"]
    earlier = [row for row in same if hashes[row] not in kept]
    notes = []
    if len(same) > len(earlier):
        row = next(row for row in same if hashes[row] in kept)
        notes.append(
            f"{source}: {len(same) - len(earlier)} of {len(fates)} rows have the content of another, such as "
            f"{shown(row)}; each content is one row, with their labels joined"
        )
    at_odds = [row for row, fate in enumerate(fates) if fate == "kept" and len(labels[hashes[row]]) > 1]
    if at_odds:
        undecided = [shown(row) for row in at_odds if results[row] == NO_GOLD]
        which = f" ({', '.join(undecided[:_FEW])}{', …' if len(undecided) > _FEW else ''})" if undecided else ""
        notes.append(
            f"{source}: {counted(len(at_odds), 'content has', 'contents have')} conflicting labels, such as "
            f"{shown(at_odds[0])}: each has the label that most of its rows have, and {len(undecided)} have none, since no label has most{which}"
        )
    if earlier:
        notes.append(f"{source}: {len(earlier)} of {len(fates)} rows came in earlier batches and are left out")
    return results, notes


def _shown(contents: Sequence[Any], called: Sequence[str], row: int) -> str:
    content = contents[row]
    return repr(content[:_SHOWN]) if isinstance(content, str) else f"image {called[row] if called else row}"


def _of_templates(texts: Sequence[str]) -> list[str]:
    """Texts that differ from another in digits alone."""
    forms: defaultdict[str, set[str]] = defaultdict(set)
    for text in texts:
        forms[normalize(text)].add(normalize(text, digits=True))
    return [text for text in texts if len(forms[normalize(text)]) > 1]


def _near(
    found: np.ndarray[Any, Any], open_rows: Sequence[int], n_rows: int, settings: IngestSettings, before: pl.DataFrame
) -> tuple[np.ndarray[Any, Any], dict[int, int]]:
    """Signatures of the rows, zero where none is kept, and for each near-duplicate the place of the text that it is like.

    Places count the texts of earlier batches first, then the rows of this one.
    """
    marks = np.zeros((n_rows, PERMUTATIONS), dtype=np.uint32)
    known = before.filter(pl.col("fate") == "kept")["signature"].to_numpy().reshape(-1, PERMUTATIONS)
    index, kept, like = Seen(known, threshold=settings.near_similarity), list(range(len(known))), {}
    for row, mark in zip(open_rows, found, strict=True):
        result = index.find(mark)
        if result is None:
            marks[row] = mark
            kept.append(len(known) + row)
        else:
            like[row] = kept[result]
    return marks, like


def _notes_on_near(contents: Sequence[Any], near: Sequence[int], settings: IngestSettings, source: str) -> list[str]:
    notes = []
    if len(near) > _MANY * len(contents):
        share = f"{len(near)} of {len(contents)} rows ({len(near) / len(contents):.0%})"
        done = (
            "are near-duplicates, and each has the split of the text that it is like"
            if settings.near_duplicates == "group"
            else "are dropped as near-duplicates, labels and all"
        )
        notes.append(
            f"{source}: {share} {done}, such as {contents[near[0]][:_SHOWN]!r}; ingest.near_duplicates is keep, group or drop"
        )
    return notes
