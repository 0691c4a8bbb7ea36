"""Which rows a person labels to decide whether a drift is harm: a random sample for the test, and apart from it rows that teach most.

The sample is rows in the order of hashes of their ids, so a replay gives the same: first those from the change to the alarm
together, then those of each later batch. Rows of the splits that evaluate judges by are left out: nobody is asked for their labels.
Labels that rows of any split got for another reason, since they came with the row or it was drawn at random, count beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tidemill.monitor.rows import Array, Rows
from tidemill.monitor.sequential.p_values import row_hashes

Labels = Callable[[Sequence[str]], Mapping[str, int]]
"""Row ids in, the class of those that have a label out."""

_INFORMATIVE: Final = 20


@dataclass(frozen=True)
class Arrived:
    """Rows of a batch with their ids.

    Attributes
    ----------
    row_ids : (n_rows,)
    rows
        Of the batch.
    """

    row_ids: tuple[str, ...]
    rows: Rows


def sample_order(batches: Sequence[Arrived], together: int, eligible: Collection[str], salt: str) -> list[str]:
    """Order rows for the test.

    Parameters
    ----------
    batches : sequence of Arrived
        Since the change, in order of arrival.
    together : int
        How many of the first are shuffled as one, at least one: those up to the alarm.
    eligible : collection of str
        Ids of rows that a person may label.
    salt : str
        Such as the champion's version; another one gives another order.

    Returns
    -------
    list of str
        Row ids. Batches that arrive later are added at the end.
    """
    first = [row_id for batch in batches[:together] for row_id in batch.row_ids]
    parts = [first, *(list(batch.row_ids) for batch in batches[together:])]
    ordered: list[str] = []
    for part in parts:
        ids = [row_id for row_id in part if row_id in eligible]
        ordered += [ids[k] for k in np.argsort(row_hashes(ids, f"labels {salt}"), kind="stable")] if ids else []
    return ordered


def answered_right(
    order: Sequence[str], predicted: Mapping[str, int], labels: Mapping[str, int]
) -> npt.NDArray[np.bool_]:
    """Read whether the champion is right on rows that have been labeled, up to the first that has not.

    A row that is skipped ends the sample: people skip what is hard.

    Parameters
    ----------
    order : sequence of str
        Ids of the sample.
    predicted, labels : mapping
        Class by row id.

    Returns
    -------
    (n_answered,)
    """
    right = []
    for row_id in order:
        if row_id not in labels:
            break
        right.append(labels[row_id] == predicted[row_id])
    return np.array(right, dtype=np.bool_)


def otherwise_labeled(
    batches: Sequence[Arrived], together: int, labels: Mapping[str, int], apart_from: Collection[str], salt: str
) -> list[str]:
    """Order the rows that got a label for another reason than this test: it came with them, or they were drawn at random.

    Parameters
    ----------
    batches, together, salt
        As of ``sample_order``.
    labels : mapping
        Class by row id, of such rows.
    apart_from : collection of str
        Ids of rows that count already.

    Returns
    -------
    list of str
        Row ids, in an order that no other row changes.
    """
    eligible = labels.keys() - set(apart_from)
    return sample_order(batches, together, eligible, salt)


def most_informative(
    batches: Sequence[Arrived], doubt: Array, apart_from: Collection[str], eligible: Collection[str]
) -> tuple[str, ...]:
    """Choose rows whose labels teach the most: those on which champion and functions contradict each other most.

    Parameters
    ----------
    batches : sequence of Arrived
        Since the change.
    doubt : (n_rows,)
        How much they do, of all rows in order.
    apart_from : collection of str
        Ids of the sample, of which none is chosen.
    eligible : collection of str
        Ids of rows that a person may label.

    Returns
    -------
    tuple of str
        At most twenty ids.
    """
    ids = [row_id for batch in batches for row_id in batch.row_ids]
    ranked = (ids[k] for k in np.argsort(-doubt, kind="stable"))
    taken = set(apart_from)
    return tuple([row_id for row_id in ranked if row_id in eligible and row_id not in taken][:_INFORMATIVE])
