"""A class that a problem gets later: named by a person, put behind the others, so that indices in votes stay what they are."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from tidemill.apps.onboarding.class_labels import find_classes
from tidemill.common.class_names import fold
from tidemill.common.edited_yaml import dump_yaml, load_yaml, yaml_text
from tidemill.common.files import atomic_write
from tidemill.common.locks import locked
from tidemill.contracts import ConfigError, DataError
from tidemill.ingest.row_errors import RowErrors
from tidemill.ingest.settings import IngestSettings
from tidemill.ingest.values import gold, with_usual_names
from tidemill.project.batches import arrivals, source_of
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


@dataclass(frozen=True)
class LabelsThere:
    """Rows of files that are in whose label is the name of a class that the problem did not have.

    Parameters
    ----------
    rows : dict of str to int
        By batch, where there are some: the next ingest gives them the class.
    unread : dict of str to str
        Batches whose file cannot be read now, and why.
    """

    rows: dict[str, int]
    unread: dict[str, str]


def labels_there(project: Project, problem: str) -> LabelsThere:
    """Count the rows of files that are in which are labeled with the last class: until it was one, a word such as none meant no label.

    Parameters
    ----------
    project
        The project, to which the class is added.
    problem
        Name of the problem.

    Returns
    -------
    LabelsThere
        Each file is read again, as ingest does.
    """
    known, settings, paths = project.load(problem, "ingest", IngestSettings)
    last = len(known.classes) - 1
    result = LabelsThere({}, {})
    if settings.gold is None or settings.candidates is not None:  # candidates are labeled by facts
        return result
    for arrival in arrivals(paths.manifest):
        try:
            table = with_usual_names(source_of(arrival, paths).table(settings), settings.columns)
            labels = gold(table, settings, known.classes, RowErrors(table, "quarantine"))
        except DataError as error:
            result.unread[arrival.batch] = str(error)
            continue
        if count := labels.count(last):
            result.rows[arrival.batch] = count
    return result
