"""Generators on points in the plane, whose classes are known."""

import dataclasses
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.generate.factories import function, rows_of, storage
from tidemill.contracts import ABSTAIN, NO_GOLD
from tidemill.denoise.models.registry import create
from tidemill.generate import fitted
from tidemill.generate import run as generate_run
from tidemill.generate.few_gold import mean_prediction
from tidemill.generate.fitted import identity_of, read_voter
from tidemill.generate.run import generate
from tidemill.generate.zero_shot import fit_likeness, likeness_of
from tidemill.label.conditions.generated import Model, ZeroShot

TRUTH = np.random.default_rng(8).integers(0, 2, 400)
HEAD = {"kind": "model", "learner": "linear", "precision": 0.85}
SHOT = {"kind": "zero_shot", "describe": {"ham": "a polite letter", "spam": "an offer of money"}}


def right(votes):
    said = votes != ABSTAIN
    return (votes[said] == TRUTH[said]).mean()


def test_a_head_votes_with_the_precision_that_was_asked_for(tmp_path):
    made = generate([function("head", **HEAD)], rows_of(TRUTH, gold=40, apart=1.5), storage(tmp_path))
    votes = made.votes[:, 0]
    assert right(votes) > 0.82  # 0.85 with the error of 80 gold rows
    assert 0.3 < (votes != ABSTAIN).mean() < 1
    (line,) = made.report.voters
    assert (line.learned_from, line.learns_from, line.by) == (80, "gold", "linear")


def test_votes_on_gold_rows_are_cast_by_models_that_have_not_seen_them(tmp_path):
    """Features that say nothing, and more of them than gold rows: in sample a model is always right, out of fold as often as chance."""
    noise = np.random.default_rng(5).normal(size=(400, 500)).astype(np.float32)
    rows = dataclasses.replace(rows_of(TRUTH, gold=40), read_features=lambda: noise)
    condition = {**HEAD, "precision": 0.01}
    made = generate([function("head", **condition)], rows, storage(tmp_path))
    classes = made.report.voters[0].classes.values()
    share = sum(c.right for c in classes) / sum(c.votes for c in classes)
    assert 0.3 < share < 0.65


def test_what_is_fitted_is_read_again_and_a_new_batch_alone_is_voted_on(tmp_path, monkeypatch):
    functions, whole = [function("head", **HEAD)], rows_of(TRUTH, gold=40)
    before = generate(functions, whole, storage(tmp_path)).votes
    (tmp_path / "votes" / "b1").rename(tmp_path / "gone")

    def never(*_: object) -> None:
        raise AssertionError("fitted again")

    asked = []

    def counted(*given):
        asked.append(len(given[-1]))
        return mean_prediction(*given)

    monkeypatch.setattr(generate_run, "fit_on_gold", never)
    monkeypatch.setattr(generate_run, "mean_prediction", counted)
    again = generate(functions, whole, storage(tmp_path))
    assert asked == [200]
    assert (again.votes == before).all()


def test_gold_of_other_splits_than_dev_is_not_learned_from():
    rows = rows_of(TRUTH, gold=40)
    split = ["valid" if number % 3 else "dev" if number % 2 else "test" for number in range(400)]
    rows = dataclasses.replace(rows, ids=rows.ids.with_columns(split=pl.Series(split)), gold=TRUTH.astype(np.int16))
    assert rows.labeled.tolist() == [number for number in range(400) if split[number] == "dev"]


def test_new_gold_fits_anew(tmp_path):
    kept = []
    for gold in (30, 30, 31):
        generate([function("head", **HEAD)], rows_of(TRUTH, gold=gold), storage(tmp_path))
        (voter,) = [read_voter(folder, None) for folder in (tmp_path / "generated").iterdir()]
        assert voter is not None
        kept.append(voter.identity)
    assert kept[0] == kept[1] != kept[2]


def test_other_code_or_libraries_fit_anew(monkeypatch):
    condition, rows = function("head", **HEAD).condition, rows_of(TRUTH, gold=30)
    assert isinstance(condition, Model)
    before = identity_of(condition, rows)
    monkeypatch.setattr(fitted, "code_digest", lambda: "other")
    assert identity_of(condition, rows) != before


def test_two_runs_keep_the_same_bytes(tmp_path):
    kept = []
    for name in ("a", "b"):
        generate(
            [function("head", **HEAD), function("shot", **SHOT)], rows_of(TRUTH, gold=40), storage(tmp_path / name)
        )
        files = sorted(path for path in (tmp_path / name / "generated").rglob("*") if path.is_file())
        kept.append([(path.relative_to(tmp_path / name), path.read_bytes()) for path in files])
    assert kept[0] == kept[1]
    assert len(kept[0]) == 2 + 5 * 2  # two voters, and five models of two files


def test_a_generator_that_is_no_function_any_more_is_removed(tmp_path):
    rows = rows_of(TRUTH, gold=40)
    generate([function("head", **HEAD), function("shot", **SHOT)], rows, storage(tmp_path))
    generate([function("shot", **SHOT)], rows, storage(tmp_path))
    assert len(list((tmp_path / "generated").iterdir())) == 1


def test_too_little_gold_is_said_with_a_remedy(tmp_path):
    made = generate([function("head", **HEAD)], rows_of(TRUTH, gold=4), storage(tmp_path))
    assert (made.votes == ABSTAIN).all()
    assert made.notes == [
        (
            "head does not vote: class ham has 4 gold rows in dev, and a model is trained on 5 of each class at least: label more "
            "(tidemill gold sample mail)"
        )
    ]


def test_descriptions_vote_without_any_gold_where_one_class_is_clearly_nearer(tmp_path):
    made = generate([function("shot", **SHOT)], rows_of(TRUTH, gold=0, apart=3), storage(tmp_path))
    assert right(made.votes[:, 0]) > 0.9
    assert (made.votes[:, 0] != ABSTAIN).mean() > 0.3
    assert made.report.voters[0].learns_from == "nothing"


def test_gold_calibrates_descriptions(tmp_path):
    """Sentences that are put the wrong way round are right once gold has been seen."""
    turned = {"kind": "zero_shot", "describe": {"spam": "a polite letter", "ham": "an offer of money"}}
    rows = rows_of(TRUTH, gold=40, apart=3)
    made = generate([function("shot", **turned)], rows, storage(tmp_path))
    assert right(made.votes[:, 0]) > 0.9
    assert made.report.voters[0].learned_from == 80


def test_a_gold_row_is_judged_by_a_calibration_that_has_not_seen_it():
    rows = rows_of(TRUTH, gold=20, apart=1)
    condition = function("shot", **SHOT).condition
    assert isinstance(condition, ZeroShot)
    likeness = likeness_of(condition, rows, np.arange(400))
    whole, held_out, folds = fit_likeness(likeness, rows, condition)
    assert np.bincount(folds).tolist() == [8] * 5
    assert (held_out != whole.probabilities(likeness[rows.labeled], 2)).all()


def planted():
    """Three functions; where it votes, the first calls four in ten rows of spam ham, always the same."""
    chance = np.random.default_rng(4)
    truth = chance.integers(0, 2, 600)
    error = (truth == 1) & (chance.random(600) < 0.4)
    votes = np.full((600, 3), ABSTAIN, dtype=np.int16)
    for j in range(3):
        voted = chance.random(600) < 0.6
        said = np.where(chance.random(600) < 0.1, 1 - truth, truth)
        votes[voted, j] = np.where(error & (j == 0), 0, said)[voted]
    return truth, error, votes


def doubt(votes, more=None):
    """Probability of ham by the label model."""
    columns = votes if more is None else np.column_stack([votes, more])
    return create("smoothed", 2).fit(columns).predict_proba(columns)[:, 0]


def test_a_self_trained_voter_gives_an_error_of_its_teachers_no_weight(tmp_path):
    """On the rows of the planted error it would repeat it, as one that votes everywhere does."""
    truth, error, votes = planted()
    rows = rows_of(truth, gold=30, votes=votes, apart=3)
    self_trained = function("self", kind="model", learner="linear", learns_from="labels", sure=0.8, precision=0.5)
    made = generate([self_trained], rows, storage(tmp_path)).votes[:, 0]
    silent = (votes == ABSTAIN).all(axis=1)
    assert (made[~silent] == ABSTAIN).all()
    assert (made[silent] != ABSTAIN).any()
    wrong = error & (votes[:, 0] == 0)
    before = doubt(votes)[wrong].mean()
    assert doubt(votes, made)[wrong].mean() == pytest.approx(before, abs=0.02)
    repeats = np.where(error, 0, np.where(np.random.default_rng(5).random(600) < 0.1, 1 - truth, truth))
    assert doubt(votes, repeats.astype(np.int16))[wrong].mean() > before + 0.03


def test_learners_of_texts_learn_words(tmp_path: Path):
    made = generate(
        [function("words", kind="model", learner="ngrams")], rows_of(TRUTH, gold=30, apart=0), storage(tmp_path)
    )
    assert right(made.votes[:, 0]) == 1.0
    assert (made.votes[:, 0] != ABSTAIN).mean() > 0.9


@pytest.mark.parametrize("kind", [HEAD, SHOT])
def test_a_generator_of_uncertain_rows_votes_where_functions_are_silent_or_disagree_alone(tmp_path, kind):
    votes = np.full((400, 2), ABSTAIN, dtype=np.int16)
    votes[100:, 0] = np.where(np.random.default_rng(1).random(300) < 0.2, 1 - TRUTH[100:], TRUTH[100:])
    votes[100:200, 1] = 1 - votes[100:200, 0]
    rows = rows_of(TRUTH, gold=40, votes=votes, apart=3)
    everywhere = generate([function("head", **kind)], rows, storage(tmp_path)).votes[:, 0]
    made = generate([function("head", **kind, sample="uncertain")], rows, storage(tmp_path)).votes[:, 0]
    assert (made[200:] == ABSTAIN).all()
    assert (everywhere[200:] != ABSTAIN).any()
    assert (made[:200] == everywhere[:200]).all()
    assert (made[:200] != ABSTAIN).mean() > 0.8


def test_chance_is_that_of_the_rows_that_a_generator_is_for(tmp_path):
    """Ham are three rows in four, and where functions leave it open one in two: being right on two in three is better than that."""
    truth = np.where(np.arange(400) < 160, np.arange(400) % 2, 0)
    votes = np.where(np.arange(400) < 160, ABSTAIN, 0)[:, None]
    rows = dataclasses.replace(rows_of(truth, gold=0, apart=1.2, votes=votes), gold=truth.astype(np.int16))
    rows = dataclasses.replace(rows, ids=rows.ids.with_columns(split=pl.lit("dev")))
    fields = {"kind": "zero_shot", "describe": SHOT["describe"], "precision": 0.5, "sample": "uncertain"}
    (line,) = generate([function("shot", **fields)], rows, storage(tmp_path)).report.voters
    ham = line.classes["ham"]
    assert 0.55 < ham.right / ham.votes < 0.75
    assert ham.dropped is None


def test_of_a_few_gold_rows_that_a_generator_is_for_chance_is_not_told(tmp_path):
    """Three of them, all spam: that says nothing against votes for spam."""
    is_open = np.arange(400) >= 397
    wrong = np.random.default_rng(2).random(400) < 0.2
    truth = np.where(is_open, 1, TRUTH)
    votes = np.where(is_open, ABSTAIN, np.where(wrong, 1 - truth, truth))[:, None]
    rows = dataclasses.replace(rows_of(truth, gold=0, apart=6, votes=votes), gold=truth.astype(np.int16))
    rows = dataclasses.replace(rows, ids=rows.ids.with_columns(split=pl.lit("dev")))
    fields = {"kind": "zero_shot", "describe": SHOT["describe"], "sample": "uncertain"}
    (line,) = generate([function("shot", **fields)], rows, storage(tmp_path)).report.voters
    assert (line.classes["spam"].votes, line.classes["spam"].right) == (3, 3)
    assert line.classes["spam"].dropped is None


def test_a_generator_that_is_never_sure_enough_says_so(tmp_path):
    made = generate([function("head", **{**HEAD, "precision": 0.99})], rows_of(TRUTH, gold=40), storage(tmp_path))
    assert made.notes == [
        (
            "head does not vote: for no class it keeps a precision of 0.99 on 80 gold rows held out: lower `precision`, or label more "
            "(tidemill gold sample mail)"
        )
    ]


def test_gold_of_one_class_shows_nothing_and_that_is_said(tmp_path):
    rows = rows_of(TRUTH, gold=40, apart=3)
    rows.gold[TRUTH == 1] = NO_GOLD
    made = generate([function("shot", **SHOT)], rows, storage(tmp_path))
    assert made.notes == [
        "shot is dropped: votes for ham: all gold of dev on such rows is ham, and shows nothing of them; label others"
    ]


def test_a_self_trained_model_without_functions_says_what_it_lacks(tmp_path):
    made = generate([function("self", kind="model", learns_from="labels")], rows_of(TRUTH, gold=40), storage(tmp_path))
    assert made.notes[0].startswith("self does not vote: the label model is 95% sure of 0 rows of class ham")
