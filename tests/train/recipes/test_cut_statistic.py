import numpy as np
import pytest

from tests.train.factories import training_set
from tidemill.train.recipes.cut_statistic import _nearest, cut_statistic, select_subset


def test_the_cut_statistic_counts_edges_against_chance():
    # four points on one spot, three of class 0 and one of class 1: all edges weigh 1, each row has 3 neighbours
    points, labels = np.ones((4, 2), dtype=np.float32), np.array([0, 0, 0, 1])
    found = cut_statistic(points, labels, neighbours=3)
    spread = np.sqrt(0.75 * 0.25 * 3)
    assert found == pytest.approx([(1 - 0.25 * 3) / spread] * 3 + [(3 - 0.75 * 3) / spread], abs=1e-6)


def test_the_nearest_by_angle_are_scikit_learns():
    from sklearn.neighbors import NearestNeighbors

    points = np.random.default_rng(0).normal(size=(700, 5)).astype(np.float32)
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    expected, places = NearestNeighbors(n_neighbors=7, algorithm="brute").fit(unit).kneighbors()
    distance, near = _nearest(points, 7)
    np.testing.assert_allclose(np.sort(distance, axis=1), expected, atol=1e-5)
    assert [set(row) for row in near] == [set(row) for row in places]


def test_the_subset_holds_few_of_the_wrong_labels_and_every_class():
    known, _, flipped = training_set(wrong=0.2)
    kept = select_subset(known.features, known.targets, share=0.6, neighbours=20)
    assert kept.mean() == pytest.approx(0.6, abs=0.01)
    assert flipped[kept].mean() < 0.05 < flipped.mean()
    assert set(known.targets[kept].argmax(axis=1)) == {0, 1}
