import numpy as np

from tidemill.evaluate.errors import label_errors


def test_a_hand_counted_set_is_ranked_by_how_far_the_label_falls_behind():
    labels = np.array([0, 0, 0, 1, 1, 1])
    said = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.95, 0.05]])
    # bars: class 0 (0.9 + 0.8 + 0.1) / 3 = 0.6, class 1 (0.8 + 0.7 + 0.05) / 3 = 0.52
    found = label_errors(labels, said)
    assert found["row"].to_list() == [5, 2]  # margins 0.9 and 0.8
    assert found["suggested"].to_list() == [0, 1]
    assert found["margin"].to_list() == [0.9, 0.8]


def test_flipped_labels_of_a_good_model_are_most_of_what_is_found():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 600)
    logits = 4.0 * np.eye(3)[truth] + rng.normal(size=(600, 3))
    said = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    wrong = rng.random(600) < 0.1
    labels = np.where(wrong, (truth + 1) % 3, truth)
    found = label_errors(labels, said)["row"].to_numpy()
    assert wrong[found[: wrong.sum() // 2]].mean() > 0.95
    assert wrong[found].sum() > 0.8 * wrong.sum()


def test_where_all_agree_there_is_no_error():
    labels = np.array([0, 1])
    assert label_errors(labels, np.eye(2)[labels]).height == 0
