import numpy as np
import pytest
from sklearn.feature_selection import f_classif

from tests.train.factories import clouds
from tidemill.train.head.feature_selection import f_scores, select_dimensions
from tidemill.train.head.fit import fit_head


def test_f_of_certain_labels_is_scikit_learns():
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 3, size=200)
    features = (rng.normal(size=(200, 5)) + 100.0 + classes[:, None] * np.arange(5)).astype(np.float32)
    assert f_scores(features, np.eye(3)[classes], np.ones(200)) == pytest.approx(
        f_classif(features.astype(float), classes)[0], rel=1e-4
    )


def test_a_row_of_weight_two_counts_as_two_rows_do_and_half_a_label_as_half_a_row():
    rng = np.random.default_rng(1)
    features, targets = rng.normal(size=(40, 3)).astype(np.float32), np.eye(2)[np.arange(40) % 2]
    features -= features.mean(axis=0)
    twice = f_scores(features, targets, np.full(40, 2.0))
    doubled = f_scores(np.tile(features, (2, 1)), np.tile(targets, (2, 1)), np.ones(80))
    assert twice == pytest.approx(doubled, rel=1e-5)
    soft = f_scores(features, np.full((40, 2), 0.5), np.ones(40))
    assert soft == pytest.approx(np.zeros(3), abs=1e-9)  # both classes have the same rows


def test_the_dimensions_that_tell_are_found_among_noise():
    features, targets = clouds()
    wide = np.hstack([np.random.default_rng(2).normal(size=(300, 15)).astype(np.float32), features])
    assert select_dimensions(wide, targets, np.ones(300), 0.25).tolist() == [15, 16, 17, 18, 19]


def test_a_head_reads_what_was_selected_and_its_files_have_the_shape_of_any_other(settings):
    features, targets = clouds()
    wide = np.hstack([np.random.default_rng(2).normal(size=(300, 15)).astype(np.float32), features])
    head = fit_head(wide, targets, settings=settings.with_changes({"head.feature_fraction": 0.25}))
    assert head.layers[0][0].shape[1] == 20
    assert (head.layers[0][0][:, :15] == 0).all()
    said = head.predict_proba(wide)
    wide[:, :15] = 1000.0
    assert (head.predict_proba(wide) == said).all()
    assert (said.argmax(axis=1) == targets.argmax(axis=1)).mean() > 0.99


def test_no_dimension_but_one_is_left_of_a_small_share():
    features, targets = clouds()
    assert len(select_dimensions(features, targets, np.ones(300), 0.01)) == 1


def test_a_class_that_no_row_has_changes_nothing():
    rng = np.random.default_rng(3)
    features, classes = rng.normal(size=(30, 4)).astype(np.float32), np.arange(30) % 2
    assert f_scores(features, np.eye(3)[classes], np.ones(30)) == pytest.approx(
        f_scores(features, np.eye(2)[classes], np.ones(30))
    )


def test_a_dimension_that_stands_still_separates_nothing():
    features = np.column_stack([np.full(6, 7.0), [0, 0, 0, 1, 1, 2]]).astype(np.float32)
    found = f_scores(features, np.eye(2)[[0, 0, 0, 1, 1, 1]], np.ones(6))
    assert found[0] == 0.0
    assert found[1] > 1.0


@pytest.mark.parametrize(("share", "kept"), [(0.5, 2), (0.4, 2), (0.3, 1), (1.0, 4)])
def test_the_share_of_dimensions_is_rounded(share, kept):
    features = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    assert len(select_dimensions(features, np.eye(2)[np.arange(20) % 2], np.ones(20), share)) == kept
