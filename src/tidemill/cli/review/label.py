"""`tidemill review label`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from typer import Option

from tidemill.cli.options import ProblemName
from tidemill.cli.project import open_for_rows
from tidemill.common.spelling import counted


def label(
    problem: ProblemName,
    *,
    most: Annotated[int, Option("--most", metavar="N", min=1, help="number of rows")] = 50,
    batch: Annotated[str | None, Option(metavar="BATCH", help="rows of this batch alone (default: of all)")] = None,
    audit: Annotated[
        float, Option(metavar="SHARE", min=0, max=1, help="share of rows drawn at random, shown without votes")
    ] = 0.2,
    who: Annotated[
        str | None, Option(metavar="ID", help="id of the person, such as r07; no name (default: of this checkout)")
    ] = None,
    seed: Annotated[int, Option(metavar="N", min=0, help="of the draw")] = 7,
) -> None:
    """Label rows at the terminal.

    A row is shown with its votes, a key answers. Rows are picked as `tidemill gold sample` picks them. Each answer is kept at once, so it may end at any row. Digits and letters are
    classes, s skips, u takes the last answer back, q ends. Where keys come through a pipe, each character is one.

    Examples
    --------
    tidemill review label spam --most 20
    tidemill review label spam --batch email-2 --who r07
    """
    from tidemill.apps.gold.sample import SampleRequest
    from tidemill.apps.review.terminal import label_rows

    request = SampleRequest(most=most, batch=batch, audit=audit, seed=seed)
    done = label_rows(open_for_rows(problem), problem, request, _Keys(), print, who=who)
    print(
        f"\n{problem}: {counted(done.labeled, 'row has', 'rows have')} a label now, {counted(done.skipped, 'was', 'were')} skipped, {counted(done.left, 'is', 'are')} left"
    )
    if done.labeled:
        print(f"next: git commit -m 'Labels of {problem}' data/{problem}, then: tidemill run problem={problem}")


class _Keys:
    """Keys one by one: those that are pressed while an answer is kept come all at once from a terminal."""

    def __init__(self) -> None:
        self._left = ""

    def __call__(self) -> str:
        self._left = self._left or self._read()
        is_sequence = self._left.startswith("\x1b")  # of an arrow, say: one key
        key, self._left = (self._left, "") if is_sequence else (self._left[:1], self._left[1:])
        return key

    def _read(self) -> str:
        sys.stdout.flush()
        if not sys.stdin.isatty():
            key = sys.stdin.read(1)
            return key if not key.isspace() else self._read()
        try:
            return str(typer.getchar())
        except (EOFError, KeyboardInterrupt):
            return ""
