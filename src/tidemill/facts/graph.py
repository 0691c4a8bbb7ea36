"""Facts and the constraints between them: a binary variable for each fact, weighted clauses, and sets of which one holds at most."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tidemill.facts.rules import Atom
from tidemill.facts.settings import FactsSettings, Rule

Array = npt.NDArray[np.float64]
HARD: Final = 30.0
"""Log-odds of a constraint without exception."""
_KEY: Final = ("relation", "subject", "object")


@dataclass(frozen=True)
class Clause:
    """A disjunction: some of ``true`` holds or some of ``false`` does not; a breach costs ``weight`` in log-odds."""

    true: tuple[int, ...]
    false: tuple[int, ...]
    weight: float = HARD

    @property
    def variables(self) -> tuple[int, ...]:
        """All that it is about."""
        return self.true + self.false


@dataclass(frozen=True)
class Graph:
    """Log-odds of each variable by itself, clauses, and sets of which at most one holds."""

    log_odds: Array
    clauses: list[Clause] = field(default_factory=list)
    at_most_one: list[tuple[int, ...]] = field(default_factory=list)

    def components(self) -> Iterator[tuple[list[int], Graph]]:
        """Split it where no constraint connects.

        Yields
        ------
        variables : list of int
            Of the component, in order.
        graph : Graph
            Of them, numbered from 0.
        """
        count = len(self.log_odds)
        scopes = [*(clause.variables for clause in self.clauses), *self.at_most_one]
        pairs = np.array([(scope[0], other) for scope in scopes for other in scope[1:]], dtype=np.int64).reshape(-1, 2)
        links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
        _, label = connected_components(links, directed=False)
        members, clauses, sets = (
            defaultdict[int, list[int]](list),
            defaultdict[int, list[Clause]](list),
            defaultdict[int, list[tuple[int, ...]]](list),
        )
        for variable, mine in enumerate(label.tolist()):
            members[mine].append(variable)
        for clause in self.clauses:
            clauses[label[clause.variables[0]]].append(clause)
        for scope in self.at_most_one:
            sets[label[scope[0]]].append(scope)
        for mine, variables in members.items():
            number = {variable: place for place, variable in enumerate(variables)}
            renamed = [
                Clause(tuple(number[v] for v in clause.true), tuple(number[v] for v in clause.false), clause.weight)
                for clause in clauses[mine]
            ]
            one = [tuple(number[v] for v in scope) for scope in sets[mine]]
            yield variables, Graph(self.log_odds[variables], renamed, one)


def build_graph(facts: pl.DataFrame, log_odds: Array, settings: FactsSettings) -> Graph:
    """Ground the constraints of settings in facts.

    Parameters
    ----------
    facts
        subject, relation and object, a fact on each row.
    log_odds : (n_facts,)
        Of each by itself.
    settings
        The constraints. A rule is grounded where all its facts are candidates.

    Returns
    -------
    Graph
    """
    numbered = facts.select(pl.int_range(pl.len(), dtype=pl.Int64).alias("fact"), *_KEY)
    sets = [
        *_groups(numbered, settings.functional, ["relation", "subject"]),
        *_groups(numbered, settings.inverse_functional, ["relation", "object"]),
    ]
    for names in settings.exclusive:
        sets += _groups(numbered, names, ["subject", "object"])
    clauses = [clause for rule in settings.rules for clause in _grounded(numbered, rule)]
    return Graph(log_odds, clauses, sets)


def _groups(numbered: pl.DataFrame, relations: Sequence[str], by: list[str]) -> list[tuple[int, ...]]:
    mine = numbered.filter(pl.col("relation").is_in(list(relations)))
    found = mine.group_by(by, maintain_order=True).agg("fact").filter(pl.col("fact").list.len() > 1)
    return [tuple(scope) for scope in found["fact"].to_list()]


def _grounded(numbered: pl.DataFrame, rule: Rule) -> Iterator[Clause]:
    atoms = [*rule.body, rule.head]
    joined = _of(numbered, atoms[0], 0)
    for place, atom in enumerate(atoms[1:], start=1):
        table = _of(numbered, atom, place)
        on = [name for name in table.columns if name in joined.columns]
        joined = joined.join(table, on=on, how="inner") if on else joined.join(table, how="cross")
    weight = HARD if rule.weight is None else rule.weight
    facts = [f"fact {place}" for place in range(len(atoms))]
    for *body, head in joined.select(facts).unique(maintain_order=True).iter_rows():
        if head not in body:
            yield Clause((head,), tuple(dict.fromkeys(body)), weight)


def _of(numbered: pl.DataFrame, atom: Atom, place: int) -> pl.DataFrame:
    """Facts that an atom may be, a column for each of its variables."""
    mine = numbered.filter(pl.col("relation") == atom.relation)
    if atom.subject == atom.object:
        mine = mine.filter(pl.col("subject") == pl.col("object"))
        return mine.select(pl.col("subject").alias(f"of {atom.subject}"), pl.col("fact").alias(f"fact {place}"))
    return mine.select(
        pl.col("subject").alias(f"of {atom.subject}"),
        pl.col("object").alias(f"of {atom.object}"),
        pl.col("fact").alias(f"fact {place}"),
    )
