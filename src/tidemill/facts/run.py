"""The facts stage: candidates and their predictions become facts that agree with each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from tidemill.contracts import Column, Contract
from tidemill.facts.calibration import NoisyOr, fit_noisy_or
from tidemill.facts.graph import Array, Graph, build_graph
from tidemill.facts.grouping import evidence_table, group, held_out
from tidemill.facts.inference import Inferred, infer
from tidemill.facts.publishing import broken, published_facts
from tidemill.facts.report import Flags, calibration_error, function_errors, precision_at
from tidemill.facts.settings import FactsSettings
from tidemill.reports.facts import FactsReport

FACTS: Final = Contract(
    "facts",
    (
        Column("subject", pl.String),
        Column("relation", pl.String),
        Column("object", pl.String),
        Column("probability", pl.Float64, minimum=0.0, maximum=1.0),
        Column("published", pl.Boolean),
        Column("evidence", pl.Float64, minimum=0.0, maximum=1.0),
        Column("documents", pl.UInt32, minimum=1, maximum=2**32 - 1),
        Column("sentences", pl.List),
        Column("rows", pl.List),
        Column("truth", pl.Boolean, nullable=True),
    ),
    min_rows=0,
    key="subject",
)
"""A fact on each row: ``evidence`` is its probability before constraints, ``rows`` are its candidates, the likeliest first."""


@dataclass(frozen=True)
class Facts:
    """The table of facts, its report, and probability and truth of facts for the picture."""

    table: pl.DataFrame
    report: FactsReport
    known: Mapping[str, tuple[Array, Flags]]


def make_facts(rows: pl.DataFrame, votes: pl.DataFrame, classes: Sequence[str], settings: FactsSettings) -> Facts:
    """Make the facts of a problem.

    Parameters
    ----------
    rows
        Candidates with gold and the end model's probabilities, as ``evidence_table`` takes them.
    votes
        row_id, batch, split, and a column for each labeling function.
    classes
        Names of the classes; the first is that of pairs without a relation.
    settings
        What facts have to agree on.

    Returns
    -------
    Facts

    Raises
    ------
    ConfigError
        A constraint names a relation that there is not.
    """
    settings.check_relations(tuple(classes[1:]))
    grouped = group(evidence_table(rows, classes, settings.symmetric))
    strongest, others = (grouped[name].to_numpy() for name in ("strongest", "others"))
    truth = grouped["truth"].fill_null(value=False).to_numpy()
    valid, test = held_out(grouped, "valid"), held_out(grouped, "test")
    weights = fit_noisy_or(strongest[valid], others[valid], truth[valid])
    log_odds = weights.log_odds(strongest, others)
    graph = build_graph(grouped, log_odds, settings)
    inferred = infer(graph, settings)
    published = published_facts(graph, inferred.probabilities, settings.publish)
    table = grouped.select("subject", "relation", "object", "documents", "sentences", "rows", "truth").with_columns(
        pl.Series("probability", inferred.probabilities),
        pl.Series("published", published),
        pl.Series("evidence", 1 / (1 + np.exp(-log_odds))),
    )
    table = table.select([column.name for column in FACTS.columns])
    known = {
        name: (inferred.probabilities[mask], truth[mask])
        for name, mask in (("fitted to (valid)", valid), ("held out (test)", test))
        if mask.any()
    }
    result = _report(rows, (grouped, truth, test), (graph, inferred, published), weights, settings, votes, classes)
    return Facts(table.sort("probability", "subject", "object", descending=[True, False, False]), result, known)


def _report(  # noqa: PLR0913, PLR0917 - a report of all of it
    rows: pl.DataFrame,
    facts: tuple[pl.DataFrame, Flags, Flags],
    found: tuple[Graph, Inferred, Flags],
    weights: NoisyOr,
    settings: FactsSettings,
    votes: pl.DataFrame,
    classes: Sequence[str],
) -> FactsReport:
    (grouped, truth, test), (graph, inferred, published) = facts, found
    chances = inferred.probabilities
    return FactsReport(
        candidates=rows.height,
        facts=grouped.height,
        published=int(published.sum()),
        publish=settings.publish,
        broken=len(broken(graph, published)),
        withheld=int((chances >= settings.publish).sum() - published.sum()),
        alone=inferred.alone,
        exact=inferred.exact,
        sampled=inferred.sampled,
        further=weights.further,
        slope=weights.slope,
        offset=weights.offset,
        fitted_to=weights.fitted_to,
        held_out=int(test.sum()),
        calibration_error=calibration_error(chances[test], truth[test]),
        precision=precision_at(chances[test], truth[test]),
        errors=function_errors(grouped.filter(pl.Series(test)), chances[test], votes, classes),
    )
