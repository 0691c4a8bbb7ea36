"""What is believed before any vote: pseudo-counts, and beliefs that are none."""

import numpy as np
import pytest

from tidemill.contracts import ConfigError
from tidemill.denoise.models.priors import BALANCE_WEIGHT
from tidemill.denoise.models.registry import create


def model(**priors):
    made = create("dawid_skene", 2, **priors)
    made.functions_, made.order_ = 3, np.array([2, 0, 1])
    return made


def test_a_stated_balance_is_so_many_rows_whatever_its_sum():
    for balance in ([0.75, 0.25], [3, 1], [0.3, 0.1]):
        assert model(balance=balance).balance_counts() == pytest.approx(BALANCE_WEIGHT * np.array([0.75, 0.25]))
    assert model().balance_counts().tolist() == [0.0, 0.0]


@pytest.mark.parametrize("balance", [[0.5, 0.3, 0.2], [1.0, 0.0], [1.2, -0.2]])
def test_a_balance_that_is_none_is_named(balance):
    with pytest.raises(ConfigError, match="promised 2 shares above 0, one a class"):
        model(balance=balance).balance_counts()


def test_hints_are_put_in_the_order_of_the_functions_and_may_be_the_ends_of_their_range():
    stated = model(accuracies_hint=[0.0, None, 1.0]).stated_accuracies()
    assert stated[0] == 1.0  # the third function stands first
    assert stated[1] == 0.0
    assert np.isnan(stated[2])


@pytest.mark.parametrize("hints", [[1.1, 0.5, None], [0.5, 0.6, -0.1]])
def test_one_hint_that_is_no_share_is_refused(hints):
    with pytest.raises(ConfigError, match="promised shares from 0 to 1"):
        model(accuracies_hint=hints).stated_accuracies()
