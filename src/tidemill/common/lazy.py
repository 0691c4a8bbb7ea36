"""Names that a package exports and loads when they are first asked for (PEP 562).

A package that does so defines ``__getattr__`` and ``__dir__`` itself, so that whoever reads it, people and programs, sees
that importing it loads nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any


def load_export(package: str, name: str, homes: Mapping[str, str], needs: Mapping[str, str] | None = None) -> Any:
    """Load what a package exports, for its ``__getattr__``.

    Parameters
    ----------
    package
        Name of the package.
    name
        The object of that name.
    homes
        Each name that the package exports, and the module that has it.
    needs
        Names that are of no use without a library, and that library.

    Returns
    -------
    Any
        It is bound in the package too, so that the package is not asked again.

    Raises
    ------
    AttributeError
        The package exports no such name.
    ModuleNotFoundError
        The library is missing; the message has the command that installs it.

    Examples
    --------
    >>> load_export("tidemill.common.lazy", "closest", {"closest": "tidemill.common.spelling"})("spma", ["spam"])
    'spam'
    """
    if name not in homes:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    if needs is not None and name in needs:
        from tidemill.common.extras import require

        require(needs[name])
    value = getattr(import_module(homes[name]), name)
    vars(sys.modules[package])[name] = value
    return value


def exported_names(package: str, homes: Mapping[str, str]) -> list[str]:
    """List what a package has and exports, for its ``__dir__``.

    Parameters
    ----------
    package
        Name of the package.
    homes
        Each name that it exports, and the module that has it.

    Returns
    -------
    list of str
        In alphabetical order.
    """
    return sorted({*vars(sys.modules[package]), *homes})
