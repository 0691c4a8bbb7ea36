import numpy as np
import pytest

from tidemill.contracts import DataError
from tidemill.train.search.architecture import draw_network, suggest_architecture

XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])


def strips(rows=600, seed=0):
    """Gad's second example in the plane: four lines bound two regions of the one class."""
    points = np.random.default_rng(seed).uniform(0, 5, size=(rows, 2))
    points = points[np.abs(points[:, 0] - np.round(points[:, 0])) > 0.15]
    return points, np.floor(points[:, 0]).astype(int) % 2


def test_two_lines_do_for_xor():
    found = suggest_architecture(*XOR)
    assert found.hidden == (2,)
    assert suggest_architecture(XOR[0], np.array(["no", "yes", "yes", "no"])).hidden == (2,)
    assert "starting point" in found.why


def test_four_lines_and_two_that_join_them_for_the_second_example():
    assert suggest_architecture(*strips(), seed=0).hidden == (4, 2)


def test_a_line_needs_no_hidden_layer():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(300, 20))
    assert suggest_architecture(points, (points @ rng.normal(size=20) > 0).astype(int), seed=0).hidden == ()


def test_noise_is_not_drawn_with_lines():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(300, 3))
    classes = ((points[:, 0] > 0) ^ (rng.random(300) < 0.1)).astype(int)
    assert suggest_architecture(points, classes, seed=0).hidden == ()


def test_one_class_has_no_boundary():
    with pytest.raises(DataError, match="rows of one class"):
        suggest_architecture(np.zeros((5, 2)), np.zeros(5, dtype=int), seed=0)


def test_the_diagram_is_a_picture_and_the_same_twice(tmp_path):
    found = suggest_architecture(*XOR, seed=0)
    for name in ("a.png", "b.png"):
        draw_network(2, found, 2, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
