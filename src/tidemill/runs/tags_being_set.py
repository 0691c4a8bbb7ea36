"""Tags of the registry that a command is about to set: a command that is killed before leaves an object that was never a tag.

Git keeps that object just as it keeps the object of a tag that was deleted by hand. A note beside the repository tells
the two apart: it is written before the object and removed when the tag is set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from tidemill.runs.checkout import repository_state
from tidemill.runs.git import git
from tidemill.runs.model_registry import tag_text

_OBJECT = re.compile(r"[0-9a-f]{40,64}")


def noted_tag(name: str, commit: str, message: str, folder: Path) -> str:
    """Write an annotated tag object, noted as not yet set.

    Parameters
    ----------
    name, commit, message
        Name of the tag, the commit that it marks, and its text.
    folder
        Checkout.

    Returns
    -------
    str
        Its id.
    """
    text = tag_text(name, commit, message, folder)
    digest = git("hash-object", "-t", "tag", "--stdin", folder=folder, stdin=text)
    notes = _notes(folder)
    notes.mkdir(parents=True, exist_ok=True)
    (notes / digest).touch()
    return git("mktag", folder=folder, stdin=text)


def tags_are_set(lines: Iterable[str], folder: Path) -> None:
    """Remove the notes of tags that are set now.

    Parameters
    ----------
    lines
        Lines of the ref transaction that has set them; each ends with the id of an object.
    folder
        Checkout.
    """
    notes = _notes(folder)
    for line in lines:
        if _OBJECT.fullmatch(digest := line.split()[-1]):
            (notes / digest).unlink(missing_ok=True)


def never_set(folder: Path) -> set[str]:
    """List the objects that commands have made and not set as tags.

    Parameters
    ----------
    folder
        Checkout.

    Returns
    -------
    set of str
        Their ids.
    """
    return {path.name for path in _notes(folder).glob("*")}


def _notes(folder: Path) -> Path:
    return repository_state(folder) / "tags_being_set"
