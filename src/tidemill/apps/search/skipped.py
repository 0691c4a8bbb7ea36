"""The report where no search is configured: light, as the stage runs with every pipeline."""

from __future__ import annotations

from pathlib import Path

from tidemill.reports.search import SearchReport


def search_not_configured(name: str, folder: Path) -> SearchReport:
    """Write the report of a run in which no search was requested.

    Parameters
    ----------
    name
        Name of the problem.
    folder
        Folder in which ``search.json`` is written.

    Returns
    -------
    SearchReport
        No trials; its verdict says how to request a search.
    """
    verdict = f"no search was asked for: tidemill run problem={name} search.minutes=10, or tidemill search {name}"
    report = SearchReport(problem=name, minutes=0.0, trials=0, verdict=verdict)
    report.write(folder / "search.json")
    return report
