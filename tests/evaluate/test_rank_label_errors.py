import numpy as np
import pytest

from tests.evaluate.factories import settings
from tidemill.evaluate.label_errors import rank_label_errors


def planted(classes=3, rows=600):
    """Rows whose models are nearly always right, and labels of which a tenth is shifted by one class."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, classes, rows)
    logits = 4.0 * np.eye(classes)[truth] + rng.normal(size=(rows, classes))
    said = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    wrong = rng.random(rows) < 0.1
    return np.where(wrong, (truth + 1) % classes, truth), said, wrong


def test_a_hand_counted_set_is_ranked_by_how_far_the_label_falls_behind():
    labels = np.array([0, 0, 0, 1, 1, 1])
    said = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.95, 0.05]])
    # bars: class 0 (0.9 + 0.8 + 0.1) / 3 = 0.6, class 1 (0.8 + 0.7 + 0.05) / 3 = 0.52
    found = rank_label_errors(labels, said, settings().errors)
    assert found["row"].to_list() == [5, 2]
    assert found["suggested"].to_list() == [0, 1]
    # normalised margin: (0.05 - 0.95 + 1) / 2 and (0.1 - 0.9 + 1) / 2
    assert found["quality"].to_list() == pytest.approx([0.05, 0.1])


@pytest.mark.parametrize("method", ["confident_learning", "prune_by_noise_rate", "both", "predicted_neq_given"])
@pytest.mark.parametrize("rank", ["normalized_margin", "self_confidence", "confidence_weighted_entropy"])
def test_planted_errors_are_at_the_top_whatever_the_method_and_the_rank(method, rank):
    labels, said, wrong = planted()
    found = rank_label_errors(labels, said, settings(errors={"filter_by": method, "rank_by": rank}).errors)[
        "row"
    ].to_numpy()
    assert wrong[found[: wrong.sum() // 2]].mean() > 0.95
    assert wrong[found].sum() > 0.8 * wrong.sum()


def test_no_more_than_asked_are_told_and_they_are_the_worst():
    labels, said, _ = planted()
    every = rank_label_errors(labels, said, settings().errors)
    assert rank_label_errors(labels, said, settings(errors={"max_errors": 7}).errors).equals(every.head(7))


def test_where_all_agree_there_is_no_error():
    labels = np.array([0, 1])
    assert rank_label_errors(labels, np.eye(2)[labels], settings().errors).height == 0


def test_a_class_that_no_label_names_and_labels_that_are_all_alike_are_no_crash():
    labels, said, _ = planted()
    kept = labels != 1
    assert rank_label_errors(labels[kept], said[kept], settings().errors)["label"].is_in([0, 2]).all()
    assert rank_label_errors(np.ones(4, dtype=int), np.full((4, 2), 0.5), settings().errors).height == 0
