"""Tables that a look has made of new batches, kept for the run that learns from them.

Tables of batches grow by a file for each batch, and DVC keeps no such output in its run cache. Stages know by the mark in a file
whether it is what they would make, so that one that is put in its place is not made again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from tidemill.common.files import atomic_write
from tidemill.project.layout import Paths


def keep_tables(paths: Paths, batches: Sequence[str]) -> None:
    """Keep the tables of batches that are in no commit yet, in place of those of an earlier look.

    Parameters
    ----------
    paths
        Of the problem in the workspace of the look.
    batches
        Names of the batches.
    """
    folder = _folder(paths)
    files = list(_files(paths.data, batches))
    wanted = {folder / file.relative_to(paths.data) for file in files}
    for file in folder.rglob("*.parquet"):
        if file not in wanted:
            file.unlink()
    for file in files:
        _copy(file, folder / file.relative_to(paths.data))


def reuse_tables(paths: Paths, batches: Sequence[str]) -> None:
    """Put kept tables into a workspace, before its stages run.

    Parameters
    ----------
    paths
        Of the problem in the workspace of a run.
    batches
        Names of the batches that are new to it.
    """
    folder = _folder(paths)
    for file in _files(folder, batches):
        target = paths.data / file.relative_to(folder)
        if not target.exists():
            _copy(file, target)


def _folder(paths: Paths) -> Path:
    return paths.state / "looked" / paths.name


def _files(folder: Path, batches: Sequence[str]) -> Iterator[Path]:
    for inner in sorted(folder.iterdir()) if folder.is_dir() else ():
        for batch in batches if inner.is_dir() else ():
            if (inner / f"{batch}.parquet").exists():
                yield inner / f"{batch}.parquet"


def _copy(source: Path, target: Path) -> None:
    with atomic_write(target, durable=False) as part:
        shutil.copyfile(source, part)
