import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon
from sklearn.metrics import roc_auc_score

from tidemill.monitor.embedding_tests import _auc_of_half, _ridge, auc, domain_auc, energy_test, pairwise, sample
from tidemill.monitor.function_tests import contradicted, tallies
from tidemill.monitor.prediction_tests import histogram, js_distance, stability_index
from tidemill.monitor.rows import majority
from tidemill.monitor.statistics import adjust, fisher, mean_difference, permutation_p


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
    votes = np.array([[0, -2, -1], [0, -3, 0], [-2, -3, -4], [1, 2, -1]], dtype=np.int16)
    expected = [[True, True, False], [False, False, False], [False, False, False], [True, True, False]]
    assert contradicted(votes, 3).tolist() == expected


def test_tallies_are_hand_counted():
    votes = np.array([[0, 1], [0, -1], [-1, -1], [1, 1]], dtype=np.int16)
    # first: speaks on 3 of 4, contradicted once of 3; second: 2 of 4, once of 2; any function: 3 of 4
    assert tallies(votes, 2) == [(3, 4), (1, 3), (2, 4), (1, 2), (3, 4)]


def test_not_class_votes_are_divided_over_the_other_classes():
    votes = np.array([[-2, -3, -1], [-2, -1, -1], [2, -4, 2]], dtype=np.int16)
    assert majority(votes, 3).tolist() == [2, -1, 2]


def test_a_ridge_solves_its_own_equation_in_whichever_gram_matrix_is_smaller():
    rng = np.random.default_rng(5)
    for shape in ((30, 4), (5, 40), (6, 6)):
        points, target = rng.normal(size=shape), rng.normal(size=shape[0])
        # the least of |points w - target|^2 + penalty |w|^2, with a penalty of a tenth of the rows
        penalty = 0.1 * shape[0]
        by_hand = np.linalg.lstsq(
            np.vstack([points, np.sqrt(penalty) * np.eye(shape[1])]), np.r_[target, np.zeros(shape[1])], rcond=None
        )[0]
        assert _ridge(points, target) == pytest.approx(by_hand, abs=1e-9)


def test_each_half_is_judged_by_the_other_and_scaled_by_the_half_that_teaches():
    rng = np.random.default_rng(6)
    points = np.vstack([rng.normal(size=(20, 2)), rng.normal(size=(20, 2)) + 1.0]) * [1.0, 1000.0]
    side, fitted = np.repeat([0.0, 1.0], 20), np.arange(40) % 2 == 0
    center, spread = points[fitted].mean(axis=0), points[fitted].std(axis=0)
    scaled = (points - center) / spread
    weights = np.linalg.solve(
        scaled[fitted].T @ scaled[fitted] + 2.0 * np.eye(2), scaled[fitted].T @ (side[fitted] - 0.5)
    )
    score = scaled[~fitted] @ weights
    assert _auc_of_half(points, side, fitted) == pytest.approx(roc_auc_score(side[~fitted], score))


def test_the_two_halves_both_count():
    rng = np.random.default_rng(7)
    one, other = rng.normal(size=(25, 3)), rng.normal(size=(25, 3)) + 0.7
    points, side = np.concatenate([one, other]), np.repeat([0.0, 1.0], 25)
    half = np.random.default_rng(9).permutation(50) % 2 == 0
    both = [_auc_of_half(points, side, fitted) for fitted in (half, ~half)]
    assert both[0] != both[1]
    assert domain_auc(one, other, rng=np.random.default_rng(9)) == pytest.approx(np.mean(both))


def test_a_feature_that_is_constant_where_a_half_is_fitted_tells_nothing_and_breaks_nothing():
    points = np.column_stack([np.r_[np.zeros(10), np.ones(10)], np.full(20, 7.0)])
    assert domain_auc(points[:10], points[10:], rng=np.random.default_rng(0)) == 1.0


def test_one_group_without_rows_has_no_auc_and_tells_a_half():
    assert np.isnan(auc(np.zeros(0), np.ones(3)))
    assert np.isnan(auc(np.ones(3), np.zeros(0)))
    assert domain_auc(np.zeros((0, 2)), np.ones((6, 2)), rng=np.random.default_rng(0)) == 0.5


def test_a_sample_holds_rows_once_and_no_more_than_are_asked():
    features = np.arange(20, dtype=np.float32)[:, None]
    for count, rows in ((20, 20), (19, 19), (5, 5), (99, 20)):
        taken = sample(features, count, np.random.default_rng(0))
        assert taken.dtype == np.float64
        assert len(np.unique(taken)) == len(taken) == rows


def test_a_histogram_puts_certainty_in_the_last_bin_and_indecision_in_the_first():
    said = np.array([[1.0, 0.0, 0.0], [0.0, 0.34, 0.33], [0.0, 0.5, 0.5], [0.1, 0.2, 0.7]])
    # bins of thirds from 1/3 to 1: 1.0 in the last, .34 in the first, .5 at a quarter, .7 at .55
    assert histogram(said, 2).tolist() == [0, 1, 2, 0, 0, 1]


def test_the_stability_index_is_counted_by_hand():
    # with half a row added to each cell: shares .5/11 and 10.5/11, and 5.5/11 twice
    p, q = np.array([0.5, 10.5]) / 11, np.array([0.5, 0.5])
    expected = ((q - p) * np.log(q / p)).sum()
    assert stability_index(np.array([0, 10]), np.array([5, 5])) == pytest.approx(expected)


def test_the_p_of_a_permutation_counts_what_is_as_large_and_itself():
    assert permutation_p(2.0, np.array([1.0, 2.0, 3.0])) == pytest.approx(3 / 4)
    assert permutation_p(9.0, np.zeros(99)) == pytest.approx(0.01)
