"""Records of the project: which batches have arrived, which model is pinned, that settings agree, what the suites found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from tidemill.reports.base import Count, Part, Report


class Arrival(Part):
    """One batch as the manifest has it."""

    batch: str = Field(description="its name")
    source: str = Field(description="file, folder or address that it came from, as seen from the project's folder")
    sha256: str = Field(description="fingerprint of the source when it arrived")


class Manifest(Report):
    """The batches that have arrived. git keeps it; files of version 0.1.0 mean the same."""

    FILE: ClassVar[str] = "data/<problem>/batches.json"
    REMEDY: ClassVar[str] = "`git checkout` brings the last committed one back"
    MERGE: ClassVar[str] = (
        "the batches of both belong in it: take out git's three lines of marks, see that a comma stands between entries and each "
        "batch is there once, and `git add` the file"
    )

    batches: tuple[Arrival, ...] = Field(description="oldest first")

    @classmethod
    def upgraded(cls, content: Mapping[str, Any], result: object) -> Mapping[str, Any] | None:
        """Accept files of version 0.1.0, which name no format, as they are.

        Parameters
        ----------
        content
            What the file holds, without its format.
        result
            The format that it names; None where it names none.

        Returns
        -------
        Mapping or None
            The content unchanged; None where the file names a format.
        """
        return content if result is None else None

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [arrival.batch for arrival in self.batches]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(f"batch {twice[0]!r} is there twice; remove one of the two")
        return self


class AcceptedDrift(Part):
    """A decision that a drift is harmless: what arrived since is what is expected from now on."""

    since: str = Field(description="first batch of the new reference")
    until: str = Field(description="last batch of it; those after it are compared with it")
    reason: str = Field(description="why it is harmless")
    score: str | None = Field(default=None, description="score whose alarm was accepted")


class ChampionPin(Report):
    """The version that evaluate and monitor compare with, and the drifts that were accepted since its promotion.

    git keeps it; files of version 0.1.0 mean the same.
    """

    FILE: ClassVar[str] = "models/<problem>/champion.json"
    REMEDY: ClassVar[str] = "`git checkout` brings the last committed one back"
    MERGE: ClassVar[str] = (
        "take the side whose version is to be the champion, `git checkout --ours` or `--theirs` and the file's name"
    )

    version: str | None = Field(description="tag such as spam@v1.4.0; null: there is no champion yet")
    since: str | None = Field(
        default=None,
        description="batch from which on its reference is, after a change; null: of all batches",
    )
    accepted: tuple[AcceptedDrift, ...] | None = Field(default=None, description="oldest first")

    @classmethod
    def upgraded(cls, content: Mapping[str, Any], result: object) -> Mapping[str, Any] | None:
        """Accept files of version 0.1.0, which name no format, as they are.

        Parameters
        ----------
        content
            What the file holds, without its format.
        result
            The format that it names; None where it names none.

        Returns
        -------
        Mapping or None
            The content unchanged; None where the file names a format.
        """
        return content if result is None else None


class Preflight(Report):
    """That params.yaml is what conf/ composes to, and what files of names hold; constant, so that what follows is not recomputed."""

    FILE: ClassVar[str] = "data/<problem>/preflight.json"

    params: str = Field(description="where params.yaml comes from")
    names: dict[str, str] | None = Field(
        default=None, description="SHA-256 of each file of names that candidates are found with"
    )


class ExpectationResult(Part):
    """One expectation of a suite."""

    type: str = Field(description="Great Expectations' name of it")
    column: str | None = Field(description="column that it is about; null: the table")
    success: bool = Field(description="whether it is met")
    unexpected: Count = Field(description="values that do not meet it")


class SuiteResult(Report):
    """What a Great Expectations suite found of a finished table; files of version 0.1.0 hold its own report."""

    FILE: ClassVar[str] = ".tidemill/suites/<problem>/<table>.json"

    success: bool = Field(description="whether all expectations are met")
    expectations: tuple[ExpectationResult, ...] = Field(description="in the suite's order")

    @classmethod
    def upgraded(cls, content: Mapping[str, Any], result: object) -> Mapping[str, Any] | None:
        """Translate Great Expectations' own report, which version 0.1.0 kept.

        Parameters
        ----------
        content
            What the file holds, without its format.
        result
            The format that it names; None where it names none, as in version 0.1.0.

        Returns
        -------
        Mapping or None
            Content of this report; None where the file names a format or is no such report.
        """
        return cls.of(content).model_dump() if result is None and "results" in content else None

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> Self:
        """Select what is kept of Great Expectations' own report.

        Parameters
        ----------
        result
            The report as Great Expectations gives it, with ``success`` and ``results``.

        Returns
        -------
        Self
            Whether the suite passed, and a line per expectation.
        """
        lines = tuple(_expectation(item) for item in result["results"])
        return cls(success=bool(result["success"]), expectations=lines)


def _expectation(result: Mapping[str, Any]) -> ExpectationResult:
    config = result.get("expectation_config") or {}
    return ExpectationResult(
        type=config.get("type", "expectation"),
        column=(config.get("kwargs") or {}).get("column"),
        success=bool(result["success"]),
        unexpected=int((result.get("result") or {}).get("unexpected_count") or 0),
    )
