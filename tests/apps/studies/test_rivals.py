"""Rivals of the stream: their statistics are those of the papers, they are tuned to false alarms, and the best is compared with."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from tests.apps.studies.test_driftbench import SHIFT, here, people
from tidemill.apps.studies.driftbench import rivals, weak_text
from tidemill.apps.studies.driftbench.cells import Shift
from tidemill.apps.studies.driftbench.rival_targets import missed_rivals, pairs_of
from tidemill.apps.studies.driftbench.rivals import Inputs, best_of, run_rivals, thresholds_of
from tidemill.reports.driftbench import RivalCell

__all__ = ["here", "people"]
RNG = np.random.default_rng(3)
REFERENCE = RNG.normal(size=(301, 3)).round(1)  # rounded, so that there are ties
ROWS = np.concatenate([RNG.normal(size=(60, 3)), RNG.normal(1.0, 1.0, size=(60, 3))]).round(1)
INPUTS = Inputs(REFERENCE, ROWS)
WINDOWS = np.arange(120).reshape(4, 30)


def test_the_distance_is_that_of_the_kolmogorov_smirnov_test():
    found = rivals.kolmogorov_smirnov(INPUTS, WINDOWS, RNG)
    expected = [max(ks_2samp(ROWS[w, k], REFERENCE[:, k]).statistic for k in range(3)) for w in WINDOWS]
    assert found == pytest.approx(expected)


def test_the_discrepancy_is_near_that_of_the_kernel():
    def kernel(one, other):
        gaps = ((one[:, None] - other[None]) ** 2).sum(axis=2)
        return np.exp(-gaps / (2.0 * width**2)).mean()

    width = np.sqrt(np.median(((REFERENCE[:150] - REFERENCE[150:300]) ** 2).sum(axis=1)) / 2.0)
    found = rivals.maximum_mean_discrepancy(INPUTS, WINDOWS, np.random.default_rng(0))
    expected = [
        kernel(ROWS[w], ROWS[w]) - 2.0 * kernel(ROWS[w], REFERENCE) + kernel(REFERENCE, REFERENCE) for w in WINDOWS
    ]
    assert found == pytest.approx(expected, rel=0.5, abs=0.02)
    assert found[2:].min() > 3.0 * found[:2].max()


def test_the_classifier_tells_shifted_rows_and_not_others():
    found = rivals.classifier_test(INPUTS, WINDOWS, RNG)
    assert (found[2:] > 0.75).all()
    assert (np.abs(found[:2] - 0.5) < 0.2).all()


def test_rivals_are_tuned_to_alarm_in_a_twentieth_of_the_streams_and_then_find_a_change(people, monkeypatch):
    monkeypatch.setattr(rivals, "CHECKS", 8)
    rows = people.bare(functions=False)
    thresholds = thresholds_of(rows, 3, 0)
    assert set(thresholds) == {(name, window) for name in rivals.RIVALS for window in (1, 4)}
    found = run_rivals(rows, Shift(0.8, 5, functions=False), thresholds, 2, 0)
    assert len(found) == 6
    assert best_of(found).median_rows <= 200
    never = run_rivals(rows, Shift(0.8, 5, functions=False), dict.fromkeys(thresholds, np.inf), 2, 0)
    assert {(cell.caught, cell.median_rows) for cell in never} == {(0.0, None)}


def _rival(rows, last=400):
    return RivalCell(
        problem=SHIFT.problem, kind=SHIFT.kind, rival="r", window_rows=50, streams=9, caught=1.0, median_rows=rows, p90_rows=last
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "last", "lines"), [(None, None, 0), (150, 200, 0), (100, 200, 0), (100, 150, 1), (80, 200, 1), (79, 90, 2)]
)
def test_the_stream_needs_at_most_a_quarter_more_rows_than_the_best_rival_and_often_fewer(rows, last, lines):
    cells = [_rival(rows, last), _rival(None, None)]
    assert pairs_of([SHIFT], cells)[0][1].median_rows == rows
    assert len(missed_rivals([SHIFT], cells, quick=False)) == lines
    assert missed_rivals([SHIFT], cells, quick=True) == []


@pytest.mark.slow
def test_docstrings_are_read_without_importing_and_rows_made_of_them(people, monkeypatch):
    texts = weak_text.docstrings("tidemill", most=150)
    assert len(texts) == len(set(texts)) == 150
    parts = {"numpy": texts[:60], "scipy": texts[60:120], "sklearn": texts[120:]}
    monkeypatch.setattr(weak_text, "docstrings", lambda library: parts[library])
    monkeypatch.setattr(weak_text, "_DIRECTIONS", 5)
    weak = weak_text.weak_population(people, seed=1)
    assert weak.rows.rows.features.shape == (150, 5)
    assert weak.later.tolist() == list(range(120, 150))
    assert 40 < len(weak.known) < 80
    assert weak.known.max() < 120
