"""Generated voters: ``generated.json``."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from tidemill.reports.base import Count, Part, Report, Share


class ClassVotes(Part):
    """Votes of a generated voter for a class."""

    threshold: float | None = Field(description="least probability at which it votes; null: it never does")
    votes: Count = Field(description="votes on gold rows of dev, which it had not seen")
    right: Count = Field(description="of these")
    dropped: str | None = Field(default=None, description="why its votes for the class are dropped")


class Spending(Part):
    """What a language model was asked, over all runs."""

    answers: Count = Field(description="answers that are kept")
    asked_now: Count = Field(description="requests of this run")
    prompt_tokens: Count = Field(description="tokens of the requests")
    completion_tokens: Count = Field(description="tokens of the answers")
    money: float | None = Field(description="by the prices of the endpoint; null: it has none")
    quarantined: Count = Field(description="rows whose answer is no class")
    unanswered: Count = Field(description="rows that the server did not answer, or that the budget left out")


class GeneratedVoter(Part):
    """One labeling function whose votes are generated."""

    function: str = Field(description="its name")
    kind: str = Field(description="zero_shot, model or prompt")
    by: str = Field(description="its learner, backbone or language model")
    group: str = Field(description="voters of one group repeat one another's errors")
    learns_from: str = Field(description="gold, labels or nothing")
    learned_from: Count = Field(description="rows that taught it")
    coverage: Share = Field(description="share of rows on which it would vote")
    kept: Share = Field(description="share of rows on which it votes, what was dropped left out")
    repeats: str | None = Field(description="function that it agrees most with")
    agreement: Share | None = Field(description="share of the rows on which both vote that they agree on")
    reason: str | None = Field(description="why it does not vote at all")
    classes: dict[str, ClassVotes] = Field(description="by class")
    spending: Spending | None = Field(default=None, description="of a language model")


class GeneratedReport(Report):
    """All generated voters of a problem; none where nothing is generated."""

    FORMAT: ClassVar[int] = 1
    FILE: ClassVar[str] = "reports/<problem>/generated.json"

    voters: tuple[GeneratedVoter, ...] = Field(description="in the order of their functions")
