"""Answers of `tidemill lf`, as `--json` prints them; none is kept in a file."""

from __future__ import annotations

from pydantic import Field, JsonValue

from tidemill.reports.base import Count, Part, Share
from tidemill.reports.denoise import GoldScores
from tidemill.reports.generate import GeneratedVoter

Row = dict[str, object]
"""One row of a table whose columns are the user's own."""


class FunctionLine(Part):
    """One labeling function in the analysis table."""

    function: str = Field(description="its name")
    votes: tuple[str, ...] = Field(description="what it votes")
    coverage: Share = Field(description="share of rows on which it votes")
    overlaps: Share = Field(description="share of rows on which another votes too")
    conflicts: Share = Field(description="share of rows on which another contradicts it")
    dev_correct: Count = Field(description="its votes on dev rows with gold that are right")
    dev_incorrect: Count = Field(description="its votes on dev rows with gold that are wrong")
    dev_accuracy: Share | None = Field(description="of these votes")
    learned_accuracy: Share | None = Field(description="what the label model believes")
    learned_interval: tuple[Share, Share] | None = Field(description="90%")
    weight: Share | None = Field(description="its part in the effective number of functions")
    outvoted: Share | None = Field(description="share of its votes that the label model contradicts")
    ms_per_1000: float | None = Field(description="milliseconds for 1,000 rows")
    value_bits: float | None = Field(description="bits that the true class of 100 dev rows loses without it")
    value_points: float | None = Field(description="accuracy on dev that is lost without it, percentage points")


class DependentGroup(Part):
    """Functions that repeat one another."""

    functions: tuple[str, ...] = Field(description="their names")
    effective: float = Field(description="how many functions they count as")


class FunctionTable(Part):
    """`tidemill lf list`: all labeling functions of a problem."""

    problem: str = Field(description="its name")
    rows: Count = Field(description="rows of the votes table")
    dev_rows: Count = Field(description="dev rows with gold")
    coverage: Share = Field(description="share of rows on which any function votes")
    conflict: Share = Field(description="share of rows on which functions contradict each other")
    label_model: str | None = Field(description="its name; null: none of these functions")
    dev_scores: GoldScores | None = Field(description="of the label model on dev rows with gold")
    effective_functions: float | None = Field(description="effective number of functions")
    groups: tuple[DependentGroup, ...] = Field(description="that repeat one another")
    changed: tuple[str, ...] = Field(description="functions that are not as these figures have them, and why")
    functions: tuple[FunctionLine, ...] = Field(description="in the order asked for")
    generated: tuple[GeneratedVoter, ...] = Field(description="what is generated, what it cost and what was dropped")
    seconds: dict[str, float] = Field(description="that generators took when they were fitted or asked on this machine")


class RowVote(Part):
    """A vote on a row."""

    function: str = Field(description="who votes")
    vote: str = Field(description="what for")
    log_odds: float = Field(description="by how much it moves the log odds of the label")


class Flip(Part):
    """Votes without which the label is another."""

    functions: tuple[str, ...] = Field(description="the fewest, the strongest first")
    label: str = Field(description="the other label")


class OtherVote(Part):
    """A single vote that would give another label."""

    function: str = Field(description="who would vote")
    vote: str = Field(description="what for")
    label: str = Field(description="the other label")


class RowExplanation(Part):
    """`tidemill lf explain`: why a row has its label."""

    problem: str = Field(description="its name")
    row: Row = Field(description="columns of the row")
    gold: str | None = Field(description="class by a person, of dev alone")
    label: str = Field(description="likeliest class")
    probabilities: dict[str, Share] = Field(description="by class")
    log_odds: float = Field(description="of the label, natural logarithm")
    votes: tuple[RowVote, ...] = Field(description="the strongest first")
    abstaining: tuple[str, ...] = Field(description="functions that do not vote on it")
    flips_without: Flip | None = Field(description="null: no votes that could be taken away")
    flips_if: tuple[OtherVote, ...] = Field(description="single other votes")


class Trial(Part):
    """`tidemill lf try`: one labeling function on a sample of rows."""

    problem: str = Field(description="its name")
    function: str = Field(description="its name")
    where: str = Field(description="file and line")
    rows: Count = Field(description="rows of the sample")
    dev_rows: Count = Field(description="of them dev rows with gold")
    votes: dict[str, Count] = Field(description="rows by vote")
    coverage: Share = Field(description="share of rows on which it votes")
    dev_correct: Count = Field(description="its votes on dev rows with gold that are right")
    dev_votes: Count = Field(description="its votes on dev rows with gold")
    answer: str = Field(description="what it is held against")
    outvoted: Count = Field(description="rows on which that contradicts it")
    near_misses: Count = Field(description="rows on which it nearly votes")
    failures: tuple[str, ...] = Field(description="some of its errors")
    failed: Count = Field(description="rows on which it failed")
    fires_on: tuple[Row, ...] = Field(description="rows with their vote, answer and gold")
    outvoted_on: tuple[Row, ...] = Field(description="the same")
    nearly_on: tuple[Row, ...] = Field(description="the same")
    asked: Count | None = Field(
        default=None, description="rows sent to a language model for this; null: it is no prompt"
    )
    notes: tuple[str, ...] = Field(default=(), description="rows of a prompt that have no answer, and why")


class ContradictedFunction(Part):
    """A labeling function whose votes people contradict."""

    function: str = Field(description="its name")
    where: str = Field(description="file and line")
    votes: Count = Field(description="its votes on dev rows that people labeled")
    wrong: Count = Field(description="of them those that people contradict")
    fix: str = Field(description="what might mend it")
    rows: tuple[Row, ...] = Field(description="some of these rows, with vote and gold")


class ContradictedFunctions(Part):
    """`tidemill lf contradicted`: labeling functions against people."""

    problem: str = Field(description="its name")
    dev_rows: Count = Field(description="rows of dev that people labeled")
    functions: tuple[ContradictedFunction, ...] = Field(description="most wrong votes first")


class CandidateFunction(Part):
    """A labeling function that might be added."""

    entry: dict[str, JsonValue] = Field(description="as it would stand in a YAML file")
    source: str = Field(description="where it comes from")
    adds: Count = Field(description="rows that get a vote, or a vote against a conflict")
    of_them_uncovered: Count = Field(description="of them rows without votes")
    fires: Count = Field(description="rows on which it votes")
    dev_correct: Count = Field(description="its votes on dev rows with gold that are right")
    dev_votes: Count = Field(description="its votes on dev rows with gold")
    precision_at_least: Share = Field(description="lower end of the interval of its precision")
    examples: tuple[Row, ...] = Field(description="rows that it adds")


class Suggestions(Part):
    """`tidemill lf suggest`: candidates for labeling functions."""

    problem: str = Field(description="its name")
    rows: Count = Field(description="rows of the sample")
    uncovered: Count = Field(description="rows without votes")
    in_conflict: Count = Field(description="rows on which functions contradict each other")
    candidates: tuple[CandidateFunction, ...] = Field(description="the best first")


class ChangedRows(Part):
    """Rows on which a function's vote changed in one way."""

    rows: Count = Field(description="how many")
    dev_correct: Count = Field(description="of these votes, right ones on dev rows with gold")
    dev_votes: Count = Field(description="of these votes, those on dev rows with gold")
    examples: tuple[Row, ...] = Field(description="rows with the vote then and now, and gold")


class FunctionChange(Part):
    """A function whose votes changed."""

    function: str = Field(description="its name")
    kind: str = Field(description="added, removed or edited")
    gained: ChangedRows = Field(description="rows on which it votes now and did not")
    lost: ChangedRows = Field(description="rows on which it voted and does not")
    flipped: ChangedRows = Field(description="rows on which it votes otherwise")


class FunctionDiff(Part):
    """`tidemill lf diff`: what changed since a revision."""

    problem: str = Field(description="its name")
    against: str = Field(description="the revision")
    rows: Count = Field(description="rows of the sample")
    unchanged: Count = Field(description="functions whose votes did not change")
    functions: tuple[FunctionChange, ...] = Field(description="whose votes did")


class ExamplesAdded(Part):
    """`tidemill lf examples`: what was added to a file of examples."""

    file: str = Field(description="its path")
    examples: Count = Field(description="that it holds now")
    added: tuple[str, ...] = Field(description="row_ids")
    held_out: tuple[str, ...] = Field((), description="of these, rows of valid and test, which models are scored by")


class PromptCost(Part):
    """What a function of kind ``prompt`` would ask and cost, before anything is sent."""

    function: str = Field(description="its name")
    endpoint: str = Field(description="name of the server")
    model: str = Field(description="of the server")
    rows: Count = Field(description="rows that it is to be asked about")
    answered: Count = Field(description="of these, rows whose answer is kept")
    requests: Count = Field(description="requests to be sent")
    prompt_tokens: Count = Field(description="of these requests, estimated")
    completion_tokens: Count = Field(description="of the answers, at most")
    money: float | None = Field(description="for these, estimated; null: the endpoint has no prices")
    most: float | None = Field(description="most that they can cost")
    spent: float | None = Field(description="on answers that are kept")
    budget: float | None = Field(description="most that the function may spend")


class PromptCosts(Part):
    """`tidemill lf cost`: what the prompts of a problem would cost."""

    problem: str = Field(description="its name")
    run_budget: float | None = Field(description="most that all prompts of a run may spend")
    functions: tuple[PromptCost, ...] = Field(description="of kind prompt")


class GeneratorCandidate(Part):
    """A generator that could be added, tried on gold of dev or not."""

    entry: dict[str, JsonValue] = Field(description="its entry in a YAML file of labeling functions")
    tried: bool = Field(
        description="whether it was fitted; others need a text that a person writes, a server or minutes"
    )
    coverage: Share | None = Field(description="share of the rows on which it would vote")
    error_without: float | None = Field(description="squared error of the labels of gold rows as they are")
    error_with: float | None = Field(description="the same with it")
    seconds: float | None = Field(description="that it took")
    about: str = Field(description="what it brings, or what it needs")


class GeneratorSuggestions(Part):
    """`tidemill lf suggest --generate`: generators, those first that would make labels better by most."""

    problem: str = Field(description="its name")
    gold_rows: Count = Field(description="rows of dev with gold")
    candidates: tuple[GeneratorCandidate, ...] = Field(description="those that were tried first")
