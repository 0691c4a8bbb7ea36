"""Names that a package exports and loads when they are first asked for (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_exports(
    package: str, homes: Mapping[str, str], needs: Mapping[str, str] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make the functions ``__getattr__`` and ``__dir__`` of a package.

    Parameters
    ----------
    package
        Name of the package.
    homes
        Name that it exports, to the module that has it.
    needs
        Name that it exports, to a library without which it is of no use; where the library is missing, asking for the name
        raises ``ModuleNotFoundError`` with the command that installs it.

    Returns
    -------
    tuple of Callable
        The two functions.

    Examples
    --------
    >>> getattribute, directory = lazy_exports("tidemill.common.lazy", {"closest": "tidemill.common.spelling"})
    >>> getattribute("closest")("spma", ["spam"]), "closest" in directory()
    ('spam', True)
    """

    def getattribute(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        if needs is not None and name in needs:
            from tidemill.common.extras import require

            require(needs[name])
        value = getattr(import_module(homes[name]), name)
        vars(sys.modules[package])[name] = value
        return value

    def directory() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes})

    return getattribute, directory
