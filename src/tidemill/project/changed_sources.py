"""Files that have changed since they arrived, noticed before a batch has to be made again of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from pydantic import Field, ValidationError

from tidemill.common.files import atomic_write
from tidemill.contracts import DataError, Settings
from tidemill.ingest.settings import IngestSettings
from tidemill.ingest.source import Source, locate
from tidemill.project.layout import Paths
from tidemill.reports.project import Arrival


class _Stamps(Settings):
    """Sizes and times of sources when they were last found as they arrived; a file of this machine, which may be deleted."""

    sources: dict[str, str] = Field(default_factory=dict)


def changed_sources(known: Iterable[Arrival], settings: IngestSettings, paths: Paths) -> dict[str, str]:
    """Find sources of batches that are not what arrived. One whose size and time are as they were is not read.

    Parameters
    ----------
    known
        Entries of the manifest.
    settings
        Of ingest.
    paths
        Of the problem.

    Returns
    -------
    dict of str to str
        What to do, by source. A source that is not there any more is not missed.
    """
    file = paths.state / "arrived" / f"{paths.name}.json"
    before, now, result = _read(file), {}, {}
    for entry in known:
        location = locate(entry.source, paths.shared)
        stamp = _stamp(location)
        if stamp is None or before.get(entry.source) == f"{entry.sha256} {stamp}":
            reason = None
        else:
            reason = _difference(entry, Source(location), settings, paths.name)
        if reason is not None:
            result[entry.source] = reason
        elif stamp is not None:
            now[entry.source] = f"{entry.sha256} {stamp}"
    if now != before:
        with atomic_write(file) as part:
            part.write_text(_Stamps(sources=now).model_dump_json(indent=2), encoding="utf-8")
    return result


def _read(file: Path) -> dict[str, str]:
    try:
        return _Stamps.model_validate_json(file.read_text(encoding="utf-8")).sources
    except (OSError, UnicodeDecodeError, ValidationError):
        return {}


def _stamp(location: str) -> str | None:
    """Sizes and times of a file, or of all files of a folder; None where it is not on this machine."""
    path = Path(location)
    if "://" in location or not path.exists():
        return None
    files = sorted(item for item in path.rglob("*") if item.is_file()) if path.is_dir() else [path]
    about = [(str(item.relative_to(path)), item.stat().st_size, item.stat().st_mtime_ns) for item in files]
    return hashlib.sha256(repr(about).encode()).hexdigest()[:16]


def _difference(entry: Arrival, source: Source, settings: IngestSettings, problem: str) -> str | None:
    try:
        if source.fingerprint(settings) == entry.sha256:
            return None
        found = "changed"
    except DataError as error:
        found = f"cannot be read any more ({error}); it changed"
    return (
        f"{entry.source} {found} since it arrived as batch {entry.batch!r}; batches are never edited. Put the file back as it "
        f"was, and let changed rows arrive in a new file; changed labels go in with `tidemill gold add {problem} FILE`. Where "
        f"nothing has learned from the batch, `tidemill arrive {problem} --undo {entry.batch}` takes it back, and the file arrives anew"
    )
