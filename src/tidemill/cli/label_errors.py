"""`tidemill label-errors`."""

from __future__ import annotations

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project
from tidemill.common.spelling import counted


def label_errors(problem: ProblemName, *, as_json: AsJson = False) -> None:
    """Rank the labels that are probably wrong.

    They are those which models trained on the other rows contradict.

    Examples
    --------
    tidemill label-errors spam
    """
    from tidemill.apps.studies.label_errors import suspected_errors

    with answering(as_json=as_json) as answer:
        table, words = suspected_errors(open_project(problem), problem)
        page = f"reports/{problem}/label_errors.html"
        content = {"page": page, "summary": words, "labels": table.to_dicts()}
        answer(content, [f"{counted(table.height, 'label')} to look at: {page}. {words}"])
