"""What every backbone promises, and how its numbers are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

import numpy as np

from tidemill.contracts import Features

KEPT_BITS: Final = 12
"""Bits of the mantissa that are kept, of float32's 23: how rows are padded and grouped moves the last ones."""


class Backbone(Protocol):
    """What turns the contents of rows into features."""

    def embed(self, contents: Sequence[Any], *, name: str) -> Features:
        """Compute features.

        Parameters
        ----------
        contents
            Texts, or bytes of images.
        name
            What progress calls it.

        Returns
        -------
        (n_rows, n_dimensions)
            In the order of the contents.
        """


def round_features(features: Features) -> Features:
    """Round features to ``KEPT_BITS`` bits of mantissa: a relative error of at most 2**-13.

    Ties and carries follow from adding half a step to the integer that the bits spell.

    Parameters
    ----------
    features : (n_rows, n_dimensions)
        Features of the rows.

    Returns
    -------
    (n_rows, n_dimensions)

    Examples
    --------
    >>> round_features(np.array([1.0, -0.1, 0.0, 1.0 + 2**-20], dtype=np.float32)).tolist()
    [1.0, -0.100006103515625, 0.0, 1.0]
    """
    dropped = 23 - KEPT_BITS
    bits = np.ascontiguousarray(features, dtype=np.float32).view(np.uint32)
    half, mask = np.uint32(1 << (dropped - 1)), np.uint32(0xFFFFFFFF ^ ((1 << dropped) - 1))
    return ((bits + half) & mask).view(np.float32)
