"""The words with which a run ends, from one problem's reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tidemill.apps.reports.problem_report import METRICS, YARDSTICKS, ProblemReport, read_problem_report
from tidemill.project.project import Project

_TOLD_BATCHES = 8
_TOLD_REASONS = 12


def summary(project: Project, problem: str) -> str:
    """Write rows, functions, scores, drift, verdict and where to look, as text.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.

    Returns
    -------
    str
        Lines for a terminal.
    """
    chapter = read_problem_report(project, problem)
    lines = [f"== {problem} ==", *_rows(chapter), *_functions(chapter), *_scores(chapter), *_drift(chapter)]
    return "\n".join([*lines, *_verdict(chapter), *_search(chapter), *_look(chapter)]) + "\n"


def _line(name: str, text: str) -> str:
    return f"  {name:<11}{text}"


def _more(lines: list[str]) -> list[str]:
    hidden = len(lines) - _TOLD_REASONS
    return lines[:_TOLD_REASONS] + ([f"  {'':<11}... and {hidden} more in the report"] if hidden > 0 else [])


def _rows(chapter: ProblemReport) -> list[str]:
    if not chapter.batches:
        return [_line("rows", "none yet")]
    told = [f"{batch['batch']} {batch['rows']:,}" for batch in chapter.batches[:_TOLD_BATCHES]]
    more = f", and {len(chapter.batches) - _TOLD_BATCHES} more" if len(chapter.batches) > _TOLD_BATCHES else ""
    return [_line("rows", f"{chapter.rows:,} in {len(chapter.batches)} batches: {', '.join(told)}{more}")]


def _functions(chapter: ProblemReport) -> list[str]:
    if chapter.coverage is None or chapter.conflict is None:
        return [_line("functions", "not applied yet")]
    whole = f"{len(chapter.functions)}, coverage {chapter.coverage:.1%}, conflicts {chapter.conflict:.1%}"
    coverages = [float(one["Coverage"]) for one in chapter.functions if "Coverage" in one]
    each = [_line("", f"coverage of one: {min(coverages):.1%} to {max(coverages):.1%}")] if coverages else []
    return [_line("functions", whole), *each]


def _scores(chapter: ProblemReport) -> list[str]:
    found = chapter.of("all", chapter.metric)
    if not found:
        return [_line("scores", "no gold rows in split test")]
    rows = next(iter(found.values()))["rows"]
    head = f"{METRICS.get(chapter.metric, chapter.metric)} on {rows:,} test rows, with 95% intervals"
    if chapter.metrics:
        head = head.replace("95%", f"{chapter.metrics.confidence:.0%}")
    told = [_line("", f"{YARDSTICKS[name]:<24}{_interval(found[name])}") for name in YARDSTICKS if name in found]
    return [_line("scores", head), *told, *_gap(chapter)]


def _gap(chapter: ProblemReport) -> list[str]:
    gap = chapter.metrics.end_model_gains.get("gold_ceiling") if chapter.metrics else None
    if gap is None or gap.gain is None:
        return []
    low, high = gap.interval
    return [_line("", f"end model against the ceiling: {gap.gain:+.3f} [{low:+.3f}, {high:+.3f}]")]


def _interval(line: dict[str, Any]) -> str:
    return f"{line['score']:.3f} [{line['low']:.3f}, {line['high']:.3f}]"


def _drift(chapter: ProblemReport) -> list[str]:
    if chapter.drift is None:
        return [_line("drift", "not looked at yet")]
    return _told("drift", chapter.drift.decision, chapter.drift.reasons)


def _verdict(chapter: ProblemReport) -> list[str]:
    if chapter.verdict is None:
        return [_line("verdict", "not judged yet")]
    return _told("verdict", chapter.verdict.verdict, chapter.verdict.reasons)


def _search(chapter: ProblemReport) -> list[str]:
    return [_line("search", chapter.search.verdict)] if chapter.search else []


def _told(name: str, word: str, reasons: Sequence[str]) -> list[str]:
    first, *rest = reasons or ("",)
    first = first.removeprefix(f"{word}: ")
    return _more([_line(name, f"{word.upper()}: {first}"), *[_line("", reason) for reason in rest]])


def _look(chapter: ProblemReport) -> list[str]:
    failed = [suite.table for suite in chapter.suites if not suite.success]
    docs = sorted(suite.link for suite in chapter.suites if suite.link)
    lines = [_line("look at", "reports/index.html, or `make ui` for the runs")]
    if failed:
        lines.append(_line("", f"FAILED CHECKS of {', '.join(failed)}"))
    return lines + ([_line("", f"Data Docs: {', '.join(f'reports/{link}' for link in docs)}")] if docs else [])
