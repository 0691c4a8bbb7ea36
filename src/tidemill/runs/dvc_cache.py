"""Which objects of DVC's cache a problem's results need, and whether they are whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from tidemill.common.files import md5_of


def locked_stages(folder: Path, problem: str) -> dict[str, dict[str, Any]]:
    """Read a problem's entries of dvc.lock.

    Parameters
    ----------
    folder
        Top folder of a checkout.
    problem
        Name of the problem.

    Returns
    -------
    dict of str to dict
        Entry by address, such as ``train@spam``; empty where the file is missing, empty or damaged.
    """
    return {name: entry for name, entry in read_lock(folder).items() if name.endswith(f"@{problem}")}


def read_lock(folder: Path) -> dict[str, dict[str, Any]]:
    """Read all entries of a checkout's dvc.lock.

    Parameters
    ----------
    folder
        Top folder of the checkout.

    Returns
    -------
    dict of str to dict
        Entry by address, such as ``train@spam``; empty where the file is missing, empty or damaged.
    """
    path = folder / "dvc.lock"
    try:
        content = parse_lock(path.read_text(encoding="utf-8")) if path.exists() else None
    except (YAMLError, UnicodeDecodeError):
        content = None
    stages = content.get("stages") if isinstance(content, dict) else None
    return dict(stages) if isinstance(stages, dict) else {}


def parse_lock(text: str) -> Any:
    """Parse what DVC wrote as DVC reads it: YAML 1.2, where 1e-06 is a number.

    Parameters
    ----------
    text
        Content of a dvc.lock.

    Returns
    -------
    Any
        Plain data.

    Raises
    ------
    YAMLError
        The text is not YAML.
    """
    return YAML(typ="safe", pure=True).load(text)


def outputs(stages: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    """List path and MD5 of every output that has one.

    Parameters
    ----------
    stages
        Entries of dvc.lock by address.

    Returns
    -------
    list of (str, str)
        In the order of the entries.
    """
    return [
        (str(out["path"]), str(out["md5"]))
        for entry in stages.values()
        for out in entry.get("outs", [])
        if "md5" in out
    ]


def object_path(cache: Path, digest: str) -> Path:
    """Find an object in DVC's cache.

    Parameters
    ----------
    cache
        Folder of DVC's cache.
    digest
        MD5; ``….dir`` for a folder.

    Returns
    -------
    Path
        The file, which need not exist.
    """
    return cache / "files" / "md5" / digest[:2] / digest[2:]


def folder_digest(folder: Path) -> str:
    """Compute the MD5 by which DVC knows a folder: of the list of its files and their MD5.

    Parameters
    ----------
    folder
        The folder.

    Returns
    -------
    str
        32 hexadecimal digits and ``.dir``.
    """
    files = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())
    entries = [{"md5": md5_of(path), "relpath": name} for name, path in files]
    return hashlib.md5(json.dumps(entries).encode(), usedforsecurity=False).hexdigest() + ".dir"


def damaged_objects(cache: Path, digest: str) -> Iterator[Path]:
    """Find objects whose content has another MD5, those of a folder's files included.

    Parameters
    ----------
    cache
        Folder of DVC's cache.
    digest
        MD5; ``….dir`` for a folder.

    Yields
    ------
    Path
    """
    path = object_path(cache, digest)
    if path.exists() and not _is_whole(path, digest):
        yield path
    for part in _parts(path, digest):
        yield from damaged_objects(cache, part)


def missing_objects(cache: Path, digest: str) -> Iterator[Path]:
    """Find objects that are not there, those of a folder's files included.

    Parameters
    ----------
    cache
        Folder of DVC's cache.
    digest
        MD5; ``….dir`` for a folder.

    Yields
    ------
    Path
    """
    path = object_path(cache, digest)
    if not path.exists():
        yield path
    for part in _parts(path, digest):
        yield from missing_objects(cache, part)


def _is_whole(path: Path, digest: str) -> bool:
    return md5_of(path) == digest.removesuffix(".dir")


def _parts(path: Path, digest: str) -> list[str]:
    """Of a folder whose list of files is whole; nothing of a file."""
    if not digest.endswith(".dir") or not path.exists() or not _is_whole(path, digest):
        return []
    return [str(entry["md5"]) for entry in json.loads(path.read_text(encoding="utf-8"))]
