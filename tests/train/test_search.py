import json
import time

import numpy as np
import pytest

from tests.train.test_learn import changed, lesson
from tidemill.train import search as searching
from tidemill.train.search import search


class Told:
    """A head that tells a share of the rows rightly: more, the nearer the learning rate is to a thousandth."""

    def __init__(self, truth, settings):
        off = min(abs(np.log10(settings.learning_rate) + 3.0), 1.0) * 0.5
        wrong = np.arange(len(truth)) % 100 < 100 * off
        self.said = np.where(wrong[:, None], 1.0 - truth, truth)

    def predict_proba(self, _):
        return self.said


@pytest.fixture
def fast(monkeypatch):
    """Fits that take a fiftieth of a second; what each was asked to learn with."""
    known, truth, _ = lesson(rows=200, known=200)
    asked = []

    def learn(_, settings):
        asked.append(settings)
        time.sleep(0.02)
        return Told(truth, settings)

    monkeypatch.setattr(searching, "learn", learn)
    monkeypatch.setattr(searching, "_LEAST_SECONDS", 0.05)
    return known, asked


def test_the_search_finds_better_settings_and_says_by_how_much(settings, fast, tmp_path):
    known, _ = fast
    own = changed(settings, use_gold=True, learning_rate=0.01)
    found = search(known, own, seconds=4.0, storage=tmp_path / "journal", start=(4, 2))
    assert found.leaderboard["loss"].is_sorted()
    assert found.changes["learning_rate"] == pytest.approx(0.001, rel=1.0)
    gain, low, high = found.gain
    assert low <= gain <= high
    assert low > 0
    assert found.gold_rows == 200
    losses = dict(found.leaderboard.select("trial", "loss").iter_rows())
    assert gain == pytest.approx(losses[0] - min(losses.values()), abs=1e-6)


def test_the_settings_as_they_are_come_first_and_the_suggested_shape_second(settings, fast, tmp_path):
    known, asked = fast
    own = changed(settings, hidden=(7,))
    search(known, own, seconds=0.6, storage=tmp_path / "journal", start=(4, 2))
    assert [one.hidden for one in asked[:4]] == [(7,), (7,), (4, 2), (4, 2)]
    assert asked[0].learning_rate == own.learning_rate


def test_the_budget_is_not_overrun(settings, fast, tmp_path):
    known, _ = fast
    search(known, changed(settings), seconds=0.3, storage=tmp_path / "warm")  # imports are done
    began = time.monotonic()
    search(known, changed(settings), seconds=2.0, storage=tmp_path / "journal")
    assert time.monotonic() - began < 2.2


def test_a_killed_search_goes_on_with_the_trials_that_were_done(settings, fast, tmp_path, monkeypatch):
    known, _ = fast
    own, storage = changed(settings), tmp_path / "journal"
    search(known, own, seconds=1.0, storage=storage)
    before = search(known, own, seconds=0.0, storage=storage).leaderboard.height
    working = searching.learn

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(searching, "learn", killed)
    with pytest.raises(KeyboardInterrupt):
        search(known, own, seconds=1.0, storage=storage)
    monkeypatch.setattr(searching, "learn", working)
    after = search(known, own, seconds=1.0, storage=storage)
    assert after.leaderboard.height > before > 0
    assert 0 in after.leaderboard["trial"].to_list()
    assert all(json.loads(line) for line in storage.read_text().splitlines())


def test_without_gold_the_share_of_sure_labels_decides(settings, fast, tmp_path):
    known, _ = fast
    found = search(known, changed(settings, use_gold=False), seconds=0.6, storage=tmp_path / "journal")
    assert found.gold_rows == 0
    assert 0.0 <= found.leaderboard["loss"][0] <= 1.0


def test_a_real_head_is_searched(settings, tmp_path):
    known, _, _ = lesson(rows=120)
    small = changed(settings, max_epochs=2)
    searching.learn(known, small)  # imports are no part of the budget that is tested
    found = search(known, small, seconds=12.0, storage=tmp_path / "journal")
    assert found.leaderboard.height >= 1
