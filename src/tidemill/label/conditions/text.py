"""Conditions on text that take more than one pattern: likeness, weighted words, language."""

from __future__ import annotations

import csv
import functools
import unicodedata
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal

import numpy as np
import polars as pl
from pydantic import Field, StringConstraints, ValidationInfo, field_validator, model_validator

from tidemill.label.conditions.base import Condition, Limits, WholeWords, as_text, bounded
from tidemill.label.conditions.files import located

_WORD: Final = r"[\p{L}\p{N}$£€@]+(?:['.-][\p{L}\p{N}]+)*"


LanguageCode = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]


class Fuzzy(Condition):
    """The column contains one of the words or phrases, or a similar spelling of it.

    Likeness is the normalized indel similarity of RapidFuzz, from 0 to 100, between a phrase and as many words in a row.
    """

    main: ClassVar[str | None] = "words"
    kind: Literal["fuzzy"]
    words: WholeWords
    column: str = "text"
    at_least: Annotated[float, Field(gt=0, le=100)] = 80.0

    @field_validator("at_least")
    @classmethod
    def _is_no_fraction(cls, likeness: float) -> float:
        if likeness <= 1:
            raise ValueError(
                f"likeness goes from 0 to 100, so {likeness:g} holds for nearly every row; write {likeness * 100:g} if it is a fraction"
            )
        return likeness

    def expression(self) -> pl.Expr:
        """Compare every run of that many words with the phrases; each distinct run is compared once.

        Returns
        -------
        polars.Expr
            Boolean per row; null where the column has no value.
        """
        return as_text(self.column).map_batches(self._resembles, return_dtype=pl.Boolean)

    def _resembles(self, texts: pl.Series) -> pl.Series:
        phrases = [word.lower() for word in self.words]
        fires = np.zeros(len(texts), dtype=np.bool_)
        tokens = texts.str.to_lowercase().str.extract_all(_WORD)
        words = pl.DataFrame({"row": np.arange(len(texts)), "token": tokens}).explode("token").drop_nulls()
        for size in {len(phrase.split()) for phrase in phrases}:
            runs = _runs(words, size)
            like = _like([phrase for phrase in phrases if len(phrase.split()) == size], runs["run"], self.at_least)
            fires[runs.filter(pl.col("run").is_in(like.implode()))["row"].to_numpy()] = True
        return pl.select(pl.when(texts.is_not_null()).then(pl.Series(fires))).to_series()


def _runs(words: pl.DataFrame, size: int) -> pl.DataFrame:
    parts = [pl.col("token").shift(-step) for step in range(size)]
    whole = pl.col("row").shift(-(size - 1)) == pl.col("row")
    return words.select("row", pl.when(whole).then(pl.concat_str(parts, separator=" ")).alias("run")).drop_nulls()


def _like(phrases: list[str], runs: pl.Series, least: float) -> pl.Series:
    from rapidfuzz import fuzz, process

    distinct = runs.unique()
    if not len(distinct):
        return distinct
    scores = process.cdist(distinct.to_list(), phrases, scorer=fuzz.ratio, score_cutoff=least)
    return distinct.filter(pl.Series(scores.max(axis=1) >= least))


class Lexicon(Limits):
    """The sum of the weights of the words in the column is within limits.

    Weights stand here, or in a file with a word, a tab or comma, and a number on each line (as AFINN's is); a phrase
    counts as often as it occurs. ``per: word`` divides by the number of words.
    """

    main: ClassVar[str | None] = "weights"
    kind: Literal["lexicon"]
    weights: Annotated[dict[str, float], Field(min_length=1)]
    file: str | None = None
    column: str = "text"
    per: Literal["text", "word"] = "text"

    @model_validator(mode="before")
    @classmethod
    def _read_file(cls, data: Any, info: ValidationInfo) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("file"), str):
            return data
        if "weights" in data:
            raise ValueError("give weights or a file, not both")
        return {**data, "weights": _weights(located(data["file"], info))}

    @field_validator("weights")
    @classmethod
    def _fold(cls, weights: dict[str, float]) -> dict[str, float]:
        written: dict[str, str] = {}
        for word, weight in weights.items():
            other = written.setdefault(_folded(word), word)
            if weights[other] != weight:
                raise ValueError(
                    f"{other!r} and {word!r} have different weights, and letter case does not count: keep one of them"
                )
        return {_folded(word): weight for word, weight in weights.items()}

    def expression(self) -> pl.Expr:
        """Sum the weights of the text's words and compare the sum with the limits.

        Returns
        -------
        polars.Expr
            Boolean per row; null where the column has no value.
        """
        text = as_text(self.column).str.to_lowercase()
        words = {word: weight for word, weight in self.weights.items() if word.isalpha()}
        tokens = text.str.extract_all(r"\w+")
        weigh = pl.element().replace_strict(list(words), list(words.values()), default=0.0, return_dtype=pl.Float64)
        total = tokens.list.eval(weigh).list.sum() if words else pl.when(text.is_not_null()).then(0.0)
        for phrase in sorted(self.weights.keys() - words.keys()):
            total = total + text.str.count_matches(bounded(phrase)) * self.weights[phrase]
        return self.within(total / pl.max_horizontal(tokens.list.len(), 1) if self.per == "word" else total)


def _folded(word: str) -> str:
    return unicodedata.normalize("NFC", word.strip()).lower()


def _weights(path: Path) -> dict[str, float]:
    weights: dict[str, float] = {}
    text = path.read_text(encoding="utf-8-sig")
    lines = csv.reader(text.splitlines(), delimiter="\t" if "\t" in text else ",")
    for number, line in enumerate(lines, start=1):
        if not line or line[0].startswith("#"):
            continue
        try:
            word, written = line
            weight = float(written)
        except ValueError as error:
            raise ValueError(f"{path}:{number}: {line!r} is not a word and a number") from error
        if weights.setdefault(word.strip(), weight) != weight:
            raise ValueError(f"{path}:{number}: {word.strip()!r} has another weight further up: keep one of them")
    return weights


class Language(Condition):
    """The column is written in one of the languages (ISO 639-1), as py3langid judges; texts without letters have none.

    ``among`` names the candidate languages: the fewer, the more reliable it is on short texts.
    """

    main: ClassVar[str | None] = "languages"
    kind: Literal["language"]
    languages: Annotated[tuple[LanguageCode, ...], Field(min_length=1)]
    among: tuple[LanguageCode, ...] | None = None
    column: str = "text"

    @model_validator(mode="after")
    def _are_known(self) -> Language:
        valid = _identifier(()).nb_classes
        unknown = [code for code in (*self.languages, *(self.among or ())) if code not in valid]
        if unknown:
            raise ValueError(f"there is no language {unknown[0]!r}; valid are {', '.join(sorted(valid))}")
        if self.among is not None and not set(self.languages) <= set(self.among):
            raise ValueError("among has to name every one of the languages too")
        return self

    def expression(self) -> pl.Expr:
        """Compare the likeliest language of the text with the listed ones; each distinct text is classified once.

        Returns
        -------
        polars.Expr
            Boolean per row; null where the column has no value.
        """
        return as_text(self.column).map_batches(self._is_written, return_dtype=pl.Boolean)

    def _is_written(self, texts: pl.Series) -> pl.Series:
        identifier = _identifier(tuple(sorted(self.among or ())))
        distinct = texts.unique().drop_nulls()
        distinct = distinct.filter(distinct.str.contains(r"\p{L}"))
        here = [identifier.classify(text)[0] in self.languages for text in distinct.to_list()]
        return texts.replace_strict(distinct, pl.Series(here, dtype=pl.Boolean), default=None, return_dtype=pl.Boolean)


@functools.cache
def _identifier(among: tuple[str, ...]) -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    if among:
        identifier.set_languages(list(among))
    return identifier
