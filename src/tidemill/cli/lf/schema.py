"""`tidemill lf schema`."""

from __future__ import annotations

from tidemill.cli.options import AnyProblem, AsJson, OutFile
from tidemill.cli.output import answering, as_text
from tidemill.cli.project import open_project


def schema(problem: AnyProblem = None, *, as_json: AsJson = False, out: OutFile = None) -> None:
    """Print the JSON Schema of YAML labeling functions.

    An editor that knows it completes and checks the files.

    Examples
    --------
    tidemill lf schema spam --out src/problems/spam/schema.json
    """
    from tidemill.label.functions.json_schema import json_schema

    with answering(as_json=as_json, out=out) as answer:
        classes: tuple[str, ...] = ()
        if problem:
            from tidemill.apps.workbench.problem_view import ProblemView

            classes = ProblemView(open_project(problem), problem).classes
        content = json_schema(classes)
        answer(content, [as_text(content)])
