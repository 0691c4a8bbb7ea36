"""The files of a project of one's own, as this version of Tidemill writes them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import tidemill

TEMPLATE: Final = Path(tidemill.__file__).parent / "templates" / "project"
"""A file is named ``NAME.template``, so that no tool takes it for one of its own; ``dot-`` stands for a leading point."""

ONCE: Final = frozenset(
    {
        ".dvc/config",
        ".gitignore",
        "README.md",
        "conf/config.yaml",
        "data/README.md",
        "pyproject.toml",
        "src/problems/__init__.py",
    }
)
"""Files that are a project's own as soon as they are written; an upgrade does not touch them."""

_OWN_PART: Final = {"dvc.yaml": re.compile(r"\n*^artifacts:", re.MULTILINE)}
"""Files that are generated down to a line, from which on they are the project's own."""


@dataclass(frozen=True)
class TemplateFile:
    """A file of the template.

    Attributes
    ----------
    path
        Where it goes, relative to the project.
    text
        Its content.
    """

    path: str
    text: str

    @property
    def is_generated(self) -> bool:
        """Whether an upgrade writes it anew."""
        return self.path not in ONCE

    @property
    def digest(self) -> str:
        """Digest of what is generated."""
        return digest(self.path, self.text)


def template_files(name: str, version: str, *, folder: Path = TEMPLATE) -> list[TemplateFile]:
    """Fill in the template.

    Parameters
    ----------
    name
        Name of the project.
    version
        Version of Tidemill that it pins.
    folder
        Folder of the template.

    Returns
    -------
    list of TemplateFile
        By path.
    """
    results = []
    for file in sorted(folder.rglob("*.template")):
        parts = file.relative_to(folder).with_suffix("").parts
        path = "/".join(part.replace("dot-", ".", 1) if part.startswith("dot-") else part for part in parts)
        text = file.read_text(encoding="utf-8")
        results.append(TemplateFile(path, _filled(text, {"name": _distribution_name(name), "version": version})))
    return results


def _filled(text: str, values: Mapping[str, str]) -> str:
    for word, value in values.items():
        text = text.replace(f"@{word}@", value)
    return text


def _distribution_name(name: str) -> str:
    """Make a name that a Python distribution can have.

    >>> _distribution_name("Our reviews, 2026!")
    'our-reviews-2026'
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "project"


def generated_part(path: str, text: str) -> str:
    """Cut a file to the part that is generated, which is all of it for most files.

    Parameters
    ----------
    path
        The file, relative to the project.
    text
        Its text.

    Returns
    -------
    str
        The text before the line below which the file is the user's own.
    """
    return _split(path, text)[0]


def with_own_part(path: str, new: str, now: str) -> str:
    """Put what a project has added to a file below what is generated anew.

    Parameters
    ----------
    path
        The file, relative to the project.
    new
        Its text in the template.
    now
        Its text in the project.

    Returns
    -------
    str
        The generated part of ``new``, then the project's own part of ``now``.
    """
    return generated_part(path, new).rstrip("\n") + (_split(path, now)[1] or "\n")


def digest(path: str, text: str) -> str:
    """Compute the SHA-256 of a file's generated part, which empty lines at its end do not change.

    Parameters
    ----------
    path
        The file, relative to the project.
    text
        Its text.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    return hashlib.sha256(generated_part(path, text).rstrip("\n").encode()).hexdigest()


def _split(path: str, text: str) -> tuple[str, str]:
    line = _OWN_PART.get(path)
    match = line.search(text) if line is not None else None
    return (text[: match.start()], text[match.start() :]) if match is not None else (text, "")
