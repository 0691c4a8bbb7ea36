"""One page of all problems' reports, which needs neither network nor scripts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tidemill.apps.reports.problem_report import (
    EXPLAINED,
    METRICS,
    PICTURES,
    SEARCHED,
    YARDSTICKS,
    ProblemReport,
    read_problem_report,
    span,
)
from tidemill.apps.reports.summary import summary
from tidemill.common.files import atomic_write
from tidemill.denoise.report.summary import facts
from tidemill.project.project import Project
from tidemill.runs.model_registry import read_registry
from tidemill.runs.promotion_record import PERSON, read_promotions

__all__ = ["render", "summary"]

PAGE: Final = Path("reports") / "index.html"
TEMPLATE: Final = "report.html.j2"


def render(project: Project, problems: Sequence[str]) -> Path:
    """Write reports/index.html anew; Data Docs are linked where they are under reports/data_docs/.

    Parameters
    ----------
    project
        The project.
    problems
        Names of the problems, in the order of the page.

    Returns
    -------
    Path
        The page.
    """
    chapters = [_context(read_problem_report(project, name), versions(project, name)) for name in problems]
    page = template(TEMPLATE).render(chapters=chapters)
    with atomic_write(project.root / PAGE) as path:
        path.write_text(page, encoding="utf-8")
    return project.root / PAGE


def versions(project: Project, problem: str) -> list[str]:
    """List a problem's versions.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.

    Returns
    -------
    list of str
        Newest first, the champion marked as such, and what a person promoted.
    """
    registry = read_registry(project, problem)
    promotions = read_promotions(project, registry)
    lines = []
    for name in reversed(registry.versions):
        own = promotions.get(name)
        by = f", promoted by a person ({own.who}): {own.reason}" if own is not None and own.by == PERSON else ""
        lines.append(f"{name}{' (champion)' if name == registry.champion else ''}{by}")
    return lines


def template(name: str) -> Any:
    """Load a template of ``tidemill/templates``.

    Parameters
    ----------
    name
        File name of the template.

    Returns
    -------
    jinja2.Template
        HTML in values is escaped; a variable that is not given is an error.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parents[2] / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "share": share, "cell": cell}
    return environment.get_template(name)


def _context(problem_report: ProblemReport, versions: list[str]) -> dict[str, Any]:
    metric = problem_report.metric
    return {
        "it": problem_report,
        "versions": versions,
        "metric": METRICS.get(metric, metric),
        "dots": dots(problem_report, metric),
        "metrics": METRICS,
        "table": [(YARDSTICKS[name], _row(problem_report, name)) for name in YARDSTICKS if _row(problem_report, name)],
        "slices": [_slice(problem_report, name) for name in problem_report.slices],
        "facts": facts(problem_report.label_model) if problem_report.label_model else [],
        "pictures": {
            name: (PICTURES[name], problem_report.pictures[name])
            for name in PICTURES
            if name in problem_report.pictures
        },
        "explained": {name: (EXPLAINED[name], picture) for name, picture in problem_report.explained.items()},
        "searched": {name: (SEARCHED[name], picture) for name, picture in problem_report.searched.items()},
        "columns": list(dict.fromkeys(key for row in problem_report.functions for key in row)),
    }


def dots(problem_report: ProblemReport, metric: str) -> dict[str, Any]:
    """Place each baseline's score and interval on an axis.

    Parameters
    ----------
    problem_report
        Reports of a problem.
    metric
        Name of the metric, over all rows.

    Returns
    -------
    dict
        ``low`` and ``high``, the ends of the axis; ``lines``, a tuple per baseline of its name, title, scores, and their
        positions in percent of the axis.
    """
    result = problem_report.of("all", metric)
    low, high = span(list(result.values()))
    place = {
        name: {key: _percent(line[key], low, high) for key in ("score", "low", "high")} for name, line in result.items()
    }
    lines = [(name, YARDSTICKS[name], result[name], place[name]) for name in YARDSTICKS if name in result]
    return {"low": low, "high": high, "lines": lines}


def _percent(value: float, low: float, high: float) -> float:
    return round(100.0 * (value - low) / (high - low), 2)


def _row(problem_report: ProblemReport, model: str) -> list[dict[str, Any] | None]:
    row = [problem_report.of("all", metric).get(model) for metric in METRICS]
    return row if any(row) else []


def _slice(problem_report: ProblemReport, name: str) -> dict[str, Any]:
    result = problem_report.of(name, problem_report.metric)
    any_line = next(line for line in problem_report.scores if line["slice"] == name)
    return {"name": name, "rows": any_line["rows"], "classes": any_line["classes"], "scores": result}


def cell(value: Any) -> str:
    """Write any value of a table: fractions with three decimals, counts with separators.

    Parameters
    ----------
    value
        Number, text, truth value or None.

    Returns
    -------
    str
        A dash for None.

    Examples
    --------
    >>> cell(0.25), cell(1234), cell(None), cell("[0]")
    ('0.250', '1,234', '-', '[0]')
    """
    if value is None:
        return "-"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def number(value: float | None) -> str:
    """Write a score with three decimals.

    Parameters
    ----------
    value
        The score, None where there is none.

    Returns
    -------
    str
        A dash for None.
    """
    return "-" if value is None else f"{value:.3f}"


def share(value: float | None) -> str:
    """Write a share in percent.

    Parameters
    ----------
    value
        Share in [0, 1], None where there is none.

    Returns
    -------
    str
        With one decimal; a dash for None.
    """
    return "-" if value is None else f"{value:.1%}"
