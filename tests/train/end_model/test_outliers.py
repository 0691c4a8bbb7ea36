import json

import numpy as np
import pytest

from tests.train.conftest import BACKBONE, PROBLEM, tables
from tidemill.contracts import OUTLIER, ConfigError, DataError, check, predictions_contract
from tidemill.train.end_model.outliers import FILE, Outliers
from tidemill.train.run import Tables, train


def clusters(rows, *, seed, dimensions=8):
    """Rows of two known kinds, either about its own corner."""
    rng = np.random.default_rng(seed)
    corner = np.where(rng.random((rows, 1)) < 0.5, 4.0, -4.0) * np.ones(dimensions)
    return (corner + rng.normal(size=(rows, dimensions))).astype(np.float32)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
def test_of_the_known_kind_the_share_asked_for_is_refused(share):
    outliers = Outliers.fit(clusters(1500, seed=0), clusters(1000, seed=1), share=share, seed=0)
    refused = (outliers.score(clusters(4000, seed=2)) > 1.0).mean()
    assert refused == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 1000))


def test_a_foreign_cluster_is_refused_though_it_lies_between_the_known_ones():
    outliers = Outliers.fit(clusters(1500, seed=0), clusters(500, seed=1), share=0.02, seed=0)
    foreign = np.random.default_rng(3).normal(size=(200, 8)).astype(np.float32)  # about the mean of all known rows
    assert (outliers.score(foreign) > 1.0).all()


def test_without_unseen_rows_each_known_row_is_held_against_the_others():
    outliers = Outliers.fit(clusters(1500, seed=0), clusters(10, seed=1), share=0.1, seed=0)
    assert (outliers.score(clusters(3000, seed=2)) > 1.0).mean() == pytest.approx(0.1, abs=0.03)
    few = Outliers.fit(clusters(10, seed=0), clusters(0, seed=1), share=0.1, seed=0)
    assert few.neighbour == 1
    assert (few.score(clusters(300, seed=2) + 100.0) > 1.0).all()
    with pytest.raises(DataError, match="there are 1 training rows: switch it off"):
        Outliers.fit(clusters(1, seed=0), clusters(0, seed=1), share=0.1, seed=0)


def test_a_known_row_is_compared_with_the_others_and_never_with_itself():
    line = np.arange(10, dtype=np.float32)[:, None]  # each row is one step from the next, and none from itself
    outliers = Outliers.fit(line, line[:0], share=0.1, seed=0)
    step = 1 / line.std()
    assert outliers.threshold == pytest.approx(step, rel=0.01)  # known rows are kept in half precision
    scores = outliers.score(np.array([[4.0], [4.5], [12.0]], dtype=np.float32))
    assert scores == pytest.approx([0.0, 0.5, 3.0], rel=0.02, abs=0.01)
    assert (outliers.score(line) <= 1.0).all()


def test_with_few_known_rows_most_rows_of_their_kind_are_kept():
    outliers = Outliers.fit(clusters(40, seed=0), clusters(0, seed=1), share=0.1, seed=0)
    assert (outliers.score(clusters(1000, seed=2)) > 1.0).mean() < 0.5


def test_many_known_rows_are_sampled_and_a_feature_that_stands_still_is_no_trouble():
    known = np.hstack([clusters(2500, seed=0), np.full((2500, 1), 7.0, dtype=np.float32)])
    outliers = Outliers.fit(known, known[:100], share=0.05, seed=0)
    assert len(outliers.known) == 2000
    assert np.isfinite(outliers.score(known[:700])).all()
    assert Outliers.fit(known, known[:100], share=0.05, seed=0).files() == outliers.files()


def test_what_is_saved_scores_alike_and_a_torn_file_is_named(tmp_path):
    outliers = Outliers.fit(clusters(300, seed=0), clusters(100, seed=1), share=0.05, seed=0)
    assert Outliers.load(tmp_path) is None
    (tmp_path / FILE).write_bytes(outliers.files()[FILE])
    loaded, asked = Outliers.load(tmp_path), clusters(50, seed=2)
    assert (loaded.score(asked) == outliers.score(asked)).all()
    (tmp_path / FILE).write_bytes(outliers.files()[FILE][:-9])
    with pytest.raises(DataError, match=r"none.safetensors is not whole"):
        Outliers.load(tmp_path)
    with pytest.raises(DataError, match=r"reads \(rows, 8\)"):
        outliers.score(asked[:, :3])


def test_the_option_adds_a_file_and_a_column_and_changes_no_weight(settings):
    on, off = (
        train(
            Tables(*tables()),
            problem=PROBLEM,
            settings=settings.with_changes({"ood_rejection_rate": share}),
            backbone=BACKBONE,
        )
        for share in (0.1, 0.0)
    )
    assert set(on.files) - set(off.files) == {FILE}
    assert on.files["model.safetensors"] == off.files["model.safetensors"]
    assert on.predictions.drop(OUTLIER).equals(off.predictions)
    check(on.predictions, predictions_contract(PROBLEM.classes, outliers=True), where="t")
    told = json.loads(on.files["config.json"])["none_of_the_above"]
    test = (on.predictions[OUTLIER] > 1.0).to_numpy() & (tables()[2]["split"] == "test").to_numpy()
    counts = tables()[2].filter(split="test").group_by("batch").len()
    assert sum(told["rejected"][batch] * rows for batch, rows in counts.rows()) == pytest.approx(test.sum(), abs=1e-3)
    assert "get `none_of_the_above`" in on.files["README.md"].decode()
    assert "get a class all the same" in off.files["README.md"].decode()


def test_a_class_of_that_name_is_refused(settings):
    features, labels, votes = tables()
    named = PROBLEM.model_copy(update={"classes": ("low", "none_of_the_above")})
    labels = labels.rename({"p_high": "p_none_of_the_above"})
    asked = settings.with_changes({"ood_rejection_rate": 0.1})
    with pytest.raises(ConfigError, match="is a class already"):
        train(Tables(features, labels, votes), problem=named, settings=asked, backbone=BACKBONE)


def line_of(rows, neighbour, threshold=1.0):
    """A detector of points on a line, in their own units."""
    known = np.array(rows, dtype=np.float16)[:, None]
    return Outliers(np.zeros(1, dtype=np.float32), np.ones(1, dtype=np.float32), known, neighbour, threshold)


def test_the_distance_is_that_of_the_neighbour_that_counts():
    asked = np.array([[0.0]], dtype=np.float32)
    for neighbour, distance in ((1, 1.0), (2, 3.0), (3, 8.0), (9, 8.0)):  # of three rows the third is the last
        assert line_of([1, 3, 8], neighbour).distances(asked).tolist() == [distance]
    assert line_of([0, 3, 8], 1).distances(asked, own=1).tolist() == [3.0]
    assert line_of([0, 3, 8], 3).distances(asked, own=1).tolist() == [8.0]
    assert line_of([1, 3, 8], 2, threshold=2.0).score(asked).tolist() == [1.5]


def test_rows_are_measured_in_standard_deviations_of_the_known():
    outliers = line_of([0], 1)
    wide = Outliers(np.array([5.0], dtype=np.float32), np.array([2.0], dtype=np.float32), outliers.known, 1, 1.0)
    assert wide.distances(np.array([[5.0], [11.0]], dtype=np.float32)).tolist() == [0.0, 3.0]


@pytest.mark.parametrize(("rows", "unseen"), [(50, True), (49, False)])
def test_fifty_unseen_rows_set_the_threshold(rows, unseen):
    known = np.arange(20, dtype=np.float32)[:, None]  # each a step from the next
    far = np.full((rows, 1), 29.0, dtype=np.float32)  # ten steps from the last
    threshold = Outliers.fit(known, far, share=0.1, seed=0).threshold * known.std()
    assert threshold == pytest.approx(10.0 if unseen else 1.0, rel=0.02)


@pytest.mark.parametrize(("rows", "neighbour"), [(2, 1), (99, 1), (100, 2), (500, 10), (900, 10)])
def test_a_nearer_neighbour_counts_where_known_rows_are_few(rows, neighbour):
    assert Outliers.fit(clusters(rows, seed=0), clusters(0, seed=1), share=0.1, seed=0).neighbour == neighbour


def test_the_share_of_known_rows_that_may_be_refused_lies_above_the_threshold():
    known = np.cumsum(np.arange(1, 41, dtype=np.float32))[:, None]  # each step is one longer
    outliers = Outliers.fit(known, known[:0], share=0.25, seed=0)
    nearest = np.r_[2.0, np.arange(2, 41)] / known.std()  # the first row's is the second
    assert outliers.threshold == pytest.approx(np.quantile(nearest, 0.75), rel=0.02)
