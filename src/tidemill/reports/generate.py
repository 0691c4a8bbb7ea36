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
    prompt_tokens: Count = Field(description="tokens of the requests")
    completion_tokens: Count = Field(description="tokens of the answers")
    money: float | None = Field(description="by the prices of the endpoint; null: it has none")
    quarantined: Count = Field(description="rows whose answer is no class")
    unanswered: Count = Field(description="rows that the server did not answer, or that the budget left out")

    def __str__(self) -> str:
        """Say how many answers, tokens and how much money."""
        tokens = self.prompt_tokens + self.completion_tokens
        money = "" if self.money is None else f", {self.money:.2f} spent"
        return f"{self.answers:,} answers, {tokens:,} tokens{money}"


class GeneratedVoter(Part):
    """One labeling function whose votes are generated."""

    function: str = Field(description="its name")
    folder: str = Field(description="below data/<problem>/generated/, where it is kept")
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

    def sentence(self, seconds: float | None = None) -> str:
        """Say what it learned from, covers, is worth, repeats and cost.

        Parameters
        ----------
        seconds
            That it took; None: not known.

        Returns
        -------
        str
        """
        if self.reason:
            return f"{self._learned()}, and does not vote: {self.reason}"
        parts = [self._learned(), f"votes on {self.kept:.1%} of the rows", *map(_of_class, *self._classes())]
        if self.repeats is not None:
            parts.append(f"agrees most with {self.repeats} ({self.agreement:.0%})")
        if self.spending is not None:
            parts.append(str(self.spending))
        took = [] if seconds is None else [f"took {seconds:.0f} s"]
        return "; ".join(dict.fromkeys([*parts, *took]))

    def _learned(self) -> str:
        taught = {"gold": "gold rows", "labels": "rows that the label model is sure of"}.get(self.learns_from)
        learned = f"learned from {self.learned_from} {taught}" if taught else "learned from no row"
        return f"{self.function} ({self.by}) {learned}"

    def _classes(self) -> tuple[list[str], list[ClassVotes]]:
        return list(self.classes), list(self.classes.values())


def _of_class(name: str, votes: ClassVotes) -> str:
    sure = "never" if votes.threshold is None else f"from {votes.threshold:.2f}"
    return votes.dropped or f"{name} {votes.right}/{votes.votes} right on gold it had not seen ({sure})"


class GeneratedReport(Report):
    """All generated voters of a problem; none where nothing is generated."""

    FORMAT: ClassVar[int] = 1
    FILE: ClassVar[str] = "reports/<problem>/generated.json"

    voters: tuple[GeneratedVoter, ...] = Field(description="in the order of their functions")

    def groups(self) -> list[list[str]]:
        """List the voters of each group of two or more, which repeat one another's errors.

        Returns
        -------
        list of list of str
            Names of functions.
        """
        names: dict[str, list[str]] = {}
        for voter in self.voters:
            names.setdefault(voter.group, []).append(voter.function)
        return [group for group in names.values() if len(group) > 1]
