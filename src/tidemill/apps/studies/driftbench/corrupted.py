"""Rows of the first source made worse: typing errors in texts, blur in images; embedded, predicted and voted on anew."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from tidemill.apps.models.champion_reference import backbone_root
from tidemill.apps.studies.driftbench.population import Population
from tidemill.contracts import Votes
from tidemill.embed.embedder import embed_rows
from tidemill.evaluate.baselines import align_classes
from tidemill.ingest.settings import IngestSettings
from tidemill.label.engine.apply_loaded import apply_loaded
from tidemill.label.engine.load import Access, open_functions
from tidemill.label.engine.worker_pool import Limits
from tidemill.label.run import visible_columns
from tidemill.label.settings import LabelSettings
from tidemill.monitor.rows import Rows
from tidemill.monitor.sequential.batch import Batch
from tidemill.monitor.stream_harm import joined_rows
from tidemill.project.tables import read

_ROWS: Final = 400
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_LEAST: Final = 2


@dataclass(frozen=True)
class Corruption:
    """How rows are made worse.

    Attributes
    ----------
    problem
        Packaged problem whose rows it is of.
    kind
        Name in the table.
    strength
        Share of words with a typing error; or radius of the blur, in pixels.
    """

    problem: str
    kind: str
    strength: float


CORRUPTIONS: Final = (
    Corruption("spam", "a typing error in one word of ten", 0.1),
    Corruption("spam", "a typing error in one word of four", 0.25),
    Corruption("solar", "images blurred by 1.5 pixels", 1.5),
    Corruption("solar", "images blurred by 3 pixels", 3.0),
)


def corrupted(people: Population, corruption: Corruption, *, seed: int) -> Population:
    """Make rows of the first source worse, as a later source of the same gold.

    Parameters
    ----------
    people : Population
        At most 400 of its rows of the first source are taken.
    corruption : Corruption
        What is done to them.
    seed : int
        Which rows, and where typing errors are.

    Returns
    -------
    Population
        Without metadata and strata. ``later`` are the rows made worse.
    """
    rng = np.random.default_rng(seed)
    places = np.sort(rng.choice(people.known, min(_ROWS, len(people.known)), replace=False))
    table = _worse(_content(people, [people.rows.row_ids[k] for k in places]), corruption.strength, rng)
    before = people.rows.rows
    return replace(
        people,
        rows=Batch(
            name="population",
            row_ids=(*people.rows.row_ids, *(f"worse {row_id}" for row_id in table["row_id"])),
            rows=joined_rows([before, _looked_at(people, table)]),
            metadata=pl.DataFrame(),
            quality=pl.DataFrame(),
            fingerprint="population",
        ),
        later=len(before) + np.arange(len(places)),
        gold=np.concatenate([people.gold, people.gold[places]]),
    )


def _content(people: Population, row_ids: list[str]) -> pl.DataFrame:
    champion = people.champion
    paths = champion.project.paths(people.problem)
    raw = champion.project.load(people.problem, "ingest", IngestSettings)[1].raw
    tables = [read(file, raw) for file in sorted(paths.raw.glob("*.parquet"))]
    wanted = pl.DataFrame({"row_id": row_ids})
    return wanted.join(pl.concat(tables, how="diagonal_relaxed"), on="row_id", how="left", maintain_order="left")


def _worse(table: pl.DataFrame, strength: float, rng: np.random.Generator) -> pl.DataFrame:
    if "text" in table.columns:
        return table.with_columns(text=pl.Series([with_typos(text, strength, rng) for text in table["text"]]))
    return table.with_columns(image=pl.Series([blurred(image, strength) for image in table["image"]]))


def _looked_at(people: Population, table: pl.DataFrame) -> Rows:
    champion = people.champion
    model, names = champion.model, people.names
    root = backbone_root(champion.folder, model.backbone, champion.project)
    features = embed_rows(table, model.backbone, root=root, threads=1)
    texts = table["text"].to_list() if model.reads_text else None
    probabilities = align_classes(model.predict_proba(features, texts), model.classes, names.classes)
    return Rows(features, probabilities, _votes(people, table))


def _votes(people: Population, table: pl.DataFrame) -> Votes:
    _, settings, paths = people.champion.project.load(people.problem, "label", LabelSettings)
    limits = Limits(settings.timeout_seconds, settings.memory_limit_mb, 0)
    access = Access.configured(settings, paths.closed)
    with open_functions(paths.functions, people.names.classes, limits, access=access) as loaded:
        by_name = {function.name: function for function in loaded.functions}
        return apply_loaded(
            loaded, [by_name[name] for name in people.names.functions], visible_columns(table, settings.hidden_columns)
        )


def with_typos(text: str, share: float, rng: np.random.Generator) -> str:
    """Put a typing error into some words: two letters swapped, one left out, one doubled or another one.

    Parameters
    ----------
    text : str
        Words between single spaces.
    share : float
        Of the words of two characters or more.
    rng : numpy.random.Generator
        Picks words and errors.

    Returns
    -------
    str
        With as many words.

    Examples
    --------
    >>> with_typos("free entry", 0.0, np.random.default_rng(0))
    'free entry'
    """
    return " ".join(
        _misspelled(word, rng) if len(word) >= _LEAST and rng.random() < share else word for word in text.split(" ")
    )


def _misspelled(word: str, rng: np.random.Generator) -> str:
    k = int(rng.integers(len(word) - 1))
    other = _LETTERS[int(rng.integers(len(_LETTERS)))]
    errors = (
        word[:k] + word[k + 1] + word[k] + word[k + 2 :],
        word[:k] + word[k + 1 :],
        word[: k + 1] + word[k:],
        word[:k] + other + word[k + 1 :],
    )
    return errors[int(rng.integers(len(errors)))]


def blurred(image: bytes, radius: float) -> bytes:
    """Blur an image.

    Parameters
    ----------
    image : bytes
        A file that Pillow reads.
    radius : float
        Of the Gaussian kernel, in pixels.

    Returns
    -------
    bytes
        PNG.
    """
    from PIL import Image, ImageFilter

    with Image.open(io.BytesIO(image)) as opened:
        result = io.BytesIO()
        opened.filter(ImageFilter.GaussianBlur(radius)).save(result, format="PNG")
    return result.getvalue()
