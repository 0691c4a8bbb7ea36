"""`tidemill gold withdraw`."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project
from tidemill.common.spelling import counted


def withdraw(
    problem: ProblemName,
    rows: Annotated[
        list[str] | None, Argument(metavar="[ROW]...", help="row_ids, keys or file names", show_default=False)
    ] = None,
    *,
    source: Annotated[
        str | None, Option(metavar="FILE", help="all labels of a file or tool, as `gold list` has it")
    ] = None,
    who: Annotated[str | None, Option(metavar="ID", help="all labels of a person")] = None,
    everything: Annotated[
        bool, Option("--all", help="of the rows: all labels, also the one that a row came with")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Withdraw labels.

    The label before counts again, where there is one. Nothing is taken out of the history: a line is added that says so.

    Examples
    --------
    tidemill gold withdraw spam sms-17
    tidemill gold withdraw spam --source labels.csv
    """
    from tidemill.apps.gold.withdraw import withdraw_labels

    with answering(as_json=as_json) as answer:
        project = open_project(problem)
        done = withdraw_labels(project, problem, rows or (), source=source, who=who, everything=everything)
        of_rows = f"of {counted(done.rows, 'row')}"
        withdrawn = counted(len(done.answers), f"label {of_rows} is withdrawn", f"labels {of_rows} are withdrawn")
        lines = [
            f"{problem}: {withdrawn}; {counted(done.unlabeled, 'row has', 'rows have')} no label now",
            f"next: git commit -m 'Withdraw labels of {problem}' data/{problem}/gold_history.jsonl, then: tidemill run problem={problem}",
        ]
        content = {"problem": problem, "withdrawn": len(done.answers), "rows": done.rows, "unlabeled": done.unlabeled}
        answer(content, lines)
