"""An edited labeling function written to its file, unless somebody else has changed that function meanwhile."""

from __future__ import annotations

from pathlib import Path

from tidemill.apps.studio.function_file import Entry, appended, entries, one_function, removed, replaced
from tidemill.apps.studio.workspace import Workspace
from tidemill.common.files import atomic_write
from tidemill.common.locks import locked
from tidemill.contracts import ConfigError
from tidemill.label.functions.declared import declared_functions
from tidemill.label.functions.loading import files_of, refuse_bad_names
from tidemill.label.functions.yaml_lines import parse_yaml


class ConflictError(ConfigError):
    """Somebody else has changed meanwhile what a person is changing.

    Attributes
    ----------
    current
        YAML of the function as the file has it now, or label of the row; None: it is gone.
    """

    def __init__(self, message: str, current: str | None) -> None:
        super().__init__(message)
        self.current = current


def save(workspace: Workspace, file: str, text: str, *, began_with: str | None, name: str | None) -> Entry:
    """Write a labeling function to its YAML file.

    Functions that others have changed in the same file meanwhile stay as they have made them.

    Parameters
    ----------
    workspace
        The problem.
    file
        Name of the YAML file; a new one is made where ``began_with`` is None.
    text
        YAML of the function.
    began_with
        YAML of the function when the editor opened it; None: the function is new.
    name
        Its name then.

    Returns
    -------
    Entry
        The function as the file has it now.

    Raises
    ------
    ConflictError
        The function was changed, renamed or taken away meanwhile; nothing is written.
    ConfigError
        The YAML is wrong, or another function has that name; nothing is written.
    """
    path = workspace.file(file, new=began_with is None)
    with workspace.lock, locked(workspace.project.state / f"studio-{workspace.name}.lock"):
        before = path.read_bytes() if path.exists() else b""
        whole = before.decode("utf-8")
        one_function(text, path)
        result = appended(whole, path, text) if began_with is None else _replaced(whole, path, text, began_with, name)
        _check(workspace, path, whole, result)
        _write(path, result, before)
    written = entries(result, path)
    return written[-1] if began_with is None else written[_place(entries(whole, path), began_with, name)]


def delete(workspace: Workspace, file: str, *, began_with: str, name: str) -> None:
    """Take a labeling function, or a template of several, out of its YAML file.

    Parameters
    ----------
    workspace
        The problem.
    file
        Name of the YAML file.
    began_with
        YAML of the function as it was shown.
    name
        Its name.

    Raises
    ------
    ConflictError
        The function was changed, renamed or taken away meanwhile; nothing is written.
    ConfigError
        There is no such file.
    """
    path = workspace.file(file)
    with workspace.lock, locked(workspace.project.state / f"studio-{workspace.name}.lock"):
        before = path.read_bytes()
        whole = before.decode("utf-8")
        known = entries(whole, path)
        result = removed(whole, known[_place(known, began_with, name)], path)
        if len(entries(result, path)) != len(known) - 1:
            raise ConfigError(f"{path}: the lines of {name} cannot be told from the rest: delete it in the file")
        _write(path, result, before)


def _replaced(whole: str, path: Path, text: str, began_with: str, name: str | None) -> str:
    known = entries(whole, path)
    return replaced(whole, known[_place(known, began_with, name)], text)


def _place(known: list[Entry], began_with: str, name: str | None) -> int:
    for place, entry in enumerate(known):
        if entry.name == name and entry.text == began_with:
            return place
    current = next((entry.text for entry in known if entry.name == name), None)
    change = "was changed" if current is not None else "was renamed or taken away"
    raise ConflictError(f"{name} {change} in the file while you edited it; nothing has been written", current)


def _check(workspace: Workspace, path: Path, before: str, after: str) -> None:
    """The whole file is right, its other functions are what they were, and all names differ."""
    classes, paths = workspace.view.classes, workspace.project.paths(workspace.name)
    functions = declared_functions(parse_yaml(after, path), classes, paths.closed)
    was, now = entries(before, path), entries(after, path)
    differing = [a for a, b in zip(was, now, strict=False) if a.text != b.text]
    if len(differing) > 1 or len(now) - len(was) not in {0, 1}:
        raise ConfigError(f"{path}: the text would change more than one function: check its indentation")
    others = [one for other in files_of(paths.functions) if other != path for one in workspace.functions_in(other)]
    refuse_bad_names([*others, *functions], paths.functions)


def _write(path: Path, text: str, before: bytes) -> None:
    """The moment between the look and the rename is all that an editor without our lock has."""
    with atomic_write(path) as temporary:
        temporary.write_bytes(text.encode("utf-8"))
        if (path.read_bytes() if path.exists() else b"") != before:
            raise ConflictError(f"{path.name} was changed while it was written; nothing has been written", None)
