"""Write ``docs/reports.md`` from the models: every file, its fields, their types and what they mean.

``python -m tidemill.reports.documentation`` writes it anew; a test fails where it is not what the models say.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args, get_origin

from pydantic import JsonValue
from pydantic.fields import FieldInfo

import tidemill.reports
from tidemill.common.files import atomic_write
from tidemill.reports.base import Part, Report

PAGE: Final = Path("docs") / "reports.md"
_HEAD: Final = """# Reports and records

<!-- Written by `python -m tidemill.reports.documentation` from the models in src/tidemill/reports. Do not edit. -->

Every report and record in JSON is written and read through a model in `src/tidemill/reports`. A file names its `format`, a whole number that
is raised when a field changes its name or meaning. A file that is torn, of another format or with a wrong value is refused with its name, the
field, the value and what to do. Fields marked *optional* are left out of the file where they do not apply.

Not here is what one module alone writes and reads: weights and vocabularies of a model's `members/`, votes kept between runs, notes from one
stage to a later one.
"""


def page() -> str:
    """Generate the content of ``docs/reports.md`` from the models of the reports.

    Returns
    -------
    str
        Markdown.
    """
    return "\n".join([_HEAD, *(line for name in _packages() for line in _package(name))]).rstrip("\n") + "\n"


def _packages() -> list[str]:
    others = {"base", "documentation"}
    return [module.name for module in pkgutil.iter_modules(tidemill.reports.__path__) if module.name not in others]


def _package(name: str) -> Iterator[str]:
    module = importlib.import_module(f"tidemill.reports.{name}")
    own = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, Part)]
    kinds = [kind for kind in own if kind.__module__ == module.__name__]
    yield from (f"## {name}", "", (module.__doc__ or "").strip(), "")
    for kind in (*_files(kinds), *(kind for kind in kinds if not issubclass(kind, Report))):
        yield from _kind(kind)


def _files(kinds: list[type[Part]]) -> list[type[Part]]:
    return [kind for kind in kinds if issubclass(kind, Report)]


def _kind(kind: type[Part]) -> Iterator[str]:
    title = f"### {kind.__name__}"
    if issubclass(kind, Report):
        yield from (f"{title}: `{kind.FILE}`, format {kind.FORMAT}", "")
    else:
        yield from (title, "")
    yield from (" ".join((kind.__doc__ or "").split()), "", "| field | type | |", "| --- | --- | --- |")
    for name, field in kind.model_fields.items():
        yield f"| `{name}` | {_type(field)} | {_cell(field.description or '')} |"
    yield ""


def _type(field: FieldInfo) -> str:
    optional = "" if field.is_required() else ", optional"
    return _cell(_named(_without_none(field) if optional else field.annotation, field.metadata) + optional)


def _without_none(field: FieldInfo) -> Any:
    kinds = [kind for kind in get_args(field.annotation) if kind is not types.NoneType]
    return kinds[0] if field.default is None and len(kinds) == 1 else field.annotation


def _named(kind: Any, metadata: list[Any] | tuple[Any, ...] = ()) -> str:
    """Name a type as a reader of JSON knows it."""
    if kind is JsonValue:
        return "JSON"
    if isinstance(kind, type) and not get_args(kind):
        named = f"[{kind.__name__}](#{_anchor(kind)})" if issubclass(kind, Part) else _PLAIN[kind]
        return named + _limits(metadata)
    return _made_of(get_origin(kind), get_args(kind))


def _made_of(origin: Any, inner: tuple[Any, ...]) -> str:
    if origin is Annotated:
        return _named(inner[0], getattr(inner[1], "metadata", ()))
    if origin is Literal:
        return " or ".join(f'"{value}"' for value in inner)
    if origin is dict:
        return f"object of {_named(inner[1])}"
    if origin is tuple:
        return f"list of {_named(inner[0])}" if inner[-1] is Ellipsis else f"[{', '.join(map(_named, inner))}]"
    return " or ".join(_named(kind) for kind in inner)


_PLAIN: Final[dict[Any, str]] = {
    str: "string",
    int: "whole number",
    float: "number",
    bool: "true or false",
    types.NoneType: "null",
    object: "anything",
}


def _limits(metadata: list[Any] | tuple[Any, ...]) -> str:
    low = next((item.ge for item in metadata if getattr(item, "ge", None) is not None), None)
    high = next((item.le for item in metadata if getattr(item, "le", None) is not None), None)
    if low is None:
        return ""
    return f" from {low:g}" + ("" if high is None else f" to {high:g}")


def _anchor(kind: type[Part]) -> str:
    title = f"{kind.__name__}: {kind.FILE}, format {kind.FORMAT}" if issubclass(kind, Report) else kind.__name__
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def main() -> None:
    """Write the page below the folder given, or this one."""
    target = Path(*sys.argv[1:2]) / PAGE
    with atomic_write(target) as path:
        path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
