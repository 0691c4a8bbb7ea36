import numpy as np
import pytest

from tests.train.factories import training_set
from tidemill.train.recipes.cut_statistic import _nearest, cut_statistic, neighbour_agreement, select_subset


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


def test_nearer_neighbours_weigh_more():
    angles = np.array([0.0, 0.5, 2.0])
    points = np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
    found = cut_statistic(points, np.array([0, 0, 1]), neighbours=2)
    weights = 1 / (1 + 2 * np.sin(np.array([0.5, 2.0]) / 2))  # the distance of two points on the circle
    spread = np.sqrt(2 / 9 * (weights**2).sum())
    assert found[0] == pytest.approx((weights[1] - weights.sum() / 3) / spread, abs=1e-6)


def test_the_share_of_each_class_is_rounded_up_and_ties_are_broken_by_place():
    points = np.ones((7, 2), dtype=np.float32)
    targets = np.eye(2)[[0, 0, 0, 0, 0, 1, 1]]
    kept = select_subset(points, targets, share=0.5, neighbours=20)  # six others are all there are
    assert kept.tolist() == [True, True, True, False, False, True, False]
    assert select_subset(points[:1], targets[:1], share=0.1, neighbours=20).tolist() == [True]


def test_so_many_neighbours_as_are_asked_for_are_compared():
    angles = np.array([0.0, 0.01, 1.0, 1.02, 1.04, 1.06])  # two of class 0 lie together, the third among the others
    points = np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float32)
    targets = np.eye(2)[[0, 0, 0, 1, 1, 1]]
    assert select_subset(points, targets, share=0.6, neighbours=1)[:3].tolist() == [True, True, False]
    one = neighbour_agreement(points, targets.argmax(axis=1), neighbours=1)[0]
    assert one == pytest.approx(4 / 6)
    assert neighbour_agreement(points, targets.argmax(axis=1), neighbours=5)[0] == pytest.approx(2 / 5)


def test_a_row_without_neighbours_agrees_as_often_as_by_chance():
    point = np.ones((1, 2), dtype=np.float32)
    assert neighbour_agreement(point, np.array([0]), neighbours=0) == (1.0, 1.0)
    assert neighbour_agreement(point[:0], np.zeros(0, dtype=np.int64), neighbours=0) == (0.0, 0.0)
    assert cut_statistic(point, np.array([0]), neighbours=0).tolist() == [0.0]
