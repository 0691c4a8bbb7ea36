"""Tests that other tools run on each batch, tuned to the same false alarms as the stream, on the same kinds of change.

Each compares the rows of the last one or four checks with the reference, on its 64 principal directions, the champion's probabilities
and, where functions are watched, votes. Its threshold is the 95% quantile, over streams in which nothing changes, of the largest
value in 365 checks, so that it alarms falsely in 5% of years, as the stream may. Tools use a threshold per batch instead, and alarm falsely in nearly every year.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tidemill.apps.studies.driftbench.cells import AFTER, CHECKS, LATER, REFERENCE, ROWS, Index, Shift
from tidemill.apps.studies.driftbench.population import Population
from tidemill.contracts import ABSTAIN
from tidemill.monitor.rows import rounded
from tidemill.reports.driftbench import RivalCell

Array = npt.NDArray[np.float64]
WINDOWS: Final = (1, 4)
_LEVEL: Final = 0.05
_DIRECTIONS: Final = 64
_FREQUENCIES: Final = 200
_RIDGE: Final = 1e-3


@dataclass(frozen=True)
class Inputs:
    """A reference, and the rows that may arrive, as rivals see them.

    Attributes
    ----------
    reference : (n_reference, n_columns)
    rows : (n_population, n_columns)
        Rows that may not arrive are zero.
    """

    reference: Array
    rows: Array


def inputs_of(people: Population, reference: Index, arriving: Index) -> Inputs:
    """Project rows on principal directions of the reference, and put probabilities and votes beside them.

    Parameters
    ----------
    people : Population
        Rows to draw from; without votes where functions are not watched.
    reference, arriving : (n_rows,)
        Places of the rows of the reference, and of those that may arrive.

    Returns
    -------
    Inputs
        Each kind of column has a mean squared norm of one on the reference.
    """
    kept = people.rows.rows
    features = np.asarray(kept.features, dtype=np.float64)
    centred = features[reference] - features[reference].mean(axis=0)
    directions = np.linalg.svd(centred, full_matrices=False)[2][:_DIRECTIONS].T
    places = np.unique(np.concatenate([reference, arriving]))
    voted = np.where(kept.votes[places] == ABSTAIN, 0.0, 1.0 + kept.votes[places])
    blocks = [(features[places] - features[reference].mean(axis=0)) @ directions, kept.probabilities[places], voted]
    result = np.zeros((len(features), sum(block.shape[1] for block in blocks)))
    known = np.searchsorted(places, reference)
    result[places] = np.hstack([_scaled(np.asarray(block, dtype=np.float64), known) for block in blocks])
    return Inputs(result[reference], result)


def _scaled(block: Array, reference: Index) -> Array:
    norm = np.sqrt((block[reference] ** 2).sum(axis=1).mean()) if block.shape[1] else 1.0
    return block / max(norm, 1e-12)


Statistic = Callable[[Inputs, npt.NDArray[np.int64], np.random.Generator], Array]
"""Inputs, places of the rows of each window (n_windows, n_rows) and a generator: a value per window, larger for more drift."""


def kolmogorov_smirnov(inputs: Inputs, windows: Index, rng: np.random.Generator) -> Array:  # noqa: ARG001 - one signature for all
    """Take the largest two-sample Kolmogorov-Smirnov distance of any column; with Bonferroni it is the test that decides.

    Parameters
    ----------
    inputs
        Reference and rows.
    windows : (n_windows, n_rows)
        Places of rows.
    rng
        Unused.

    Returns
    -------
    (n_windows,)
    """
    places, inverse = np.unique(windows, return_inverse=True)
    steps = np.arange(1, windows.shape[1] + 1) / windows.shape[1]
    largest = np.zeros(len(windows))
    for reference, values in zip(inputs.reference.T, inputs.rows[places].T, strict=True):
        ordered = np.sort(reference)
        above, below = (np.searchsorted(ordered, values, side=side) / len(ordered) for side in ("right", "left"))
        upper = steps - np.sort(above[inverse.reshape(windows.shape)], axis=1)
        lower = np.sort(below[inverse.reshape(windows.shape)], axis=1) - (steps - steps[0])
        largest = np.maximum(largest, np.maximum(upper, lower).max(axis=1))
    return largest


def maximum_mean_discrepancy(inputs: Inputs, windows: Index, rng: np.random.Generator) -> Array:
    """Compute the squared maximum mean discrepancy of a Gaussian kernel by random features.

    Parameters
    ----------
    inputs
        Reference and rows.
    windows : (n_windows, n_rows)
        Places of rows.
    rng
        Draws frequencies.

    Returns
    -------
    (n_windows,)

    References
    ----------
    Gretton et al. (2012), "A kernel two-sample test"; Rahimi and Recht (2007), "Random features for large-scale kernel machines".
    """
    some = inputs.reference[rng.integers(0, len(inputs.reference), (2, 500))]
    width = np.sqrt(np.median(((some[0] - some[1]) ** 2).sum(axis=1)) / 2.0)
    frequencies = rng.normal(size=(inputs.reference.shape[1], _FREQUENCIES)) / max(width, 1e-12)
    before = _waves(inputs.reference, frequencies).mean(axis=0)
    places, inverse = np.unique(windows, return_inverse=True)
    now = _waves(inputs.rows[places], frequencies)[inverse.reshape(windows.shape)].mean(axis=1)
    return np.asarray(((now - before) ** 2).sum(axis=1))


def _waves(rows: Array, frequencies: Array) -> Array:
    angles = rows @ frequencies
    return np.asarray(np.hstack([np.cos(angles), np.sin(angles)]) / np.sqrt(frequencies.shape[1]))


def classifier_test(inputs: Inputs, windows: Index, rng: np.random.Generator) -> Array:  # noqa: ARG001 - one signature for all
    """Compute the area under the curve of a linear discriminant between window and reference, cross-fitted in two halves.

    Parameters
    ----------
    inputs
        Reference and rows.
    windows : (n_windows, n_rows)
        Places of rows.
    rng
        Unused.

    Returns
    -------
    (n_windows,)

    References
    ----------
    Lopez-Paz and Oquab (2017), "Revisiting classifier two-sample tests".
    """
    areas = []
    for side in (0, 1):
        fitted, judged = inputs.reference[side::2], inputs.reference[1 - side :: 2]
        spread = np.cov(fitted, rowvar=False) + _RIDGE * np.eye(fitted.shape[1]) / fitted.shape[1]
        gap = inputs.rows[windows[:, side::2]].mean(axis=1) - fitted.mean(axis=0)
        weights = np.linalg.solve(spread, gap.T).T
        scores = np.einsum("tnd,td->tn", inputs.rows[windows[:, 1 - side :: 2]], weights)
        ordered = np.sort(weights @ judged.T, axis=1)
        areas.append([np.searchsorted(ref, row).mean() / len(ref) for ref, row in zip(ordered, scores, strict=True)])
    return np.asarray(np.mean(areas, axis=0))


RIVALS: Final[dict[str, Statistic]] = {
    "Kolmogorov-Smirnov": kolmogorov_smirnov,
    "maximum mean discrepancy": maximum_mean_discrepancy,
    "classifier two-sample": classifier_test,
}
Thresholds = dict[tuple[str, int], float]


def thresholds_of(people: Population, streams: int, seed: int) -> Thresholds:
    """Tune each rival, so that it alarms in a twentieth of the streams in which nothing changes.

    Parameters
    ----------
    people : Population
        Rows to draw from, as the rivals are to see them.
    streams, seed : int
        How many streams of 365 checks, and where chance begins.

    Returns
    -------
    dict
        By rival and number of checks in its window.
    """
    largest: dict[tuple[str, int], list[float]] = {}
    for k in range(streams):
        rng = np.random.default_rng([seed, k])
        reference = rng.choice(people.known, min(REFERENCE, len(people.known)))
        inputs = inputs_of(people, reference, people.known)
        draws = rng.choice(people.known, (CHECKS, ROWS))
        for (name, window), values in _values(inputs, draws, seed).items():
            largest.setdefault((name, window), []).append(float(values.max()))
    return {key: float(np.quantile(values, 1.0 - _LEVEL, method="higher")) for key, values in largest.items()}


def _values(inputs: Inputs, draws: Index, seed: int) -> dict[tuple[str, int], Array]:
    """Of the windows that end with each check, from that on which has enough of them."""
    result = {}
    for window in WINDOWS:
        ends = range(window, len(draws) + 1)
        rows = np.stack([draws[end - window : end].ravel() for end in ends])
        for name, statistic in RIVALS.items():
            result[name, window] = statistic(inputs, rows, np.random.default_rng(seed))
    return result


def run_rivals(people: Population, shift: Shift, thresholds: Thresholds, streams: int, seed: int) -> list[RivalCell]:
    """Measure after how many rows each rival alarms at a change.

    Alarms before the change are not counted, which is in favour of the rivals.

    Parameters
    ----------
    people : Population
        Rows to draw from, as the rivals are to see them.
    shift : Shift
        How many new rows arrive; when does not matter to a rival.
    thresholds : dict
        Of each rival.
    streams, seed : int
        How many streams, and where chance begins.

    Returns
    -------
    list of RivalCell
        One for each rival and window.
    """
    delays: dict[tuple[str, int], list[float]] = {key: [] for key in thresholds}
    for k in range(streams):
        rng = np.random.default_rng([seed, k])
        later = rng.choice(people.later, min(LATER, len(people.later)), replace=False)
        reference = rng.choice(people.known, min(REFERENCE, len(people.known)))
        inputs = inputs_of(people, reference, np.concatenate([people.known, later]))
        before = max(WINDOWS) - 1
        draws = _draws(people, later, shift, before, rng)
        for (name, window), values in _values(inputs, draws, seed).items():
            after = values[before - window + 1 :] > thresholds[name, window]
            delays[name, window].append(float(ROWS * (1 + after.argmax())) if after.any() else np.inf)
    return [_cell(people.problem, shift.kind, key, np.array(values)) for key, values in delays.items()]


def _draws(people: Population, later: Index, shift: Shift, before: int, rng: np.random.Generator) -> Index:
    rows = [rng.choice(people.known, ROWS) for _ in range(before)]
    for check in range(AFTER):
        share = shift.share * (min(1.0, (check + 1) / shift.ramp) if shift.ramp else 1.0)
        new = rng.random(ROWS) < share
        rows.append(np.where(new, rng.choice(later, ROWS), rng.choice(people.known, ROWS)))
    return np.stack(rows)


def _cell(problem: str, kind: str, key: tuple[str, int], delays: Array) -> RivalCell:
    median, last = float(np.median(delays)), float(np.quantile(delays, 0.9, method="higher"))
    return RivalCell(
        problem=problem,
        kind=kind,
        rival=key[0],
        window_rows=key[1] * ROWS,
        streams=len(delays),
        caught=rounded(np.isfinite(delays).mean()),
        median_rows=int(median) if np.isfinite(median) else None,
        p90_rows=int(last) if np.isfinite(last) else None,
    )


def best_of(cells: Sequence[RivalCell]) -> RivalCell:
    """Choose the rival that finds a change after the fewest rows.

    Parameters
    ----------
    cells
        Of one kind of change.

    Returns
    -------
    RivalCell
        By its median, then by nine streams in ten.
    """
    return min(cells, key=lambda cell: (_rows(cell.median_rows), _rows(cell.p90_rows)))


def _rows(count: int | None) -> float:
    return np.inf if count is None else float(count)
