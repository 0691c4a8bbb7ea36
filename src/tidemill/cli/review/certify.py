"""`tidemill review certify`."""

from __future__ import annotations

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def certify(problem: ProblemName, *, as_json: AsJson = False) -> None:
    """Say what people's answers prove of the labels.

    A certificate is written where that is what was planned. It may be asked after every answer. The certificate is data/PROBLEM/certificate.json; it names the labels, and is expired when they change.

    Examples
    --------
    tidemill review certify spam
    """
    from tidemill.apps.review.audit import certify as certified
    from tidemill.review.certificate import certificate_lines

    with answering(as_json=as_json) as answer:
        found = certified(open_project(problem), problem)
        lines = certificate_lines(found)
        if found.met:
            lines.append(f"next: git add data/{problem} && git commit -m 'Certificate of {problem}'")
        else:
            lines.append(f"next: tidemill review sample {problem} --out to_check.csv")
        answer(found, lines)
