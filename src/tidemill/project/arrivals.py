"""How new data enters: entries of the manifest for incoming files that it lacks, which are what git keeps of it."""

from __future__ import annotations

import fnmatch
import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

import polars as pl

from tidemill.common.locks import locked
from tidemill.contracts import NO_GOLD, DataError, Problem
from tidemill.ingest.batch import Batch, build_batch, empty_seen
from tidemill.ingest.settings import RESERVED, IngestSettings
from tidemill.ingest.source import Source, fetch_beside, locate, new_sources, not_read
from tidemill.monitor.broken import lost_values
from tidemill.monitor.retrain_decision import NOTHING
from tidemill.monitor.settings import BrokenSettings, MonitorSettings
from tidemill.project.batches import arrivals, outdated_batches, source_of
from tidemill.project.changed_sources import changed_sources
from tidemill.project.gold_from_arrivals import LateAnswers, late_answers
from tidemill.project.gold_history import Answer, GoldHistory, append_answers
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.project.refused_sources import Refusal, Refusals, stamp_of
from tidemill.readers.options import as_setting
from tidemill.readers.read import SUFFIXES
from tidemill.reports.project import Arrival, Manifest

_TOLD: Final = 5
_ODD = re.compile(r"[^\w.-]+")
_MOST_BYTES: Final = 120
"""Bytes of a batch's name, so that files named after it with a suffix and a mark of their writer fit into 255."""


@dataclass(frozen=True)
class RefusedFile:
    """A source that cannot be taken as it is, and why; it is read again when it, the settings or the batches have changed.

    ``is_new`` is whether it was not refused for the same reason before.
    """

    source: str
    reason: str
    is_new: bool = field(default=True, compare=False)


@dataclass(frozen=True)
class ArrivalScan:
    """Incoming files that are not in the manifest, and those that are refused.

    Parameters
    ----------
    entries
        New entries of the manifest, in order.
    refused
        Sources that are left out, and those of batches that have changed since they arrived.
    notes
        What was guessed of those that are taken.
    answers
        Labels for rows of earlier batches, new lines of the history of gold.
    """

    entries: list[Arrival] = field(default_factory=list)
    refused: list[RefusedFile] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    @property
    def batches(self) -> list[str]:
        """Names of the new batches."""
        return [entry.batch for entry in self.entries]


def scan(
    problem: Problem,
    settings: IngestSettings,
    paths: Paths,
    *,
    broken: BrokenSettings | None = None,
    retry: bool = False,
    fetch: bool = False,
) -> ArrivalScan:
    """Look for sources that the manifest lacks, and read each as ingest will.

    Sources are looked for in the main checkout, which all runs share. ``ingest.batch_order`` patterns come first, each in
    natural order (``sms-2`` before ``sms-10``). Nothing is compared for near-duplicates, which ingest does.

    Parameters
    ----------
    problem
        Its classes and modality.
    settings
        Where its sources are, and what their columns mean.
    paths
        Of the problem, in the checkout whose manifest counts.
    broken
        From which on a batch is broken, and refused as a whole; None: whatever can be read is taken.
    retry
        Read sources again that were refused and have not changed since.
    fetch
        Fetch images that new tables name by URLs.

    Returns
    -------
    ArrivalScan
        A source of which a row cannot be taken, or whose name is taken, is refused, and the others are not.
    """
    known, history = arrivals(paths.manifest), GoldHistory.read(paths.gold_history)
    texts = settings.modality == "text"
    taken = {entry.batch: entry.source for entry in known}
    sources = new_sources(set(taken.values()), settings.incoming, paths.shared, texts=texts)
    light = settings.model_copy(update={"near_duplicates": "keep"})
    result, refusals = ArrivalScan(), Refusals.read(paths)
    result.notes.extend(_notes_on_others(settings, paths))
    before: pl.DataFrame | None = None
    kept: dict[str, Refusal] = {}
    for source in sorted(sources, key=lambda item: (_place(_stem(item), settings.batch_order), item)):
        stamp = stamp_of(locate(source, paths.shared), problem, settings, list(taken))
        reason = None if retry else refusals.reason(source, stamp)
        try:
            _refuse_as_before(reason)
            name, place = batch_name(source), Source(locate(source, paths.shared))
            _refuse_taken(name, source, taken)
            if _is_known(source, place, settings, history):
                continue
            result.notes.extend(fetch_beside(place, settings) if fetch else [])
            before = _seen(known, problem, settings, paths, result.notes) if before is None else before
            batch, sha256 = (
                build_batch(name, place, problem, light, before=before, root=paths.root),
                place.fingerprint(settings),
            )
            late = late_answers(
                batch.late, history, problem.classes, source=source, sha256=None if batch.has_rows else sha256
            )
            _refuse_nothing_new(batch, late, source)
            _refuse_broken(batch, [entry.batch for entry in known], paths, broken)
        except DataError as error:
            why = as_setting(str(error), problem.name)
            result.refused.append(RefusedFile(source, why, is_new=not refusals.knows(source, why)))
            kept[source] = Refusal(reason=why, stamp=stamp)
            continue
        history = GoldHistory((*history.answers, *late.answers))
        result.answers.extend(late.answers)
        result.notes.extend((*batch.notes, *late.notes))
        if batch.has_rows:
            taken[name] = source
            before = pl.concat([before, batch.seen])
            result.entries.append(Arrival(batch=name, source=source, sha256=sha256))
    changed = changed_sources([*known, *result.entries], settings, paths)
    kept |= {source: Refusal(reason=reason, stamp=None) for source, reason in changed.items()}
    Refusals(sources=kept).write(paths)
    result.refused.extend(RefusedFile(source, reason) for source, reason in changed.items())
    return result


def _notes_on_others(settings: IngestSettings, paths: Paths) -> list[str]:
    texts = settings.modality == "text"
    others = not_read(settings.incoming, paths.shared, texts=texts)
    if not others:
        return []
    shown = ", ".join(others[:_TOLD]) + (" …" if len(others) > _TOLD else "")
    return [
        (
            f"{settings.incoming}: {shown}: not read, for a batch is a file in a format of `tidemill new`, whose name begins with no dot, or a folder of "
            f"{'.txt files' if texts else 'images'}; unpack archives, "
            + ("and put .txt files into a folder" if texts else "and move files out of folders of their own")
        )
    ]


def waiting_sources(settings: IngestSettings, paths: Paths, history: GoldHistory) -> list[str]:
    """List sources that neither batches nor labels came from, those that were refused among them.

    Parameters
    ----------
    settings
        Where they are.
    paths
        Of the problem.
    history
        Its labels.

    Returns
    -------
    list of str
        As ``new_sources`` lists them.
    """
    known = {entry.source for entry in arrivals(paths.manifest)}
    found = new_sources(known, settings.incoming, paths.shared, texts=settings.modality == "text")
    return [
        source for source in found if not _is_known(source, Source(locate(source, paths.shared)), settings, history)
    ]


def _is_known(source: str, place: Source, settings: IngestSettings, history: GoldHistory) -> bool:
    """Whether a file that holds labels only has been read, as it is now."""
    marks = {answer.sha256 for answer in history.valid if answer.source == source and answer.sha256 is not None}
    return bool(marks) and place.fingerprint(settings) in marks


def _refuse_nothing_new(batch: Batch, late: LateAnswers, source: str) -> None:
    if not batch.has_rows and not late.answers:
        raise DataError(
            f"{PurePosixPath(source).name}: all its rows came in earlier batches, and it adds no label; take the file away again"
        )


def _refuse_as_before(reason: str | None) -> None:
    if reason is not None:
        raise DataError(reason)


def _refuse_taken(name: str, source: str, taken: Mapping[str, str]) -> None:
    alike = next((other for other in taken if other.casefold() == name.casefold()), None)
    if alike is not None:
        differs = "" if alike == name else f", and {name!r} would be the same file where case does not count"
        raise DataError(f"{source}: a batch {alike!r} came from {taken[alike]}{differs}; rename the new file")


def _refuse_broken(batch: Batch, earlier: Sequence[str], paths: Paths, broken: BrokenSettings | None) -> None:
    files = [file for name in earlier if (file := paths.raw / f"{name}.parquet").exists()]
    if broken is None or not files or not batch.has_rows:
        return
    columns = [name for name in batch.raw.columns if name not in RESERVED]
    before = [
        pl.scan_parquet(file, glob=False).select(pl.len().alias("rows"), pl.col(columns).null_count()) for file in files
    ]
    counted = pl.concat(pl.collect_all(before)).sum().row(0, named=True)
    nulls = batch.raw.select(pl.col(columns).null_count()).row(0, named=True) if columns else {}
    reason = lost_values(
        {name: counted[name] / max(counted["rows"], 1) for name in columns},
        {name: count / batch.raw.height for name, count in nulls.items()},
        broken,
        rows=batch.raw.height,
    )
    if reason is not None:
        raise DataError(f"{batch.name}: {reason}")


def _seen(
    known: Sequence[Arrival], problem: Problem, settings: IngestSettings, paths: Paths, notes: list[str]
) -> pl.DataFrame:
    """Rows of the earlier batches, without their signatures: read again where they are not, or not as the settings have them."""
    light = settings.model_copy(update={"near_duplicates": "keep"})
    outdated, before = outdated_batches(known, problem, settings, paths), empty_seen(light)
    for entry in known:
        file = paths.seen / f"{entry.batch}.parquet"
        try:
            rows = _read_again(entry, problem, light, paths, before) if entry.batch in outdated else None
        except DataError as error:
            why = as_setting(str(error), problem.name)
            notes.append(f"batch {entry.batch!r} is not as the settings have it, and cannot be read again: {why}")
            rows = None
        if rows is None and file.exists():
            rows = _with_labels(pl.read_parquet(file, glob=False))
        before = before if rows is None else pl.concat([before, rows.select(before.columns)])
    return before


def _read_again(
    entry: Arrival, problem: Problem, settings: IngestSettings, paths: Paths, before: pl.DataFrame
) -> pl.DataFrame:
    return build_batch(entry.batch, source_of(entry, paths), problem, settings, before=before, root=paths.root).seen


def _with_labels(seen: pl.DataFrame) -> pl.DataFrame:
    """What the next ingest adds: labels and splits, which versions before 0.2.0 did not keep, and groups that are named since."""
    usual = {"gold": pl.lit(NO_GOLD, pl.Int16), "split": pl.lit("train"), "group": pl.lit(None, pl.String)}
    return seen.with_columns(value.alias(name) for name, value in usual.items() if name not in seen.columns)


def arrive(project: Project, problem: str, *, retry: bool = False, fetch: bool = False) -> ArrivalScan:
    """Take new sources into a problem's manifest, and their labels for rows of earlier batches into its history of gold.

    Parameters
    ----------
    project
        The checkout whose manifest is changed.
    problem
        Its name.
    retry
        Read sources again that were refused and have not changed since.
    fetch
        Fetch images that new tables name by URLs.

    Returns
    -------
    ArrivalScan
        The batches that the manifest has now in addition, labels that went to the history of gold, and sources that were
        refused.
    """
    known, settings, paths = project.load(problem, "ingest", IngestSettings)
    monitor = project.load(problem, "monitor", MonitorSettings)[1]
    broken = None if monitor.actions.get("data_broken", NOTHING) == NOTHING else monitor.broken
    with locked(paths.state / "locks" / f"arrive-{problem}.lock"):  # two at once would both take a source in
        result = scan(known, settings, paths, broken=broken, retry=retry, fetch=fetch)
        if result.entries:
            Manifest(batches=(*Manifest.read(paths.manifest).batches, *result.entries)).write(paths.manifest)
        append_answers(paths, result.answers)
    return result


def batch_name(source: str) -> str:
    """Name the batch of a source: its file's name without suffixes, ``-`` in place of what is no letter, digit, ``_`` or dot.

    A name too long for files that are named after it ends in a hash of what was cut off.

    Parameters
    ----------
    source
        Path or address of the incoming file.

    Returns
    -------
    str
        Name of the batch.

    Raises
    ------
    DataError
        The file's name has no letter or digit.

    Examples
    --------
    >>> batch_name("data/incoming/spam/sms-1.csv"), batch_name("in/april 2024.csv.gz")
    ('sms-1', 'april-2024')
    """
    name = _ODD.sub("-", unicodedata.normalize("NFC", _stem(source))).strip("-.")
    if not name:
        raise DataError(f"{source}: its name has no letter or digit; rename it")
    if len(name.encode()) <= _MOST_BYTES:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name.encode()[:_MOST_BYTES].decode(errors='ignore')}-{digest}"


def _stem(source: str) -> str:
    name = PurePosixPath(source).name
    suffix = next((suffix for suffix in sorted(SUFFIXES, key=len, reverse=True) if name.lower().endswith(suffix)), "")
    return name[: len(name) - len(suffix)] if suffix else name


def natural(name: str) -> list[tuple[int, str]]:
    """Make a sort key by which numbers within names are compared as numbers.

    Parameters
    ----------
    name
        Name of a batch or file.

    Returns
    -------
    list of (int, str)
        Numbers and the texts between them.

    Examples
    --------
    >>> sorted(["sms-10", "sms-9"], key=natural)
    ['sms-9', 'sms-10']
    """
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]+)", name)]


def _place(name: str, order: Sequence[str]) -> tuple[int, list[tuple[int, str]]]:
    matches = (place for place, pattern in enumerate(order) if fnmatch.fnmatchcase(name, pattern))
    return next(matches, len(order)), natural(name)
