"""Files of the batches in a manifest: those that are current are left alone, the others are made.

A batch depends on the batches before it (what it repeats is dropped), so its mark chains theirs: were an earlier batch
made anew, the later ones are too, and the result is what a run from scratch gives.
"""

from __future__ import annotations

import hashlib
import json
import shlex
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from tidemill.common.spelling import counted
from tidemill.contracts import NO_GOLD, Column, Contract, DataError, Problem, gold_contract
from tidemill.ingest.batch import SEEN, Batch, build_batch, counts, empty_seen
from tidemill.ingest.settings import IngestSettings
from tidemill.ingest.source import Source, locate
from tidemill.ingest.splits import describe_labels
from tidemill.project.expectations import check_expectations, defer_page_of
from tidemill.project.gold_history import GoldHistory
from tidemill.project.gold_tables import own_labels, write_gold
from tidemill.project.layout import Paths, main_checkout_of
from tidemill.project.tables import read, write
from tidemill.readers.options import as_setting
from tidemill.readers.read import report_reading
from tidemill.reports.ingest import BatchCounts, IngestReport
from tidemill.reports.project import Arrival, Manifest

SLICES = Contract(
    "slices",
    (Column("row_id", pl.String, unique=True),),
    others=Column("slice", pl.String, nullable=True),
    min_rows=0,
)
"""Columns that only ``evaluate`` may read, for they can reveal gold."""

QUARANTINE = Contract("quarantine", (Column("number", pl.Int64), Column("reason", pl.String)), min_rows=0)
"""Rows of a batch that could not be taken: line in the source, and why."""

_FORMAT = "2"  # raised when what ingest writes changes, so that every batch is made again
_CANDIDATES = "2"  # raised when other candidates are found by the same settings
_MARK = "tidemill.ingest"
_ELSEWHERE = {
    "incoming",
    "batch_order",
    "max_pixels",
}  # settings that decide what arrives or is refused, not what is written


def arrivals(manifest: Path) -> list[Arrival]:
    """Read the batches that have arrived.

    Parameters
    ----------
    manifest
        batches.json.

    Returns
    -------
    list of Arrival
        Oldest first.

    Raises
    ------
    DataError
        The file is not a manifest, or names a batch twice.
    """
    return list(Manifest.read(manifest).batches)


def add_batches(problem: Problem, settings: IngestSettings, paths: Paths) -> None:
    """Make ``raw/``, ``dev/``, ``train_gold/``, ``gold/``, ``slices/`` and ``seen/`` of a problem, and a report of counts.

    Parameters
    ----------
    problem
        Name, modality and classes of the problem.
    settings
        Settings of ingest.
    paths
        Paths of the problem.

    Raises
    ------
    DataError
        A source is not what arrived, or a row of it cannot be taken; nothing of that batch is written.
    """
    arrived = arrivals(paths.manifest)
    if not arrived:
        raise DataError(f"{paths.manifest}: no batch has arrived; run `tidemill arrive {paths.name}`")
    made = _make(arrived, problem, settings, paths)
    if made:
        check_expectations(rows := pl.concat([batch.raw for batch, _ in made]), settings.raw, paths, "raw")
        for batch, mark in made:
            _write(batch, mark, (settings, paths, gold_contract(len(problem.classes))))
        defer_page_of(rows, settings.raw, paths, "raw")
    _remove_others([arrival.batch for arrival in arrived], paths)
    notes = write_gold(problem, paths, [arrival.batch for arrival in arrived])
    for batch, _ in made:
        report_reading(batch.notes)
        _tell_quarantined(batch)
    labels = sum((Counter(batch.labels) for batch, _ in made), Counter[str]())
    if labels:
        print(f"ingest: {describe_labels(labels)}", file=sys.stderr)
    report_reading([*notes, *_unrecorded([batch for batch, _ in made], paths)])
    batches = {arrival.batch: _counts(arrival.batch, paths) for arrival in arrived}
    report = IngestReport(rows=sum(item.kept for item in batches.values()), batches=batches)
    report.write(paths.reports / "ingest.json")


def _make(arrived: list[Arrival], problem: Problem, settings: IngestSettings, paths: Paths) -> list[tuple[Batch, str]]:
    """Only those that are not current, each with its mark; none is written yet."""
    before, made = empty_seen(settings), list[tuple[Batch, str]]()
    for arrival, mark in zip(arrived, _marks(arrived, problem, settings, paths.root), strict=True):
        if _is_current(arrival.batch, paths, mark):
            seen = read(paths.seen / f"{arrival.batch}.parquet", SEEN)
        else:
            try:
                made.append((_build(arrival, problem, settings, before, paths), mark))
            except DataError as error:
                raise DataError(as_setting(str(error), problem.name)) from error
            seen = made[-1][0].seen
        before = pl.concat([before, seen])
    return made


def _unrecorded(made: list[Batch], paths: Paths) -> list[str]:
    """Labels for earlier rows that nothing has taken in, since their batch was not there when the file arrived."""
    if all(batch.late.is_empty() for batch in made):
        return []
    names = [path.stem for path in paths.raw.glob("*.parquet")]
    own = pl.concat([own_labels(paths, name) for name in names])
    unlabeled = own.filter(pl.col("gold") == NO_GOLD)["row_id"].to_list()
    open_rows = set(unlabeled) - {answer.row_id for answer in GoldHistory.read(paths.gold_history).answers}
    lost = {batch.name: int(batch.late["row_id"].is_in(list(open_rows)).sum()) for batch in made}
    return [
        f"{name}: {counted(count, 'label for a row of an earlier batch is', 'labels for rows of earlier batches are')} not taken in; `tidemill gold add {paths.name}` with its file does"
        for name, count in lost.items()
        if count
    ]


def _tell_quarantined(batch: Batch) -> None:
    if batch.set_aside is not None:
        print(f"ingest: {batch.set_aside}", file=sys.stderr)


def _counts(batch: str, paths: Paths) -> BatchCounts:
    seen = pl.read_parquet(paths.seen / f"{batch}.parquet", columns=["fate"], glob=False)
    split = pl.read_parquet(paths.raw / f"{batch}.parquet", columns=["split"], glob=False)["split"]
    return counts(seen, split, quarantined=read(paths.quarantine / f"{batch}.parquet", QUARANTINE).height)


def outdated_batches(arrived: Sequence[Arrival], problem: Problem, settings: IngestSettings, paths: Paths) -> set[str]:
    """Name the batches whose tables are missing or were made with other settings, such as another ``ingest.key``.

    Parameters
    ----------
    arrived
        Oldest first.
    problem, settings, paths
        As ``add_batches`` takes them.

    Returns
    -------
    set of str
        Those that ingest will make anew.
    """
    marks = zip(arrived, _marks(arrived, problem, settings, paths.root), strict=True)
    return {arrival.batch for arrival, mark in marks if not _is_current(arrival.batch, paths, mark)}


def _marks(arrived: Sequence[Arrival], problem: Problem, settings: IngestSettings, root: Path) -> Iterator[str]:
    mark = _settings_mark(problem, settings) + "".join(
        f"\n{name} {sha}" for name, sha in digests(settings, root).items()
    )
    for arrival in arrived:
        mark = hashlib.sha256(f"{mark}\n{arrival.batch}\n{arrival.sha256}".encode()).hexdigest()
        yield mark


def _settings_mark(problem: Problem, settings: IngestSettings) -> str:
    kept: dict[str, Any] = settings.model_dump(exclude=_ELSEWHERE)
    if settings.candidates is None:
        del kept["candidates"]  # as are those that were made before there were candidates
    else:
        kept["candidates"]["format"] = _CANDIDATES
    if settings.split.group is None:
        del kept["split"]["group"]  # batches that were made before there were groups stay as they are
    return json.dumps([_FORMAT, problem.modality, problem.classes, kept], sort_keys=True)


def digests(settings: IngestSettings, root: Path) -> dict[str, str]:
    """Hash the files of names that candidates are found with.

    Parameters
    ----------
    settings
        Settings of ingest.
    root
        The project's folder.

    Returns
    -------
    dict of str to str
        File and SHA-256, empty where there is none of that name; no entries where there are no candidates.
    """
    files = () if settings.candidates is None else settings.candidates.files
    there = {name: root / name for name in files}
    return {
        name: hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "" for name, file in there.items()
    }


def _folders(paths: Paths) -> list[Path]:
    return [paths.dev, paths.gold, paths.train_gold, paths.slices, paths.seen, paths.quarantine, paths.raw]


def _is_current(batch: str, paths: Paths, mark: str) -> bool:
    files = [folder / f"{batch}.parquet" for folder in _folders(paths)]
    if not all(file.exists() for file in files):
        return False
    try:
        return pl.read_parquet_metadata(files[-1]).get(_MARK) == mark
    except (pl.exceptions.PolarsError, OSError):
        return False


def source_of(arrival: Arrival, paths: Paths) -> Source:
    """Locate the source of a batch.

    Parameters
    ----------
    arrival
        Entry of the manifest.
    paths
        Of the problem.

    Returns
    -------
    Source
        It may be missing.

    Raises
    ------
    DataError
        It is missing in this linked worktree, and the main checkout has it.
    """
    source, main = Source(locate(arrival.source, paths.shared)), main_checkout_of(paths.shared)
    if main is None or "://" in arrival.source or source.files.exists(source.path):
        return source
    there = Path(locate(arrival.source, main))
    if there.exists():
        folder = shlex.quote(str(Path(source.location).parent))
        raise DataError(
            f"{source.location} is missing: incoming data is not part of a branch, and the main checkout has it as {there}: "
            f"`mkdir -p {folder} && cp -r {shlex.quote(str(there))} {folder}`"
        )
    return source


def _build(arrival: Arrival, problem: Problem, settings: IngestSettings, before: pl.DataFrame, paths: Paths) -> Batch:
    print(f"ingest: {arrival.batch} from {arrival.source}", file=sys.stderr, flush=True)
    source = source_of(arrival, paths)
    if source.fingerprint(settings) != arrival.sha256:
        raise DataError(
            f"{arrival.source} changed since it arrived as batch {arrival.batch!r}; batches are never edited: put the "
            "file back as it was, and let changed rows arrive in a new file"
        )
    return build_batch(arrival.batch, source, problem, settings, before=before, root=paths.root)


def _write(batch: Batch, mark: str, summary: tuple[IngestSettings, Paths, Contract]) -> None:
    """The raw file carries the mark and comes last, so that a kill in between is mended."""
    settings, paths, gold = summary
    name = f"{batch.name}.parquet"
    (paths.raw / name).unlink(missing_ok=True)
    write(batch.dev, paths.dev / name, gold)
    train = batch.raw.filter(pl.col("split") == "train")["row_id"]
    is_train = batch.gold["row_id"].is_in(train.implode())
    write(batch.gold.filter(is_train), paths.train_gold / name, gold)
    write(batch.gold.filter(~is_train), paths.gold / name, gold)
    write(batch.slices, paths.slices / name, SLICES)
    write(batch.seen, paths.seen / name, SEEN)
    write(batch.bad, paths.quarantine / name, QUARANTINE)
    write(batch.raw, paths.raw / name, settings.raw, metadata={_MARK: mark})


def _remove_others(batches: list[str], paths: Paths) -> None:
    """Neither older batches nor torn files are left in the folders."""
    names = {f"{batch}.parquet" for batch in batches}
    for folder in _folders(paths):
        for file in folder.iterdir():
            if file.name not in names and file.name not in (".gitignore", paths.gold_state.name):
                file.unlink()
