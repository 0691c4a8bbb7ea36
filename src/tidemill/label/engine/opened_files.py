"""Files beside labeling functions that are opened while functions vote: no fingerprint of a function covers them."""

from __future__ import annotations

import contextlib
import inspect
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tidemill.label.engine.readable import is_within

_OPENING: Final = frozenset({"open", "os.listdir", "os.scandir", "sqlite3.connect"})
_IMPORT: Final = "<frozen importlib"
"""What imports modules, which looks into folders; modules are covered."""
_CODE: Final = (".py", ".pyc", ".so")
"""Suffixes of modules."""


class OpenedFiles:
    """What files of labeling functions have opened of their own folders while they voted.

    Attributes
    ----------
    of : dict of str to str
        A path that was opened, by file of functions.
    """

    def __init__(self) -> None:
        self.of: dict[str, str] = {}
        self._files: dict[str, str] = {}
        self._folders: tuple[str, ...] = ()
        self._voting = False

    def watch(self, files: Sequence[str]) -> None:
        """Look out from now on; what libraries in other languages open is not seen.

        Parameters
        ----------
        files
            Python files of labeling functions.
        """
        self._files = {os.path.realpath(file): file for file in files}
        self._folders = tuple({str(Path(file).parent) for file in self._files})
        sys.addaudithook(self._see)

    @contextlib.contextmanager
    def while_voting(self) -> Iterator[None]:
        """Take what is opened in the block for opened by functions that vote.

        Yields
        ------
        None
        """
        self._voting = True
        try:
            yield
        finally:
            self._voting = False

    def _see(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._voting or event not in _OPENING or not isinstance(arguments[0], str | bytes):
            return
        path = os.fsdecode(arguments[0]).removeprefix("file:").partition("?")[0]
        if path.endswith(_CODE) or not is_within(os.path.realpath(path), self._folders):
            return
        frame = inspect.currentframe()  # who opens it is known from the calls alone
        while frame is not None and not frame.f_code.co_filename.startswith(_IMPORT):
            file = self._files.get(os.path.realpath(frame.f_code.co_filename))
            if file is not None:
                self.of.setdefault(file, path)
            frame = frame.f_back
