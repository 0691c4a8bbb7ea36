"""What commands say of answers that they have fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from tidemill.common.spelling import counted

if TYPE_CHECKING:
    from tidemill.project.gold_history import Answer

_SHOWN: Final = 10


class NewAnswers(Protocol):
    """What came, of a tool or a platform."""

    @property
    def answers(self) -> tuple[Answer, ...]:
        """New lines of the history."""

    @property
    def known(self) -> int:
        """Answers that were there before."""

    @property
    def withdrawn(self) -> int:
        """Of the new lines, those that withdraw an answer."""

    @property
    def refused(self) -> tuple[str, ...]:
        """What cannot be an answer, with the reason."""


def answers_content(problem: str, done: NewAnswers, *, dry_run: bool) -> dict[str, object]:
    """Write what came as JSON content.

    Parameters
    ----------
    problem
        Name of the problem.
    done
        What came.
    dry_run
        Whether nothing is written.

    Returns
    -------
    dict
        Counts, and what was refused.
    """
    return {
        "problem": problem,
        "dry_run": dry_run,
        "added": len(done.answers) - done.withdrawn,
        "known": done.known,
        "withdrawn": done.withdrawn,
        "refused": list(done.refused),
    }


def answers_lines(problem: str, done: NewAnswers, more: str, *, dry_run: bool) -> list[str]:
    """Write what came in words.

    Parameters
    ----------
    problem
        Name of the problem.
    done
        What came.
    more
        Further counts.
    dry_run
        Whether nothing is written.

    Returns
    -------
    list of str
        Lines; the first ten refusals, and what to do next.
    """
    added = len(done.answers) - done.withdrawn
    would = " (dry run: nothing is written)" if dry_run else ""
    counts = f"{counted(added, 'answer is', 'answers are')} new, {counted(done.known, 'is', 'are')} known already, {counted(done.withdrawn, 'is', 'are')} withdrawn, {more}"
    lines = [f"{problem}: {counts}{would}", *(f"  refused: {reason}" for reason in done.refused[:_SHOWN])]
    if len(done.refused) > _SHOWN:
        lines.append(f"  and {len(done.refused) - _SHOWN} more are refused")
    if done.answers and not dry_run:
        lines.append(f"next: git commit -m 'Labels of {problem}' data/{problem}, then: tidemill run problem={problem}")
    return lines
