"""Scores: values by hand, and what a new one has to do."""

import dataclasses
import pkgutil

import numpy as np
import polars as pl
import pytest

from tests.monitor.sequential.factories import CLASSES, batch_of, begun, names, sequential, watched
from tidemill.monitor.sequential import scores
from tidemill.monitor.sequential.label_tables import fit_label_tables, prior_table
from tidemill.monitor.sequential.scores import SCORES, Column, Score
from tidemill.monitor.sequential.scores.functions import Rarest
from tidemill.monitor.sequential.stream import advance, start
from tidemill.monitor.sequential.view import Basis, View
from tidemill.monitor.sequential.watch import fit_watch


def seen(batch, name, *, fitted_on=None, functions=4, classes=CLASSES):
    """Values of one score of a batch, and the score."""
    half = fitted_on or batch_of("half", 300, np.random.default_rng(0), functions=functions)
    basis = Basis.fit(half)
    score = SCORES[name](View(half, basis, is_reference=True), names(functions).functions, classes)
    return score.values(View(batch, basis)), score


def with_features(batch, features):
    return dataclasses.replace(batch, rows=dataclasses.replace(batch.rows, features=np.asarray(features, np.float32)))


def fitted(name, *, half=None, functions=4, classes=CLASSES):
    half = half or batch_of("half", 60, np.random.default_rng(0), functions=functions)
    return SCORES[name](View(half, Basis.fit(half), is_reference=True), names(functions).functions, classes)


def test_each_score_has_its_share_of_the_evidence():
    """Weights before they are normalised: the rarest function and contradictions show changes soonest."""
    assert {name: score.weight for name, score in SCORES.items()} == {
        "contradiction": 0.6,
        "firing": 0.4,
        "rarest": 0.3,
        "neighbours": 0.2,
        "metadata": 0.2,
        "direction": 0.2,
        "residual": 0.1,
        "mahalanobis": 0.1,
        "confidence": 0.1,
        "class": 0.1,
        "stratum": 0.1,
        "disagreement": 0.08,
        "votes": 0.07,
        "posterior": 0.05,
        "missing": 0.05,
        "quality": 0.05,
        "duplicates": 0.03,
    }


def test_a_score_has_no_columns_where_rows_lack_what_it_needs():
    for name in ("votes", "rarest", "firing", "contradiction", "posterior", "disagreement"):
        assert fitted(name, functions=0).columns() == (), name
    for name in ("confidence", "class", "disagreement"):
        assert fitted(name, classes=()).columns() == (), name
    bare = batch_of("half", 60, np.random.default_rng(0))
    bare = with_features(bare, np.empty((60, 0)))
    for name in ("neighbours", "duplicates", "residual", "mahalanobis", "direction"):
        assert fitted(name, half=bare).columns() == (), name


def test_of_two_classes_the_second_is_watched_and_of_more_every_one():
    for name in ("class", "posterior"):
        assert [column.name for column in fitted(name).columns()] == [f"{name}:spam"]
        three = fitted(name, classes=("a", "b", "c"))
        assert [column.name for column in three.columns()] == [f"{name}:a", f"{name}:b", f"{name}:c"]


def test_a_subclass_without_a_name_of_its_own_replaces_no_score():
    before = dict(SCORES)

    class Other(Rarest):
        pass

    assert before == SCORES
    assert Other.name == "rarest"


def test_the_rarity_of_a_value_is_minus_the_log_of_its_share():
    half = batch_of("half", 10, np.random.default_rng(0))
    half = dataclasses.replace(half, metadata=pl.DataFrame({"sender": ["a"] * 7 + ["b"] * 3}))
    values, _ = seen(half.select(np.array([0, 9])), "metadata", fitted_on=half)
    assert values[:, 0] == pytest.approx([-np.log(7.5 / 11), -np.log(3.5 / 11)])


def test_five_neighbours_count_and_a_row_of_the_reference_is_not_its_own():
    half = with_features(batch_of("half", 8, np.random.default_rng(0)), np.arange(8)[:, None])
    score = fitted("neighbours", half=half)
    basis = Basis.fit(half)
    assert score.values(View(half.select(np.array([0])), basis))[0, 0] == pytest.approx((0 + 1 + 4 + 9 + 16) / 5)
    own = score.values(View(half.select(np.array([0])), basis, is_reference=True))
    assert own[0, 0] == pytest.approx((1 + 4 + 9 + 16 + 25) / 5)


def test_a_function_without_votes_is_taken_to_be_right_three_times_in_four_whatever_the_number_of_classes():
    table = prior_table(3)
    assert table[:3].sum(axis=0) == pytest.approx([1.0, 1.0, 1.0])
    assert table[3:].sum(axis=0) == pytest.approx([1.0, 1.0, 1.0])
    assert np.diag(table[:3]) == pytest.approx([0.75, 0.75, 0.75])


def test_every_file_of_scores_is_imported_by_its_package():
    files = {module.name for module in pkgutil.iter_modules(scores.__path__)}
    assert files - {"base"} <= set(scores.__all__)


def test_a_score_is_watched_by_being_written(monkeypatch):
    monkeypatch.setattr("tidemill.monitor.sequential.scores.base.SCORES", registry := dict(SCORES))
    monkeypatch.setattr("tidemill.monitor.sequential.watch.SCORES", registry)

    class FirstFeature(Score):
        name = "first_feature"
        weight = 1.0

        def _columns(self):
            return (Column(self.name, two_sided=True),)

        def _values(self, view):
            return view.features[:, :1]

        def _describe(self, column):  # noqa: ARG002 - there is one
            return "the first feature has moved"

    rng = np.random.default_rng(1)
    stream = begun(rng)
    assert "first_feature" in {column.name for column in stream.watch.columns}
    assert watched(stream, 3, 30, rng).alarm is None


def test_every_score_says_in_words_what_has_changed():
    reference = batch_of("reference", 100, np.random.default_rng(0), strata=["a", "b"] * 50)
    watch, _ = fit_watch(reference, names(4), sequential(), alpha=0.05, salt="")
    told = [watch.scores[owner].describe(column) for column, owner in zip(watch.columns, watch.owners, strict=True)]
    assert len(set(told)) == len(told)
    assert {score.name for score in watch.scores} == set(SCORES)


def test_the_distance_to_neighbours_is_counted_by_hand():
    half = batch_of("half", 5, np.random.default_rng(0))
    features = np.zeros((5, 6), dtype=np.float32)
    features[:, 0] = [0, 1, 2, 3, 4]
    half = dataclasses.replace(half, rows=dataclasses.replace(half.rows, features=features))
    batch = half.select(np.array([0]))
    values, _ = seen(batch, "neighbours", fitted_on=half)
    assert values[0, 0] == pytest.approx((0 + 1 + 4 + 9 + 16) / 5)


def test_the_rarest_function_that_votes_counts():
    half = batch_of("half", 99, np.random.default_rng(0), functions=3)
    votes = np.full((99, 3), -1, dtype=np.int16)
    votes[:50, 0], votes[:1, 1] = 0, 1
    half = dataclasses.replace(half, rows=dataclasses.replace(half.rows, votes=votes))
    batch = half.select(np.arange(4))
    batch.rows.votes[:] = [[-1, -1, -1], [0, -1, -1], [0, 1, -1], [0, 1, 1]]
    values, _ = seen(batch, "rarest", fitted_on=half, functions=3)
    assert values[:, 0] == pytest.approx([0.0, -np.log(50.5 / 100), -np.log(1.5 / 100), -np.log(0.5 / 100)])


def test_unseen_values_of_metadata_are_the_rarest_and_nulls_are_missing():
    rng = np.random.default_rng(0)
    half = batch_of("half", 100, rng)
    table = pl.DataFrame({"links": [1, None, 3], "sender": ["a", None, "unseen"]})
    batch = dataclasses.replace(half.select(np.arange(3)), metadata=table)
    values, score = seen(batch, "metadata", fitted_on=half)
    by_name = dict(zip([column.name for column in score.columns()], values.T, strict=True))
    assert by_name["metadata:sender"][2] == pytest.approx(-np.log(0.5 / 101))
    assert by_name["metadata:sender"][0] < by_name["metadata:sender"][2]
    assert score.mask(View(batch, Basis.fit(half))).tolist() == [[True, True], [False, True], [True, True]]
    missing, _ = seen(batch, "missing", fitted_on=half)
    assert missing[:, 0].tolist() == [0.0, 2.0, 0.0]


def test_a_metadata_column_that_is_gone_is_missing_in_every_row():
    half = batch_of("half", 100, np.random.default_rng(0))
    batch = dataclasses.replace(half.select(np.arange(3)), metadata=half.metadata[:3].drop("links"))
    missing, _ = seen(batch, "missing", fitted_on=half)
    assert missing[:, 0].tolist() == [1.0, 1.0, 1.0]
    _, score = seen(batch, "metadata", fitted_on=half)
    assert not score.mask(View(batch, Basis.fit(half)))[:, 0].any()


def test_contradiction_leaves_the_vote_itself_out():
    rng = np.random.default_rng(1)
    batch = batch_of("half", 300, rng, functions=4)
    tables = fit_label_tables(batch.rows.votes, batch.rows.probabilities)
    all_at_once = tables.contradiction(batch.rows.votes, batch.rows.probabilities)
    for j in range(4):
        others = batch.rows.votes.copy()
        others[:, j] = -1
        evidence = tables.log_prior + tables.evidence(others).sum(axis=1)
        evidence += 0.5 * np.log(np.clip(batch.rows.probabilities, 0.02, 0.98))
        posterior = np.exp(evidence) / np.exp(evidence).sum(axis=1, keepdims=True)
        voted = batch.rows.votes[:, j] != -1
        wrong = 1.0 - posterior[np.arange(300), batch.rows.votes[:, j]]
        assert all_at_once[voted, j] == pytest.approx(wrong[voted])
        assert (all_at_once[~voted, j] == 0.0).all()


def test_label_tables_find_the_accuracy_of_functions_and_keep_the_prior_of_silent_ones():
    rng = np.random.default_rng(2)
    rows = batch_of("half", 2000, rng, functions=5).rows
    votes = rows.votes.copy()
    votes[:, 4] = -1
    tables = fit_label_tables(votes, rows.probabilities)
    cast = np.exp(tables.log_vote[:4, :2])
    right = (cast[:, 0, 0] / cast[:, :, 0].sum(axis=1) + cast[:, 1, 1] / cast[:, :, 1].sum(axis=1)) / 2
    assert right == pytest.approx(np.full(4, 0.9), abs=0.05)
    assert np.exp(tables.log_vote[4]) == pytest.approx(prior_table(2))


def test_votes_against_a_class_count_for_the_others():
    votes = np.array([[-2, -1], [-3, -1], [-1, -1]], dtype=np.int16)
    tables = fit_label_tables(np.full((50, 2), -1, dtype=np.int16), np.full((50, 3), 1 / 3))
    posterior = tables.posterior(votes)
    assert posterior[0, 0] < posterior[0, 1] == pytest.approx(posterior[0, 2])
    assert posterior[1, 1] < posterior[1, 0]
    assert posterior[2] == pytest.approx(np.full(3, 1 / 3))
    wrong = tables.contradiction(votes, np.array([[0.9, 0.05, 0.05]] * 3))
    assert wrong[0, 0] > wrong[1, 0]


def test_rows_that_repeat_the_reference_are_found():
    rng = np.random.default_rng(3)
    reference = batch_of("reference", 400, rng)
    stream = start(reference, names(4), sequential(), alpha=0.05)
    repeats = batch_of("b", 40, rng)
    kept = reference.select(rng.integers(0, 400, 40))
    again = dataclasses.replace(repeats, rows=dataclasses.replace(repeats.rows, features=kept.rows.features))
    for k in range(5):
        stream = advance(stream, dataclasses.replace(again, name=f"b{k}", fingerprint=str(k)))
    assert stream.alarm.column == "duplicates"


def test_directions_are_the_principal_ones_in_standard_deviations():
    rng = np.random.default_rng(4)
    half = with_features(batch_of("half", 500, rng), rng.normal(size=(500, 3)) * [5.0, 2.0, 1.0])
    basis = Basis.fit(half)
    assert basis.directions.shape == (3, 3)
    assert basis.spread == pytest.approx(
        np.linalg.eigvalsh(np.cov(half.rows.features.T, bias=True))[::-1] ** 0.5, rel=1e-3
    )
    many = with_features(half, rng.normal(size=(500, 80)))
    assert Basis.fit(many).directions.shape == (80, 32)


def test_a_row_of_which_either_features_or_probabilities_are_not_finite_lacks_a_value():
    half = batch_of("half", 50, np.random.default_rng(0))
    batch = half.select(np.arange(3))
    features, probabilities = batch.rows.features.copy(), batch.rows.probabilities.copy()
    features[0, 0], probabilities[1, 0] = np.nan, np.inf
    batch = dataclasses.replace(
        batch, rows=dataclasses.replace(batch.rows, features=features, probabilities=probabilities)
    )
    missing, _ = seen(batch, "missing", fitted_on=half)
    assert missing[:, 0].tolist() == [1.0, 1.0, 0.0]
    assert View(batch, Basis.fit(half)).probabilities[1].tolist() == [0.5, 0.5]


def test_what_was_measured_of_the_reference_and_is_not_of_a_batch_has_no_value():
    half = batch_of("half", 50, np.random.default_rng(0))
    batch = dataclasses.replace(half.select(np.arange(3)), quality=pl.DataFrame({"size": [1, 2, 3]}))
    _, score = seen(batch, "quality", fitted_on=half)
    assert not score.mask(View(batch, Basis.fit(half))).any()
