"""A class that a problem gets later: named by a person, put behind the others, so that indices in votes stay what they are."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tidemill.apps.onboarding.class_labels import find_classes
from tidemill.common.class_names import fold
from tidemill.common.edited_yaml import dump_yaml, load_yaml, yaml_text
from tidemill.common.files import atomic_write
from tidemill.common.locks import locked
from tidemill.contracts import ConfigError
from tidemill.ingest.settings import IngestSettings
from tidemill.project.compose import compose_all, refuse_stale_reading
from tidemill.project.config import load_params
from tidemill.project.layout import CONF
from tidemill.project.project import Project


@contextlib.contextmanager
def added_class(project: Project, problem: str, name: str) -> Iterator[tuple[str, ...]]:
    """Add a class to a problem's configuration, and take it back where the block fails.

    Parameters
    ----------
    project
        The project; ``conf/problem/<problem>.yaml`` and what is composed from it are changed.
    problem
        Name of the problem.
    name
        Of the class.

    Yields
    ------
    tuple of str
        All classes, the new one last.

    Raises
    ------
    ConfigError
        The problem has it already, its classes are in another file, or ``params.yaml`` is stale.
    DataError
        The name is reserved, or there are too many classes.
    """
    with locked(
        project.paths(problem).state / "locks" / "classes.lock"
    ):  # of two at once, one would put back what it read
        yield from _added(project, problem, name)


def _added(project: Project, problem: str, name: str) -> Iterator[tuple[str, ...]]:
    refuse_stale_reading(project, problem)
    known = project.load(problem, "ingest", IngestSettings)[0].classes
    classes = _with(known, name.strip())
    file = project.root / CONF / "problem" / f"{problem}.yaml"
    before = file.read_text(encoding="utf-8")
    editor, content = load_yaml(before)
    listed = (content.get("problem") or {}).get("classes")
    if listed is None or tuple(listed) != known:
        raise ConfigError(
            f"{file} does not list the classes {', '.join(known)} at problem.classes: add {name!r} where they are"
        )
    listed.append(yaml_text(classes[-1]))
    overrides = load_params(project.params).get("overrides", [])
    try:
        with atomic_write(file) as part:
            part.write_text(dump_yaml(editor, content), encoding="utf-8")
        compose_all(project, overrides)
        yield classes
    except BaseException:
        with atomic_write(file) as part:
            part.write_text(before, encoding="utf-8")
        compose_all(project, overrides)
        raise


def _with(known: tuple[str, ...], name: str) -> tuple[str, ...]:
    same = next((one for one in known if fold(one) == fold(name)), None)
    if same is not None:
        raise ConfigError(f"there is a class {same!r} already; its labels are added with `tidemill gold add`")
    return find_classes([*known, name], [], "the new class")[0]
