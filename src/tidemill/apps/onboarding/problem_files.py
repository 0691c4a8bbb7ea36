"""Files that make a problem known to its project, and what becomes of them where making it fails."""

from __future__ import annotations

import contextlib
import keyword
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tidemill.common.edited_yaml import dump_yaml, load_yaml
from tidemill.common.files import atomic_write
from tidemill.common.locks import locked
from tidemill.contracts import STAGES, ConfigError
from tidemill.project.layout import CONF, Paths
from tidemill.project.project import Project
from tidemill.project.unfinished_problems import begin_problem, files_of_problem, lock_of_problems, remove_problem

_TAKEN: Final = {*STAGES, "problem", "problems", "overrides", "experiment", "all", "packages", "incoming"}
_OTHER_IN_YAML: Final = {"yes", "no", "on", "off", "true", "false", "null", "nan", "inf"}
"""Words that YAML or Hydra read as something else than text."""

_OF_HYDRA: Final = ("_group_", "_name_", "_global_", "_here_")
"""What Hydra replaces in the place that a configuration has, which is the name of the problem."""


@contextlib.contextmanager
def all_or_nothing(paths: Paths, source: Path, project: Project) -> Iterator[None]:
    """Leave a project as it was where making a problem fails: changed files are put back, and those that were made are removed.

    One problem is made at a time: another that begins meanwhile waits.

    Parameters
    ----------
    paths
        Of the problem, relative to the project.
    source
        Where its data came from, which stays.
    project
        The project.
    """
    with locked(lock_of_problems(project)):  # what is put back must not be from before another's problem
        name, root = paths.name, project.root
        check_name(name, root)
        shared = [root / CONF / "config.yaml", *(root / file for file in ("dvc.yaml", "params.yaml", "code.yaml"))]
        before = {path: path.read_bytes() for path in shared if path.exists()}
        kept = [*files_of_problem(name, root), source]
        note = begin_problem(project, name, kept)
        try:
            yield
        except BaseException:
            remove_problem(name, root, kept)
            for path in shared:
                _put_back(path, before.get(path))
            note.unlink(missing_ok=True)
            raise
        note.unlink(missing_ok=True)


def _put_back(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink(missing_ok=True)
    elif path.read_bytes() != content:
        with atomic_write(path) as part:
            part.write_bytes(content)


def check_name(name: str, root: Path) -> None:
    """Refuse a name that cannot be a problem's, or is taken.

    Parameters
    ----------
    name
        Name of a new problem.
    root
        The project's folder.

    Raises
    ------
    ConfigError
        Says what a name is made of, or which file has it already.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name) or name in _TAKEN:
        raise ConfigError(f"{name!r} cannot be a problem's name: use a word of a-z, 0-9 and _ that is not a stage's")
    if name in _OTHER_IN_YAML:
        raise ConfigError(f"{name!r} cannot be a problem's name: YAML reads it as something else than text")
    if found := next((word for word in _OF_HYDRA if word in name), None):
        raise ConfigError(f"{name!r} cannot be a problem's name: Hydra replaces {found!r} in it by another word")
    for path in (root / CONF / "problem" / f"{name}.yaml", root / "src/problems" / name, root / "data" / name):
        if path.exists():
            raise ConfigError(f"there is a problem {name!r} already ({path.relative_to(root)}): choose another name")


def with_problem(text: str, name: str, *, has_facts: bool = False) -> str:
    """Add a problem to ``conf/config.yaml``.

    Parameters
    ----------
    text
        Content of the file.
    name
        Name of the problem.
    has_facts
        Whether it is a relation problem, which has a stage ``facts``.

    Returns
    -------
    str
        Content with it.
    """
    editor, content = load_yaml(text)
    content["defaults"].insert(content["defaults"].index("_self_"), {f"problem@{name}": name})
    content["problems"].append(name)
    if has_facts:
        content.setdefault("relations", []).append(name)
    return dump_yaml(editor, content)


def with_artifact(text: str, name: str) -> str:
    """Add the model of a problem to the artifacts of ``dvc.yaml``.

    Parameters
    ----------
    text
        Content of the file.
    name
        Name of the problem.

    Returns
    -------
    str
        Content with it.
    """
    from ruamel.yaml.comments import CommentedMap

    editor, content = load_yaml(text)
    entry = CommentedMap({"type": "model", "path": f"models/{name}/candidate", "desc": f"model of {name}"})
    entry.fa.set_flow_style()
    content.setdefault("artifacts", CommentedMap())[name] = entry
    return dump_yaml(editor, content)
