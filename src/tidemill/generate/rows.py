"""What generators may read of a problem: rows as labeling functions see them, features, gold of dev and votes of the others."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.common.machine import cores
from tidemill.contracts import NO_GOLD, ConfigError, Features, Problem, Votes
from tidemill.embed.embedder import Embedder
from tidemill.readers.image_decoder import decode_image

Indices = npt.NDArray[np.intp]
FITTED_ON = ("train", "dev")
"""Splits that anything learns from, as the label model does."""


@dataclass(frozen=True)
class Rows:
    """Rows of a problem, in the order of the votes table.

    Parameters
    ----------
    problem
        Its name, modality and classes.
    ids
        row_id, batch and split.
    gold : (n_rows,)
        Class index of rows of dev that have one, ``NO_GOLD`` elsewhere.
    votes : (n_rows, n_functions)
        Votes of the functions that generate nothing.
    names
        Names of these functions.
    read
        Gives the columns that labeling functions see of some rows.
    read_features
        Gives the features of all rows.
    embedder
        Gives the backbone that made them.
    """

    problem: Problem
    ids: pl.DataFrame
    gold: npt.NDArray[np.int16]
    votes: Votes
    names: tuple[str, ...]
    read: Callable[[Indices], pl.DataFrame]
    read_features: Callable[[], Features]
    embedder: Callable[[], Embedder]

    def with_votes(self, votes: Votes, names: tuple[str, ...]) -> Rows:
        """Give the same rows with votes.

        Parameters
        ----------
        votes : (n_rows, n_functions)
            Votes of functions.
        names
            Their names.

        Returns
        -------
        Rows
        """
        return dataclasses.replace(self, votes=votes, names=names)

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.problem.classes)

    @functools.cached_property
    def labeled(self) -> Indices:
        """Indices of the rows of dev with gold."""
        return np.flatnonzero((self.gold != NO_GOLD) & (self.ids["split"] == "dev").to_numpy())

    @functools.cached_property
    def fitted_on(self) -> Indices:
        """Indices of the rows of train and dev."""
        return np.flatnonzero(self.ids["split"].is_in(FITTED_ON).to_numpy())

    @functools.cached_property
    def features(self) -> Features:
        """(n_rows, n_dimensions) of the backbone."""
        return self.read_features()

    def texts(self, where: Indices) -> list[str]:
        """Read texts.

        Parameters
        ----------
        where : (n_some,)
            Indices of rows.

        Returns
        -------
        list of str
            Empty where a row has none.

        Raises
        ------
        ConfigError
            The rows are images.
        """
        if self.problem.modality != "text":
            raise ConfigError(f"{self.problem.name}: its rows are images, and this generator reads texts")
        return [text or "" for text in self.read(where)["text"].to_list()]

    def thumbnails(self, where: Indices, size: int) -> npt.NDArray[np.uint8]:
        """Decode images and scale them down.

        Parameters
        ----------
        where : (n_some,)
            Indices of rows.
        size
            Pixels of a side.

        Returns
        -------
        (n_some, 3, size, size)

        Raises
        ------
        ConfigError
            The rows are texts.
        """
        if self.problem.modality != "image":
            raise ConfigError(f"{self.problem.name}: its rows are texts, and this generator reads images")
        images = self.read(where)["image"]
        with ThreadPoolExecutor(cores()) as pool:
            small = list(pool.map(functools.partial(thumbnail, size=size), images))
        return np.stack(small) if small else np.zeros((0, 3, size, size), dtype=np.uint8)


def thumbnail(data: bytes, size: int) -> npt.NDArray[np.uint8]:
    """Decode an image and scale it to a square.

    Parameters
    ----------
    data
        Bytes of an image file.
    size
        Pixels of a side.

    Returns
    -------
    (3, size, size)
        Red, green and blue.

    Raises
    ------
    DataError
        The bytes are no image.
    """
    picture = decode_image(data, draft=2 * size).rgb()
    return np.asarray(picture.resize((size, size), resample=4), dtype=np.uint8).transpose(2, 0, 1)  # 4: Pillow's BOX


def stratified_folds(gold: Sequence[int] | npt.NDArray[Any], folds: int, *, seed: int) -> npt.NDArray[np.int64]:
    """Deal rows to folds, class by class.

    Parameters
    ----------
    gold : (n_rows,)
        Class of each row.
    folds
        How many folds.
    seed
        Of the order within a class.

    Returns
    -------
    (n_rows,)
        Fold of each row, from 0.

    Examples
    --------
    >>> sorted(stratified_folds([0, 0, 1, 1], 2, seed=1).tolist())
    [0, 0, 1, 1]
    """
    gold, generator = np.asarray(gold), np.random.default_rng(seed)
    fold = np.zeros(len(gold), dtype=np.int64)
    for k in np.unique(gold):
        rows = generator.permutation(np.flatnonzero(gold == k))
        fold[rows] = (np.arange(len(rows)) + k) % folds
    return fold
