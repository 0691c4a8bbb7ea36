"""Candidates for labeling functions, where no function votes yet or where they conflict.

A candidate is an entry of a YAML file: a word or two, a metadata value, a number or an image statistic beyond a limit, a
group of rows alike in features. It is judged on gold of the development split by the lower end of a 90% interval of its
precision; what it adds is counted on the rows that lack a label. Candidates are for the user to read: none is added.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.common.statistics import wilson
from tidemill.contracts import NO_GOLD, Features
from tidemill.label.conditions.labeled_examples import unit
from tidemill.label.functions.declared import declare

Entry = dict[str, Any]
Fires = npt.NDArray[np.bool_]

_QUANTILES: Final = (0.05, 0.1, 0.2, 0.8, 0.9, 0.95)
_VALUES: Final = 50
"""Distinct values of a column above which none is a candidate."""
_NGRAMS: Final = 20_000
_CONFIDENCE: Final = 0.8
"""Of a two-sided interval: 90% lie above its lower end."""
_GROUPS: Final = 40
_TRIED: Final = 400


@dataclass(frozen=True)
class Candidate:
    """A candidate, the rows it would add, and its precision on gold.

    Parameters
    ----------
    entry
        Entry of a YAML file.
    source
        What it was made from: n-gram, metadata, image statistic or feature group.
    gains
        Rows without a label that it would add.
    fires
        Rows that it votes on.
    correct, labeled
        Votes that agree with gold, of those on rows with gold.
    rows
        Indices of the rows that it would add.
    """

    entry: Entry
    source: str
    gains: int
    fires: int
    correct: int
    labeled: int
    rows: npt.NDArray[np.intp]

    @property
    def low(self) -> float:
        """Precision that it exceeds with a confidence of 90%."""
        return wilson(self.correct, self.labeled, _CONFIDENCE)[0]


@dataclass(frozen=True)
class Evidence:
    """What candidates are made from and judged by.

    Parameters
    ----------
    rows
        Raw rows as functions see them, image statistics in place of images.
    gold : (n_rows,)
        Class index, or ``NO_GOLD``.
    unresolved : (n_rows,)
        Rows without votes, or with votes in conflict.
    classes
        Names of the classes.
    features : (n_rows, n_dimensions)
        Features of the rows, where there are any.
    """

    rows: pl.DataFrame
    gold: npt.NDArray[np.int16]
    unresolved: Fires
    classes: Sequence[str]
    features: Features | None = None


def suggest(evidence: Evidence, *, most: int, seed: int, least: int = 5) -> list[Candidate]:
    """Suggest labeling functions, the most useful first.

    Each candidate is counted by the rows that those before it left.

    Parameters
    ----------
    evidence
        Rows, gold, and which rows lack a label.
    most
        How many candidates to give.
    seed
        Draws the groups of rows alike in features.
    least
        Rows with gold that a candidate has to fire on, and rows without a label that it has to add.

    Returns
    -------
    list of Candidate
    """
    tried = [
        _Tried(entry, source, fires, k)
        for entry, source, fires in _all(evidence, seed)
        if (k := _class_of(fires, evidence)) is not None
    ]
    tried = sorted(tried, key=lambda item: -_use(item.fires, item.k, evidence, evidence.unresolved))[:_TRIED]
    left = evidence.unresolved.copy()
    chosen: list[Candidate] = []
    while tried and len(chosen) < most:
        best = max(tried, key=lambda item: _use(item.fires, item.k, evidence, left))
        tried.remove(best)
        if not best.is_applied:
            tried.append(replace(best, fires=_applied(best, evidence), is_applied=True))
            continue
        if (best.fires & left).sum() < least or _use(best.fires, best.k, evidence, left) <= 0:
            break
        candidate = _candidate(best, evidence, left)
        if candidate.labeled >= least:
            chosen.append(candidate)
            left &= ~best.fires
    return chosen


@dataclass(frozen=True, eq=False)
class _Tried:
    entry: Entry
    source: str
    fires: Fires
    k: int
    is_applied: bool = False
    """Whether ``fires`` is of the function that is offered; before, of what it was made from."""


def _applied(tried: _Tried, evidence: Evidence) -> Fires:
    """Rows on which the offered function votes: words stand apart otherwise than in n-grams, examples are like more rows than their group."""
    entry = tried.entry
    if entry["kind"] == "prototype" and evidence.features is not None:
        vectors = unit(evidence.features)
        similar: Fires = vectors @ unit(vectors[tried.fires].mean(axis=0)) >= entry["at_least"]
        return similar
    function = declare("candidate", vote=tried.k, **entry)
    votes = evidence.rows.select(function.expression().alias("vote"))["vote"]
    return (votes == tried.k).fill_null(value=False).to_numpy()


def _candidate(tried: _Tried, evidence: Evidence, left: Fires) -> Candidate:
    name = evidence.classes[tried.k]
    entry = {"name": _name(tried.entry, name), **tried.entry, "vote": name}
    if entry["kind"] == "prototype":
        entry["of"] = name
    labeled = tried.fires & (evidence.gold != NO_GOLD)
    correct = int((evidence.gold[labeled] == tried.k).sum())
    new = np.flatnonzero(tried.fires & left)
    return Candidate(entry, tried.source, len(new), int(tried.fires.sum()), correct, int(labeled.sum()), new)


def _class_of(fires: Fires, evidence: Evidence) -> int | None:
    labeled = fires & (evidence.gold != NO_GOLD)
    if not labeled.any():
        return None
    counts = np.bincount(evidence.gold[labeled], minlength=len(evidence.classes))
    return int((counts / np.maximum(_balance(evidence), 1e-9)).argmax())


def _balance(evidence: Evidence) -> npt.NDArray[np.float64]:
    labeled = evidence.gold[evidence.gold != NO_GOLD]
    shares: npt.NDArray[np.float64] = np.bincount(labeled, minlength=len(evidence.classes)) / max(len(labeled), 1)
    return shares


def _use(fires: Fires, k: int, evidence: Evidence, left: Fires) -> float:
    """Rows that a candidate would add, times how much of the doubt about them it takes away."""
    labeled = fires & (evidence.gold != NO_GOLD)
    base = float(_balance(evidence)[k])
    low = wilson(int((evidence.gold[labeled] == k).sum()), int(labeled.sum()), _CONFIDENCE)[0]
    unresolved = labeled & evidence.unresolved
    if unresolved.sum() >= 3 and (evidence.gold[unresolved] == k).mean() <= base:  # noqa: PLR2004 - fewer tell nothing
        return 0.0  # right elsewhere, and no better than chance where it is needed
    return float((fires & left).sum()) * max(0.0, low - max(base, 0.5)) / max(1.0 - base, 1e-9)


def _all(evidence: Evidence, seed: int) -> Iterator[tuple[Entry, str, Fires]]:
    for name, dtype in evidence.rows.schema.items():
        if name == "text":
            yield from _ngrams(evidence)
        elif name not in {"row_id", "image", "feature"}:
            yield from _metadata(name, evidence.rows[name], dtype)
    if evidence.features is not None:
        yield from _alike(evidence.features, seed)


def _ngrams(evidence: Evidence) -> Iterator[tuple[Entry, str, Fires]]:
    from sklearn.feature_extraction.text import CountVectorizer

    texts = evidence.rows["text"].fill_null("").to_list()
    counter = CountVectorizer(binary=True, ngram_range=(1, 2), min_df=3, max_features=_NGRAMS)
    counts = counter.fit_transform(texts).tocsc()
    grams = counter.get_feature_names_out()
    for column in np.flatnonzero(np.asarray(counts[evidence.unresolved].sum(axis=0)).ravel() >= 3):  # noqa: PLR2004 - as min_df
        fires = np.zeros(len(texts), dtype=np.bool_)
        fires[counts.indices[counts.indptr[column] : counts.indptr[column + 1]]] = True
        yield {"kind": "keywords", "words": [str(grams[column])]}, "n-gram", fires


def _metadata(name: str, column: pl.Series, dtype: Any) -> Iterator[tuple[Entry, str, Fires]]:
    source = "image statistic" if name.startswith("image.") else "metadata"
    if dtype == pl.Boolean:
        for value in (True, False):
            fires = (column == value).fill_null(value=False).to_numpy()
            yield {"kind": "flag", "column": name, "value": value}, source, fires
    elif dtype.is_numeric():
        numbers = column.cast(pl.Float64).to_numpy()
        for share in _QUANTILES:
            limit = float(f"{np.nanquantile(numbers, share):.3g}") if not np.isnan(numbers).all() else np.nan
            side = "below" if share < 0.5 else "above"  # noqa: PLR2004 - the middle
            fires = numbers < limit if side == "below" else numbers > limit
            yield {"kind": "threshold", "column": name, side: limit}, source, fires
    elif dtype == pl.String and column.n_unique() <= _VALUES:
        for value in column.drop_nulls().unique(maintain_order=True):
            fires = (column == value).fill_null(value=False).to_numpy()
            yield {"kind": "member", "column": name, "values": [value]}, source, fires


def _alike(features: Features, seed: int) -> Iterator[tuple[Entry, str, Fires]]:
    from sklearn.cluster import MiniBatchKMeans

    groups = min(_GROUPS, len(features))
    member = MiniBatchKMeans(groups, random_state=seed, n_init=3).fit_predict(unit(features))
    for group in range(groups):
        yield {"kind": "prototype", "file": f"group_{group}.jsonl", "at_least": 0.6}, "feature group", member == group


def _name(entry: Entry, vote: str) -> str:
    parts = entry.get("words") or [str(entry.get("column", entry.get("file"))).removesuffix(".jsonl")]
    extra = next((key for key in ("above", "below") if key in entry), "")
    value = str(entry.get("values", [""])[0]) if "values" in entry else ""
    words = "_".join(part for part in (*parts, extra, value) if part)
    return f"maybe_{vote}_{'_'.join(words.replace('.', ' ').split())}"
