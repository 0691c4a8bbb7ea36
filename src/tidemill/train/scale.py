"""How features are scaled before a linear model or a network reads them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

_MIN_SPREAD: Final = 1e-6


def pareto_scale(features: Any) -> Any:
    """What each dimension is divided by: the geometric mean of its own standard deviation and that of all dimensions.

    A penalty on coefficients then shrinks dimensions in which a backbone moves little more than others, as it does on features as
    they are, but none so far that dimensions of other layers, which have other units, go unread. Known as Pareto scaling (van den
    Berg et al., "Centering, scaling, and transformations", BMC Genomics 7, 2006).

    Parameters
    ----------
    features : (n_rows, n_dimensions)
        Of the training rows.

    Returns
    -------
    (n_dimensions,)
        Double precision; 1 where a dimension does not move.

    Examples
    --------
    >>> pareto_scale(np.array([[-1.0, -7.0, 3.0], [1.0, 7.0, 3.0]])).round(2).tolist()
    [2.24, 5.92, 1.0]
    """
    spread = np.std(features, axis=0, dtype=np.float64)
    moves = spread > _MIN_SPREAD
    common = np.sqrt(np.mean(spread[moves] ** 2)) if moves.any() else 1.0
    return np.where(moves, np.sqrt(spread * common), 1.0)
