"""Tables of batches that a command has made in the checkout before any run, which has to make way for what runs publish.

DVC knows nothing of such files, so it would not write over them: the checkout would keep tables without the labels that came
after they were made, and all others as they were before the run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from tidemill.common.files import atomic_write
from tidemill.project.layout import Paths

_Stamp = tuple[int, int]


def table_stamps(paths: Paths) -> dict[str, _Stamp]:
    """List the tables that ingest makes, with size and time of change.

    Parameters
    ----------
    paths
        Of the problem.

    Returns
    -------
    dict of str to (int, int)
        Size in bytes and time in nanoseconds by path below the checkout.
    """
    return {file.relative_to(paths.root).as_posix(): _stamp(file) for file in _tables(paths)}


def note_made_tables(paths: Paths, before: Mapping[str, _Stamp]) -> None:
    """Keep which tables are new or other than before.

    Parameters
    ----------
    paths
        Of the problem.
    before
        What ``table_stamps`` found before they were made.
    """
    made = {path: stamp for path, stamp in table_stamps(paths).items() if before.get(path) != stamp}
    with atomic_write(paths.made_tables) as part:
        part.write_text(json.dumps(_noted(paths) | made, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def remove_made_tables(paths: Paths) -> None:
    """Remove the tables that a command has made and nobody has changed since.

    Parameters
    ----------
    paths
        Of a problem, of whose batches DVC has tables.
    """
    for path, stamp in _noted(paths).items():
        file = paths.root / path
        if file.exists() and _stamp(file) == tuple(stamp):
            file.unlink()
    paths.made_tables.unlink(missing_ok=True)


def _noted(paths: Paths) -> dict[str, _Stamp]:
    file = paths.made_tables
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}


def _tables(paths: Paths) -> Iterator[Path]:
    folders = (paths.raw, paths.dev, paths.gold, paths.train_gold, paths.slices, paths.seen, paths.quarantine)
    yield from (file for folder in folders if folder.exists() for file in sorted(folder.rglob("*")) if file.is_file())
    if paths.answers.exists():
        yield paths.answers


def _stamp(file: Path) -> _Stamp:
    found = file.stat()
    return found.st_size, found.st_mtime_ns
