"""Labels that do not exclude one another."""

import json

import numpy as np
import pytest

from tests.denoise.factories import clones
from tidemill.contracts import DataError
from tidemill.denoise.models import create
from tidemill.denoise.models.multilabel import MultiLabel


def test_labels_that_do_not_exclude_one_another_are_as_many_binary_models():
    votes, _ = clones(copies=1, rows=500)
    both = {"a": votes, "b": 1 - np.where(votes < 0, 2, votes)}
    model = MultiLabel("one_coin").fit(both)
    loaded = MultiLabel.from_dict(json.loads(json.dumps(model.to_dict())))
    found = model.predict_proba(both)
    assert found.shape == (500, 2)
    assert found[:, 0] == pytest.approx(create("one_coin", 2).fit(votes).predict_proba(votes)[:, 1])
    assert (loaded.predict_proba(both) == found).all()


def test_without_any_label_there_is_nothing_to_learn():
    with pytest.raises(DataError, match="no label has votes: nothing to learn from"):
        MultiLabel("one_coin").fit({})


def test_a_label_whose_votes_are_missing_is_named():
    votes, _ = clones(copies=1, rows=50)
    model = MultiLabel("one_coin").fit({"a": votes, "b": votes})
    with pytest.raises(DataError, match="label 'b' has no votes: it was fitted with a, b"):
        model.predict_proba({"a": votes})


def test_gold_of_a_label_is_that_of_its_model_alone():
    votes, truth = clones(copies=1, rows=200)
    gold = 1 - truth  # people say that all functions are wrong
    model = MultiLabel("one_coin").fit({"a": votes, "b": votes}, gold={"a": gold})
    found = model.predict_proba({"a": votes, "b": votes})
    told, blind = (create("one_coin", 2).fit(votes, gold=given).predict_proba(votes)[:, 1] for given in (gold, None))
    assert found == pytest.approx(np.column_stack([told, blind]))
    assert np.abs(told - blind).max() > 0.5
