"""`tidemill facts`: the facts of a relation problem, and the sentences and votes behind each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from tidemill.common.spelling import did_you_mean
from tidemill.contracts import ABSTAIN, ConfigError, DataError, not_class, probability_columns
from tidemill.facts.run import FACTS
from tidemill.project.project import Project
from tidemill.project.tables import batch_names, read

Truth = Literal["true", "false", "unknown"]


@dataclass(frozen=True)
class Fact:
    """A row of ``facts.parquet``: ``evidence`` is its probability before constraints, ``rows`` are its candidates."""

    subject: str
    relation: str
    object: str
    probability: float
    published: bool
    evidence: float
    documents: int
    sentences: Sequence[str]
    rows: Sequence[str]
    truth: bool | None


@dataclass(frozen=True)
class FactCandidate:
    """A candidate of a fact: its place, the end model's probability of the relation, and what each function voted."""

    row_id: str
    document: str
    sentence: str
    probability: float
    votes: Mapping[str, str]


@dataclass(frozen=True)
class WhichFacts:
    """Which facts are listed.

    Attributes
    ----------
    above, below
        Probability, at least and at most.
    most
        How many, at most.
    truth
        ``true``, ``false`` or ``unknown`` by what people answered of their candidates; None: all.
    seed
        Of a random draw; None: the likeliest are listed.
    """

    above: float = 0.0
    below: float = 1.0
    most: int = 20
    truth: Truth | None = None
    seed: int | None = None


def list_facts(project: Project, problem: str, names: Sequence[str], which: WhichFacts) -> list[Fact]:
    """List facts, the likeliest first.

    Parameters
    ----------
    project
        The project.
    problem
        Name of a relation problem.
    names
        Subjects, objects or relations that a fact has to have, all of them; none: any fact.
    which
        Which of them.

    Returns
    -------
    list of Fact

    Raises
    ------
    ConfigError
        It is no relation problem.
    DataError
        Its facts have not been made, or no fact has one of the names.
    """
    facts = _facts(project, problem)
    kept = facts
    for name in names:
        kept = kept.filter((pl.col("subject") == name) | (pl.col("object") == name) | (pl.col("relation") == name))
    if kept.is_empty() and names:
        known = pl.concat([facts["subject"], facts["object"], facts["relation"]]).unique().to_list()
        odd = next((name for name in names if name not in known), None)
        raise DataError(
            f"{problem}: no fact is about {' and '.join(names)}"
            if odd is None
            else f"{problem}: no fact is about {odd!r}{did_you_mean(odd, known)}"
        )
    chosen = kept.filter(pl.col("probability").is_between(which.above, which.below))
    if which.truth is not None:
        answer = {"true": True, "false": False, "unknown": None}[which.truth]
        chosen = chosen.filter(pl.col("truth").eq_missing(pl.lit(answer, dtype=pl.Boolean)))
    if which.seed is not None:
        drawn = chosen.sample(min(which.most, chosen.height), seed=which.seed)
        chosen = drawn.sort("probability", "subject", "object", descending=[True, False, False])
    return [Fact(**row) for row in chosen.head(which.most).iter_rows(named=True)]


def explain_fact(project: Project, problem: str, fact: Fact) -> list[FactCandidate]:
    """Look up what each candidate of a fact says.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    fact
        As ``list_facts`` gives it.

    Returns
    -------
    list of FactCandidate
        The likeliest first.
    """
    paths, classes = project.paths(problem), project.problem(problem).classes
    chosen = pl.col("row_id").is_in(fact.rows)
    files = [paths.raw / f"{name}.parquet" for name in batch_names(paths.manifest)]
    rows = pl.concat(
        [pl.scan_parquet(file, glob=False).filter(chosen).select("row_id", "document", "sentence") for file in files]
    )
    column = dict(zip(classes, probability_columns(classes), strict=True))[fact.relation]
    predicted = pl.scan_parquet(paths.predictions, glob=False).select("row_id", pl.col(column).alias("probability"))
    votes = pl.scan_parquet(paths.votes, glob=False).filter(chosen).drop("batch", "split")
    table = rows.join(predicted, on="row_id").join(votes, on="row_id").sort("probability", descending=True).collect()
    return [
        FactCandidate(
            row_id=row["row_id"],
            document=row["document"],
            sentence=row["sentence"],
            probability=row["probability"],
            votes={name: _vote(row[name], classes) for name in table.columns[4:] if row[name] != ABSTAIN},
        )
        for row in table.iter_rows(named=True)
    ]


def printed_fact(fact: Fact, behind: Sequence[FactCandidate]) -> list[str]:
    """Format a fact for people.

    Parameters
    ----------
    fact
        As ``list_facts`` gives it.
    behind
        Its candidates, where they are to be shown.

    Returns
    -------
    list of str
        Lines.
    """
    state = "published" if fact.published else "not published"
    state += "" if fact.truth is None else ", true by gold" if fact.truth else ", false by gold"
    lines = [
        f"{fact.probability:.3f}  {fact.subject} | {fact.relation} | {fact.object}  ({fact.documents} documents, {state})"
    ]
    if not behind:
        return lines + [f"       {sentence}" for sentence in fact.sentences[:1]]
    lines.append(f"       {fact.evidence:.3f} by its sentences alone, {fact.probability:.3f} beside other facts")
    for item in behind:
        votes = ", ".join(f"{name} {vote}" for name, vote in item.votes.items()) or "none"
        lines += [f"  {item.probability:.3f}  {item.sentence}", f"         {item.row_id}; votes: {votes}"]
    return lines


def _facts(project: Project, problem: str) -> pl.DataFrame:
    from tidemill.project.config import load_params

    relations = load_params(project.params).get("relations", [])
    if problem not in relations:
        some = f"; there are {', '.join(relations)}" if relations else ""
        raise ConfigError(
            f"{problem!r} is no relation problem{some}: `tidemill new NAME --documents FOLDER --knowledge FILE` makes one"
        )
    file = project.paths(problem).data / "facts.parquet"
    if not file.exists():
        raise DataError(f"{file} is missing: run `tidemill run problem={problem}`, or `dvc repro facts@{problem}`")
    return read(file, FACTS)


def _vote(vote: int, classes: Sequence[str]) -> str:
    return classes[vote] if vote >= 0 else f"not {classes[not_class(0) - vote]}"
