"""How auto chooses: each rule on its own, with candidates whose answers are given."""

from typing import Any

import numpy as np
import pytest

from tests.denoise.factories import simulated
from tidemill.contracts import NO_GOLD
from tidemill.denoise.models import auto
from tidemill.denoise.models.auto import Auto, _best
from tidemill.denoise.models.generative import Generative
from tidemill.denoise.models.joint import Joint
from tidemill.denoise.models.majority import MajorityVote
from tidemill.denoise.models.smoothed import SmoothedVote
from tidemill.denoise.statistics.distinct_rows import DistinctRows
from tidemill.denoise.statistics.label_calibration import Calibration


def generative(*, explains):
    model = Generative(2)
    model.explains_ = explains
    return model


def test_a_crowd_comes_before_a_generative_model_that_explains_and_that_before_the_smoothed_vote():
    smoothed = SmoothedVote(2)
    explaining, failing = (generative(explains=explains) for explains in (True, False))
    assert _best({"smoothed": smoothed, "generative": explaining, "crowd": smoothed}) == "crowd"
    assert _best({"smoothed": smoothed, "generative": explaining}) == "generative"
    assert _best({"smoothed": smoothed, "generative": failing}) == "smoothed"
    assert _best({"smoothed": smoothed}) == "smoothed"


def test_pairs_that_are_too_few_are_no_reason_to_say_that_nothing_explains_them():
    model = generative(explains=False)
    model.misfit_ = float("nan")
    assert auto._why_smoothed(model).startswith("too few pairs of functions vote together")
    model.misfit_ = 1.2
    assert auto._why_smoothed(model).startswith("no generative model")
    assert auto._why_smoothed(None).startswith("no generative model")


class Saying(MajorityVote):
    """Gives the first class of each row the probability that stands in ``said``, by row number."""

    def __init__(self, said):
        super().__init__(2)
        self.said = np.asarray(said)

    def _predict_or_prior(self, votes, features=None):  # noqa: ARG002 - of the interface
        first = self.said[votes[:, 0].astype(int)]
        return np.stack([first, 1.0 - first], axis=1)


def overruled(gold, *, unsure=0.5, certain=1.0, weights=None):
    """The model that overrules one that gives each class ``unsure``, of one that gives the first class ``certain``."""
    gold = np.asarray(gold)
    votes = np.arange(len(gold), dtype=np.int16)[:, None]
    rows = DistinctRows(votes, np.ones(len(gold)) if weights is None else np.asarray(weights, dtype=float), gold)
    candidates: dict[str, Any] = {"smoothed": Saying(np.full(len(gold), unsure))}
    candidates["other"] = Saying(np.full(len(gold), certain))
    return Auto(2, seed=1)._surely_better(rows, candidates, "smoothed")


@pytest.mark.parametrize(("wrong", "name"), [(15, "other"), (18, None)])
def test_gold_overrules_from_a_gain_of_two_standard_errors_on(wrong, name):
    # errors of .5 on every row against 0 or 2: of 100 rows with 15 wrong the gain is .2, its standard error .0714;
    # with 18 wrong .14 and .0768
    assert overruled([0] * (100 - wrong) + [1] * wrong) == name


@pytest.mark.parametrize(("rows", "name"), [(30, "other"), (29, None)])
def test_gold_overrules_from_thirty_rows_on(rows, name):
    assert overruled([0] * (rows - 5) + [1] * 5, unsure=0.4, certain=0.85) == name
    weights = [rows - 5.0, 5.0, 7.0]
    assert overruled([0, 1, NO_GOLD], unsure=0.4, certain=0.85, weights=weights) == name  # rows alike count as often


@pytest.mark.parametrize(("few", "name"), [(5, "other"), (4, None)])
def test_gold_overrules_where_two_classes_have_five_rows_each(few, name):
    assert overruled([0] * 60 + [1] * few) == name


def test_a_choice_that_is_best_on_gold_is_not_overruled_by_itself():
    assert overruled([0] * 90 + [1] * 10, unsure=0.9, certain=0.9) is None
    assert overruled([0] * 90 + [1] * 10, unsure=0.9, certain=0.2) is None


@pytest.fixture(scope="module")
def few():
    """Sixty rows of three independent functions of two classes: six kinds of vote."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 60)
    return np.where(rng.random((60, 3)) < 0.8, truth[:, None], 1 - truth[:, None]).astype(np.int16), truth


@pytest.mark.parametrize(("most", "tried"), [(6, True), (5, False)])
def test_a_generative_model_is_tried_where_kinds_of_vote_are_few_enough(few, monkeypatch, most, tried):
    monkeypatch.setattr(auto, "KINDS_FOR_GENERATIVE", most)
    evidence = Auto(2, seed=1, draws=0).fit(few[0]).evidence_
    assert ("generative" in evidence["gold"]) == tried
    if not tried:
        assert evidence["misfit"] is None
        assert evidence["chosen"] == "smoothed"


def test_the_misfit_in_the_evidence_is_that_of_the_generative_model():
    votes, _ = simulated(rows=1000, coverage=0.9)
    model: Any = Generative(3).fit(votes)
    assert not np.isnan(model.misfit_)
    assert Auto(3, seed=1, draws=0).fit(votes).evidence_["misfit"] == pytest.approx(model.misfit_, abs=1e-6)


def test_the_interval_of_the_balance_and_stability_are_evidence_where_resamples_are_asked_for(few):
    evidence = Auto(2, seed=1, draws=3).fit(few[0]).evidence_
    low, high = np.asarray(evidence["balance_interval"])
    assert (low < high).all()
    assert 0.0 < evidence["stability"] <= 1.0
    assert {"balance_interval", "stability"}.isdisjoint(Auto(2, seed=1, draws=0).fit(few[0]).evidence_)


def test_the_interval_of_the_balance_holds_that_of_the_model_that_answers():
    model: Any = Auto(2, seed=1)
    model.order_, model.functions_, model.calibration_ = np.arange(1), 1, None
    chosen: Any = MajorityVote(2)
    chosen.prior_ = np.array([0.5, 0.5])
    for balance, expected in (
        ([0.2, 0.8], [[0.2, 0.6], [0.4, 0.8]]),
        ([0.3, 0.7], [[0.3, 0.6], [0.4, 0.7]]),
        ([0.7, 0.3], [[0.3, 0.3], [0.7, 0.7]]),
    ):
        model.evidence_ = {"balance_interval": [[0.3, 0.6], [0.4, 0.7]]}
        chosen.balance_ = np.array(balance)
        model._adopt(chosen)
        assert model.evidence_["balance_interval"] == expected


def test_why_features_are_used_or_not_is_said_by_what_was_found():
    joint: Any = Joint(2)
    joint.base_ = SmoothedVote(2)
    joint.base_.mismatch_, joint.skill_ = 0.0, 0.1
    assert Auto._why_joint(joint) == "features predict nothing of the labels, and are not used"
    joint.skill_ = 0.12
    assert Auto._why_joint(joint).startswith("features predict 12% of the labels")
    joint.base_.mismatch_ = 0.9
    assert "too dependent" in Auto._why_joint(joint)


class FoundJoint(MajorityVote):
    """A joint model that has been fitted: its scores on gold are given."""

    found: Any = None
    defaults: Any = ()

    def learn_rows(self, votes, features, *, gold, base, default=None):  # noqa: ARG002 - of the interface
        self.functions_, self.base_, self.skill_ = votes.shape[1], base, 0.5
        self.order_ = np.arange(votes.shape[1])
        self.prior_ = self.balance_ = np.array([0.5, 0.5])
        self.held_out_ = FoundJoint.found
        FoundJoint.defaults = [*FoundJoint.defaults, default]

    def feature_fit(self, votes, features, labels):  # noqa: ARG002 - of the interface
        return 0.25


@pytest.fixture
def with_joint(few, monkeypatch):
    """Fit auto with features, where the joint model has these scores on these gold rows."""
    votes, truth = few
    monkeypatch.setattr(auto, "Joint", FoundJoint)
    monkeypatch.setattr(FoundJoint, "defaults", [])

    def fit(rows, error, *, labeled=60, **given):
        monkeypatch.setattr(FoundJoint, "found", None if error is None else {"rows": rows, "squared_error": error})
        gold = np.where(np.arange(60) < labeled, truth, NO_GOLD)
        model: Any = Auto(2, seed=1, draws=0, **given)
        return model.fit(votes, features=np.zeros((60, 1), dtype=np.float32), gold=gold if labeled else None)

    return fit


def test_features_answer_unless_gold_shows_that_they_err_more(with_joint):
    model = with_joint(60, 9.9)
    own = model.evidence_["gold"][model.evidence_["chosen"]]["squared_error"]
    assert model.evidence_["chosen"] != "joint"
    assert model.evidence_["gold"]["joint"]["squared_error"] == 9.9
    assert not isinstance(model.chosen_, FoundJoint)
    assert with_joint(60, own).evidence_["chosen"] == "joint"  # no more than the votes alone
    assert with_joint(60, own + 1e-6).evidence_["chosen"] != "joint"


@pytest.mark.parametrize(("rows", "vetoed"), [(30, True), (29, False)])
def test_gold_vetoes_features_from_thirty_rows_on(with_joint, rows, vetoed):
    model = with_joint(rows, 9.9)
    assert (model.evidence_["chosen"] != "joint") == vetoed
    assert ("joint" in model.evidence_["gold"]) == vetoed
    assert model.evidence_["feature_fit"]["majority"] == 0.25


def test_without_gold_features_answer(with_joint):
    model = with_joint(0, None, labeled=0)
    assert model.evidence_["chosen"] == "joint"
    assert model.evidence_["votes_only"] in model.evidence_["gold"]
    assert "calibration" not in model.evidence_


def calibrated(monkeypatch):
    """Let every calibration be used."""
    monkeypatch.setattr(
        auto,
        "choose_calibration",
        lambda *_: (Calibration(2.0, np.zeros(2), np.zeros(2)), {"rows": 60, "used": True}),
    )


def test_the_calibration_of_the_votes_answer_stays_where_gold_vetoes_features(with_joint, monkeypatch):
    calibrated(monkeypatch)
    kept, dropped = with_joint(60, 9.9), with_joint(60, 0.0)
    assert kept.calibration_ is not None
    assert kept.evidence_["calibration"]["used"]
    assert dropped.calibration_ is None
    assert dropped.evidence_["calibration"]["used"] is False


def test_a_calibration_that_was_not_used_keeps_its_reason_beside_features(with_joint):
    model = with_joint(19, 0.0, labeled=19)
    assert model.evidence_["chosen"] == "joint"
    assert model.evidence_["calibration"]["reason"] == "19 gold rows, 20 are needed"


def test_a_stated_default_is_handed_to_the_model_of_features_and_an_estimated_one_is_not(with_joint):
    with_joint(0, None, labeled=0)
    assert FoundJoint.defaults == [None]
    with_joint(0, None, labeled=0, default=1, default_rate=0.9)
    assert FoundJoint.defaults[1] == pytest.approx([0.1, 0.9])


def test_agreement_with_left_out_functions_is_told_of_the_majority_vote_and_of_the_votes_choice(few):
    evidence = Auto(2, seed=1, draws=0).fit(few[0]).evidence_
    assert set(evidence["held_out_agreement"]) == {"majority", evidence["chosen"]}
