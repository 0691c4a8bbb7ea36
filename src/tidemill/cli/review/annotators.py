"""`tidemill review annotators`."""

from __future__ import annotations

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def annotators(problem: ProblemName, *, as_json: AsJson = False) -> None:
    """Show how far each person is trusted, by test questions.

    A row is a test question where the label that it came with, or more than half of the others and two at least, say what it is. Trust is the smoothed share of right answers. Who
    is below .7 after eight test questions is ejected: the answers stay in the history and count for gold until they are withdrawn, and
    `tidemill review sample` asks others for those rows.

    Examples
    --------
    tidemill review annotators spam
    """
    from tidemill.apps.review.people import annotator_table

    with answering(as_json=as_json) as answer:
        found = annotator_table(open_project(problem), problem)
        width = max(len("who"), *(len(line.who) for line in found.annotators)) + 2
        lines = [f"{'who':<{width}}{'answers':>8}{'tests':>7}{'right':>7}{'trust':>7}"]
        for line in found.annotators:
            note = "  ejected" if line.ejected else ""
            lines.append(f"{line.who:<{width}}{line.answers:>8}{line.tests:>7}{line.right:>7}{line.trust:>7.2f}{note}")
        answer(found, lines)
