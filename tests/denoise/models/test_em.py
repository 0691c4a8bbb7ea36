"""Models that are fitted by EM: it ends where nothing moves any more, and not before."""

from unittest.mock import Mock

import numpy as np
import pytest

from tests.denoise.factories import simulated
from tidemill.denoise.models import crowd, dawid_skene, dawid_skene_votes, one_coin
from tidemill.denoise.models.registry import create

STEPS = pytest.mark.parametrize(
    ("name", "module", "step"),
    [
        ("crowd", crowd, "conditional_confusions"),
        ("dawid_skene", dawid_skene, "confusions"),
        ("one_coin", one_coin, "smoothed_accuracies"),
        ("dawid_skene_votes", dawid_skene_votes, "conditional_confusions"),
    ],
)


@STEPS
def test_em_ends_where_no_posterior_moves_by_its_tolerance(name, module, step, monkeypatch):
    votes, _ = simulated(rows=200)
    counted = Mock(side_effect=getattr(module, step))
    monkeypatch.setattr(module, step, counted)
    found = create(name, 3, iterations=400, tolerance=1e-6).fit(votes).predict_proba(votes)
    taken = counted.call_count
    assert taken < 400
    once = create(name, 3, iterations=taken + 1, tolerance=0.0).fit(votes).predict_proba(votes)
    assert np.abs(found - once).max() < 2e-6
    earlier = create(name, 3, iterations=taken - 1, tolerance=0.0).fit(votes).predict_proba(votes)
    assert 0.0 < np.abs(found - earlier).max() < 1e-3
    assert np.abs(found - create(name, 3, iterations=1).fit(votes).predict_proba(votes)).max() > 1e-3
