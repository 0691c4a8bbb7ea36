import numpy as np
import pytest
import yaml
from cleanlab.filter import find_label_issues

from tidemill.contracts import InputError
from tidemill.evaluate import find_label_errors
from tidemill.project.compose import DEFAULTS

CLASSES = ["ham", "spam", "other"]


def flipped(rows=300, errors=30):
    """Labels of which the first ``errors`` are wrong, and probabilities of .9 for the true class."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, rows)
    labels = truth.copy()
    labels[:errors] = (labels[:errors] + 1) % 3
    probabilities = np.full((rows, 3), 0.05) + 0.85 * np.eye(3)[truth]
    return labels, probabilities, truth


def test_flipped_labels_are_found_with_their_true_class():
    labels, probabilities, truth = flipped()
    found = find_label_errors(labels, probabilities)
    assert set(found["row"]) == set(range(30))
    assert (found["suggested"].to_numpy() == truth[found["row"].to_numpy()]).all()


def test_it_finds_what_cleanlab_finds():
    labels, _, truth = flipped()
    rng = np.random.default_rng(1)
    probabilities = rng.dirichlet(np.ones(3), 300) * 0.5 + 0.5 * np.eye(3)[truth]
    for method in ("confident_learning", "prune_by_class", "both"):
        theirs = find_label_issues(labels, probabilities, filter_by=method, n_jobs=1)
        ours = find_label_errors(labels, probabilities, filter_by=method)["row"]
        assert set(ours) == set(np.flatnonzero(theirs & (probabilities.argmax(axis=1) != labels)))
        assert len(ours)


def test_classes_have_names_and_the_worst_come_first():
    labels, probabilities, _ = flipped()
    probabilities[3] = [0.0, 0.0, 0.0]
    probabilities[3, (labels[3] + 1) % 3] = 1.0
    named = [CLASSES[k] for k in labels]
    found = find_label_errors(named, probabilities, classes=CLASSES, max_errors=5)
    assert found.height == 5
    assert found["row"][0] == 3
    assert found["label"][0] == CLASSES[labels[3]]
    assert found["suggested"][0] == CLASSES[(labels[3] + 1) % 3]
    assert found["quality"].is_sorted()


def test_one_class_alone_has_no_errors():
    assert find_label_errors([0, 0], [[0.1, 0.9], [0.9, 0.1]]).height == 0


def test_the_defaults_are_those_of_the_config():
    import inspect

    config = yaml.safe_load((DEFAULTS / "evaluate/default.yaml").read_text(encoding="utf-8"))["errors"]
    defaults = [one.default for one in inspect.signature(find_label_errors).parameters.values()][3:]
    assert defaults == list(config.values())[:3]


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        ([0, 3], None, r"row 1 of labels: 3 is no class in 0..2"),
        ([0, -1], None, r"row 1 of labels: -1 is no class"),
        (["ham", "spma"], CLASSES, "label 'spma' is no class; did you mean spam"),
        ([0], None, "1 labels for probabilities of 2 rows"),
        ([0, 1], ["ham", "spam"], "2 names of classes for probabilities of 3"),
    ],
)
def test_what_does_not_fit_is_named(labels, classes, message):
    with pytest.raises(InputError, match=message):
        find_label_errors(labels, np.full((2, 3), 1 / 3), classes=classes)
