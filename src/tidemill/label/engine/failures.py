"""Failures of labeling functions: which one, on which row, why. A failure is never taken for an abstain."""

from __future__ import annotations

import signal
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tidemill.contracts import FunctionError

_PACKAGE = str(Path(__file__).parents[1])  # tidemill.label


@dataclass(frozen=True)
class Failure:
    """One labeling function on one row; ``row`` is None where it failed on the whole table."""

    function: str
    where: str
    row: int | None
    row_id: str | None
    reason: str

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        row = "all rows" if self.row is None else f"row {self.row} (row_id {self.row_id})"
        return f"labeling function {self.function}{place}, {row}: {self.reason}"


OnError = Callable[[Failure], None]


def fail(failure: Failure) -> None:
    """Stop at the first failure.

    Parameters
    ----------
    failure
        What a labeling function did on a row.

    Raises
    ------
    FunctionError
        Always: it names function, row and reason.
    """
    raise FunctionError(str(failure))


class Quarantine:
    """Collect failures and continue; too many failures of one labeling function stop the run."""

    def __init__(self, *, limit: int) -> None:
        self.limit = limit
        self.failures: list[Failure] = []
        self.counts: Counter[str] = Counter()

    def __call__(self, failure: Failure) -> None:
        """Keep one failure, or stop the run."""
        self.failures.append(failure)
        self.counts[failure.function] += 1
        if self.counts[failure.function] > self.limit:
            raise FunctionError(
                f"{failure}\nthat is more than the {self.limit} failures that label.max_failures allows"
            )


def can_be_interrupted() -> bool:
    """Decide whether a ``KeyboardInterrupt`` may come from a person.

    Returns
    -------
    bool
        False where the process ignores that signal, as workers do: a labeling function has raised it.
    """
    return signal.getsignal(signal.SIGINT) is not signal.SIG_IGN


def traceback_of(error: BaseException) -> str:
    """Format the traceback of an error from the labeling function on.

    Parameters
    ----------
    error
        What a labeling function raised.

    Returns
    -------
    str
        Python's traceback without the frames of this package that called the function; of a helper that is imported too late, what helps.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_PACKAGE):
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace)).rstrip() + _hint(error, trace)


def _hint(error: BaseException, trace: TracebackType | None) -> str:
    if not isinstance(error, ModuleNotFoundError) or trace is None or not error.name:
        return ""
    helper = Path(trace.tb_frame.f_code.co_filename).parent / f"{error.name.replace('.', '/')}.py"
    return (
        f"\nImport {error.name} at the head of the file: files beside it are found while it is loaded"
        if helper.is_file()
        else ""
    )
