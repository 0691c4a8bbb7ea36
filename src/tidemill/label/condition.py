"""What every condition shares: the base class, limits on a number, patterns of words and files of evidence."""

from __future__ import annotations

import hashlib
import operator
import re
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Annotated, Any, ClassVar

import polars as pl
from pydantic import Field, StringConstraints, ValidationInfo, model_validator

from tidemill.contracts import ABSTAIN, Settings

Word = Annotated[str, StringConstraints(min_length=1)]
Words = Annotated[tuple[Word, ...], Field(min_length=1)]


class Condition(Settings, ABC):
    """What is asked of a row; ``main`` is the field that a template's entries fill."""

    main: ClassVar[str | None] = None
    votes_itself: ClassVar[bool] = False

    @abstractmethod
    def expression(self) -> pl.Expr:
        """Condition → Polars expression of booleans."""

    def cast(self, vote: int) -> pl.Expr:
        """Vote → Polars expression of votes: this one where the condition is true."""
        return pl.when(self.expression()).then(vote).otherwise(ABSTAIN)


class Limits(Condition, ABC):
    """Limits on a number; ``between`` includes both ends."""

    above: float | None = None
    below: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    between: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _has_a_limit(self) -> Limits:
        if all(limit is None for limit in (self.above, self.below, self.at_least, self.at_most, self.between)):
            raise ValueError("no limit is given; give above, below, at_least, at_most or between")
        if self.between is not None and self.between[0] > self.between[1]:
            raise ValueError(f"between {self.between[0]:g} and {self.between[1]:g} lies nothing; swap them")
        return self

    def within(self, number: pl.Expr) -> pl.Expr:
        """Expression of numbers → whether they keep all limits."""
        low, high = self.between or (None, None)
        compared = [
            compare(number, limit)
            for compare, limits in (
                (operator.gt, [self.above]),
                (operator.lt, [self.below]),
                (operator.ge, [self.at_least, low]),
                (operator.le, [self.at_most, high]),
            )
            for limit in limits
            if limit is not None
        ]
        return pl.all_horizontal(compared)


def with_digest(data: Any, info: ValidationInfo) -> Any:
    """Fields as written → the same with the SHA-256 of ``file``, so that new contents make a new condition."""
    if not isinstance(data, dict) or not isinstance(data.get("file"), str):
        return data
    if "digest" in data:
        raise ValueError("digest is not for you to give: it is computed from the file")
    return {**data, "digest": hashlib.sha256(located(data["file"], info).read_bytes()).hexdigest()}


def located(file: str, info: ValidationInfo) -> Path:
    """Name of a file as written → its path, beside the file of labeling functions."""
    path: Path = (info.context or {}).get("folder", Path()) / file
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    return path


def bounded(word: str) -> str:
    r"""Word → pattern; a boundary stands only beside letters and digits, so that "$$$" can be found.

    >>> bounded("free"), bounded("$9.99")
    ('\\bfree\\b', '\\$9\\.99\\b')
    """
    left = r"\b" if re.match(r"\w", word[0]) else ""
    right = r"\b" if re.match(r"\w", word[-1]) else ""
    return f"{left}{_escape(word)}{right}"


def any_of(words: tuple[str, ...]) -> str:
    """Words → pattern of any of them."""
    return "|".join(bounded(word) for word in words)


def _escape(word: str) -> str:
    return re.sub(r"[.^$*+?()\[\]{}|\\]", lambda found: f"\\{found.group()}", word)
