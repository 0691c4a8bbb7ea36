"""The tables of one raw batch, from an incoming source and the batches before it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from tidemill.common.spelling import counted
from tidemill.contracts import NO_GOLD, SPLITS, Column, Contract, DataError, Problem
from tidemill.ingest import values
from tidemill.ingest.candidates.expand import with_candidates
from tidemill.ingest.doubtful_texts import notes_on_texts
from tidemill.ingest.image_metadata import with_image_metadata
from tidemill.ingest.images import check_images, notes_on_images, rewrites, standard_images
from tidemill.ingest.labels_of_known_rows import late_labels
from tidemill.ingest.metadata_like_gold import metadata_like_gold
from tidemill.ingest.repeats import FATES, SCHEMA, SIGNATURE, Repeats, compares, find_repeats, other_metadata
from tidemill.ingest.row_errors import RowErrors
from tidemill.ingest.row_ids import row_ids
from tidemill.ingest.settings import IngestSettings
from tidemill.ingest.source import Source
from tidemill.ingest.splits import GROUP, share_groups, split_rows
from tidemill.readers.table import Table
from tidemill.reports.ingest import BatchCounts

SEEN: Final = Contract(
    "seen",
    (
        Column("key", pl.String),
        Column("content", pl.String),
        Column("fate", pl.String, values=FATES),
        Column("gold", pl.Int16),
        Column("split", pl.String, values=SPLITS),
        Column("group", pl.String, nullable=True, optional=True),
    ),
    others=Column("signature", pl.Array),
    key="key",
)
"""What later batches are compared with: every row read, with the hash of its content, its split and the label that it came with."""


@dataclass(frozen=True)
class Batch:
    """The tables of one batch, none of them written yet."""

    name: str
    raw: pl.DataFrame
    dev: pl.DataFrame
    gold: pl.DataFrame
    slices: pl.DataFrame
    seen: pl.DataFrame
    bad: pl.DataFrame
    late: pl.DataFrame
    notes: tuple[str, ...]
    set_aside: str | None = None
    """A line about the rows that were set aside; None where there are none."""

    @property
    def has_rows(self) -> bool:
        """Whether it has rows that no earlier batch has; else it may hold labels for theirs, in ``late``."""
        return not self.raw.is_empty()

    @property
    def labels(self) -> dict[str, int]:
        """Rows that came with a label, by split."""
        labeled = pl.concat([self.dev, self.gold]).filter(pl.col("gold") != NO_GOLD)
        splits = self.raw.filter(pl.col("row_id").is_in(labeled["row_id"].implode()))["split"]
        return {name: int((splits == name).sum()) for name in SPLITS}


def build_batch(
    name: str,
    source: Source,
    problem: Problem,
    settings: IngestSettings,
    *,
    before: pl.DataFrame,
    root: Path = Path(),
) -> Batch:
    """Make the tables of a batch, all checked.

    Parameters
    ----------
    name
        Of the batch.
    source
        Where its rows are.
    problem
        Its classes and modality.
    settings
        What the columns mean, and what becomes of rows that cannot be taken.
    before
        The ``seen`` rows of earlier batches.
    root
        The project's folder, in which files of names are.

    Returns
    -------
    Batch
        Nothing of it is written yet.

    Raises
    ------
    DataError
        Names the file, row, column and value that cannot be taken, and what to do; or the file has neither a row that is
        new nor a label.
    """
    table = values.with_usual_names(source.table(settings), settings.columns)
    table = with_candidates(table, settings, problem.classes, root)
    errors = RowErrors(table, settings.bad_rows)
    keys = None if settings.key_column is None else _keys(table, name, settings, errors)
    contents, names, notes_of_contents = _contents(source, table, settings, errors)
    hashes = candidate_hashes(table, contents) if settings.candidates else _hashes(contents)
    if keys is not None and not rewrites(settings):  # before images are decoded, which takes long
        _refuse_changed(keys, hashes, before, errors, settings)
    if settings.modality == "image":
        done = check_images(
            contents, names, table, max_pixels=settings.max_pixels, background=settings.image_background, errors=errors
        )
        notes_of_contents = [*notes_of_contents, *notes_on_images(done, source.name)]
        table = with_image_metadata(table, contents, settings)
        contents = standard_images(contents, settings)
    elif settings.candidates is None:
        notes_of_contents = notes_on_texts(table, settings.content, problem.classes)
    if rewrites(settings):
        hashes = _hashes(contents)
    keys = [item[:16] for item in hashes] if keys is None else keys
    _refuse_changed(keys, hashes, before, errors, settings)
    gold = values.gold(table, settings, problem.classes, errors)
    columns = {column: values.typed(table, column, kind, errors) for column, kind in settings.kinds.items()}
    slices = {column: values.typed(table, column, "string", errors) for column in settings.slices}
    groups = values.groups(table, settings, errors)
    errors.refuse_many(settings.max_bad_rows)
    good = [row for row in range(len(contents)) if row not in errors.reasons]
    contents, hashes, keys, gold, groups = (_picked(item, good) for item in (contents, hashes, keys, gold, groups))
    names = _picked(names, good) if names else []
    columns, slices = ({key: _picked(content, good) for key, content in many.items()} for many in (columns, slices))
    compared, topics = (contents, None) if settings.candidates is None else _sentences_and_pairs(columns)
    repeats = find_repeats(
        compared, (keys, hashes), gold, settings, before, source=source.name, topics=topics, called=names
    )
    ids, leaders = row_ids(hashes, keys), row_ids(*zip(*repeats.first, strict=True))
    is_kept = repeats.seen["fate"].is_in(["kept", "grouped"])
    own = [label if kept else NO_GOLD for label, kept in zip(repeats.gold, is_kept, strict=True)]
    known = _splits_before(before)
    splits = split_rows(share_groups(leaders, groups, known), own, settings.split, known)
    marks = [pl.Series("split", splits), pl.Series("group", groups, dtype=pl.String)]
    seen = repeats.seen.with_columns(marks).select(list(_seen_schema(settings)))
    basic = {"row_id": ids, "key": keys, "batch": [name] * len(ids), "split": splits, settings.modality: contents}
    raw = pl.DataFrame(basic | columns, schema={content.name: content.dtype for content in settings.raw.columns})
    marked = pl.DataFrame({"row_id": ids, "gold": repeats.gold}, schema={"row_id": pl.String, "gold": pl.Int16})
    is_dev = raw["split"] == "dev"
    late = late_labels((keys, hashes), gold, before, settings)
    if not is_kept.any() and late.is_empty():
        raise DataError(_nothing_new(seen, repeats, source.name))
    sliced = pl.DataFrame({"row_id": ids} | slices, schema={"row_id": pl.String} | dict.fromkeys(slices, pl.String))
    dev, other = marked.filter(is_kept & is_dev), marked.filter(is_kept & ~is_dev)
    metadata = {column: columns[column] for column in settings.meta}
    about_columns = (
        *other_metadata(repeats, metadata, source.name),
        *_without_gold(table, settings),
        *values.words_for_no_label(table, settings, problem.classes),
        *metadata_like_gold(metadata, gold, table.name),
    )
    bad = _bad_rows(errors)
    return Batch(
        name,
        raw.filter(is_kept),
        dev,
        other,
        sliced.filter(is_kept),
        seen,
        bad,
        late,
        (*table.notes, *notes_of_contents, *repeats.notes, *about_columns),
        _set_aside(table, bad),
    )


def _splits_before(before: pl.DataFrame) -> dict[str, str]:
    leaders = before.filter(pl.col("fate") == "kept")
    ids = row_ids(leaders["content"].to_list(), leaders["key"].to_list())
    known = dict(zip(ids, leaders["split"].to_list(), strict=True))
    if "group" in before.columns:
        named = before.filter(pl.col("fate").is_in(["kept", "grouped"]) & pl.col("group").is_not_null())
        known |= {f"{GROUP}{group}": split for group, split in named.select("group", "split").iter_rows()}
    return known


def _picked(column: Any, rows: Sequence[int]) -> Any:
    return column if len(rows) == len(column) else [column[row] for row in rows]


def _bad_rows(errors: RowErrors) -> pl.DataFrame:
    known = [(bad.number, bad.reason) for bad in errors.table.bad]
    known += [(errors.table.numbers[row], reason) for row, reason in errors.reasons.items()]
    known.sort()
    return pl.DataFrame(known, schema={"number": pl.Int64, "reason": pl.String}, orient="row")


def _set_aside(table: Table, bad: pl.DataFrame) -> str | None:
    if bad.is_empty():
        return None
    number, reason = bad.row(0)
    rows = counted(bad.height, "row is", "rows are")
    return f"{table.name}: {rows} set aside, the first is {table.unit} {number}: {reason}"


def _nothing_new(seen: pl.DataFrame, repeats: Repeats, name: str) -> str:
    if (seen["fate"] == "near").any():
        return f"{name}: all its {seen.height} rows repeat earlier ones or nearly do ({'; '.join(repeats.notes)})"
    return f"{name}: all its rows came in earlier batches ({'; '.join(repeats.notes)}); take the file away again"


def _without_gold(table: Table, settings: IngestSettings) -> list[str]:
    if settings.gold is None or table.has(settings.gold):
        return []
    return [f"{table.name} has no column {settings.gold!r} (ingest.gold): its rows have no labels by people"]


def empty_seen(settings: IngestSettings) -> pl.DataFrame:
    """Make the ``seen`` table before the first batch.

    Parameters
    ----------
    settings
        Settings of ingest.

    Returns
    -------
    polars.DataFrame
        Without rows.
    """
    return pl.DataFrame(schema=_seen_schema(settings))


def _seen_schema(settings: IngestSettings) -> dict[str, Any]:
    groups = {} if settings.split.group is None else {"group": pl.String}
    return SCHEMA | {"split": pl.String} | groups | ({"signature": SIGNATURE} if compares(settings) else {})


def _keys(table: Table, batch: str, settings: IngestSettings, errors: RowErrors) -> list[str]:
    return [settings.full_key(key, batch) for key in values.keys(table, settings, [], errors)]


def _contents(
    source: Source, table: Table, settings: IngestSettings, errors: RowErrors
) -> tuple[Any, list[str], list[str]]:
    """Texts or images as they are read, names of the images, and notes."""
    if settings.modality == "text":
        return values.texts(table, settings, errors), [], []
    result = source.images(table, settings, errors)
    return result.images, result.names, result.notes


def _hashes(contents: Sequence[Any]) -> list[str]:
    return [hashlib.sha256(item.encode() if isinstance(item, str) else item).hexdigest() for item in contents]


def _sentences_and_pairs(columns: Mapping[str, Sequence[Any]]) -> tuple[Sequence[Any], list[str]]:
    """What near-duplicates are found by among candidates."""
    pairs = zip(columns["subject"], columns["object"], strict=True)
    return columns["sentence"], [" > ".join(pair) for pair in pairs]


def candidate_hashes(table: Table, contents: Sequence[Any]) -> list[str]:
    """Hash candidates: two of other pairs or sentences are different whatever the end model reads of them.

    Parameters
    ----------
    table
        Candidates with their columns.
    contents
        Text of each.

    Returns
    -------
    list of str
        SHA-256 of each.
    """
    about = zip(*(table.columns[name] for name in ("subject", "object", "sentence")), strict=True)
    return _hashes(["\0".join(map(str, (*names, text))) for names, text in zip(about, contents, strict=True)])


def _refuse_changed(
    keys: Sequence[str], hashes: Sequence[str], before: pl.DataFrame, errors: RowErrors, settings: IngestSettings
) -> None:
    earlier = dict(before.select("key", "content").iter_rows())
    found = []
    for row, (key, content) in enumerate(zip(keys, hashes, strict=True)):
        if earlier.get(key, content) != content and row not in errors.reasons:
            reason = (
                f"key {key!r} came in an earlier batch with other content; batches are never "
                "edited: give the new row a key of its own, or remove it; where keys start anew in each file, set "
                f"ingest.key: [source, {settings.key_column}]"
            )
            found.append((row, reason))
    errors.add_all(found, what="keys came with other content")


def counts(seen: pl.DataFrame, split: pl.Series, *, quarantined: int) -> BatchCounts:
    """Count what became of a batch's rows.

    Parameters
    ----------
    seen
        The batch's ``seen`` rows.
    split
        Splits of its raw rows.
    quarantined
        Rows that were set aside.

    Returns
    -------
    BatchCounts
        Rows by what became of them.
    """
    fates = {fate: int((seen["fate"] == fate).sum()) for fate in FATES}
    return BatchCounts(
        read=seen.height,
        kept=fates["kept"] + fates["grouped"],
        grouped=fates["grouped"],
        same_content=fates["same"],
        near_duplicates=fates["near"],
        quarantined=quarantined,
        **{name: int((split == name).sum()) for name in SPLITS},
    )
