"""Rows of a problem made of points in the plane, for generators."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tidemill.contracts import NO_GOLD, Problem
from tidemill.generate.rows import Rows
from tidemill.generate.storage import Storage
from tidemill.label.conditions.generated import Generated
from tidemill.label.conditions.registry import KINDS
from tidemill.label.engine.vote_cache import BatchCache
from tidemill.label.functions.declared import DeclaredLabelingFunction

CLASSES = ("ham", "spam")


class Encoder:
    """In place of a backbone: a sentence is where its words say."""

    class settings:  # noqa: N801 - an attribute of an embedder
        """Its settings."""

        backbone = "points"

    class about:  # noqa: N801 - an attribute of an embedder
        """What identifies it."""

        @staticmethod
        def model_dump_json() -> str:
            return json.dumps("points")

    @property
    def backbone(self) -> Encoder:
        return self

    def embed(self, contents: Any, *, name: str) -> Any:
        del name
        return np.array([[1.0, 0.2] if "polite" in text else [0.2, 1.0] for text in contents], dtype=np.float32)


def rows_of(truth: Any, *, gold: int, apart: float = 2.0, seed: int = 0, votes: Any = None, batches: int = 2) -> Rows:
    """Rows around one of two points; the first ``gold`` of each class are of dev and have gold."""
    truth, chance = np.asarray(truth), np.random.default_rng(seed)
    features = chance.normal(size=(len(truth), 2)).astype(np.float32)
    features[np.arange(len(truth)), truth] += apart
    known = np.full(len(truth), NO_GOLD, dtype=np.int16)
    for k in range(2):
        own = np.flatnonzero(truth == k)[:gold]
        known[own] = k
    ids = pl.DataFrame(
        {
            "row_id": [f"r{place}" for place in range(len(truth))],
            "batch": [f"b{place * batches // len(truth)}" for place in range(len(truth))],
            "split": np.where(known != NO_GOLD, "dev", "train"),
        }
    )
    words = np.where(truth == 1, "win a prize", "see you soon")
    table = pl.DataFrame({"row_id": ids["row_id"], "text": [f"{text} {n % 7}" for n, text in enumerate(words)]})
    cast = np.empty((len(truth), 0), dtype=np.int16) if votes is None else np.asarray(votes, dtype=np.int16)
    names = tuple(f"f{j}" for j in range(cast.shape[1]))
    problem = Problem(name="mail", modality="text", classes=CLASSES)
    encoder: Any = Encoder()
    return Rows(problem, ids, known, cast, names, lambda where: table[where], lambda: features, lambda: encoder)


def function(name: str, **fields: Any) -> DeclaredLabelingFunction:
    """A function of a generated kind."""
    condition = KINDS[fields["kind"]].model_validate(fields, context={"classes": CLASSES})
    assert isinstance(condition, Generated)
    return DeclaredLabelingFunction(name, condition, -1)


def storage(folder: Path, batches: int = 2, **more: Any) -> Storage:
    """Where generators are kept, and votes of so many batches."""
    caches = [BatchCache(folder / "votes" / f"b{number}") for number in range(batches)]
    return Storage(folder / "generated", caches, folder / "state" / "answers.jsonl", **more)
