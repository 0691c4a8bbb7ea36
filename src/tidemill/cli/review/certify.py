"""`tidemill review certify`."""

from __future__ import annotations

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def certify(problem: ProblemName, *, as_json: AsJson = False) -> None:
    """Say what people's answers prove of the labels.

    A certificate is written where that is what was planned, and taken back where it is not any more. It may be asked after every answer. The certificate is data/PROBLEM/certificate.json; it names the labels, and is expired when they change.

    Examples
    --------
    tidemill review certify spam
    """
    from tidemill.apps.review.audit import certify as certified
    from tidemill.reports.review import Certificate
    from tidemill.review.certificate import certificate_lines

    with answering(as_json=as_json) as answer:
        project = open_project(problem)
        found = certified(project, problem)
        lines = certificate_lines(found)
        if not found.met and Certificate.read_if_there(project.paths(problem).certificate) == found:
            lines.append(
                "  the certificate that was there is taken back: answers have changed, or further ones speak against it"
            )
        if found.met:
            lines.append(f"next: git add data/{problem} && git commit -m 'Certificate of {problem}'")
        else:
            lines.append(f"next: tidemill review sample {problem} --out to_check.csv")
        answer(found, lines)
