"""The report where no search was asked for: light, as the stage runs with every pipeline."""

from __future__ import annotations

from pathlib import Path

from tidemill.reports.search import SearchReport


def search_not_configured(name: str, folder: Path) -> SearchReport:
    """Write the report that no search was asked for."""
    verdict = f"no search was asked for: tidemill run problem={name} search.minutes=10, or tidemill search {name}"
    report = SearchReport(problem=name, minutes=0.0, trials=0, verdict=verdict)
    report.write(folder / "search.json")
    return report
