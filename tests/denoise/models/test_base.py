"""What label models have in common."""

from unittest.mock import Mock

import numpy as np
import pytest

from tests.denoise.factories import simulated
from tidemill.contracts import DataError
from tidemill.denoise.models import base
from tidemill.denoise.models.base import _array, _plain, model_class
from tidemill.denoise.models.majority import MajorityVote
from tidemill.denoise.models.one_coin import OneCoin
from tidemill.denoise.statistics.sufficient_statistics import count_rows


def test_one_class_leaves_nothing_to_decide():
    with pytest.raises(DataError, match="1 classes, at least 2 promised"):
        MajorityVote(1)
    assert MajorityVote(2).n_classes == 2


def test_a_subclass_without_a_name_of_its_own_takes_none_from_the_registry():
    class Derived(MajorityVote):
        pass

    assert model_class("majority") is MajorityVote
    assert Derived.name == "majority"


def test_many_rows_are_predicted_in_parts_with_the_same_answer(monkeypatch):
    votes, _ = simulated(rows=100)
    model = OneCoin(3).fit(votes)
    whole = model.predict_proba(votes)
    asked = Mock(side_effect=model._predict_or_prior)
    monkeypatch.setattr(base, "ROWS", 40)
    monkeypatch.setattr(model, "_predict_or_prior", asked)
    assert (model.predict_proba(votes) == whole).all()
    assert (model.predict_proba(votes[:40]) == whole[:40]).all()
    assert [len(call.args[0]) for call in asked.call_args_list] == [40, 40, 20, 40]


def test_what_json_cannot_hold_is_null_and_comes_back_as_no_number():
    assert _plain(np.array([1.5, np.nan, np.inf])) == [1.5, None, None]
    assert _plain(np.float64(2.0)) == 2.0
    assert _plain(float("nan")) is None
    assert _plain("word") == "word"
    assert np.isnan(_array("skill_", None))
    assert _array("name", "word") == "word"
    assert _array("order_", [1, 0]).dtype == np.int64
    assert _array("balance_", [1, 0]).dtype == np.float64


def test_a_model_without_accuracies_has_none():
    votes, _ = simulated(rows=50)
    model = MajorityVote(3).fit(votes)
    assert model.restored(None) is None
    model.order_ = np.array([2, 0, 1])
    assert model.restored(np.array([0.3, 0.1, 0.2])).tolist() == [0.1, 0.2, 0.3]


def test_no_rows_that_were_counted_are_nothing_to_learn_from():
    for votes, rows, functions in ((np.zeros((0, 3)), 0, 3), (np.zeros((2, 0)), 2, 0)):
        with pytest.raises(DataError, match=f"votes of {rows} rows and {functions} functions: nothing to learn from"):
            MajorityVote(2).refit(count_rows(votes.astype(np.int8), 2))
