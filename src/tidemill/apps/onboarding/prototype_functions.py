"""Labeling functions to start from where pixels say nothing: images that are like the labeled ones, by the backbone's features."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.common.statistics import wilson
from tidemill.label.conditions.labeled_examples import unit

FILE: Final = "examples.jsonl"
_EXAMPLES: Final = 15
"""Most of a class."""
_MARGINS: Final = (0.0, 0.01, 0.02, 0.04, 0.08)
_LEVEL: Final = 0.8
_MIN_ROWS: Final = 3
Entry = dict[str, Any]


@dataclass(frozen=True)
class Prototypes:
    """Functions, and the examples that they read.

    Parameters
    ----------
    entries
        Of a YAML file of labeling functions; none where features do not tell the classes apart.
    examples
        Content of the file of examples.
    """

    entries: tuple[Entry, ...]
    examples: str


def prototype_functions(
    rows: pl.DataFrame, features: npt.NDArray[np.float32], classes: Sequence[str], names: Mapping[str, str]
) -> Prototypes:
    """Make a prototype of each class of half of its labeled rows, and choose its margin on the other half.

    Parameters
    ----------
    rows
        row_id, and ``gold``: class index.
    features : (n_rows, n_dimensions)
        Of the rows.
    classes
        Names of the classes in the order of their indices.
    names
        Name of the function by class.

    Returns
    -------
    Prototypes
        A function for each class that rows which are no examples confirm.
    """
    gold = rows["gold"].to_numpy()
    example = np.zeros(len(gold), dtype=np.bool_)
    for index in range(len(classes)):
        of_class = np.flatnonzero(gold == index)
        example[np.random.default_rng(index).permutation(of_class)[: min(_EXAMPLES, len(of_class) // 2)]] = True
    unseen, vectors = ~example, unit(features)
    entries = []
    for index, name in enumerate(classes):
        chosen = example & (gold == index)
        if not chosen.any() or not (example & ~chosen).any():
            continue
        near = vectors[unseen] @ unit(features[chosen].mean(axis=0))
        away = vectors[unseen] @ unit(features[example & ~chosen].mean(axis=0))
        margin = _margin(near - away, gold[unseen] == index)
        if margin is not None:
            content = {"kind": "prototype", "file": FILE, "of": name, "margin": margin, "vote": name}
            entries.append({"name": names[name], **content})
    lines = [
        {"row_id": rows["row_id"][int(row)], "class": classes[gold[row]], "feature": _rounded(features[row])}
        for row in np.flatnonzero(example)
    ]
    return Prototypes(tuple(entries), "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines if entries))


def _margin(lead: npt.NDArray[np.float32], is_class: npt.NDArray[np.bool_]) -> float | None:
    """The margin of the highest lower bound of precision; None where no bound is above the share of the class."""
    best, found = float(is_class.mean()), None
    for margin in _MARGINS:
        fires = lead > margin
        low = wilson(int(is_class[fires].sum()), int(fires.sum()), _LEVEL)[0] if fires.sum() >= _MIN_ROWS else 0.0
        if low > best:
            best, found = low, margin
    return found


def _rounded(feature: npt.NDArray[np.float32]) -> list[float]:
    return [round(float(value), 5) for value in feature]
