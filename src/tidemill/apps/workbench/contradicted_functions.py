"""Labeling functions that people contradict: on which rows, and what might mend them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.apps.workbench.formatting import row_line
from tidemill.apps.workbench.problem_view import ProblemView
from tidemill.apps.workbench.try_function import worth_reading
from tidemill.contracts import ABSTAIN, NO_GOLD
from tidemill.label.analysis.summary import is_right
from tidemill.label.engine.load import LoadedFunction
from tidemill.label.functions.declared import DeclaredLabelingFunction
from tidemill.project.gold_history import GoldHistory
from tidemill.reports.workbench import ContradictedFunction, ContradictedFunctions

_WORD: Final = re.compile(r"\w{3,}")
_LEAST: Final = 3
"""Contradicted rows below which nothing is suggested but to read them."""
_NEARLY_ALL: Final = 0.8


def contradicted_functions(view: ProblemView, *, shown: int) -> ContradictedFunctions:
    """List the functions whose votes people contradict on rows of dev, those with the most wrong votes first.

    Parameters
    ----------
    view
        View of the problem; the label stage has run.
    shown
        Rows that are shown of each.

    Returns
    -------
    ContradictedFunctions
    """
    newest = _newest(view)
    rows = np.flatnonzero(newest != NO_GOLD)
    gold = newest[rows]
    there = {function.name for function in view.functions}
    found = [_of_function(view, name, rows, gold, shown) for name in view.names if name in there]
    kept = sorted((one for one in found if one.wrong), key=lambda one: (-one.wrong, one.function))
    return ContradictedFunctions(problem=view.name, dev_rows=len(rows), functions=tuple(kept))


def _newest(view: ProblemView) -> npt.NDArray[np.int16]:
    """Gold of dev with the answers that came since the last run."""
    known = view.voted.select("row_id", pl.Series("gold", view.gold))
    now = GoldHistory.read(view.paths.gold_history).applied(known, view.classes)["gold"]
    return np.where((view.voted["split"] == "dev").to_numpy(), now.to_numpy(), NO_GOLD).astype(np.int16)


def _of_function(
    view: ProblemView, name: str, rows: npt.NDArray[np.intp], gold: npt.NDArray[np.int16], shown: int
) -> ContradictedFunction:
    votes = view.votes[rows, view.names.index(name)]
    function = view.function(name)
    voted = votes != ABSTAIN
    right = voted & is_right(votes[:, None], gold)[:, 0]
    wrong = voted & ~right
    bad, good = np.flatnonzero(wrong), np.flatnonzero(right)
    return ContradictedFunction(
        function=name,
        where=function.where.removeprefix(f"{view.project.root}/"),
        votes=int(voted.sum()),
        wrong=len(bad),
        fix=_fix(view, function, _People(votes, gold, bad, good), rows),
        rows=worth_reading(view, function, rows, bad[:shown], votes, gold),
    )


@dataclass(frozen=True)
class _People:
    """Votes of a function, what people say of the same rows, and places of its wrong and its right votes."""

    votes: npt.NDArray[np.int16]
    gold: npt.NDArray[np.int16]
    wrong: npt.NDArray[np.intp]
    right: npt.NDArray[np.intp]


def _fix(view: ProblemView, function: LoadedFunction, people: _People, rows: npt.NDArray[np.intp]) -> str:
    """The first that the rows bear out: another vote, a word less, no function; else to read them."""
    bad, good, read = people.wrong, people.right, f"read them: tidemill lf try {function.name}"
    if len(bad) < _LEAST:
        return read
    said, count = Counter(people.gold[bad].tolist()).most_common(1)[0]
    always = len(set(people.votes[np.concatenate([bad, good])].tolist())) == 1
    if always and count >= _NEARLY_ALL * (len(bad) + len(good)):
        label = view.classes[said]
        return f"let it vote {label}, as people say on {count} of these {len(bad) + len(good)} rows"
    word = _word(view, rows[bad], rows[good])
    if word is not None:
        own = isinstance(function, DeclaredLabelingFunction) and word in getattr(function.condition, "words", ())
        return f"take {word!r} out of its words" if own else f"let it abstain where the text has {word!r}"
    return f"take it out, for it is wrong more often than right; or {read}" if len(bad) > len(good) else read


def _word(view: ProblemView, bad: npt.NDArray[np.intp], good: npt.NDArray[np.intp]) -> str | None:
    """The word of most contradicted texts, in no more than a tenth as many of the others."""
    if "text" not in view.raw.columns:
        return None
    words, others = (_words(view, some) for some in (bad, good))
    best = max(words, key=lambda word: (words[word] - others[word], word), default=None)
    if best is None or words[best] < max(_LEAST, len(bad) / 2.0) or others[best] > 0.1 * words[best]:
        return None
    return best


def _words(view: ProblemView, rows: npt.NDArray[np.intp]) -> Counter[str]:
    return Counter(word for text in view.raw["text"][rows.tolist()] for word in set(_WORD.findall(text.lower())))


def printed(found: ContradictedFunctions) -> list[str]:
    """Write it in lines.

    Parameters
    ----------
    found
        What ``contradicted_functions`` gives.

    Returns
    -------
    list of str
    """
    if not found.functions:
        return [f"{found.problem}: people contradict no function on {found.dev_rows} dev rows that they labeled"]
    lines = [f"{found.problem}: on {found.dev_rows} dev rows that people labeled they contradict"]
    for one in found.functions:
        lines += ["", f"{one.function} ({one.where}): wrong in {one.wrong} of {one.votes} votes", f"  {one.fix}"]
        lines += [f"  {row_line(row, gold=str(row['gold']))}" for row in one.rows]
    return lines
