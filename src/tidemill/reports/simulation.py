"""Report of `tidemill simulate`: what was fed to a real server, and whether it came to what it must."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tidemill.reports.base import Count, Part, Report


class SimulatedEvent(Part):
    """Something that happened."""

    seconds: float = Field(description="since the server was up")
    text: str = Field(description="what")


class SimulationCheck(Part):
    """Something that must be so at the end."""

    what: str = Field(description="a sentence")
    passed: bool = Field(description="whether it is so")
    found: str = Field(description="what was found")


class Simulation(Report):
    """Days of batches with a season, a drift and accidents, on a real server."""

    FILE: ClassVar[str] = "reports/simulation-<problem>.json"
    REMEDY: ClassVar[str] = "`tidemill simulate` makes it again"

    problem: str = Field(description="whose rows they are")
    days: Count = Field(description="how many")
    rows: Count = Field(description="of each day")
    seed: int = Field(description="by which rows and the moment of the kill are drawn")
    events: tuple[SimulatedEvent, ...] = Field(description="in order")
    checks: tuple[SimulationCheck, ...] = Field(description="what must be so")

    @property
    def failed(self) -> tuple[SimulationCheck, ...]:
        """The checks that did not pass."""
        return tuple(check for check in self.checks if not check.passed)
