"""rows, votes and some gold -> candidates for labeling functions that would speak where none does, or where they disagree.

A candidate is an entry of a YAML file: a word or two, a metadata value, a number or an image statistic beyond a limit, a
group of rows alike in features. It is judged on gold of the development split by the lower end of a 90% interval of its
precision; what it adds is counted on the rows that lack an answer. Candidates are for a person to read: none is added.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.contracts import NO_GOLD, Features
from tidemill.label.evidence import unit

Entry = dict[str, Any]
Fires = npt.NDArray[np.bool_]

_QUANTILES: Final = (0.05, 0.1, 0.2, 0.8, 0.9, 0.95)
_VALUES: Final = 50
"""Distinct values of a column above which none is a candidate."""
_NGRAMS: Final = 20_000
_LEVEL: Final = 1.2816
"""Normal quantile of the lower end of an 80% interval: 90% lie above it."""
_GROUPS: Final = 40
_TRIED: Final = 400


@dataclass(frozen=True)
class Candidate:
    """An entry to read, what it would do, and on how much gold that rests."""

    entry: Entry
    source: str
    gains: int
    fires: int
    right: int
    told: int
    rows: npt.NDArray[np.intp]

    @property
    def low(self) -> float:
        """Precision that it exceeds with a confidence of 90%."""
        return lower(self.right, self.told)


@dataclass(frozen=True)
class Asked:
    """Rows as functions see them, their gold, which of them lack an answer, and names of the classes."""

    rows: pl.DataFrame
    gold: npt.NDArray[np.int8]
    wanting: Fires
    classes: Sequence[str]
    features: Features | None = None


def suggest(asked: Asked, *, most: int, seed: int, least: int = 5) -> list[Candidate]:
    """Rows that lack an answer → candidates, the most useful first; each is counted by what those before it left.

    Parameters
    ----------
    most
        How many candidates to give.
    least
        Rows with gold that a candidate has to fire on, and rows without an answer that it has to add.
    """
    found = [
        (entry, source, fires, k)
        for entry, source, fires in _all(asked, seed)
        if (k := _class_of(fires, asked)) is not None
    ]
    scored = sorted(found, key=lambda one: -_use(one[2], one[3], asked, asked.wanting))[:_TRIED]
    left = asked.wanting.copy()
    chosen: list[Candidate] = []
    while scored and len(chosen) < most:
        best = max(scored, key=lambda one: _use(one[2], one[3], asked, left))
        scored.remove(best)
        entry, source, fires, k = best
        if (fires & left).sum() < least or _use(fires, k, asked, left) <= 0:
            break
        known = fires & (asked.gold != NO_GOLD)
        if known.sum() >= least:
            right = int((asked.gold[known] == k).sum())
            whole = {"name": _name(entry, asked.classes[k]), **entry, "vote": asked.classes[k]}
            if entry["kind"] == "prototype":
                whole["of"] = asked.classes[k]
            gains = int((fires & left).sum())
            chosen.append(
                Candidate(whole, source, gains, int(fires.sum()), right, int(known.sum()), np.flatnonzero(fires & left))
            )
            left &= ~fires
    return chosen


def lower(right: int, told: int) -> float:
    """Right ones of so many → the lower end of Wilson's interval, above which the share lies with 90%.

    >>> round(lower(9, 10), 3), lower(0, 0)
    (0.718, 0.0)
    """
    if not told:
        return 0.0
    share, square = right / told, _LEVEL**2 / told
    width = _LEVEL * np.sqrt(share * (1 - share) / told + square / (4 * told))
    return max(0.0, float((share + square / 2 - width) / (1 + square)))


def _class_of(fires: Fires, asked: Asked) -> int | None:
    """Where a candidate fires → the class that it raises most; None where no gold speaks for any."""
    known = fires & (asked.gold != NO_GOLD)
    if not known.any():
        return None
    counts = np.bincount(asked.gold[known], minlength=len(asked.classes))
    return int((counts / np.maximum(_balance(asked), 1e-9)).argmax())


def _balance(asked: Asked) -> npt.NDArray[np.float64]:
    known = asked.gold[asked.gold != NO_GOLD]
    shares: npt.NDArray[np.float64] = np.bincount(known, minlength=len(asked.classes)) / max(len(known), 1)
    return shares


def _use(fires: Fires, k: int, asked: Asked, left: Fires) -> float:
    """Rows that a candidate would add, times how much of the doubt about them it takes away."""
    known = fires & (asked.gold != NO_GOLD)
    base = float(_balance(asked)[k])
    low = lower(int((asked.gold[known] == k).sum()), int(known.sum()))
    wanting = known & asked.wanting
    if wanting.sum() >= 3 and (asked.gold[wanting] == k).mean() <= base:  # noqa: PLR2004 - fewer tell nothing
        return 0.0  # right elsewhere, and no better than chance where it is needed
    return float((fires & left).sum()) * max(0.0, low - max(base, 0.5)) / max(1.0 - base, 1e-9)


def _all(asked: Asked, seed: int) -> Iterator[tuple[Entry, str, Fires]]:
    for name, dtype in asked.rows.schema.items():
        if name == "text":
            yield from _ngrams(asked)
        elif name not in {"row_id", "image", "feature"}:
            yield from _metadata(name, asked.rows[name], dtype)
    if asked.features is not None:
        yield from _alike(asked.features, seed)


def _ngrams(asked: Asked) -> Iterator[tuple[Entry, str, Fires]]:
    """Texts → words and pairs of words that rows without an answer say, as the keywords kind would find them."""
    from sklearn.feature_extraction.text import CountVectorizer

    texts = asked.rows["text"].fill_null("").to_list()
    counter = CountVectorizer(binary=True, ngram_range=(1, 2), min_df=3, max_features=_NGRAMS)
    said = counter.fit_transform(texts).tocsc()
    grams = counter.get_feature_names_out()
    for column in np.flatnonzero(np.asarray(said[asked.wanting].sum(axis=0)).ravel() >= 3):  # noqa: PLR2004 - as min_df
        fires = np.zeros(len(texts), dtype=np.bool_)
        fires[said.indices[said.indptr[column] : said.indptr[column + 1]]] = True
        yield {"kind": "keywords", "words": [str(grams[column])]}, "n-gram", fires


def _metadata(name: str, column: pl.Series, dtype: Any) -> Iterator[tuple[Entry, str, Fires]]:
    """Column → its values, or limits at its quantiles."""
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
    """Features → groups of rows that are alike; to make a function of one, write examples of it to a file."""
    from sklearn.cluster import MiniBatchKMeans

    groups = min(_GROUPS, len(features))
    member = MiniBatchKMeans(groups, random_state=seed, n_init=3).fit_predict(unit(features))
    for group in range(groups):
        yield {"kind": "prototype", "file": f"group_{group}.jsonl", "at_least": 0.6}, "feature group", member == group


def _name(entry: Entry, vote: str) -> str:
    said = entry.get("words") or [str(entry.get("column", entry.get("file"))).removesuffix(".jsonl")]
    extra = next((key for key in ("above", "below") if key in entry), "")
    value = str(entry.get("values", [""])[0]) if "values" in entry else ""
    words = "_".join(part for part in (*said, extra, value) if part)
    return f"maybe_{vote}_{'_'.join(words.replace('.', ' ').split())}"
