"""The errors that every package raises.

The exception tree::

    TidemillError
    ├── ConfigError          a setting is unknown, missing or stale
    ├── DataError            a row, column, file or table breaks its contract
    │   ├── NoRowsError      a file is whole, and has no row
    │   ├── InputError       an argument of the public API is not what it promises; also a ValueError
    │   ├── RequestError     a request to the service cannot be answered as it is
    │   └── SuiteError       a Great Expectations suite failed on a finished table
    ├── NotFittedError       an estimator was asked before it was fitted; also a ValueError and an AttributeError
    ├── FunctionError        a labeling function raised or returned a wrong vote
    ├── PackageError         a pinned data or weights package cannot be fetched or is not what was pinned
    ├── RunError             a stage of a run failed
    └── PublishError         a run's result cannot be published
"""

from __future__ import annotations


class TidemillError(Exception):
    """An error that the user can correct; the message says how."""


class ConfigError(TidemillError):
    """A setting is unknown, missing or stale."""


class DataError(TidemillError):
    """A row, column, file or table breaks its contract."""


class NoRowsError(DataError):
    """A file has no row: nothing to learn from, and nothing to answer."""


class InputError(DataError, ValueError):
    """An argument of the public API is not what it promises; a ``ValueError`` too, as scikit-learn's users expect."""


class NotFittedError(TidemillError, ValueError, AttributeError):
    """An estimator was used before it was fitted; of the same kinds as scikit-learn's error of that name."""


class RequestError(DataError):
    """A request to the service cannot be answered as it is; ``row`` is counted from 1, ``status`` is HTTP's."""

    def __init__(self, message: str, *, status: int, row: int | None = None) -> None:
        super().__init__(message)
        self.status, self.row = status, row


class SuiteError(DataError):
    """A Great Expectations suite failed on a finished table."""


class FunctionError(TidemillError):
    """A labeling function raised or returned a wrong vote."""


class PackageError(TidemillError):
    """A pinned data or weights package cannot be fetched or is not what was pinned."""


class RunError(TidemillError):
    """A stage of a run failed."""


class PublishError(TidemillError):
    """A run's result cannot be published."""
