"""What an upgrade does to each generated file: written anew where it is as it was generated, else left to the user.

Of each file three texts are compared: what was generated before, known by its digest in ``tidemill.lock``; what the
installed version generates; and what stands there. What was not changed is written anew. What was changed, by the user
alone, stays; what both changed stays too, and is listed with the difference until the user has kept or taken it.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from tidemill.apps.onboarding.lock_file import OWN, LockFile
from tidemill.apps.onboarding.project_template import TemplateFile, digest, generated_part, with_own_part
from tidemill.common.files import atomic_write
from tidemill.contracts import ConfigError

Action = Literal["add", "write", "remove", "none", "conflict"]


@dataclass(frozen=True)
class Change:
    """What an upgrade does to one file.

    Attributes
    ----------
    path
        The file, relative to the project.
    action
        ``conflict`` where the user and the new version changed it: it stays as it is.
    text
        Its new content.
    diff
        From what stands there to what would be generated, where both changed it.
    """

    path: str
    action: Action
    text: str = ""
    diff: tuple[str, ...] = ()


def plan_upgrade(
    root: Path,
    files: Sequence[TemplateFile],
    record: LockFile,
    *,
    keep: Collection[str] = (),
    take: Collection[str] = (),
) -> list[Change]:
    """Decide what an upgrade does to each generated file.

    Parameters
    ----------
    root
        Top folder of the project.
    files
        The template of the installed version.
    record
        What was generated before.
    keep, take
        Files that both changed: those that stay as they are, and those that are written anew.

    Returns
    -------
    list of Change
        One for each generated file, of now and before.

    Raises
    ------
    ConfigError
        A file that is to be kept or taken is not generated.
    """
    generated = {file.path: file for file in files if file.is_generated}
    for path in (*keep, *take):
        if path not in generated.keys() | record.files.keys():
            raise ConfigError(f"{path} is not generated; what is: {', '.join(sorted(generated))}")
    changes = [_change(root, file, record.files.get(path)) for path, file in generated.items()]
    changes += [_leftover(root, path, was) for path, was in record.files.items() if path not in generated]
    return [_decided(change, generated.get(change.path), root, keep, take) for change in changes]


def _change(root: Path, file: TemplateFile, was: str | None) -> Change:
    now = _text(root / file.path)
    if was == OWN or (now is not None and digest(file.path, now) == file.digest):
        return Change(file.path, "none")
    if now is None:  # a file that the user has deleted stays deleted
        return Change(file.path, "add" if was is None else "none", file.text)
    if was == file.digest:
        return Change(file.path, "none")
    if was == digest(file.path, now):
        return Change(file.path, "write", with_own_part(file.path, file.text, now))
    return Change(file.path, "conflict", with_own_part(file.path, file.text, now), _diff(file, now))


def _leftover(root: Path, path: str, was: str) -> Change:
    """Decide about a file that is no longer part of the template."""
    now = _text(root / path)
    return Change(path, "remove" if now is not None and digest(path, now) == was else "none")


def _decided(
    change: Change, file: TemplateFile | None, root: Path, keep: Collection[str], take: Collection[str]
) -> Change:
    if change.path in keep:
        return replace(change, action="none", diff=())
    if change.path in take and file is not None:
        now = _text(root / change.path) or ""
        return Change(change.path, "write", with_own_part(change.path, file.text, now))
    return change


def _diff(file: TemplateFile, now: str) -> tuple[str, ...]:
    before, after = (generated_part(file.path, text).splitlines() for text in (now, file.text))
    return tuple(difflib.unified_diff(before, after, file.path, f"{file.path} of the new version", lineterm="", n=1))


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def upgraded_lock_file(
    record: LockFile, changes: Sequence[Change], files: Sequence[TemplateFile], version: str
) -> LockFile:
    """Give the record of a project after an upgrade.

    A file with a conflict keeps the digest of what was generated before, so that it is listed again.

    Parameters
    ----------
    record
        The one before.
    changes
        What is done to each file.
    files
        The template of the installed version.
    version
        The installed version.

    Returns
    -------
    LockFile
        To be written once the changes are.
    """
    new = {file.path: file.digest for file in files if file.is_generated}
    open_ones = {change.path for change in changes if change.action == "conflict"}
    settled = {
        path: OWN if record.files.get(path) == OWN else now for path, now in new.items() if path not in open_ones
    }
    before = {path: was for path, was in record.files.items() if path in open_ones}
    return LockFile(version=version, files=settled | before)


def write_changes(root: Path, changes: Sequence[Change]) -> None:
    """Write, add and remove the files of an upgrade; those with a conflict stay.

    Parameters
    ----------
    root
        Folder of the project.
    changes
        What is done to each file.
    """
    for change in changes:
        if change.action in ("add", "write"):
            with atomic_write(root / change.path) as part:
                part.write_text(change.text, encoding="utf-8")
        elif change.action == "remove":
            (root / change.path).unlink(missing_ok=True)
