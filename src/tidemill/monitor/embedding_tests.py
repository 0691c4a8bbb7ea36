"""Whether the inputs moved, from features of two sets of rows.

The test is the energy distance (Székely and Rizzo, 2004) with a permutation p: no bandwidth to choose, exact under "the
rows are exchangeable". How far they moved is measured by a domain classifier (Lopez-Paz and Oquab, 2017): the AUC at which
a ridge regression, fitted on one half, tells the two apart in the other half. 0.5 is not at all.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tidemill.contracts import Features
from tidemill.monitor.rows import Array, Finding, Names, Rows, rounded
from tidemill.monitor.settings import MonitorSettings
from tidemill.monitor.statistics import permutation_p
from tidemill.reports.monitor import EmbeddingDrift


def detect(
    reference: Rows,
    batch: Rows,
    names: Names,  # noqa: ARG001 - every detector has this signature
    settings: MonitorSettings,
    *,
    alpha: float,
) -> Finding[EmbeddingDrift]:
    """Test whether features moved, on at most ``max_rows`` rows of each set.

    Parameters
    ----------
    reference, batch : Rows
        Rows to compare.
    names : Names
        Of classes and functions.
    settings : MonitorSettings
        Of the stage.
    alpha : float
        Level of the test.

    Returns
    -------
    finding
        With energy distance, p and AUC.
    """
    own = settings.embeddings
    rng = np.random.default_rng(settings.seed)
    one, other = (sample(rows.features, own.max_rows, rng) for rows in (reference, batch))
    distance, p = energy_test(one, other, n_permutations=own.n_permutations, rng=rng)
    auc = domain_auc(one, other, rng=rng)
    drift = p <= alpha and auc >= own.min_auc
    text = f"features moved: a classifier tells the batch from the reference with AUC {auc:.2f} (p {p:.3f})"
    report = EmbeddingDrift(drift=drift, p=rounded(p), energy_distance=rounded(distance), auc=rounded(auc))
    return Finding(report, (text,) if drift else ())


def sample(features: Features, count: int, rng: np.random.Generator) -> Array:
    """Draw rows without replacement, in double precision.

    Parameters
    ----------
    features : (n_rows, n_dimensions)
    count : int
        Rows at most.
    rng : numpy.random.Generator
        Draws the rows.

    Returns
    -------
    (n_sampled, n_dimensions)
    """
    if len(features) > count:
        features = features[np.sort(rng.choice(len(features), count, replace=False))]
    return features.astype(np.float64)


def energy_test(one: Array, other: Array, *, n_permutations: int, rng: np.random.Generator) -> tuple[float, float]:
    """Test by permutation whether two sets of points have the same distribution.

    Parameters
    ----------
    one, other : (n_points, n_dimensions)
    n_permutations : int
        Behind the p value.
    rng : numpy.random.Generator
        Permutes.

    Returns
    -------
    distance : float
        Energy distance.
    p : float

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> distance, p = energy_test(np.zeros((20, 1)), np.ones((20, 1)), n_permutations=99, rng=rng)
    >>> round(distance, 6), p
    (2.0, 0.01)
    """
    distances = pairwise(np.concatenate([one, other]))
    weights = np.concatenate([np.full(len(one), 1.0 / len(one)), np.full(len(other), -1.0 / len(other))])
    shuffled = rng.permuted(np.tile(weights, (n_permutations, 1)), axis=1)
    seen = float(-weights @ distances @ weights)
    return seen, permutation_p(seen, -np.einsum("pi,pi->p", shuffled @ distances, shuffled))


def pairwise(points: Array) -> Array:
    """Compute Euclidean distances.

    Parameters
    ----------
    points : (n_points, n_dimensions)

    Returns
    -------
    (n_points, n_points)
    """
    squares = (points * points).sum(axis=1)
    gram = squares[:, None] + squares[None, :] - 2.0 * points @ points.T
    np.fill_diagonal(gram, 0.0)
    return np.asarray(np.sqrt(np.maximum(gram, 0.0)))


def domain_auc(one: Array, other: Array, *, rng: np.random.Generator) -> float:
    """Measure how well a ridge regression tells two sets of points apart.

    Parameters
    ----------
    one, other : (n_points, n_dimensions)
    rng : numpy.random.Generator
        Draws the halves.

    Returns
    -------
    float
        Mean AUC over two halves, each predicted by a regression fitted on the other half; 0.5 is chance.
    """
    points = np.concatenate([one, other])
    side = np.concatenate([np.zeros(len(one)), np.ones(len(other))])
    half = rng.permutation(len(points)) % 2 == 0
    results = [_auc_of_half(points, side, fitted) for fitted in (half, ~half)]
    defined = [auc for auc in results if not np.isnan(auc)]
    return float(np.mean(defined)) if defined else 0.5


def _auc_of_half(points: Array, side: Array, fitted: Any) -> float:
    center, spread = points[fitted].mean(axis=0), points[fitted].std(axis=0)
    scaled = (points - center) / np.where(spread > 0, spread, 1.0)
    weights = _ridge(scaled[fitted], side[fitted] - side[fitted].mean())
    score = scaled[~fitted] @ weights
    return auc(score[side[~fitted] == 0], score[side[~fitted] == 1])


def _ridge(points: Array, target: Array) -> Array:
    """Ridge weights with a penalty of a tenth of the rows, through the smaller of the two Gram matrices."""
    rows, dimensions = points.shape
    penalty = 0.1 * rows
    if dimensions <= rows:
        return np.asarray(np.linalg.solve(points.T @ points + penalty * np.eye(dimensions), points.T @ target))
    return np.asarray(points.T @ np.linalg.solve(points @ points.T + penalty * np.eye(rows), target))


def auc(low: Array, high: Array) -> float:
    """Compute the chance that a score of the second group is above one of the first, ties counting half.

    Parameters
    ----------
    low, high : (n_scores,)

    Returns
    -------
    float
        NaN if a group is empty.

    Examples
    --------
    >>> auc(np.array([0.0, 1.0]), np.array([1.0, 2.0]))
    0.875
    """
    if not len(low) or not len(high):
        return float("nan")
    ordered = np.sort(low)
    below = np.searchsorted(ordered, high, side="left")
    upto = np.searchsorted(ordered, high, side="right")
    return float((below + upto).mean() / (2.0 * len(low)))
