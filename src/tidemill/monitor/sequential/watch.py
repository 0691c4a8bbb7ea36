"""What is fixed when a stream begins: scores fitted on half of the reference, their cells, strata and shares of the level."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from tidemill.monitor.rows import Names
from tidemill.monitor.sequential.batch import Batch
from tidemill.monitor.sequential.bets import bet_weights
from tidemill.monitor.sequential.cells import cell_edges, to_cells
from tidemill.monitor.sequential.p_values import Cells, Counts, Hashes, Mask, row_hashes, tie_breakers
from tidemill.monitor.sequential.scores import SCORES, Column, Score
from tidemill.monitor.sequential.view import Basis, View
from tidemill.monitor.settings import SequentialSettings

Array = npt.NDArray[np.float64]

FORMAT: Final = 1
"""Of states; another algorithm has another one, so that states of the old are not continued."""
EVERYTHING: Final = "all rows"


@dataclass(frozen=True)
class Layout:
    """Which cells and bets of the rectangles that are computed with are in use, and so kept.

    Attributes
    ----------
    cells : (n_columns, n_cells)
    bets : (n_columns, n_bets)
    """

    cells: Mask
    bets: Mask

    def spread_cells(self, packed: npt.NDArray[np.int32]) -> Counts:
        """(n_groups, n_columns, n_cells) of what is kept.

        Parameters
        ----------
        packed : (n_groups, n_kept)
            Counts in use.

        Returns
        -------
        (n_groups, n_columns, n_cells)
        """
        whole = np.zeros((len(packed), *self.cells.shape), dtype=np.int64)
        whole[:, self.cells] = packed
        return whole

    def spread_bets(self, packed: npt.NDArray[np.generic], empty: float) -> Array:
        """(n_views, n_columns, n_bets) of what is kept.

        Parameters
        ----------
        packed : (n_views, n_kept)
            Values in use.
        empty
            Value of what is not.

        Returns
        -------
        (n_views, n_columns, n_bets)
        """
        whole = np.full((len(packed), *self.bets.shape), empty)
        whole[:, self.bets] = packed
        return whole


@dataclass(frozen=True)
class Watch:
    """What does not change while a stream is watched.

    Attributes
    ----------
    names
        Of classes and functions.
    settings
        How it is watched.
    alpha
        Chance of any false alarm of this stream.
    salt
        Such as the champion's version; ties are broken by it.
    scores, columns
        What is watched; each column is of one score.
    owners : (n_columns,)
        Index of the score of each column.
    edges
        Of the cells of each column.
    strata
        That the reference has; a row of another one is ranked among the rows of other ones.
    basis
        What scores share.
    key
        Hash of all that the stream's states depend on before the first batch.
    """

    names: Names
    settings: SequentialSettings
    alpha: float
    salt: str
    scores: tuple[Score, ...]
    columns: tuple[Column, ...]
    owners: tuple[int, ...]
    edges: tuple[Array, ...]
    strata: tuple[str, ...]
    basis: Basis
    key: str

    @property
    def n_cells(self) -> int:
        """Cells of the column that has the most."""
        return max(len(edges) for edges in self.edges) + 1

    @property
    def groups(self) -> tuple[str, ...]:
        """Pools that rows are ranked in: one for each stratum, one for unknown strata, one for all rows."""
        return (*self.strata, "other strata", EVERYTHING) if self.strata else (EVERYTHING,)

    @property
    def views(self) -> tuple[str, ...]:
        """Sets of rows of which evidence is added up: all rows, then each stratum."""
        return (EVERYTHING, *self.strata)

    @cached_property
    def layout(self) -> Layout:
        """Which cells and bets are in use."""
        cells = np.arange(self.n_cells) <= np.array([len(edges) for edges in self.edges])[:, None]
        return Layout(cells, np.isfinite(self.log_bet_weights))

    @cached_property
    def across(self) -> Mask:
        """(n_columns,) whether a column is ranked among all rows, not within strata."""
        return np.array([column.across_strata or not self.strata for column in self.columns], dtype=np.bool_)

    def stratum_of(self, batch: Batch) -> npt.NDArray[np.int64]:
        """Find the pool of each row.

        Parameters
        ----------
        batch : Batch
            Its strata count.

        Returns
        -------
        (n_rows,)
            Index into ``groups``.
        """
        places = {name: k for k, name in enumerate(self.strata)}
        return np.array(
            [places.get(name, len(self.strata)) for name in batch.strata or [""] * len(batch)], dtype=np.int64
        )

    @cached_property
    def log_bet_weights(self) -> Array:
        """(n_columns, n_bets): log share of each bet of a column."""
        weights = np.array([bet_weights(two_sided=column.two_sided) for column in self.columns])
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(weights))

    @cached_property
    def log_shares(self) -> Array:
        """(n_views, n_columns): log share of the level that each martingale may spend; they sum to one at most.

        Half goes to all rows together, half to the strata, where there are any.
        """
        by_score = np.array([share_of(score, self.settings) for score in self.scores])
        counts = np.bincount(self.owners, minlength=len(self.scores))
        shares = (by_score / np.maximum(counts, 1) / by_score[counts > 0].sum())[list(self.owners)]
        of_view = np.array([0.5] + [0.5 / len(self.strata)] * len(self.strata)) if self.strata else np.ones(1)
        spread = of_view[:, None] * shares
        if self.strata:
            spread[0, self.across], spread[1:, self.across] = shares[self.across], 0.0
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(spread))

    def evaluate(self, batch: Batch) -> tuple[Array, Mask]:
        """Compute the scores of rows.

        Parameters
        ----------
        batch : Batch
            Its rows are scored.

        Returns
        -------
        values, mask : (n_rows, n_columns)
        """
        return evaluate(self.scores, View(batch, self.basis))

    def cells(self, values: Array) -> Cells:
        """Find the cells of values.

        Parameters
        ----------
        values : (n_rows, n_columns)

        Returns
        -------
        (n_rows, n_columns)
        """
        results = [to_cells(values[:, k], edges) for k, edges in enumerate(self.edges)]
        return np.stack(results, axis=1)

    def ties(self, batch: Batch) -> Array:
        """Derive the numbers that break ties, from row ids, columns and the salt.

        Parameters
        ----------
        batch : Batch
            Its row ids count.

        Returns
        -------
        (n_rows, n_columns)
        """
        return tie_breakers(row_hashes(batch.row_ids, self.salt), self._column_hashes)

    @cached_property
    def _column_hashes(self) -> Hashes:
        return row_hashes([column.name for column in self.columns], "column")


def share_of(score: Score, settings: SequentialSettings) -> float:
    """Look up the weight of a score: the settings' own, or else the score's.

    Parameters
    ----------
    score
        Any of those watched.
    settings
        Their weights go before the score's.

    Returns
    -------
    float
    """
    return settings.weights.get(score.name, score.weight)


def evaluate(scores: tuple[Score, ...], view: View) -> tuple[Array, Mask]:
    """Compute the columns of all scores.

    Parameters
    ----------
    scores : tuple of Score
        All that are watched.
    view : View
        The rows.

    Returns
    -------
    values, mask : (n_rows, n_columns)
    """
    values = np.concatenate([score.values(view) for score in scores if score.columns()], axis=1)
    masks = np.concatenate([score.mask(view) for score in scores if score.columns()], axis=1)
    return values, masks


def fit_watch(
    reference: Batch, names: Names, settings: SequentialSettings, *, alpha: float, salt: str
) -> tuple[Watch, Batch]:
    """Fit scores on half of the reference.

    Parameters
    ----------
    reference : Batch
        Rows of the kind that is expected.
    names : Names
        Of classes and functions.
    settings : SequentialSettings
        How it is watched.
    alpha : float
        Level of the stream.
    salt : str
        Which half a row is in depends on it.

    Returns
    -------
    watch : Watch
    pool : Batch
        The other half, which new rows are ranked among.
    """
    ordered = reference.select(np.argsort(row_hashes(reference.row_ids, f"halves {salt}"), kind="stable"))
    middle = len(ordered) // 2
    half, pool = (ordered.select(np.arange(*ends)) for ends in ((0, middle), (middle, len(ordered))))
    basis = Basis.fit(half)
    view = View(half, basis, is_reference=True)
    made = [SCORES[name](view, names.functions, names.classes) for name in sorted(SCORES)]
    scores = tuple(score for score in made if share_of(score, settings) > 0.0 and score.columns())
    columns = tuple(column for score in scores for column in score.columns())
    values, mask = evaluate(scores, view)
    edges = tuple(cell_edges(values[mask[:, k], k], two_sided=column.two_sided) for k, column in enumerate(columns))
    strata = () if pool.strata is None else tuple(sorted(set(pool.strata)))
    watch = Watch(
        names=names,
        settings=settings,
        alpha=alpha,
        salt=salt,
        scores=scores,
        columns=columns,
        owners=tuple(k for k, score in enumerate(scores) for _ in score.columns()),
        edges=edges,
        strata=strata,
        basis=basis,
        key=_key(reference, names, settings, alpha=alpha, salt=salt),
    )
    return watch, pool


def _key(reference: Batch, names: Names, settings: SequentialSettings, *, alpha: float, salt: str) -> str:
    known = [FORMAT, reference.fingerprint, names.classes, names.functions, settings.model_dump(), alpha, salt]
    return hashlib.blake2b(json.dumps(known, sort_keys=True).encode(), digest_size=16).hexdigest()
