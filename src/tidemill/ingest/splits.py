"""Which split a row is of: by a hash of its id, or, where it came with a label, by how many labels its batch has.

Rows that are nearly the same share a split, whichever batch they came in, so that nothing is tested on what was learned; so do rows
of a group, such as those of a patient (``ingest.split.group``). A row keeps its split for good.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tidemill.contracts import NO_GOLD, SPLITS
from tidemill.ingest.settings import SplitSettings

GROUP: Final = "group of "
"""What the name of a group begins with, where it stands in for the id of a row; no id has a space."""
_FEW: Final = 120
_OF_FEW: Final = 0.25
"""Share of the first ``_FEW`` labels of a batch that valid gets, and as many test: the 30 rows below which no gate judges."""
_OF_MORE: Final = 0.125
_MOST: Final = 1000
"""Labels of a batch that valid gets at most: a true gain of two points is found in four of five trials, at 6% discordant rows."""
_FIRST_DEV, _MOST_DEV = 60, 500
"""Of the labels of a batch that teach, dev gets the first, then half, up to the most; the others are of train, which no expert sees."""
_RARE: Final = 4
"""Labels of a class from which on some of them judge."""


@dataclass(frozen=True)
class LabelShares:
    """How many of the labels of one batch each split gets."""

    train: int
    dev: int
    valid: int
    test: int


def label_shares(labels: int) -> LabelShares:
    """Divide labels among the splits.

    Parameters
    ----------
    labels
        Number of labeled rows of a batch; rows that are nearly the same count once.

    Returns
    -------
    LabelShares
        The published table of ``docs/data.md``.

    Examples
    --------
    >>> label_shares(200)
    LabelShares(train=60, dev=60, valid=40, test=40)
    """
    judging = min(int(_OF_FEW * min(labels, _FEW) + _OF_MORE * max(labels - _FEW, 0)), _MOST)
    teaching = labels - 2 * judging
    dev = _of_dev(teaching)
    return LabelShares(teaching - dev, dev, judging, judging)


def _of_dev(teaching: int) -> int:
    return min(teaching, max(_FIRST_DEV, teaching // 2), _MOST_DEV)


def describe_labels(labels: Mapping[str, int]) -> str:
    """Describe what becomes of labels.

    Parameters
    ----------
    labels
        Number of labeled rows by split.

    Returns
    -------
    str

    Examples
    --------
    >>> describe_labels({"train": 60, "dev": 60, "valid": 40, "test": 40})
    'of 200 labels 120 can teach (dev 60, train 60), 40 decide what is promoted (valid), 40 measure scores (test)'
    """
    number = {name: labels.get(name, 0) for name in SPLITS}
    parts = ", ".join(f"{name} {number[name]}" for name in ("dev", "train") if number[name])
    teaching = sum(number[name] for name in ("train", "dev"))
    return (
        f"of {sum(number.values())} labels {teaching} can teach{f' ({parts})' if parts else ''}, {number['valid']} decide what is "
        f"promoted (valid), {number['test']} measure scores (test)"
    )


def split_of(row_id: str, settings: SplitSettings) -> str:
    """Sort a row into a split by a hash of seed and id, so that no other row and no order changes it.

    Parameters
    ----------
    row_id
        Id of the row.
    settings
        Shares of the splits, and the seed of the hash.

    Returns
    -------
    str
        ``train``, ``dev``, ``valid`` or ``test``.
    """
    edges = np.cumsum([getattr(settings, name) for name in SPLITS])[:-1]
    return SPLITS[int(np.searchsorted(edges, _place(row_id, settings.seed), side="right"))]


def _place(row_id: str, seed: int) -> float:
    return int.from_bytes(hashlib.sha256(f"{seed}:{row_id}".encode()).digest()[:8]) / 2**64


def split_rows(
    leaders: Sequence[str], gold: Sequence[int], settings: SplitSettings, known: Mapping[str, str]
) -> list[str]:
    """Sort the rows of a batch into splits.

    Parameters
    ----------
    leaders : (n_rows,)
        Id of the row or name of the group whose split each row has: its own, or that of the first text that it is like.
    gold : (n_rows,)
        Class that each row came with; ``NO_GOLD`` where there is none, and for rows that are not kept.
    settings
        Shares of the splits, the seed, and whether labels are counted.
    known
        Splits of rows and groups of earlier batches by their ids and names.

    Returns
    -------
    list of str
        A split per row.
    """
    if settings.by == "hash":
        there = known if settings.group is not None else {}
        return [there.get(leader) or split_of(leader, settings) for leader in leaders]
    labels: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for leader, own in zip(leaders, gold, strict=True):
        if own != NO_GOLD and leader not in known:
            labels[leader][own] += 1
    label = {leader: min((-count, own) for own, count in counts.items())[1] for leader, counts in labels.items()}
    chosen = dict(known) | _stratified(label, settings.seed)
    return [chosen.get(leader) or split_of(leader, settings) for leader in leaders]


def share_groups(leaders: Sequence[str], groups: Sequence[str | None], known: Mapping[str, str]) -> list[str]:
    """Let rows of a group, and rows that are nearly the same as one of them, have one leader.

    Parameters
    ----------
    leaders : (n_rows,)
        Id of the row that each row is nearly the same as, its own where there is none.
    groups : (n_rows,)
        Group of each row; None: it is of none.
    known
        Splits of earlier rows and groups: what is known leads what is new.

    Returns
    -------
    list of str
        Per row an id, or the name of a group with ``GROUP`` before it.

    Examples
    --------
    >>> share_groups(["a", "b", "a", "d"], ["ann", "ann", "bob", None], {})
    ['group of ann', 'group of ann', 'group of ann', 'd']
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.get(name, name) != name:
            name = parent[name]
        return name

    for leader, group in zip(leaders, groups, strict=True):
        if group is not None:
            found = {root(leader), root(GROUP + group)}
            first = min(found, key=lambda name: (name not in known, not name.startswith(GROUP), name))
            parent.update(dict.fromkeys(found, first))
    return [root(leader if group is None else GROUP + group) for leader, group in zip(leaders, groups, strict=True)]


def _stratified(label: Mapping[str, int], seed: int) -> dict[str, str]:
    """Of each class as many to each split as its share of the labels, in the order of their hashes."""
    classes: defaultdict[int, list[str]] = defaultdict(list)
    for leader in sorted(label, key=lambda item: _place(item, seed)):
        classes[label[leader]].append(leader)
    sizes = {place: len(leaders) for place, leaders in sorted(classes.items())}
    common = {place: size if size >= _RARE else 0 for place, size in sizes.items()}
    judging = _proportional(common, label_shares(sum(common.values())).valid)
    teaching = {place: size - 2 * judging[place] for place, size in sizes.items()}
    dev = _proportional(teaching, _of_dev(sum(teaching.values())))
    result: dict[str, str] = {}
    for place, leaders in classes.items():
        names = ["valid"] * judging[place] + ["test"] * judging[place] + ["dev"] * dev[place]
        names += ["train"] * (len(leaders) - len(names))
        result |= dict(zip(leaders, names, strict=True))
    return result


def _proportional(sizes: Mapping[int, int], total: int) -> dict[int, int]:
    """Whole numbers that add up to the total, or to less where sizes do, in proportion to sizes (largest remainders)."""
    whole = sum(sizes.values())
    if not whole:
        return dict.fromkeys(sizes, 0)
    exact = {place: total * size / whole for place, size in sizes.items()}
    result = {place: int(value) for place, value in exact.items()}
    for place in sorted(exact, key=lambda item: result[item] - exact[item])[: total - sum(result.values())]:
        result[place] += 1
    return result
