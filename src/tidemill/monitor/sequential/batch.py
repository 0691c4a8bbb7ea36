"""Rows as they arrive: what scores are computed of, and the strata that they are ranked within."""

from __future__ import annotations

import hashlib
from collections.abc import Sized
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.contracts import InputError
from tidemill.monitor.rows import Rows

LENGTH = "length"
"""Column of ``quality``: characters of a text, bytes of an image."""


@dataclass(frozen=True)
class Batch:
    """Rows that arrived together.

    Attributes
    ----------
    name
        A batch is taken once, whatever it holds.
    row_ids : (n_rows,)
        Ties are broken by them, and rows are taken in the order of their hashes.
    rows
        Features, the champion's probabilities and votes.
    metadata
        (n_rows, n_columns) of the source; no columns where there are none.
    quality
        (n_rows, n_columns) of what was measured of the content, such as ``length``.
    strata : (n_rows,), optional
        Rows are ranked among those of their own stratum; None: there is one.
    fingerprint
        Of the content, where it is known already; the default is computed.
    """

    name: str
    row_ids: tuple[str, ...]
    rows: Rows
    metadata: pl.DataFrame
    quality: pl.DataFrame
    strata: tuple[str, ...] | None = None
    fingerprint: str = ""

    def __post_init__(self) -> None:
        for what, part in self._parts().items():
            if len(part) != len(self.row_ids):
                raise InputError(f"batch {self.name}: {len(self.row_ids)} row ids and {len(part)} rows of {what}")
        if not self.fingerprint:
            object.__setattr__(self, "fingerprint", self._hash())

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.row_ids)

    def _parts(self) -> dict[str, Sized]:
        numbers: dict[str, Sized] = {
            "features": self.rows.features,
            "probabilities": self.rows.probabilities,
            "votes": self.rows.votes,
        }
        tables: dict[str, pl.DataFrame] = {"metadata": self.metadata, "quality": self.quality}
        strata: dict[str, Sized] = {} if self.strata is None else {"strata": self.strata}
        return {**numbers, **{what: table for what, table in tables.items() if table.width}, **strata}

    def _hash(self) -> str:
        content = hashlib.blake2b(repr((self.row_ids, self.strata)).encode(), digest_size=16)
        for part in (self.rows.features, self.rows.probabilities, self.rows.votes):
            content.update(np.ascontiguousarray(part).tobytes())
        for table in (self.metadata, self.quality):
            content.update(repr(table.to_dict(as_series=False)).encode())
        return content.hexdigest()

    def select(self, index: npt.NDArray[np.int64]) -> Batch:
        """Select rows by their places, in the order given.

        Parameters
        ----------
        index : (n_selected,)
            Places of rows.

        Returns
        -------
        Batch
        """
        taken = Rows(self.rows.features[index], self.rows.probabilities[index], self.rows.votes[index])
        return Batch(
            name=self.name,
            row_ids=tuple(self.row_ids[k] for k in index),
            rows=taken,
            metadata=self.metadata[index] if self.metadata.width else self.metadata,
            quality=self.quality[index] if self.quality.width else self.quality,
            strata=None if self.strata is None else tuple(self.strata[k] for k in index),
            fingerprint=self.fingerprint,
        )


def plain_batch(name: str, rows: Rows) -> Batch:
    """Make a batch of rows that have no ids, metadata or strata; their ids are counted.

    Parameters
    ----------
    name : str
        Of the batch.
    rows : Rows
        Its rows.

    Returns
    -------
    Batch
    """
    ids = tuple(f"{name}/{k}" for k in range(len(rows)))
    return Batch(name, ids, rows, pl.DataFrame(), pl.DataFrame())


def joined(name: str, batches: list[Batch]) -> Batch:
    """Join batches into one.

    Parameters
    ----------
    name : str
        Of the whole.
    batches : list of Batch
        At least one, of the same columns.

    Returns
    -------
    Batch
    """
    parts = [batch.rows for batch in batches]
    rows = Rows(
        *(np.concatenate([getattr(part, key) for part in parts]) for key in ("features", "probabilities", "votes"))
    )
    strata = None if batches[0].strata is None else tuple(s for batch in batches for s in batch.strata or ())
    return Batch(
        name=name,
        row_ids=tuple(row_id for batch in batches for row_id in batch.row_ids),
        rows=rows,
        metadata=pl.concat([batch.metadata for batch in batches]),
        quality=pl.concat([batch.quality for batch in batches]),
        strata=strata,
    )
