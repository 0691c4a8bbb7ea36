"""The code that a script reaches: which statements of which modules of a package run, or may run, when it does.

The walk is static. It starts with all of a script and follows names: a statement reaches the definitions whose names it
reads, in its own module or, through imports at the top or inside functions, in others. Where it cannot decide, it takes
more: a module that is passed around, read by ``globals()`` or named in a string counts whole. An import also runs what
its module does by itself: statements that bind no name, decorators and base classes that register, and so on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from tidemill.project.stage_code.module_syntax import REACHES_ALL, ModuleSyntax, Statement

_PURE: Final = frozenset({"abc", "contextlib", "dataclasses", "enum", "functools", "typing"})
"""Modules whose decorators and functions register nothing of the package."""
_BUILTIN: Final = frozenset({"property", "staticmethod", "classmethod"})


class Modules(Protocol):
    """The modules of a package, by dotted name."""

    def get(self, name: str) -> ModuleSyntax | None:
        """Look up a module's syntax.

        Parameters
        ----------
        name
            Dotted name of the module.

        Returns
        -------
        ModuleSyntax or None
            None where the package has no such module.
        """

    def file_named(self, text: str) -> str | None:
        """Look up the package's file, other than Python, that a string names.

        Parameters
        ----------
        text
            String in the code, which may be anything.

        Returns
        -------
        str or None
            Name of the file; None where the string names none.
        """


@dataclass
class Reached:
    """What a walk has reached.

    Attributes
    ----------
    statements
        Module and indices of its statements.
    files
        Files other than Python that reached statements name.
    """

    statements: dict[str, set[int]] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)


def reach(script: str, modules: Modules, *, opens: Mapping[str, tuple[str, ...]] | None = None) -> Reached:
    """Collect the statements that a script reaches.

    Parameters
    ----------
    script
        Dotted name of the module that is run.
    modules
        Modules of the package.
    opens
        ``module:name`` of functions that run code of others, and the modules which that code may import whole.

    Returns
    -------
    Reached
        Statements by module, and files that they name.
    """
    walk = _Walk(modules, opens or {})
    walk.whole(script, as_main=True)
    walk.run()
    return walk.reached


class _Walk:
    def __init__(self, modules: Modules, opens: Mapping[str, tuple[str, ...]]) -> None:
        self.modules, self.opens = modules, opens
        self.reached = Reached()
        self._imported: set[str] = set()
        self._whole: set[str] = set()
        self._left: deque[tuple[str, int]] = deque()

    def run(self) -> None:
        while self._left:
            self._follow(*self._left.popleft())

    def whole(self, name: str, *, as_main: bool = False) -> None:
        """Reach all of a module, and what it binds by importing."""
        module = self.modules.get(name)
        if module is None or name in self._whole:
            return
        self._whole.add(name)
        self._import(name)
        for index, statement in enumerate(module.statements):
            if as_main or not _is_main(statement):
                self._add(name, index)
        if module.is_package:
            for target in module.imports.values():
                self._target(target, [])

    def _add(self, name: str, index: int) -> None:
        reached = self.reached.statements.setdefault(name, set())
        if index not in reached:
            reached.add(index)
            self._left.append((name, index))

    def _import(self, name: str) -> None:
        """Reach what a module does when it is imported; its packages are imported first."""
        if name in self._imported or (module := self.modules.get(name)) is None:
            return
        self._imported.add(name)
        self.reached.statements.setdefault(name, set())
        if "." in name:
            self._import(name.rpartition(".")[0])
        for other in module.runs:
            self._import(other)
        for star in module.stars:
            self.whole(star)
        for index, statement in enumerate(module.statements):
            if not _is_main(statement) and self._acts(statement, name, module):
                self._add(name, index)

    def _acts(self, statement: Statement, name: str, module: ModuleSyntax) -> bool:
        if statement.kind == "action":
            return True
        return any(self._is_active(use, statement, name, module) for use in statement.applied)

    def _is_active(self, use: str, statement: Statement, name: str, module: ModuleSyntax) -> bool:
        """Tell whether calling, decorating with or inheriting from a name may do more than give a value."""
        root, _, rest = use.partition(".")
        target = module.imports.get(root)
        if target is None and not any(root in item.names for item in module.statements):
            return statement.kind == "definition" and root not in _BUILTIN and not _is_class_name(root)
        result = self._definition(f"{name}:{root}" if target is None else target, rest)
        if result is None:
            library = (target or "").partition(":")[0].partition(".")[0]
            inherits = _is_class_name(use.rpartition(".")[2])
            return statement.kind == "definition" and library not in _PURE and not inherits
        place, definition = result
        if not _is_class_name(definition.names[0]):
            return definition.kind == "definition" or "." in use
        syntax = self.modules.get(place)
        return definition.registers or (
            syntax is not None and any(self._is_active(item, definition, place, syntax) for item in definition.applied)
        )

    def _definition(self, target: str, rest: str) -> tuple[str, Statement] | None:
        """Find the statement of the package that a target stands for."""
        name, _, attribute = target.partition(":")
        parts = [part for part in (attribute, *rest.split(".")) if part]
        while parts and self.modules.get(f"{name}.{parts[0]}") is not None:
            name, parts = f"{name}.{parts[0]}", parts[1:]
        module = self.modules.get(name)
        if module is None or not parts:
            return None
        for statement in reversed(module.statements):
            if parts[0] in statement.names:
                return name, statement
        further = module.imports.get(parts[0])
        return None if further is None else self._definition(further, ".".join(parts[1:]))

    def _follow(self, name: str, index: int) -> None:
        """Reach what one statement uses."""
        module = self.modules.get(name)
        assert module is not None  # noqa: S101 - it was added as a module of the package
        statement = module.statements[index]
        inside: dict[str, list[str]] = {}
        for local, target in statement.imports:
            inside.setdefault(local, []).append(target)
            self._import_target(target)
            if local == "*":
                self.whole(target.rstrip(":"))
        for use in statement.uses:
            root, *rest = use.split(".")
            if root in REACHES_ALL:
                self.whole(name, as_main=root == "__file__")
            for target in inside.get(root, ()):
                self._target(target, rest)
            self._name(name, root, rest, else_whole=False)
        for text in statement.strings:
            self._string(text, name)
        for bound in statement.names:
            for opened in self.opens.get(f"{name}:{bound}", ()):
                self.whole(opened)

    def _import_target(self, target: str) -> None:
        module, _, attribute = target.partition(":")
        self._import(module)
        if attribute:
            self._import(f"{module}.{attribute}")

    def _target(self, target: str, rest: list[str]) -> None:
        """Reach what an imported name stands for."""
        module, _, attribute = target.partition(":")
        if self.modules.get(module) is None:
            return
        self._import(module)
        self._attribute(module, [*([attribute] if attribute else []), *rest])

    def _attribute(self, name: str, parts: list[str]) -> None:
        """Reach a dotted name within a module; a module that is passed around is reached whole."""
        if not parts:
            self.whole(name)
        elif self.modules.get(f"{name}.{parts[0]}") is not None and not self._binds(name, parts[0]):
            self._import(f"{name}.{parts[0]}")
            self._attribute(f"{name}.{parts[0]}", parts[1:])
        else:
            self._name(name, parts[0], parts[1:], else_whole=True)

    def _binds(self, name: str, local: str) -> bool:
        module = self.modules.get(name)
        return module is not None and (
            local in module.imports or any(local in statement.names for statement in module.statements)
        )

    def _name(self, name: str, local: str, rest: list[str], *, else_whole: bool) -> None:
        """Reach a name as a module binds it."""
        module = self.modules.get(name)
        assert module is not None  # noqa: S101 - callers have seen that it is one
        binding = [index for index, statement in enumerate(module.statements) if local in statement.names]
        for index in binding:
            self._add(name, index)
        if local in module.imports:
            self._target(module.imports[local], rest)
        elif not binding and else_whole:
            self._unknown(name, local, module)

    def _unknown(self, name: str, local: str, module: ModuleSyntax) -> None:
        lazy = [index for index, statement in enumerate(module.statements) if "__getattr__" in statement.names]
        for index in lazy:
            self._add(name, index)
        if not lazy and not any(self._binds(star, local) for star in module.stars):
            self.whole(name, as_main=True)

    def _string(self, text: str, name: str) -> None:
        absolute = f"{name}{text}" if text.startswith(".") else text
        if self.modules.get(absolute) is not None:
            self.whole(absolute, as_main=True)
        elif (file := self.modules.file_named(text)) is not None:
            self.reached.files.add(file)


def _is_main(statement: Statement) -> bool:
    return statement.kind == "action" and "__name__" in statement.uses


def _is_class_name(name: str) -> bool:
    return name.lstrip("_")[:1].isupper()
