"""A table's row as attributes, items and a mapping, as labeling functions read it; its image is decoded once for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tidemill.contracts import DataError

_PICTURE = " picture"  # no column can be reached by this name as an attribute
_MEMO = " memo"


class Picture:
    """An encoded image with its pixels and statistics, each computed on first use."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    @cached_property
    def pixels(self) -> npt.NDArray[np.float32]:
        """(H, W) grey values in [0, 1]; read-only, for every function sees the same array."""
        from tidemill.label.image_statistics.pixels import decode

        pixels: npt.NDArray[np.float32] = decode(self.data)
        pixels.setflags(write=False)
        return pixels

    @cached_property
    def stats(self) -> Mapping[str, float]:
        """Statistics by name, as ``image_statistics.Statistics`` computes them, one by one."""
        from tidemill.label.image_statistics.statistics import Statistics

        return Statistics(self.pixels, self.data)


class Columns(tuple[str, ...]):
    """Names of a row's columns, as ``index`` of a pandas Series gives them."""

    __slots__ = ()

    def tolist(self) -> list[str]:
        """List the names.

        Returns
        -------
        list of str
            In the order of the columns.
        """
        return list(self)


class Row:
    """One row: ``row.text`` or ``row["text"]``; a row with an image also has ``row.pixels`` and ``row.stats``.

    It answers as a mapping does, and as a pandas Series: ``row.get("stars", 0)``, ``"stars" in row``, ``row.index``. None of these
    is an attribute of the class, for a column may have any name, and then is what is given.

    Labeling functions share a row, so they cannot change it; a preprocessor gets a ``Draft``.

    >>> row = Row({"text": "hello", "words": 1})
    >>> row.text, row["words"], row.get("stars", 0), "stars" in row.index
    ('hello', 1, 0, False)
    """

    def __init__(self, values: Mapping[str, Any], *, picture: Picture | None = None) -> None:
        own = self.__dict__
        own.update(values)
        if picture is not None:
            own[_PICTURE] = picture
        elif isinstance(image := values.get("image"), bytes):
            own[_PICTURE] = Picture(image)

    def __getattr__(self, name: str) -> Any:
        if name in {"pixels", "stats"} and _PICTURE in self.__dict__:
            return getattr(self.__dict__[_PICTURE], name)
        if name in _ANSWERS:
            return _ANSWERS[name](self)
        raise AttributeError(f"the row has no column {name!r}; it has {', '.join(values_of(self))}")

    def __getitem__(self, name: str) -> Any:
        values = self.__dict__
        if name in values:
            return values[name]
        if name in {"pixels", "stats"} and _PICTURE in values:
            return getattr(self, name)
        raise KeyError(f"the row has no column {name!r}; it has {', '.join(values_of(self))}")

    def __contains__(self, name: object) -> bool:
        return name in values_of(self)

    def __iter__(self) -> Iterator[str]:
        return iter(values_of(self))

    def __len__(self) -> int:
        return len(values_of(self))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a labeling function may not change its row (it set {name!r}); write a preprocessor")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a labeling function may not change its row (it deleted {name!r})")

    def __setitem__(self, name: str, value: object) -> None:
        setattr(self, name, value)

    def __delitem__(self, name: str) -> None:
        delattr(self, name)

    def __repr__(self) -> str:
        return f"Row({', '.join(f'{name}={value!r:.60}' for name, value in values_of(self).items())})"


def _get(row: Row) -> Callable[..., Any]:
    def get(name: str, default: Any = None) -> Any:
        try:
            return row[name]
        except KeyError:
            return default

    return get


_ANSWERS: Final[dict[str, Callable[[Row], Any]]] = {
    "get": _get,
    "index": lambda row: Columns(values_of(row)),
    "loc": lambda row: row,
    "keys": lambda row: values_of(row).keys,
    "values": lambda row: values_of(row).values,
    "items": lambda row: values_of(row).items,
    "to_dict": lambda row: values_of(row).copy,
}
"""What a mapping or a Series has, made where a row has no such column."""


class Draft(Row):
    """A row that its preprocessor may change."""

    def __setattr__(self, name: str, value: object) -> None:
        self.__dict__[name] = value

    def __delattr__(self, name: str) -> None:
        del self.__dict__[name]


def values_of(row: Row) -> dict[str, Any]:
    """Copy a row's columns into a dict.

    Parameters
    ----------
    row
        Row or draft.

    Returns
    -------
    dict of str to Any
        Value of each column; the decoded image and the memo are not among them.
    """
    return {name: value for name, value in row.__dict__.items() if name not in {_PICTURE, _MEMO}}


def draft_of(row: Row) -> Draft:
    """Copy a row so that a preprocessor may change it; the decoded image is shared.

    Parameters
    ----------
    row
        Row that labeling functions share.

    Returns
    -------
    Draft
        The same columns, open to changes.
    """
    return Draft(values_of(row), picture=row.__dict__.get(_PICTURE))


def final_row(row: Any) -> Any:
    """Turn a draft into the row that labeling functions get; anything else stays as it is.

    Parameters
    ----------
    row
        What a preprocessor returned.

    Returns
    -------
    Any
        A ``Row`` of a ``Draft``; another object unchanged.
    """
    return Row(values_of(row), picture=row.__dict__.get(_PICTURE)) if isinstance(row, Draft) else row


def memo_of(row: Row) -> dict[int, Any]:
    """Look up what memoizing preprocessors have computed for a row; it is dropped with the row.

    Parameters
    ----------
    row
        Row that labeling functions share.

    Returns
    -------
    dict of int to Any
        Result by identity of the preprocessor; open to additions.
    """
    memo: dict[int, Any] = row.__dict__.setdefault(_MEMO, {})
    return memo


def picture_of(row: Row) -> Picture:
    """Look up the picture of a row.

    Parameters
    ----------
    row
        Row of a problem of images.

    Returns
    -------
    Picture
        The encoded image with its pixels and statistics.

    Raises
    ------
    DataError
        The row has no image.
    """
    if _PICTURE not in row.__dict__:
        raise DataError("the row has no image, so it has no statistics `image.…`")
    picture: Picture = row.__dict__[_PICTURE]
    return picture


Mapping.register(Row)
