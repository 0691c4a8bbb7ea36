"""`tidemill class add`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project
from tidemill.common.spelling import counted

if TYPE_CHECKING:
    from tidemill.apps.onboarding.added_class import LabelsThere


def add(
    problem: ProblemName,
    name: Annotated[str, Argument(metavar="NAME", help="of the new class")],
    *,
    rows: Annotated[
        Path | None,
        Option(
            "--rows",
            metavar="FILE",
            resolve_path=True,
            help="rows of the class, such as `tidemill gold sample PROBLEM --cluster` collects; where a column `label` names another class, that is their label; without it they come with files that arrive",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add a class to a problem, with rows that are of it.

    The class is put behind the others in conf/problem/PROBLEM.yaml, the rows are labeled with it, and labeling functions that would vote for it are
    suggested. Without rows, files that were refused for the class can arrive after it. The next run computes everything anew. Votes, labels and champions from before keep what they mean; a champion that does not know
    the class is compared with on rows of the classes that it knows.

    Examples
    --------
    tidemill class add spam phish --rows new_kind.csv
    tidemill class add spam phish
    """
    from tidemill.apps.gold.add import FileOptions, add_labels
    from tidemill.apps.onboarding.added_class import added_class, labels_there
    from tidemill.apps.workbench.problem_view import ProblemView
    from tidemill.apps.workbench.suggest_functions import candidate_lines, suggest_for_class
    from tidemill.project.gold_history import GoldHistory
    from tidemill.readers.read import report_reading

    with answering(as_json=as_json) as answer:
        project = open_project(problem)
        with added_class(project, problem, name) as classes:
            new = classes[-1]
            done = None if rows is None else add_labels(project, problem, rows, FileOptions(blank=new))
        there = labels_there(project, problem)
        if done is None:
            lines = [
                f"{problem}: the classes are {', '.join(classes)}",
                *_in_files(new, there),
                *_without_rows(problem, new, there),
            ]
            answer(
                {"problem": problem, "classes": classes, "labels": {}, "candidates": [], "batches": there.rows}, lines
            )
            return
        report_reading(done.notes)
        view = ProblemView(project, problem)
        labels = GoldHistory.read(view.paths.gold_history).counting
        found = suggest_for_class(view, new, [row_id for row_id, one in labels.items() if one.label == new])
        content = {
            "problem": problem,
            "classes": classes,
            "labels": done.splits,
            "candidates": found.candidates,
            "batches": there.rows,
        }
        asked = view.settings.suite.min_functions_per_class
        lines = [
            *_lines(problem, classes, done.splits, done.counts.get("changed", 0)),
            *_in_files(new, there),
            *candidate_lines(found, judged_on="of the labeled rows"),
            "",
            *_next(problem, new, asked),
        ]
        answer(content, lines)


def _lines(problem: str, classes: Sequence[str], splits: Mapping[str, int], changed: int) -> list[str]:
    parts = ", ".join(f"{count} {split}" for split, count in splits.items() if count) or "none"
    lines = [f"{problem}: the classes are {', '.join(classes)}", f"  rows labeled: {parts}"]
    if changed:
        lines.append(
            f"  {counted(changed, 'of them had another label, which is', 'of them had other labels, which are')} replaced; "
            f"`tidemill gold list {problem} ROW` shows the history of a row, `tidemill gold withdraw` brings a label back"
        )
    if not splits.get("valid"):
        lines.append(
            f"  none of them is of valid, so the gate cannot tell how well {classes[-1]} is found: label more of its rows"
        )
    return lines


def _in_files(name: str, there: LabelsThere) -> list[str]:
    batches = ", ".join(f"{batch} {count}" for batch, count in there.rows.items())
    rows = counted(sum(there.rows.values()), "row of a file that is in has", "rows of files that are in have")
    lines = [f"  {rows} {name!r} as their label, and the next run gives them the class: {batches}"] if batches else []
    unread = [
        f"  {batch} cannot be read now, and may have rows labeled {name!r}: {why}"
        for batch, why in there.unread.items()
    ]
    return [*lines, *unread]


def _without_rows(problem: str, name: str, there: LabelsThere) -> list[str]:
    what = "no other rows" if there.rows else "no rows"
    return [
        f"  {what} are labeled: they come with files (`tidemill arrive {problem}`) or later (`tidemill gold add {problem} FILE`)",
        f"next: `tidemill arrive {problem}` where files wait, functions that vote {name} in src/problems/{problem}, then:",
        _commit(problem, name),
    ]


def _next(problem: str, name: str, functions: int) -> list[str]:
    return [
        f"next: functions that vote {name} in src/problems/{problem} ({functions} are asked by label.suite.min_functions_per_class), then:",
        _commit(problem, name),
    ]


def _commit(problem: str, name: str) -> str:
    return f"  git add -A && git commit -m 'Add the class {name} to {problem}' && tidemill run problem={problem}"
