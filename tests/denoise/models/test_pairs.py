"""Precisions from pairs of votes, on simulators whose truth is known."""

import pytest

from tests.denoise.factories import clones
from tidemill.denoise.models.pairs import PairLifts


def test_accuracies_are_found_beside_the_copies():
    votes, _ = clones()
    assert PairLifts(2).fit(votes).accuracies() == pytest.approx([0.8] * 5 + [0.55] * 6, abs=0.03)


def test_hinted_accuracies_and_balance_are_evidence_not_truth():
    votes, _truth = clones(copies=1)
    misled = PairLifts(2, accuracies_hint=[None, None, None, None, None, 0.95], balance=[0.9, 0.1]).fit(votes)
    assert misled.accuracies()[5] == pytest.approx(0.55, abs=0.1)
    assert misled.balance_[0] < 0.7
