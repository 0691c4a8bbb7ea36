"""Labels in an arriving file for rows that an earlier batch has."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import polars as pl

from tidemill.contracts import NO_GOLD
from tidemill.ingest.row_ids import row_ids
from tidemill.ingest.settings import IngestSettings

_SCHEMA = {"row_id": pl.String, "gold": pl.Int16, "same_key": pl.Boolean, "own": pl.Int16}


def late_labels(
    names: tuple[Sequence[str], Sequence[str]], gold: Sequence[int], before: pl.DataFrame, settings: IngestSettings
) -> pl.DataFrame:
    """Find the labels of rows whose content an earlier batch has.

    Parameters
    ----------
    names
        Key and content hash of each row.
    gold
        Label of each row.
    before
        ``seen`` rows of earlier batches.
    settings
        What a key is.

    Returns
    -------
    polars.DataFrame
        row_id of the earlier row; the label that most of the rows with its content have; whether one of them has its key
        too, so that it is the same row and not another that reads the same; and the label that the row came with.
    """
    keys, hashes = names
    known = before.filter(pl.col("fate").is_in(["kept", "grouped"]))
    key_of = dict(known.select("content", "key").iter_rows())
    own = dict(known.select("content", "gold").iter_rows())
    labels: defaultdict[str, Counter[int]] = defaultdict(Counter)
    same: dict[str, bool] = {}
    for key, content, label in zip(keys, hashes, gold, strict=True):
        if label != NO_GOLD and content in key_of:
            labels[content][label] += 1
            same[content] = same.get(content, False) or settings.bare_key(key) == settings.bare_key(key_of[content])
    decided = {content: most_common(counts) for content, counts in labels.items()}
    rows = [content for content, label in decided.items() if label != NO_GOLD]
    ids = row_ids(rows, [key_of[content] for content in rows])
    columns = [ids, [decided[row] for row in rows], [same[row] for row in rows], [own[row] for row in rows]]
    return pl.DataFrame(dict(zip(_SCHEMA, columns, strict=True)), schema=_SCHEMA)


def most_common(labels: Counter[int]) -> int:
    """Find the label that most rows have.

    Parameters
    ----------
    labels
        Number of rows of each label.

    Returns
    -------
    int
        ``NO_GOLD`` where there is none, or two have as many.

    Examples
    --------
    >>> most_common(Counter({1: 3, 0: 2})), most_common(Counter({1: 2, 0: 2}))
    (1, -1)
    """
    best = labels.most_common(2)
    if not best or (len(best) > 1 and best[0][1] == best[1][1]):
        return NO_GOLD
    return best[0][0]
