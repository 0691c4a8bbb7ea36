"""`tidemill upgrade`: what is generated moves to the installed version, what the user changed stays."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tidemill import __version__
from tidemill.apps.onboarding.lock_file import read_lock_file, write_lock_file
from tidemill.apps.onboarding.project_template import TEMPLATE, template_files
from tidemill.apps.onboarding.stages_to_rerun import stages_to_rerun
from tidemill.apps.onboarding.three_way import Change, plan_upgrade, upgraded_lock_file, write_changes
from tidemill.common.files import atomic_write
from tidemill.contracts import ConfigError
from tidemill.project.compose import DEFAULTS, compose_all
from tidemill.project.config import load_params
from tidemill.project.layout import CONF
from tidemill.project.project import Project
from tidemill.runs.outdated import Outdated

_PYPROJECT: Final = "pyproject.toml"
_PIPELINE: Final = "dvc.yaml"
_PIN: Final = re.compile(r"""(["']tidemill(?:\[[\w, -]*\])?\s*==\s*)([\w.+!-]+)""")
_SAID: Final = {"add": "new", "write": "written anew", "remove": "no longer needed: removed"}


@dataclass(frozen=True)
class UpgradeResult:
    """What an upgrade did, or would do.

    Attributes
    ----------
    before, after
        Versions of Tidemill.
    changes
        What becomes of each generated file.
    pin
        The version that ``pyproject.toml`` should require, in one line; None where it does already.
    shadowing
        The project's files that stand in place of a default of the package.
    stages
        Stages that will run again.
    is_dry
        Whether nothing was written.
    """

    before: str
    after: str
    changes: tuple[Change, ...]
    pin: str | None
    shadowing: tuple[str, ...]
    stages: tuple[Outdated, ...]
    is_dry: bool

    @property
    def content(self) -> dict[str, Any]:
        """Content of the report for programs."""
        files = {change.path: change.action for change in self.changes if change.action != "none"}
        stages = {change.address: change.reason for change in self.stages}
        return {"from": self.before, "to": self.after, "dry_run": self.is_dry, "files": files, "stages": stages}

    @property
    def lines(self) -> list[str]:
        """Lines for a terminal."""
        lines = [*self._files(), *([self.pin] if self.pin else []), *self._conflicts(), *self._stages()]
        title = f"from {self.before} to {self.after}" if self.before != self.after else f"version {self.after}"
        return [title + (" (dry run: nothing is written)" if self.is_dry else ""), *(lines or ["nothing to do"])]

    def _files(self) -> Iterator[str]:
        for change in self.changes:
            if change.action in _SAID:
                yield f"{change.path}: {_SAID[change.action]}"

    def _conflicts(self) -> Iterator[str]:
        for change in (item for item in self.changes if item.action == "conflict"):
            yield (
                f"{change.path}: left as you changed it; the new version differs. Merge what you want, then "
                f"`tidemill upgrade --keep {change.path}` (or --take, to have the new one)"
            )
            yield from (f"    {line}" for line in change.diff)
        if self.shadowing and self.before != self.after:
            yield f"yours in place of the package's, so compare them with `tidemill defaults`: {', '.join(self.shadowing)}"

    def _stages(self) -> Iterator[str]:
        yield from (f"{stage.address} will run again: {stage.reason}" for stage in self.stages)


def upgrade_project(
    project: Project,
    *,
    dry_run: bool = False,
    keep: Collection[str] = (),
    take: Collection[str] = (),
    template: Path = TEMPLATE,
) -> UpgradeResult:
    """Move a project to the installed version.

    Parameters
    ----------
    project
        The project, as it is in its main checkout.
    dry_run
        Write nothing.
    keep, take
        Files that the user and the new version changed: those that stay as they are, and those that are written anew.
    template
        Folder of the template.

    Returns
    -------
    UpgradeResult
        What was done, or would be.

    Raises
    ------
    ConfigError
        The project is of a newer version, has no record, or ``keep`` or ``take`` name a file that is not generated.
    """
    root = project.root
    record = read_lock_file(root)
    if _is_older(__version__, record.version):
        raise ConfigError(
            f"this project is of Tidemill {record.version} and {__version__} is installed: pip install -U 'tidemill[all]'"
        )
    files = template_files(root.name, __version__, folder=template)
    changes = plan_upgrade(root, files, record, keep=keep, take=take)
    pyproject, pin = _pin(root)
    stages = stages_to_rerun(project, _pipeline(root, changes))
    if not dry_run:
        write_changes(root, changes)
        _move_pin(root, pyproject)
        _list_relations(project.conf / "config.yaml")
        compose_all(project, _overrides(project))
        write_lock_file(upgraded_lock_file(record, changes, files, __version__), root)
    return UpgradeResult(
        before=record.version,
        after=__version__,
        changes=tuple(changes),
        pin=pin,
        shadowing=tuple(_replaced_defaults(root)),
        stages=tuple(stages),
        is_dry=dry_run,
    )


def _pipeline(root: Path, changes: Sequence[Change]) -> str:
    """Content of ``dvc.yaml`` after the upgrade."""
    new = [change.text for change in changes if change.path == _PIPELINE and change.action in ("add", "write")]
    return new[0] if new else (root / _PIPELINE).read_text(encoding="utf-8")


def _overrides(project: Project) -> Sequence[str]:
    written = load_params(project.params) if project.params.exists() else {}
    return list(written.get("overrides", []))


def _pin(root: Path) -> tuple[str | None, str | None]:
    """New content of ``pyproject.toml`` where it changes, and the line that says so."""
    path = root / _PYPROJECT
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if re.search(r"""^name\s*=\s*["']tidemill["']""", text, re.MULTILINE):
        return None, None  # Tidemill's own checkout
    new = moved_pin(text, __version__)
    if new is None:
        return (
            None,
            f"{_PYPROJECT}: pins no tidemill=={__version__}; add it, so that every machine has the same version",
        )
    return (None, None) if new == text else (new, f"{_PYPROJECT}: pins tidemill=={__version__}")


def _move_pin(root: Path, text: str | None) -> None:
    if text is not None:
        with atomic_write(root / _PYPROJECT) as part:
            part.write_text(text, encoding="utf-8")


def _list_relations(config: Path) -> None:
    """``dvc.yaml`` names the list, and `dvc exp run -S` composes from this file alone."""
    text = config.read_text(encoding="utf-8")
    if not re.search(r"^relations:", text, re.MULTILINE):
        with atomic_write(config) as part:
            part.write_text(
                f"{text.rstrip()}\nrelations: []  # problems that have a stage `facts` more\n", encoding="utf-8"
            )


def moved_pin(text: str, version: str) -> str | None:
    """Move the version of Tidemill that a ``pyproject.toml`` pins.

    Parameters
    ----------
    text
        Content of the file.
    version
        The version wanted.

    Returns
    -------
    str or None
        The new content; None where it pins no version with ``==``.

    Examples
    --------
    >>> moved_pin('dependencies = ["tidemill[all]==0.1.0", "spacy"]', "0.2.0")
    'dependencies = ["tidemill[all]==0.2.0", "spacy"]'
    """
    return _PIN.sub(lambda result: f"{result[1]}{version}", text) if _PIN.search(text) else None


def _replaced_defaults(root: Path) -> list[str]:
    """List the project's files that take the place of a default of the package: an upgrade cannot add keys to them."""
    packaged = (file.relative_to(DEFAULTS) for file in sorted(DEFAULTS.glob("*/*.yaml")))
    return [str(CONF / path) for path in packaged if (root / CONF / path).is_file()]


def _is_older(version: str, other: str) -> bool:
    """Tell whether a version comes before another; of the same number, one in the making comes before the release.

    >>> _is_older("0.9.1", "0.10.0"), _is_older("0.2.0.dev0", "0.2.0"), _is_older("0.2.0", "0.2.0")
    (True, True, False)
    """
    return _order(version) < _order(other)


def _order(version: str) -> tuple[tuple[int, ...], bool, tuple[int, ...]]:
    number, _, making = version.partition(".dev")
    return tuple(map(int, re.findall(r"\d+", number)[:3])), not making, tuple(map(int, re.findall(r"\d+", making)))
