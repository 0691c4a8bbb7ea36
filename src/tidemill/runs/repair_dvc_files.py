"""Repair of what a kill in the middle of a write leaves of DVC's own files, before DVC reads them.

DVC writes ``.dvc/tmp/rwlock`` (locks) and ``dvc.lock`` in place. Damaged, either stops every later command.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import yaml

from tidemill.common.files import atomic_write
from tidemill.common.merge_marks import left_by_merge
from tidemill.project.layout import problem_names
from tidemill.runs.git import git, succeeds

_LOCK: Final = "dvc.lock"
_COMMITTED: Final = f"HEAD:./{_LOCK}"
_KINDS: Final = {"md5": str, "etag": str, "checksum": str, "hash": str, "size": int, "nfiles": int, "isexec": bool}
"""What a file's entry has; DVC quotes texts that look like numbers, so a number for a text is a part of one."""
_MD5: Final = re.compile(r"[0-9a-f]{32}(\.dir)?")
_HASHES: Final = {"md5", "etag", "checksum", "md5-dos2unix", "params", "dataset"}


def repair_dvc_files(root: Path, say: Callable[[str], None]) -> None:
    """Make ``rwlock`` and ``dvc.lock`` of a checkout readable, and report what was removed or restored.

    Parameters
    ----------
    root
        Checkout.
    say
        Called with a line for the person who waits.
    """
    rwlock = root / ".dvc" / "tmp" / "rwlock"
    if _is_torn(rwlock) and _removed(rwlock):
        say("a killed command left a torn .dvc/tmp/rwlock: removed")
    lock = root / _LOCK
    if not lock.exists():
        return
    if (told := conflict(root)) is not None:
        say(told)
        return
    content = _parse(lock)
    if not is_whole_lock(content):
        _put_back(lock, root)
        say(f"a killed command left a torn {_LOCK}: put back as it was committed; what ran since runs again")
    elif lost := _lost_stages(content, root):
        _put_back_stages(lock, content, lost)
        say(f"a killed command left a torn {_LOCK}: {', '.join(lost)} put back as committed")


def torn_files(root: Path) -> list[str]:
    """Name the files of DVC that ``mend`` would make readable.

    Parameters
    ----------
    root
        Top folder of the checkout.

    Returns
    -------
    list of str
        Relative to the checkout.
    """
    rwlock, lock = root / ".dvc" / "tmp" / "rwlock", root / _LOCK
    results = [".dvc/tmp/rwlock"] if _is_torn(rwlock) else []
    if (
        lock.exists()
        and conflict(root) is None
        and (not is_whole_lock(content := _parse(lock)) or _lost_stages(content, root))
    ):
        results.append(_LOCK)
    return results


def conflict(root: Path) -> str | None:
    """Tell of a ``dvc.lock`` in which a merge has left two sides, which a person decides about.

    Parameters
    ----------
    root
        Top folder of the checkout.

    Returns
    -------
    str or None
        The line, and what to do; None where there is none.
    """
    try:
        text = (root / _LOCK).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    merged = left_by_merge(text)
    if merged is None:
        return None
    return (
        f"{_LOCK}, {merged}: take one, `git checkout --ours {_LOCK}` or `--theirs`, then `dvc checkout` and `dvc repro`"
    )


def is_whole_lock(content: object) -> bool:
    """Whether the content of a ``dvc.lock`` has the form that DVC takes; a cut in the middle of an entry breaks it.

    Parameters
    ----------
    content
        What was parsed; None where it could not be.

    Returns
    -------
    bool
        False for a file that was cut in the middle of an entry.
    """
    if not isinstance(content, dict) or content.get("schema") != "2.0":
        return False
    stages = content.get("stages", {})
    return isinstance(stages, dict) and all(map(_is_whole_entry, stages.values()))


def _is_whole_entry(entry: object) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("cmd"), str | list):
        return False
    params, listed = entry.get("params", {}), [entry.get("deps", []), entry.get("outs", [])]
    return (
        isinstance(params, dict)
        and all(isinstance(value, dict) for value in params.values())
        and all(isinstance(files, list) and all(map(_is_whole_file, files)) for files in listed)
    )


def _is_whole_file(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("path"), str)
        and all(isinstance(entry[key], kind) for key, kind in _KINDS.items() if key in entry)
        and entry.get("hash", "md5") in _HASHES
        and ("md5" not in entry or _MD5.fullmatch(entry["md5"]) is not None)
    )


def _lost_stages(content: Any, root: Path) -> dict[str, Any]:
    """Entries of the committed lock that are gone, of stages that the project has: the file was cut between two entries."""
    if not succeeds("cat-file", "-e", _COMMITTED, folder=root):
        return {}
    committed = yaml.load(git("show", _COMMITTED, folder=root), Loader=yaml.CSafeLoader)
    if not is_whole_lock(committed):
        return {}
    pipeline, problems = _parse(root / "dvc.yaml"), problem_names(root)
    known = (pipeline.get("stages") or {}).keys() if isinstance(pipeline, dict) else ()
    gone = (committed.get("stages") or {}).keys() - (content.get("stages") or {}).keys()
    parts = {address: address.partition("@") for address in sorted(gone)}
    return {
        address: committed["stages"][address]
        for address, (stage, at, problem) in parts.items()
        if stage in known and (not at or problem in problems)
    }


def _put_back_stages(lock: Path, content: Any, lost: dict[str, Any]) -> None:
    from dvc.utils.serialize import dumps_yaml

    with atomic_write(lock) as path:
        path.write_text(dumps_yaml(content | {"stages": content["stages"] | lost}), encoding="utf-8")


def _parse(path: Path) -> object:
    """None where it cannot be parsed."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, ValueError, yaml.YAMLError):
        return None


def _is_torn(rwlock: Path) -> bool:
    """There, and no mapping."""
    try:
        return rwlock.exists() and not isinstance(json.loads(rwlock.read_text(encoding="utf-8")), dict)
    except ValueError:
        return True


def _removed(rwlock: Path) -> bool:
    """Left where a command that is alive was writing it just now."""
    from dvc.lock import make_lock

    with make_lock(str(rwlock.with_name("rwlock.lock")), tmp_dir=str(rwlock.parent)):
        torn = _is_torn(rwlock)
        if torn:
            rwlock.unlink()
        return torn


def _put_back(lock: Path, root: Path) -> None:
    if not succeeds("cat-file", "-e", _COMMITTED, folder=root):
        lock.unlink()
        return
    with atomic_write(lock) as path:
        path.write_text(git("show", _COMMITTED, folder=root) + "\n", encoding="utf-8")
