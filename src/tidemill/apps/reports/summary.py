"""The words with which a run ends, from one problem's reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from tidemill.apps.reports.problem_report import METRICS, YARDSTICKS, ProblemReport, read_problem_report
from tidemill.common.spelling import counted
from tidemill.project.project import Project
from tidemill.project.refused_sources import Refusals
from tidemill.reports.monitor import Drift

_TOLD_BATCHES = 8
_TOLD_REASONS = 12


def summary(project: Project, problem: str, *, last_look: bool = False) -> str:
    """Write rows, incoming files that were set aside, functions, scores, drift, verdict and where to look, as text.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    last_look
        Drift is what the last look at new batches found, which is published by the run that learns from them alone.

    Returns
    -------
    str
        Lines for a terminal.
    """
    problem_report = read_problem_report(project, problem)
    if last_look:
        found = Drift.read_if_there(project.paths(problem).last_drift) or problem_report.drift
        problem_report = replace(problem_report, drift=found)
    lines = [
        f"== {problem} ==",
        *_rows(problem_report),
        *_set_aside(project, problem),
        *_functions(problem_report),
        *_scores(problem_report),
        *_drift(problem_report),
    ]
    return "\n".join([*lines, *_verdict(problem_report), *_search(problem_report), *_look(problem_report)]) + "\n"


def _line(name: str, text: str) -> str:
    return f"  {name:<11}{text}"


def _more(lines: list[str]) -> list[str]:
    hidden = len(lines) - _TOLD_REASONS
    return lines[:_TOLD_REASONS] + ([f"  {'':<11}... and {hidden} more in the report"] if hidden > 0 else [])


def _rows(problem_report: ProblemReport) -> list[str]:
    if not problem_report.batches:
        return [_line("rows", "none yet")]
    lines = [f"{batch['batch']} {batch['rows']:,}" for batch in problem_report.batches[:_TOLD_BATCHES]]
    more = (
        f", and {len(problem_report.batches) - _TOLD_BATCHES} more"
        if len(problem_report.batches) > _TOLD_BATCHES
        else ""
    )
    return [
        _line(
            "rows",
            f"{problem_report.rows:,} in {counted(len(problem_report.batches), 'batch', 'batches')}: {', '.join(lines)}{more}",
        )
    ]


def _set_aside(project: Project, problem: str) -> list[str]:
    names = sorted(PurePosixPath(source).name for source in Refusals.read(project.paths(problem)).sources)
    if not names:
        return []
    shown = ", ".join(names[:_TOLD_BATCHES]) + (" …" if len(names) > _TOLD_BATCHES else "")
    files = "1 incoming file" if len(names) == 1 else f"{len(names)} incoming files"
    return [_line("set aside", f"{files}, {shown}: `tidemill arrive {problem}` shows the reasons")]


def _functions(problem_report: ProblemReport) -> list[str]:
    if problem_report.coverage is None or problem_report.conflict is None:
        return [_line("functions", "not applied yet")]
    whole = f"{len(problem_report.functions)}, coverage {problem_report.coverage:.1%}, conflicts {problem_report.conflict:.1%}"
    coverages = [float(function["Coverage"]) for function in problem_report.functions if "Coverage" in function]
    each = [_line("", f"coverage of one: {min(coverages):.1%} to {max(coverages):.1%}")] if coverages else []
    return [_line("functions", whole), *each]


def _scores(problem_report: ProblemReport) -> list[str]:
    result = problem_report.of("all", problem_report.metric)
    if not result:
        return [_line("scores", problem_report.no_scores)]
    rows = next(iter(result.values()))["rows"]
    head = f"{METRICS.get(problem_report.metric, problem_report.metric)} on {rows:,} test rows, with 95% intervals"
    if problem_report.metrics:
        head = head.replace("95%", f"{problem_report.metrics.confidence:.0%}")
    lines = [_line("", f"{YARDSTICKS[name]:<24}{_interval(result[name])}") for name in YARDSTICKS if name in result]
    return [_line("scores", head), *lines, *_gap(problem_report)]


def _gap(problem_report: ProblemReport) -> list[str]:
    gap = problem_report.metrics.end_model_gains.get("gold_ceiling") if problem_report.metrics else None
    if gap is None or gap.gain is None:
        return []
    low, high = gap.interval
    return [_line("", f"end model against the ceiling: {gap.gain:+.3f} [{low:+.3f}, {high:+.3f}]")]


def _interval(line: dict[str, Any]) -> str:
    return f"{line['score']:.3f} [{line['low']:.3f}, {line['high']:.3f}]"


def _drift(problem_report: ProblemReport) -> list[str]:
    if problem_report.drift is None:
        return [_line("drift", "not looked at yet")]
    return _reason_lines("drift", problem_report.drift.decision, problem_report.drift.reasons)


def _verdict(problem_report: ProblemReport) -> list[str]:
    if problem_report.verdict is None:
        return [_line("verdict", "not judged yet")]
    if problem_report.answer is not None:
        return [_line("verdict", f"ANSWERED: {problem_report.answer}; the gate had asked a person")]
    return _reason_lines("verdict", problem_report.verdict.verdict, problem_report.verdict.reasons)


def _search(problem_report: ProblemReport) -> list[str]:
    return [_line("search", problem_report.search.verdict)] if problem_report.search else []


def _reason_lines(name: str, word: str, reasons: Sequence[str]) -> list[str]:
    first, *rest = reasons or ("",)
    first = first.removeprefix(f"{word}: ")
    return _more([_line(name, f"{word.upper()}: {first}"), *[_line("", reason) for reason in rest]])


def _look(problem_report: ProblemReport) -> list[str]:
    failed = [suite.table for suite in problem_report.suites if not suite.success]
    docs = sorted(suite.link for suite in problem_report.suites if suite.link)
    lines = [_line("look at", "reports/index.html, or `make ui` for the runs")]
    if failed:
        lines.append(_line("", f"FAILED CHECKS of {', '.join(failed)}"))
    return lines + ([_line("", f"Data Docs: {', '.join(f'reports/{link}' for link in docs)}")] if docs else [])
