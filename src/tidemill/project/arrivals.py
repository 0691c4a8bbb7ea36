"""Incoming files that the manifest lacks → entries of the manifest: this is how new data enters, and what git keeps of it."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from tidemill.contracts import DataError
from tidemill.ingest.settings import IngestSettings
from tidemill.ingest.source import Source, discover, locate
from tidemill.project.batches import arrivals
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.reports.project import Arrival, Manifest

_BATCH_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def scan(settings: IngestSettings, paths: Paths) -> list[Arrival]:
    """Settings of a problem and its paths → entries for the sources that its manifest lacks, in order.

    Sources are looked for in the main checkout, which all runs share. ``ingest.batch_order`` patterns come first, each in
    natural order (``sms-2`` before ``sms-10``).

    Raises
    ------
    DataError
        A source cannot be read, or its name is no batch name or is taken.
    """
    known = arrivals(paths.manifest)
    sources = [one for one in discover(settings.incoming, paths.shared) if one not in {entry.source for entry in known}]
    taken = {entry.batch: entry.source for entry in known}
    found = []
    for source in sorted(sources, key=lambda one: _place(batch_name(one), settings.batch_order)):
        batch = batch_name(source)
        if batch in taken:
            raise DataError(f"{source}: a batch {batch!r} came from {taken[batch]}; rename the new file")
        taken[batch] = source
        sha = Source(locate(source, paths.shared)).fingerprint(settings)
        found.append(Arrival(batch=batch, source=source, sha256=sha))
    return found


def arrive(project: Project, problem: str) -> list[str]:
    """Project and problem's name → names of the batches that its manifest has now in addition."""
    _, settings, paths = project.load(problem, "ingest", IngestSettings)
    found = scan(settings, paths)
    if found:
        Manifest(batches=(*Manifest.read(paths.manifest).batches, *found)).write(paths.manifest)
    return [arrival.batch for arrival in found]


def batch_name(source: str) -> str:
    """Source → name of its batch.

    >>> batch_name("data/incoming/spam/sms-1.csv")
    'sms-1'

    Raises
    ------
    DataError
        The name would not do as a file name everywhere.
    """
    path = PurePosixPath(source)
    name = path.name.removesuffix(path.suffix) if path.suffix.isascii() and len(path.suffix) > 1 else path.name
    if not _BATCH_NAME.fullmatch(name):
        raise DataError(f"{source}: {name!r} is no batch name; rename it with letters, digits, dots, - and _ only")
    return name


def natural(name: str) -> list[tuple[int, str]]:
    """Name → sort key that counts.

    >>> sorted(["sms-10", "sms-9"], key=natural)
    ['sms-9', 'sms-10']
    """
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"([0-9]+)", name)]


def _place(name: str, order: Sequence[str]) -> tuple[int, list[tuple[int, str]]]:
    matches = (place for place, pattern in enumerate(order) if fnmatch.fnmatchcase(name, pattern))
    return next(matches, len(order)), natural(name)
