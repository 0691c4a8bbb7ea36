"""Accuracies from triplets, by hand."""

import numpy as np
import pytest

from tidemill.contracts import ABSTAIN, not_class
from tidemill.denoise.models.triplets import Triplets, _accuracies, _accuracy, _products
from tidemill.denoise.statistics.distinct_rows import DistinctRows


def test_products_are_means_over_rows_on_which_both_vote_shrunk_to_usual_functions():
    votes = np.array([[0, 0, ABSTAIN], [0, 1, ABSTAIN], [1, 1, not_class(0)]], dtype=np.int16)
    rows = DistinctRows(votes, np.array([5.0, 2.0, 3.0]), np.full(3, -1))
    product, both = _products(rows, 0)
    assert both[0, 1] == 10
    assert product[0, 1] == pytest.approx((5 - 2 + 3 + 20 * 0.4**2) / 30)
    assert both[0, 2] == 3
    assert product[0, 2] == pytest.approx((3 + 20 * 0.4**2) / 23)  # against the first class is what the second says
    assert _products(rows, 1)[0][0, 2] == pytest.approx((3 + 20 * 0.4**2) / 23)


def test_a_vote_against_another_class_speaks_for_this_one_in_one_class_against_the_rest():
    votes = np.array([[2, not_class(1)]], dtype=np.int16)
    rows = DistinctRows(votes, np.array([10.0]), np.full(1, -1))
    assert _products(rows, 2)[0][0, 1] == pytest.approx((10 + 20 * 0.4**2) / 30)
    assert _products(rows, 1)[0][0, 1] == pytest.approx((10 + 20 * 0.4**2) / 30)  # both are against it
    assert _products(rows, 0)[0][0, 1] == pytest.approx((-10 + 20 * 0.4**2) / 30)


def test_an_accuracy_is_the_median_of_its_triplets_with_the_sign_of_its_agreement():
    known = np.array([0.8, 0.6, 0.5, -0.4])
    product, both = np.outer(known, known), np.ones((4, 4))
    others = np.arange(4)
    for i in range(4):
        assert _accuracy(product, both, i, others[others != i]) == pytest.approx(known[i])
    assert _accuracy(product, both, 0, others[1:2]) == 0.4  # a triplet takes two others
    assert _accuracies(product, both) == pytest.approx(known)


def test_no_accuracy_is_beyond_certain_and_pairs_that_hardly_agree_blow_none_up():
    product = np.array([[1.0, 0.9, 0.9], [0.9, 1.0, 0.1], [0.9, 0.1, 1.0]])
    assert _accuracy(product, np.ones((3, 3)), 0, np.array([1, 2])) == 1.0  # .81 / .1 is more than 1
    product[1, 2] = 1e-9
    product[0, 1:] = 0.02
    assert _accuracy(product, np.ones((3, 3)), 0, np.array([1, 2])) == pytest.approx(np.sqrt(0.02**2 / 0.01))
    assert _accuracy(np.zeros((3, 3)), np.ones((3, 3)), 0, np.array([1, 2])) == 0.0


def test_the_names_of_classes_do_not_matter():
    rng = np.random.default_rng(0)
    truth = rng.choice(3, 2000, p=[0.6, 0.3, 0.1])
    right = rng.random((2000, 4)) < np.where(truth == 0, 0.95, 0.5)[:, None]
    votes = np.where(right, truth[:, None], rng.integers(0, 3, (2000, 4))).astype(np.int16)
    renamed = np.array([2, 0, 1], dtype=np.int16)[votes]
    assert Triplets(3).fit(votes).accuracies() == pytest.approx(Triplets(3).fit(renamed).accuracies())


def test_accuracies_are_kept_from_certainty():
    votes = np.tile(np.arange(400, dtype=np.int16)[:, None] % 2, (1, 3))
    model = Triplets(2).fit(votes)
    assert model.accuracies() == pytest.approx([0.95] * 3)
    assert model.balance_ == pytest.approx([0.5, 0.5])
