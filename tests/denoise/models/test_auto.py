"""Each decision of auto on votes where it makes the difference."""

from typing import Any

import numpy as np
import pytest

from tests.denoise.factories import clones
from tidemill.common.calibration_error import calibration_error
from tidemill.contracts import ABSTAIN, NO_GOLD
from tidemill.denoise.models.crowd import is_crowd
from tidemill.denoise.models.dawid_skene import _left_behind
from tidemill.denoise.models.joint import Joint
from tidemill.denoise.models.pairs import PairLifts
from tidemill.denoise.models.registry import create
from tidemill.denoise.models.smoothed import SmoothedVote
from tidemill.denoise.statistics.distinct_rows import distinct_rows


def auto(votes, n_classes, **given):
    return create("auto", n_classes, seed=1, draws=0).fit(votes.astype(np.int16), **given)


def accuracy(model, votes, truth, **given):
    return (model.predict_proba(votes.astype(np.int16), **given).argmax(axis=1) == truth).mean()


def voters_who_share_confusions(rows=3000, n_classes=6, voters=4):
    """Return truth and votes: on two in five rows of the even classes all voters are drawn to the next class."""
    rng = np.random.default_rng(1)
    truth = rng.integers(0, n_classes, rows)
    drawn = (rng.random(rows) < 0.4) & (truth % 2 == 0)
    seen = np.where(drawn, (truth + 1) % n_classes, truth)
    noise = rng.integers(0, n_classes, (rows, voters))
    return truth, np.where(rng.random((rows, voters)) < 0.9, seen[:, None], noise).astype(np.int16)


def crowd_votes(rows=800, workers=60, each=50):
    """Return truth and votes of many workers of unlike skill, each on some rows, classes skewed."""
    rng = np.random.default_rng(2)
    truth = rng.choice(4, rows, p=[0.55, 0.25, 0.15, 0.05])
    votes = np.full((rows, workers), ABSTAIN, dtype=np.int16)
    for j, skill in enumerate(rng.choice([0.95, 0.35], workers)):
        chosen = rng.choice(rows, each, replace=False)
        right = rng.random(each) < skill
        votes[chosen, j] = np.where(right, truth[chosen], rng.integers(0, 4, each))
    return truth, votes


def test_confusions_that_take_up_dependence_explain_pairs_and_are_not_believed():
    truth, votes = voters_who_share_confusions()
    generative: Any = create("generative", 6).fit(votes)
    chosen = auto(votes, 6)
    assert generative.misfit_ < 0.8  # the pairs are explained
    assert not generative.explains_  # by confusions of their own alone
    assert chosen.evidence_["chosen"] == "smoothed"
    errors = [calibration_error(model.predict_proba(votes), truth) for model in (generative, chosen)]
    assert errors[1] < errors[0] - 0.03


def test_one_accuracy_a_function_that_explains_the_pairs_is_believed():
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 2, 5000)
    accuracies = rng.uniform(0.55, 0.9, 10)
    votes = np.where(rng.random((5000, 10)) < accuracies, truth[:, None], 1 - truth[:, None]).astype(np.int16)
    model = auto(votes, 2)
    assert model.evidence_["chosen"] == "generative"
    other: Any = create("smoothed", 2).fit(votes)
    assert accuracy(model, votes, truth) >= accuracy(other, votes, truth)
    assert calibration_error(model.predict_proba(votes), truth) < 0.03
    assert calibration_error(other.predict_proba(votes), truth) > 0.05


def test_one_accuracy_a_function_that_leaves_pairs_unexplained_is_not_believed():
    rng = np.random.default_rng(0)
    truth, one, other = rng.integers(0, 2, (3, 3000))
    accuracies = rng.uniform(0.65, 0.85, 6)
    votes = np.where(rng.random((3000, 6)) < accuracies, truth[:, None], 1 - truth[:, None])
    topic = np.where(np.arange(6) < 3, one[:, None], other[:, None])
    votes = np.where(rng.random((3000, 6)) < 0.25, topic, votes)  # a quarter of the votes follows a topic of its block
    generative: Any = create("generative", 2).fit(votes.astype(np.int16))
    assert generative.chosen_strength_ >= 300
    assert 1.05 < generative.misfit_ < 1.3
    assert auto(votes, 2).evidence_["chosen"] == "smoothed"


def test_a_stated_default_is_that_of_silent_rows_whatever_model_is_chosen():
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 2, 5000)
    accuracies = rng.uniform(0.55, 0.9, 10)
    votes = np.where(rng.random((5000, 10)) < accuracies, truth[:, None], 1 - truth[:, None]).astype(np.int16)
    model: Any = create("auto", 2, seed=1, draws=0, default=1, default_rate=0.8).fit(votes)
    assert model.evidence_["chosen"] == "generative"
    assert model.predict_proba(np.full((1, 10), ABSTAIN, dtype=np.int16))[0] == pytest.approx([0.2, 0.8])


def test_many_independent_functions_on_many_rows_are_explained_too():
    rng = np.random.default_rng(9)
    truth = rng.integers(0, 2, 20_000)
    right = rng.random((20_000, 60)) < rng.uniform(0.55, 0.9, 60)  # 120 kinds of vote
    votes = np.where(right, truth[:, None], 1 - truth[:, None])
    votes[rng.random(votes.shape) > 0.1] = ABSTAIN
    assert auto(votes, 2).evidence_["chosen"] == "generative"  # its misfit is .9, for little noise is absorbed


def test_many_voters_who_each_name_every_class_are_a_crowd():
    truth, votes = crowd_votes()
    model = auto(votes, 4)
    assert model.evidence_["chosen"] == "crowd"
    assert accuracy(model, votes, truth) > accuracy(create("smoothed", 4).fit(votes), votes, truth) + 0.02


def test_as_many_functions_that_name_one_class_each_are_no_crowd():
    rng = np.random.default_rng(4)
    truth = rng.choice(4, 800, p=[0.55, 0.25, 0.15, 0.05])
    owner = np.arange(60) % 4
    votes = np.where(rng.random((800, 60)) < np.where(owner == truth[:, None], 0.1, 0.02), owner, ABSTAIN)
    assert auto(votes, 4).evidence_["chosen"] != "crowd"


def test_dawid_skene_falls_back_where_em_loses_a_class_and_says_so():
    rng = np.random.default_rng(27)
    truth = rng.choice(4, 1500, p=[0.55, 0.25, 0.15, 0.05])
    owner = np.arange(16) % 4
    votes = np.where(rng.random((1500, 16)) < np.where(owner == truth[:, None], 0.05, 0.02), owner, ABSTAIN)
    votes = votes.astype(np.int16)
    model: Any = create("dawid_skene", 4).fit(votes)
    assert model.fallback_
    assert model.report()["fallback_reason"].startswith("EM left the majority vote behind")
    assert (model.predict_proba(votes) == create("majority", 4).fit(votes).predict_proba(votes)).all()


def test_dawid_skene_that_keeps_every_class_does_not_fall_back():
    truth, votes = crowd_votes()
    model: Any = create("dawid_skene", 4).fit(votes)
    assert not model.fallback_
    assert model.report()["fallback_reason"] is None
    assert accuracy(model, votes, truth) > 0.7


def misleading(rows=1500):
    """Return truth, votes and features that tell how functions err and nothing of the truth."""
    rng = np.random.default_rng(6)
    truth, lure = rng.integers(0, 2, rows), rng.integers(0, 2, rows)
    accuracies = [0.72, 0.7, 0.7, 0.68, 0.66]
    drawn = np.where(rng.random((rows, 5)) < 0.45, lure[:, None], truth[:, None])
    votes = np.where(rng.random((rows, 5)) < np.array(accuracies) + 0.2, drawn, 1 - drawn).astype(np.int16)
    features = (rng.normal(size=(rows, 4)) + 4 * lure[:, None]).astype(np.float32)
    return truth, votes, features


def test_gold_vetoes_features_that_mislead():
    truth, votes, features = misleading()
    gold = np.where(np.arange(len(truth)) < 200, truth, NO_GOLD)
    trusting = auto(votes, 2, features=features)
    vetoed = auto(votes, 2, features=features, gold=gold)
    assert trusting.evidence_["chosen"] == "joint"
    assert vetoed.evidence_["chosen"] != "joint"
    scores = vetoed.evidence_["gold"]
    assert scores["joint"]["squared_error"] > scores[vetoed.evidence_["chosen"]]["squared_error"]
    known = {"features": features}
    assert accuracy(vetoed, votes, truth, **known) > accuracy(trusting, votes, truth, **known) + 0.02


def one_sided_skill(rows=3000, voters=8):
    """Return truth and votes: independent voters who know the first class and guess the second."""
    rng = np.random.default_rng(8)
    truth = (rng.random(rows) < 0.5).astype(int)
    right = rng.random((rows, voters)) < np.where(truth == 0, 0.95, 0.4)[:, None]
    return truth, np.where(right, truth[:, None], 1 - truth[:, None]).astype(np.int16)


@pytest.mark.parametrize("rows", [45, 150])
def test_gold_overrules_where_a_model_is_surely_better(rows):
    truth, votes = one_sided_skill()
    gold = np.where(np.arange(len(truth)) < rows, truth, NO_GOLD)
    blind, told = auto(votes, 2), auto(votes, 2, gold=gold)
    assert blind.evidence_["chosen"] == "smoothed"
    assert told.evidence_["chosen"] == "generative"
    assert told.evidence_["reason"] == "significantly less squared error on gold"
    assert accuracy(told, votes, truth) > accuracy(blind, votes, truth) + 0.02


def test_a_gain_on_gold_that_may_be_chance_does_not_overrule():
    truth, votes = voters_who_share_confusions()
    rows = np.arange(len(truth))
    gold = np.where((rows >= 200) & (rows < 260), truth, NO_GOLD)
    model = auto(votes, 6, gold=gold)
    errors = {name: scores["squared_error"] for name, scores in model.evidence_["gold"].items()}
    assert min(errors, key=errors.get) != "smoothed"
    assert model.evidence_["chosen"] == "smoothed"


def test_few_gold_rows_do_not_overrule():
    truth, votes = voters_who_share_confusions()
    gold = np.where(np.arange(len(truth)) < 29, truth, NO_GOLD)
    assert "gold" not in auto(votes, 6, gold=gold).evidence_["reason"]


def test_gold_scores_of_rows_alike_count_each_row():
    votes = np.array([[0, 0]] * 90 + [[1, 1]] * 10, dtype=np.int16)
    gold = np.array([0] * 45 + [1] * 45 + [1] * 10)
    scores = auto(votes, 2, gold=gold).evidence_["gold"]["majority"]
    assert scores["rows"] == 100
    assert scores["accuracy"] == pytest.approx(0.55)


def test_votes_too_dependent_for_learning_teach_no_classifier():
    rng = np.random.default_rng(1)
    truth, topic, other = rng.random(4000) < 0.1, rng.random(4000) < 0.3, rng.random(4000) < 0.1
    votes = np.full((4000, 22), ABSTAIN, dtype=np.int16)
    for j in range(22):
        owned = truth if j < 20 else ~truth
        fires = rng.random(4000) < np.where(topic if j < 20 else other, 0.6, 0.02) + 0.2 * owned
        votes[fires, j] = 1 if j < 20 else 0
    features = (rng.normal(size=(4000, 4)) + 3 * topic[:, None]).astype(np.float32)
    base: Any = create("smoothed", 2).fit(votes)
    assert base.too_dependent
    assert base.pair_share_ == 0.0  # precisions that hand out classes which are not there have no part in the answer
    model = Joint(2).fit(votes, features=features)
    assert model.skill_ == 0.0
    voted = (votes != ABSTAIN).any(axis=1)
    same = model.predict_proba(votes, features=features)[voted]
    assert same == pytest.approx(base.predict_proba(votes)[voted], abs=1e-6)


def test_auto_is_an_oracle_where_copies_ruin_the_majority_vote():
    votes, truth = clones()
    odds = np.where(votes[:, :6] >= 0, (2 * votes[:, :6] - 1) * np.log([4.0] * 5 + [0.55 / 0.45]), 0.0).sum(axis=1)
    oracle = ((odds > 0) == truth).mean()
    model: Any = create("auto", 2, seed=1, draws=0).fit(votes)
    found = model.predict_proba(votes)
    assert model.evidence_["chosen"] == "generative"
    assert model.evidence_["groups"] == [[5, 6, 7, 8, 9, 10]]
    assert (found.argmax(axis=1) == truth).mean() > oracle - 0.01
    assert calibration_error(found, truth) < 0.05


def test_rare_positives_of_one_sided_functions_are_found_and_their_share_too():
    chance = np.random.default_rng(3)
    truth = (chance.random(10_000) < 0.05).astype(int)
    rates = np.array([[0.4, 0.04], [0.04, 0.4]] * 5)
    votes = np.where(chance.random((10_000, 10)) < rates[:, truth].T, np.arange(10) % 2, ABSTAIN).astype(np.int16)
    logits = np.log([0.95, 0.05]) + np.where(votes[:, :, None] >= 0, np.log(rates), np.log1p(-rates)).sum(axis=1)
    model: Any = create("auto", 2, seed=1, draws=5).fit(votes)
    right = (model.predict_proba(votes).argmax(axis=1) == truth).mean()
    assert right > (logits.argmax(axis=1) == truth).mean() - 0.01
    assert model.balance_[1] == pytest.approx(0.05, abs=0.01)


def test_few_gold_rows_do_not_veto_features():
    truth, votes, features = misleading()
    gold = np.where(np.arange(len(truth)) < 29, truth, NO_GOLD)
    model = auto(votes, 2, features=features, gold=gold)
    assert (
        model.chosen_.held_out_["squared_error"]
        > model.evidence_["gold"][model.evidence_["votes_only"]]["squared_error"]
    )
    assert model.evidence_["chosen"] == "joint"


def test_many_voters_of_whom_most_repeat_others_are_no_crowd():
    _, votes = crowd_votes()
    rows = distinct_rows(votes, budget=2000)
    assert is_crowd(rows, 4, effective=25.0)  # 60 voters: 24 are four in ten
    assert not is_crowd(rows, 4, effective=23.0)


def test_em_whose_answer_agrees_less_than_chance_with_the_majority_vote_has_left_it_behind():
    first = np.array([[0.9, 0.1], [0.2, 0.8]] * 5)
    assert _left_behind(1.0 - first, first, np.ones(10))  # every class keeps its share, and all are swapped
    assert not _left_behind(first, first, np.ones(10))


def test_silence_of_functions_counts_where_a_class_is_a_fifth_likelier_than_chance():
    model = PairLifts(2)
    model.functions_, model.weights_ = 1, np.ones(1)
    model.precision_, model.uses_ = np.full(4, 0.8), np.zeros(4)  # a function that never speaks: the balance is left
    for share, kept in ((0.55, 0.5), (0.65, 0.65)):
        model.balance_ = np.array([share, 1.0 - share])
        assert model._silent()[0] == pytest.approx(kept)


def test_a_classifier_starts_from_first_labels_of_a_smoothed_vote(monkeypatch):
    _, votes, features = misleading()
    monkeypatch.setattr(SmoothedVote, "first_labels", lambda _, rows: np.tile([0.9, 0.1], (len(rows), 1)))
    assert Joint(2).fit(votes, features=features).skill_ <= 0.0  # labels of one class leave nothing to tell
