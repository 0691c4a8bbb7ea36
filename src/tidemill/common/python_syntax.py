"""Python source as a syntax tree, from whatever thread."""

from __future__ import annotations

import ast
import threading
from typing import Final

_ONE_AT_A_TIME: Final = threading.Lock()


def parse_python(source: str | bytes) -> ast.Module:
    """Parse Python source.

    Python 3.11 counts the depth of trees that it makes for all threads together, and ends with a SystemError where two threads
    parse at once (CPython issue 106905), as problems do that one flow refreshes side by side.

    Parameters
    ----------
    source
        Of a module.

    Returns
    -------
    ast.Module

    Raises
    ------
    SyntaxError
        It is not Python.
    """
    with _ONE_AT_A_TIME:
        return ast.parse(source)
