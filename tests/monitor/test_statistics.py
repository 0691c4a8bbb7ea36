import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon
from sklearn.metrics import roc_auc_score

from tidemill.monitor.embeddings import auc, domain_auc, energy_test, pairwise
from tidemill.monitor.functions import contradicted, tallies
from tidemill.monitor.predictions import js_distance
from tidemill.monitor.rows import majority
from tidemill.monitor.statistics import adjust, fisher, mean_difference


@pytest.mark.parametrize("table", [(3, 10, 9, 12), (0, 50, 6, 40), (100, 400, 60, 300), (7, 7, 0, 9), (1, 1, 5, 5)])
def test_fisher_is_that_of_scipy(table):
    hits, rows, other_hits, other_rows = table
    expected = stats.fisher_exact([[hits, rows - hits], [other_hits, other_rows - other_hits]]).pvalue
    assert fisher(*table) == pytest.approx(expected, rel=1e-6)


def test_fisher_of_no_rows_says_nothing():
    assert fisher(0, 0, 3, 10) == 1.0


def test_adjustment_is_that_of_scipy():
    p_values = np.random.default_rng(0).uniform(size=30) ** 2
    assert adjust(p_values) == pytest.approx(stats.false_discovery_control(p_values))


def test_the_interval_of_a_difference_of_means_is_a_z_interval():
    one, other = np.array([0.0, 2.0]), np.array([0.0, 0.0])
    # means 1 and 0, variance 1 over 2 rows: 1 -+ 1.959964 * sqrt(.5)
    assert mean_difference(one, other, 0.95) == pytest.approx((1 - 1.385904, 1 + 1.385904), abs=1e-6)


def test_js_distance_is_that_of_scipy():
    one, other = np.array([3, 0, 7, 5]), np.array([1, 4, 9, 0])
    assert float(js_distance(one, other)) == pytest.approx(jensenshannon(one, other, base=2))


def test_energy_distance_is_that_of_scipy_in_one_dimension():
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=40), rng.normal(1.0, 2.0, size=30)
    seen, _ = energy_test(one[:, None], other[:, None], n_permutations=19, rng=rng)
    assert seen == pytest.approx(stats.energy_distance(one, other) ** 2)


def test_distances_are_euclidean():
    points = np.array([[0.0, 0.0], [3.0, 4.0]])
    assert pairwise(points) == pytest.approx(np.array([[0.0, 5.0], [5.0, 0.0]]))


def test_auc_is_that_of_scikit_learn():
    rng = np.random.default_rng(2)
    low, high = rng.integers(0, 9, 40).astype(float), rng.integers(2, 11, 30).astype(float)
    side = np.r_[np.zeros(40), np.ones(30)]
    assert auc(low, high) == pytest.approx(roc_auc_score(side, np.r_[low, high]))


@pytest.mark.parametrize("dimensions", [3, 400])
def test_the_domain_classifier_tells_apart_what_is_apart_and_only_that(dimensions):
    rng = np.random.default_rng(3)
    one, other = rng.normal(size=(200, dimensions)), rng.normal(size=(200, dimensions))
    assert domain_auc(one, other, rng=rng) == pytest.approx(0.5, abs=0.1)
    other[:, :3] += 3.0
    assert domain_auc(one, other, rng=rng) > 0.9


def test_conflicts_are_hand_counted_with_not_class_votes_of_three_classes():
    votes = np.array([[0, -2, -1], [0, -3, 0], [-2, -3, -4], [1, 2, -1]], dtype=np.int8)
    expected = [[True, True, False], [False, False, False], [False, False, False], [True, True, False]]
    assert contradicted(votes, 3).tolist() == expected


def test_tallies_are_hand_counted():
    votes = np.array([[0, 1], [0, -1], [-1, -1], [1, 1]], dtype=np.int8)
    # first: speaks on 3 of 4, contradicted once of 3; second: 2 of 4, once of 2; any function: 3 of 4
    assert tallies(votes, 2) == [(3, 4), (1, 3), (2, 4), (1, 2), (3, 4)]


def test_not_class_votes_are_divided_over_the_other_classes():
    votes = np.array([[-2, -3, -1], [-2, -1, -1], [2, -4, 2]], dtype=np.int8)
    assert majority(votes, 3).tolist() == [2, -1, 2]
