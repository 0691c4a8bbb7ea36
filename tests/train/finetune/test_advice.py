import numpy as np
import pytest

from tidemill.reports.embed import Domain, DomainMeasures
from tidemill.train.finetune import advice as advice_module
from tidemill.train.finetune.advice import ADVICE, finetune_advice
from tidemill.train.recipes.cut_statistic import neighbour_agreement

FAR = Domain(rows=9, verdict="far", measures=DomainMeasures(), summary="divergence of activations 0.90")


def advice(distance, tell, settings):
    features, targets, weights = rows(tell)
    return finetune_advice(distance, features, targets, weights, settings)


def rows(tell):
    """Two hundred rows of two classes; their features tell the class or do not."""
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 2
    features = rng.normal(size=(200, 4)).astype(np.float32)
    features[:, 0] += 20.0 * (2 * labels - 1) * tell
    return features, np.eye(2)[labels], np.ones(200)


def test_neighbours_that_bear_the_same_label_are_counted_by_hand():
    angles = np.array([[1.0, 0.0], [1.0, 0.01], [0.0, 1.0], [0.02, 1.0]], dtype=np.float32)
    # the nearest of either pair is its twin: labels a b, a a: none of the first two, both of the last two
    assert neighbour_agreement(angles, np.array([0, 1, 0, 0]), neighbours=1) == (0.5, (3 / 4) ** 2 + (1 / 4) ** 2)


def test_a_far_backbone_brings_advice_and_a_taught_one_does_not(settings):
    told = advice(FAR, 1.0, settings)
    assert told.verdict == "far"
    assert told.summary.startswith(
        "the backbone is far from this data: divergence of activations 0.90; of 20 neighbours"
    )
    assert told.advice == ADVICE
    assert advice(FAR, 1.0, settings.with_changes({"mode": "partial"})).advice is None


def test_a_near_backbone_whose_features_tell_nothing_brings_advice_too(settings):
    near = Domain(rows=9, verdict="near", measures=DomainMeasures(), summary="1.12 pieces per word")
    telling, dumb = (advice(near, tell, settings) for tell in (1.0, 0.0))
    assert telling.neighbours.agree > 0.95
    assert telling.advice is None
    assert dumb.neighbours.agree == pytest.approx(0.5, abs=0.1)
    assert dumb.advice is not None


def test_few_rows_of_one_class_and_an_unmeasured_backbone_are_no_crash(settings):
    features, targets, weights = (part[:3] for part in rows(1.0))
    told = finetune_advice(None, features, np.eye(2)[[0, 0, 0]], weights, settings)
    assert (told.verdict, told.advice) == ("unknown", None)
    assert finetune_advice(None, features[:1], targets[:1], weights[:1], settings).advice is None


@pytest.mark.parametrize(("rows_", "looked"), [(100, True), (99, False)])
def test_neighbours_are_looked_at_where_there_are_five_rows_for_each(settings, rows_, looked):
    features, targets, _ = rows(0.0)
    weights = np.where(np.arange(200) < rows_, 1.0, 0.0)  # rows that are not trained on do not count
    found = finetune_advice(None, features, targets, weights, settings)
    assert (found.neighbours is not None) == looked
    assert (found.advice is not None) == looked
    assert found.summary.startswith("of 20 neighbours") == looked


@pytest.mark.parametrize(("agree", "advised"), [(0.549, True), (0.551, False)])
def test_features_hardly_predict_labels_below_a_tenth_of_the_way_from_chance(settings, monkeypatch, agree, advised):
    monkeypatch.setattr(advice_module, "neighbour_agreement", lambda *_, **__: (agree, 0.5))
    features, targets, weights = rows(1.0)
    found = finetune_advice(None, features, targets, weights, settings)
    assert (found.advice is not None) == advised
    assert found.neighbours.agree == pytest.approx(agree)


def test_of_one_class_neighbours_cannot_disagree(settings):
    features, _, weights = rows(0.0)
    found = finetune_advice(None, features, np.eye(2)[np.zeros(200, dtype=int)], weights, settings)
    assert (found.neighbours.agree, found.neighbours.chance) == (1.0, 1.0)
    assert found.advice is None


def test_a_far_backbone_brings_no_advice_where_rows_are_too_few(settings):
    features, targets, weights = (part[:99] for part in rows(1.0))
    found = finetune_advice(FAR, features, targets, weights, settings)
    assert found.advice is None
    assert found.summary == "the backbone is far from this data: divergence of activations 0.90"
