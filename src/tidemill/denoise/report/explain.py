"""What a label model holds of each function and of their dependences, and why a row got its label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.common.statistics import wilson
from tidemill.contracts import ABSTAIN, Probabilities, Votes
from tidemill.denoise.models.base import BaseLabelModel
from tidemill.denoise.models.pairs import PairLifts
from tidemill.denoise.statistics.dependence import EXCESS, dependent_groups
from tidemill.denoise.statistics.votes import Array, named_classes, one_hot
from tidemill.reports.denoise import Dependences, DependentPair, Explanation, FunctionQuality

BUDGET: Final = 20_000
CONFIDENCE: Final = 0.9
"""Of the intervals of accuracies and confusions."""


def explain(
    model: BaseLabelModel, votes: Votes, *, names: Sequence[str], classes: Sequence[str], features: Any = None
) -> Explanation:
    """Explain a fitted model on votes.

    Parameters
    ----------
    model
        Fitted label model.
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    names
        Of the functions.
    classes
        Names of the classes in the order of their indices.
    features : (n_rows, n_dimensions), optional
        Features of the rows.

    Returns
    -------
    Explanation
        Figures of each function, and their dependences.
    """
    return explain_votes(votes, model.predict_proba(votes, features=features), names=names, classes=classes)


def explain_votes(
    votes: Votes, posterior: Probabilities, *, names: Sequence[str], classes: Sequence[str]
) -> Explanation:
    """Explain votes by a label model's posterior.

    What is counted is the posterior on these votes, so the intervals are those of a hand count whose labels were the
    model's: they hold sampling, not the model's own mistakes.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    posterior : (n_rows, n_classes)
        Class probabilities of each row.
    names
        Of the functions.
    classes
        Names of the classes in the order of their indices.

    Returns
    -------
    Explanation
        As ``explain`` returns it.
    """
    pairs = PairLifts(len(classes), budget=BUDGET).fit(votes)
    return Explanation(
        classes=tuple(classes),
        functions=functions(votes, posterior, names=names, classes=classes),
        dependences=dependences(pairs, names),
    )


def functions(
    votes: Votes, posterior: Probabilities, *, names: Sequence[str], classes: Sequence[str]
) -> dict[str, FunctionQuality]:
    """Estimate coverage, accuracy and confusion of each function.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    posterior : (n_rows, n_classes)
        Class probabilities of each row.
    names
        Of the functions.
    classes
        Names of the classes in the order of their indices.

    Returns
    -------
    dict of str to FunctionQuality
        By name.
    """
    n_classes = len(classes)
    mass = np.asarray(one_hot(votes, n_classes).T @ posterior).reshape(-1, 2 * n_classes, n_classes)
    named = named_classes(n_classes) > 0
    right, total = (mass * named).sum(axis=(1, 2)), mass.sum(axis=(1, 2))
    result = {}
    for j, name in enumerate(names):
        low, high = wilson(float(right[j]), float(total[j]), CONFIDENCE)
        result[name] = FunctionQuality(
            coverage=round(float((votes[:, j] != ABSTAIN).mean()), 6),
            votes=int(total[j].round()),
            accuracy=round(float(right[j] / total[j]), 6) if total[j] else None,
            interval=(round(low, 6), round(high, 6)),
            confusion=_confusion(mass[j], classes),
        )
    return result


def _confusion(mass: Array, classes: Sequence[str]) -> dict[str, dict[str, tuple[float, float, float]]]:
    """By class and vote, the share and its 90% interval."""
    kinds = [*classes, *(f"not {name}" for name in classes)]
    totals = mass.sum(axis=0)
    result = {}
    for k, name in enumerate(classes):
        given = {kind: float(mass[s, k]) for s, kind in enumerate(kinds) if mass[s].sum() > 0}
        result[name] = {kind: _share(count, float(totals[k])) for kind, count in given.items()}
    return result


def _share(count: float, total: float) -> tuple[float, float, float]:
    low, high = wilson(count, total, CONFIDENCE)
    return round(count / max(total, 1e-12), 6), round(low, 6), round(high, 6)


def dependences(pairs: PairLifts, names: Sequence[str]) -> Dependences:
    """Report which functions repeat one another.

    Parameters
    ----------
    pairs
        Fitted.
    names
        Of the functions.

    Returns
    -------
    Dependences
    """
    back = np.argsort(pairs.order_)
    excess = pairs.excess_[np.ix_(back, back)]
    results = [(int(i), int(j)) for i, j in np.argwhere(np.triu(excess > EXCESS, 1))]
    return Dependences(
        voting=int((pairs.uses_.reshape(len(names), -1).sum(axis=1) > 0).sum()),
        effective_functions=round(pairs.effective(), 4),
        groups=tuple(tuple(names[j] for j in group) for group in dependent_groups(excess)),
        pairs=tuple(
            DependentPair(functions=(names[i], names[j]), excess=round(float(excess[i, j]), 4)) for i, j in results
        ),
        weights=dict(zip(names, pairs.weights_[back].round(6).tolist(), strict=True)),
    )


@dataclass(frozen=True)
class RowLogOdds:
    """A row's likeliest class by its index, its log odds, and by how much each function moved them."""

    likeliest: int
    log_odds: float
    functions: dict[str, float]


def row_log_odds(
    model: BaseLabelModel, votes: Votes, *, names: Sequence[str], features: Any = None
) -> list[RowLogOdds]:
    """Explain the labels of a few rows.

    Parameters
    ----------
    model
        Fitted label model.
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    names
        Of the functions.
    features : (n_rows, n_dimensions), optional
        Features of the rows.

    Returns
    -------
    list of RowLogOdds
        One for each row.
    """
    classes = [str(k) for k in range(model.n_classes)]
    places = pl.Series([str(i) for i in range(len(votes))])
    lines = row_evidence(model, votes, places, names=names, classes=classes, features=features)
    whole = model.predict_proba(votes, features=features)
    best = whole.argmax(axis=1)
    result = [
        RowLogOdds(int(k), round(float(odds), 6), {}) for k, odds in zip(best, _log_odds(whole, best), strict=True)
    ]
    for row, function, moved in lines.select("row_id", "function", "moved").iter_rows():
        result[int(row)].functions[function] = moved
    return result


def row_evidence(
    model: BaseLabelModel,
    votes: Votes,
    row_ids: pl.Series,
    *,
    names: Sequence[str],
    classes: Sequence[str],
    features: Any = None,
) -> pl.DataFrame:
    """Explain the label of each row by its votes.

    Parameters
    ----------
    model
        Fitted label model.
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    row_ids
        Ids of the rows.
    names
        Of the functions.
    classes
        Names of the classes in the order of their indices.
    features : (n_rows, n_dimensions), optional
        Features of the rows.

    Returns
    -------
    polars.DataFrame
        A line per vote. ``log_odds`` is that of the row's likeliest class; ``moved`` is what is left of it when the log odds
        without this vote are taken away: the answer to "what if this function had abstained", in natural logarithms.
    """
    whole = model.predict_proba(votes, features=features)
    best = whole.argmax(axis=1)
    odds = _log_odds(whole, best)
    parts = []
    for j, name in enumerate(names):
        rows = np.flatnonzero(votes[:, j] != ABSTAIN)
        without = votes[rows]
        without[:, j] = ABSTAIN
        seen = None if features is None else features[rows]
        moved = odds[rows] - _log_odds(model.predict_proba(without, features=seen), best[rows])
        given = [_named(int(vote), classes) for vote in np.unique(votes[rows, j])]
        parts.append(_lines(rows, name, votes[rows, j], given, moved))
    lines = pl.concat(parts) if parts else _lines(np.zeros(0, int), "", np.zeros(0, np.int16), [], np.zeros(0))
    result = lines.with_columns(
        row_id=row_ids.cast(pl.String)[lines["row"].to_numpy()],
        likeliest=pl.Series([classes[k] for k in best[lines["row"].to_numpy()]], dtype=pl.String),
        log_odds=pl.Series(odds[lines["row"].to_numpy()].round(6)),
    )
    return result.sort("row", maintain_order=True).select(
        "row_id", "likeliest", "log_odds", "function", "vote", "moved"
    )


def _lines(rows: Any, name: str, votes: Any, given: list[str], moved: Array) -> pl.DataFrame:
    words = dict(zip(np.unique(votes).tolist(), given, strict=True))
    vote_names = pl.Series([words[vote] for vote in votes.tolist()], dtype=pl.String)
    functions = pl.repeat(name, len(rows), dtype=pl.String, eager=True)
    return pl.DataFrame({"row": rows, "function": functions, "vote": vote_names, "moved": moved.round(6)})


def _named(vote: int, classes: Sequence[str]) -> str:
    return classes[vote] if vote >= 0 else f"not {classes[-2 - vote]}"


def _log_odds(probabilities: Probabilities, chosen: Any) -> Array:
    share = np.clip(probabilities[np.arange(len(chosen)), chosen], 1e-12, 1.0 - 1e-12)
    return np.asarray(np.log(share / (1.0 - share)))
