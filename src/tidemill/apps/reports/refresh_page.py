"""One page per refresh: what arrived, what drifted, what was recomputed, candidate against champion, the verdict and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tidemill.apps.reports.index_page import template
from tidemill.apps.reports.problem_report import REFRESHES
from tidemill.apps.reports.sample_rows import SampleRow, sample_rows
from tidemill.common.files import atomic_write
from tidemill.evaluate.score_text import format_gain, format_score, metric_label
from tidemill.project.project import Project
from tidemill.reports.evaluate import Verdict
from tidemill.reports.ingest import IngestReport
from tidemill.reports.monitor import Drift
from tidemill.runs.git import git

TEMPLATE: Final = "refresh.html.j2"


@dataclass(frozen=True)
class Refresh:
    """What one cycle of a refresh came to.

    Attributes
    ----------
    problem
        Its name.
    commit
        Where the results are published.
    arrived
        Names of the new batches.
    computed, skipped
        Addresses of stages.
    version
        The version that the gate promoted; None: the champion stays.
    asks
        Whether a person is asked.
    summary
        The same in a sentence.
    """

    problem: str
    commit: str
    arrived: tuple[str, ...]
    computed: tuple[str, ...]
    skipped: tuple[str, ...]
    version: str | None
    asks: bool
    summary: str


def refresh_page(project: Project, refresh: Refresh) -> str:
    """Write the page of a refresh.

    Parameters
    ----------
    project
        The checkout of the run, with its reports; the page goes to the user's.
    refresh
        What it came to.

    Returns
    -------
    str
        Address of the page below ``reports/``.
    """
    paths = project.paths(refresh.problem)
    verdict = Verdict.read(paths.reports / "verdict.json")
    page = template(TEMPLATE).render(
        it=refresh,
        when=git("show", "-s", "--format=%cI", refresh.commit, folder=project.shared),
        verdict=verdict,
        metric=metric_label(verdict.metric),
        rows=_arrived_rows(project, refresh),
        drift=Drift.read_if_there(paths.reports / "drift.json"),
        samples=samples_of(project, refresh.problem),
        gain=format_gain,
    )
    name = f"{refresh.problem}/{REFRESHES}/{refresh.commit[:12]}.html"
    with atomic_write(project.shared / "reports" / name) as path:
        path.write_text(page, encoding="utf-8")
    return name


def samples_of(project: Project, problem: str) -> list[SampleRow]:
    """Choose sample rows where there are predictions.

    Parameters
    ----------
    project
        The checkout of the run.
    problem
        Name of the problem.

    Returns
    -------
    list of SampleRow
        Empty where nothing is predicted yet.
    """
    return sample_rows(project, problem) if project.paths(problem).predictions.exists() else []


def _arrived_rows(project: Project, refresh: Refresh) -> dict[str, int | None]:
    report = IngestReport.read_if_there(project.paths(refresh.problem).reports / "ingest.json")
    counts = {} if report is None else report.batches
    return {batch: counts[batch].kept if batch in counts else None for batch in refresh.arrived}


def question_text(verdict: Verdict, samples: Sequence[SampleRow]) -> str:
    """Write what a person needs to decide, as Markdown: scores, guards, reasons and sample rows.

    Parameters
    ----------
    verdict
        Of the gate.
    samples
        Rows with predictions.

    Returns
    -------
    str
        Texts, names of files and classes are quoted, so that nothing in them is markup.
    """
    return "\n".join(
        [
            f"Replace {verdict.champion or 'no champion'} by the candidate? By **{metric_label(verdict.metric)}** on {verdict.rows} rows of split valid.",
            "",
            *_score_table(verdict),
            *(f"- {_quoted(reason)}" for reason in verdict.reasons),
            "",
            "Rows of the newest batch that the candidate is least sure of, and the surest of each class:",
            "",
            *(_sample(row) for row in samples),
        ]
    )


def _score_table(verdict: Verdict) -> list[str]:
    if not verdict.scores:
        return ["There are no scores: too few rows have gold.", ""]
    lines = ["| model | score | interval |", "| --- | --- | --- |"]
    for name, score in verdict.scores.items():
        lines.append(
            f"| {name} | {format_score(score.score)} | [{format_score(score.low)}, {format_score(score.high)}] |"
        )
    for guard in verdict.guards:
        word = {True: "holds", False: "falls", None: "not judged"}[guard.passed]
        lines.append(
            f"| guard {_quoted(guard.slice)} | {word} | {'-' if guard.gain is None else format_gain(guard.gain)} |"
        )
    return [*lines, ""]


def _sample(row: SampleRow) -> str:
    shown = _quoted(row.text) if row.text is not None else f"![row]({row.picture})" if row.picture else ""
    return f"- {_quoted(row.prediction)} {row.probability:.2f}, {_quoted(row.key)}: {shown}"


def _quoted(text: str) -> str:
    """As code, in which Markdown and HTML mean nothing; a fence that is longer than any in the text."""
    fence = "`"
    while fence in text:
        fence += "`"
    return f"{fence} {text} {fence}" if text.startswith("`") or text.endswith("`") else f"{fence}{text}{fence}"
