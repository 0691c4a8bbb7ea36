"""Labeling functions to start from, found on a new problem's development split: real ones, and no better than that."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
import yaml

from tidemill.apps.onboarding.prototype_functions import Prototypes, prototype_functions
from tidemill.contracts import NO_GOLD

_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_FUNCTIONS_PER_CLASS: Final = 3
_WORDS_PER_FUNCTION: Final = 4
_MIN_ROWS: Final = 3  # rows of a class that must say a word before it counts for that class
_CERTAIN: Final = 2.33  # standard errors that a word's log odds must lie above zero
_PRECISE: Final = 1.2  # a threshold must find its class this much more often than chance does
_IMAGES: Final = 400  # images looked at
_CUTS: Final = (0.1, 0.2, 0.3, 0.7, 0.8, 0.9)

Entry = dict[str, Any]

_HEADER: Final = """\
# Labeling functions of {name}: a start, not the work. {origin}
# Write down what you know of the problem instead: more functions here, or in Python files beside this one
# (`from tidemill.label import ABSTAIN, labeling_function`). `tidemill lf list {name}` tells how each one does.
functions:
"""
_PLACEHOLDERS: Final = """\
  # - {{name: says_something, kind: keywords, words: [replace, these], vote: {first}}}
  # - {{name: looks_like_something, kind: regex, pattern: "[A-Z]{{4,}}", vote: {last}}}
"""


Features = Callable[[pl.DataFrame], npt.NDArray[np.float32] | None]


@dataclass(frozen=True)
class StarterFunctions:
    """Files of labeling functions to start from.

    Parameters
    ----------
    yaml
        Content of functions.yaml.
    examples
        Content of the file of examples that prototypes read; empty where there are none.
    """

    yaml: str
    examples: str = ""


def starter_functions(
    name: str, classes: Sequence[str], raw: pl.DataFrame, dev: pl.DataFrame, features: Features
) -> StarterFunctions:
    """Write a first functions.yaml: words of texts, statistics of images, or where those say nothing examples of images.

    Parameters
    ----------
    name
        Of the problem.
    classes
        Names of the classes in the order of their indices.
    raw
        The first raw rows.
    dev
        Gold of the dev rows.
    features
        Computes features of images.

    Returns
    -------
    StarterFunctions
    """
    marked = raw.join(dev.filter(pl.col("gold") != NO_GOLD), on="row_id", maintain_order="left")
    has_gold, examples = marked["gold"].n_unique() > 1, ""
    if "text" in raw.columns:
        entries = word_functions(marked["text"].to_list(), marked["gold"].to_numpy(), classes) if has_gold else []
        origin, spare = "words", _length_functions(raw["text"], classes)
    else:
        chosen = (marked if has_gold else raw).head(_IMAGES)
        table = _statistics(chosen["image"].to_list())
        entries = threshold_functions(table, chosen["gold"].to_numpy(), classes) if has_gold else []
        origin, spare = "pixels", _extreme_functions(table, classes)
        unclear = _unclear_classes(table, chosen["gold"].to_numpy(), classes) if has_gold else set()
        if unclear:
            prototypes = _prototypes(chosen, features(chosen), classes)
            added = [entry for entry in prototypes.entries if entry["vote"] in unclear]
            entries, examples = [*entries, *added], prototypes.examples if added else ""
    guessed = len(entries) > 1
    message = (
        f"Guessed from the {origin} of {marked.height} labeled rows of the development split." if guessed else ARBITRARY
    )
    text = _HEADER.format(name=name, origin=message)
    if not guessed and "text" in raw.columns:
        text += _PLACEHOLDERS.format(first=_flow(classes[0]), last=_flow(classes[-1]))
    text += "".join(f"  - {_flow(entry)}\n" for entry in (entries if guessed else [*entries, *spare]))
    return StarterFunctions(text, examples)


def _prototypes(rows: pl.DataFrame, features: npt.NDArray[np.float32] | None, classes: Sequence[str]) -> Prototypes:
    if features is None:
        return Prototypes((), "")
    names = {label: f"looks_like_{_identifier(label, index)}" for index, label in enumerate(classes)}
    return prototype_functions(rows, features, classes, names)


ARBITRARY: Final = "Nothing could be learned from labels, so these are arbitrary: replace them."


def word_functions(texts: Sequence[str], gold: npt.NDArray[Any], classes: Sequence[str]) -> list[Entry]:
    """Make keyword functions of the words that predict each class best.

    Parameters
    ----------
    texts
        Texts of the rows.
    gold : (n_texts,)
        Class index.
    classes
        Names of the classes in the order of their indices.

    Returns
    -------
    list of dict
        Entries of a YAML file of labeling functions.

    Examples
    --------
    >>> texts = ["win cash now"] * 9 + ["see you now"] * 9
    >>> [entry["vote"] for entry in word_functions(texts, np.repeat([1, 0], 9), ["ham", "spam"])]
    ['ham', 'ham', 'spam', 'spam']
    """
    names = [frozenset(_WORD.findall(text.lower())) for text in texts]
    everywhere = Counter(word for words in names for word in words)
    entries = []
    for index, name in enumerate(classes):
        here = Counter(word for words, label in zip(names, gold, strict=True) if label == index for word in words)
        best = _sure_words(here, everywhere, rows=int((gold == index).sum()), total=len(names))
        groups = [best[place::_FUNCTIONS_PER_CLASS] for place in range(_FUNCTIONS_PER_CLASS)]
        for number, words in enumerate((group for group in groups if group), start=1):
            function = f"words_of_{_identifier(name, index)}_{number}"
            entries.append({"name": function, "kind": "keywords", "words": words, "vote": name})
    return entries


def _sure_words(here: Mapping[str, int], everywhere: Mapping[str, int], *, rows: int, total: int) -> list[str]:
    """Ordered by how surely their log odds exceed zero."""
    scored = []
    for word, count in here.items():
        other = everywhere[word] - count
        odds = math.log((count + 0.5) / (rows - count + 0.5)) - math.log((other + 0.5) / (total - rows - other + 0.5))
        score = odds / math.sqrt(1 / (count + 0.5) + 1 / (other + 0.5))
        is_precise = count / everywhere[word] >= (1 + rows / total) / 2
        if count >= _MIN_ROWS and score > _CERTAIN and is_precise:
            scored.append((-score, word))
    return [word for _, word in sorted(scored)[: _FUNCTIONS_PER_CLASS * _WORDS_PER_FUNCTION]]


def threshold_functions(table: pl.DataFrame, gold: npt.NDArray[Any], classes: Sequence[str]) -> list[Entry]:
    """Make, for each class, functions of the thresholds that predict it best.

    Parameters
    ----------
    table
        Statistics of images.
    gold : (n_images,)
        Class index.
    classes
        Names of the classes in the order of their indices.

    Returns
    -------
    list of dict
        Entries of a YAML file of labeling functions.
    """
    entries = []
    for index, name in enumerate(classes):
        share = float((gold == index).mean())
        results = _best_cuts(table, gold == index)
        good = sorted(
            (item for item in results if item[0] > min(_PRECISE * share, (1 + share) / 2)), key=lambda item: -item[0]
        )
        for _, statistic, limit in good[:_FUNCTIONS_PER_CLASS]:
            function = f"{statistic}_of_{_identifier(name, index)}"
            entries.append(
                {"name": function, "kind": "threshold", "column": f"image.{statistic}", **limit, "vote": name}
            )
    return entries


def _unclear_classes(table: pl.DataFrame, gold: npt.NDArray[Any], classes: Sequence[str]) -> set[str]:
    """Classes of which no statistic says more than half of what could be said."""
    of_class = {name: gold == index for index, name in enumerate(classes)}
    return {
        name
        for name, is_class in of_class.items()
        if max(precision for precision, *_ in _best_cuts(table, is_class)) < (1 + is_class.mean()) / 2
    }


def _best_cuts(table: pl.DataFrame, is_class: npt.NDArray[np.bool_]) -> list[tuple[float, str, dict[str, float]]]:
    return [_best_cut(column, is_class) for column in table.iter_columns()]


def _best_cut(column: pl.Series, is_class: npt.NDArray[np.bool_]) -> tuple[float, str, dict[str, float]]:
    """Share of the class beyond the best cut, the statistic and the cut."""
    values, best = column.to_numpy(), (0.0, column.name, {"above": 0.0})
    for share in _CUTS:
        cut = float(f"{np.quantile(values, share):.4g}")
        side, limit = (values < cut, "below") if share < 0.5 else (values > cut, "above")  # noqa: PLR2004 - the middle
        if side.sum() >= _MIN_ROWS and is_class[side].mean() > best[0]:
            best = (float(is_class[side].mean()), column.name, {limit: cut})
    return best


def _statistics(images: Sequence[bytes]) -> pl.DataFrame:
    from tidemill.label.image_statistics.pixels import decode
    from tidemill.label.image_statistics.statistics import statistics

    return pl.DataFrame([{key: float(value) for key, value in statistics(decode(image)).items()} for image in images])


def _length_functions(texts: pl.Series, classes: Sequence[str]) -> list[Entry]:
    lengths = texts.str.len_chars()
    low, high = int(lengths.quantile(0.2) or 0), int(lengths.quantile(0.8) or 0)
    base = {"kind": "length", "unit": "characters"}
    return [
        {"name": "is_short", **base, "below": low + 1, "vote": classes[0]},
        {"name": "is_long", **base, "above": max(high, low + 1), "vote": classes[-1]},
    ]


def _extreme_functions(table: pl.DataFrame, classes: Sequence[str]) -> list[Entry]:
    first, low, high = next(filter(None, map(_ends, table.iter_columns())), (table.columns[0], 0.0, 0.0))
    base = {"kind": "threshold", "column": f"image.{first}"}
    return [
        {"name": f"low_{first}", **base, "below": low, "vote": classes[0]},
        {"name": f"high_{first}", **base, "above": high, "vote": classes[-1]},
    ]


def _ends(column: pl.Series) -> tuple[str, float, float] | None:
    """Cuts that some images lie below and some above; None where there are none."""
    low, high = (float(f"{column.quantile(share) or 0.0:.4g}") for share in (0.2, 0.8))
    return (column.name, low, high) if (column < low).any() and (column > high).any() else None


def _identifier(name: str, index: int) -> str:
    return re.sub(r"\W+", "_", name.lower()).strip("_") or f"class_{index}"


def _flow(value: Any) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, width=10**6, sort_keys=False, allow_unicode=True)
    return text.removesuffix("...\n").strip()
