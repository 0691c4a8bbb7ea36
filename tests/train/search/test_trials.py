import itertools
import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from tests.conftest import ROOT
from tests.train.factories import changed, training_set
from tidemill.contracts import RunError
from tidemill.train.recipes.cotraining import fit_end_model
from tidemill.train.search import holdout_comparison, trials
from tidemill.train.search.holdout_comparison import bootstrap_interval, compare_on_holdout
from tidemill.train.search.settings import CURRENT_BACKBONE, SearchSettings
from tidemill.train.search.space import BACKBONE, backbone_of, changes_of, point_of, space
from tidemill.train.search.study_store import open_study
from tidemill.train.search.trials import CHANGES, SearchProblem, best_loss, error_rate_by_row, run_trials

HOW = yaml.safe_load((ROOT / "src/tidemill/conf/search/default.yaml").read_text()) | {"folds": 2, "backbones": []}
PROGRAM = """
import sys, time
from pathlib import Path
import yaml
from tests.train.factories import training_set
from tests.train.search.test_trials import field_of
from tidemill.train.search.study_store import open_study
from tidemill.train.search.trials import run_trials
from tidemill.train.settings import TrainSettings

own = TrainSettings.model_validate(yaml.safe_load(Path(sys.argv[2]).read_text()))
own = own.with_changes({"optimizer.max_epochs": 3, "head.hidden_sizes": []})
with open_study(Path(sys.argv[1]), seed=0) as study:
    run_trials(field_of(training_set(rows=120)[0], own), study, deadline=time.monotonic() + 600)
"""


def field_of(known, settings, others=None, **how):
    lessons = {CURRENT_BACKBONE: known, **(others or {})}
    return SearchProblem(lessons, settings, SearchSettings.model_validate(HOW | how))


class Told:
    """A head that tells a share of the rows rightly: more, the nearer the learning rate is to a thousandth."""

    def __init__(self, truth, settings):
        off = min(abs(np.log10(settings.optimizer.learning_rate) + 3.0), 1.0) * 0.5
        wrong = np.random.default_rng(0).random(len(truth)) < off
        self.said = np.where(wrong[:, None], 1.0 - truth, truth)

    def predict_proba(self, features, _=None):
        return self.said[features[:, 0].astype(int)]


@pytest.fixture
def fast(monkeypatch):
    """Rows numbered in their one feature, fits that take no time, what each was asked to learn with, and a clock.

    Every look at the clock is a fiftieth of a second later, so as many trials fit into a second on any machine.
    """
    known, truth, _ = training_set(rows=400, known=400)
    known = type(known)(np.arange(400, dtype=np.float32)[:, None], known.targets, known.covered, known.gold)
    asked, looks = [], itertools.count()

    def learn(_, settings):
        asked.append(settings)
        return Told(truth, settings)

    def now():
        return next(looks) * 0.02

    for module in (trials, holdout_comparison):
        monkeypatch.setattr(module, "fit_end_model", learn)
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=now))
    return known, asked, now


@pytest.mark.slow
def test_the_search_finds_better_settings_and_rows_it_has_not_asked_about_say_by_how_much(settings, fast, tmp_path):
    known, _, now = fast
    field = field_of(known, changed(settings, {"gold.use": True, "optimizer.learning_rate": 0.01}))
    with open_study(tmp_path / "journal", seed=0) as study:
        run_trials(field, study, deadline=now() + 2.0)
        found, rounds = compare_on_holdout(field, study, deadline=now() + 1.0)
    assert rounds > 0
    gain, low, high = found[0].gain
    assert 0 < low <= gain <= high
    assert found[0].changes["optimizer.learning_rate"] == pytest.approx(0.001, rel=1.0)
    # what is wrong of the settings there are is half of the rows, each at squared error 2
    assert gain == pytest.approx(2 * found[0].points[0], rel=0.1)


@pytest.mark.slow
def test_where_settings_do_not_matter_the_luckiest_trial_is_not_called_better(settings, fast, tmp_path, monkeypatch):
    known, _, now = fast
    truth = np.eye(2)[known.gold]

    class Luck:
        def __init__(self, seed):
            self.said = np.where(np.random.default_rng(seed).random(len(truth)) < 0.3, 1, 0)[:, None]

        def predict_proba(self, features, _=None):
            rows = features[:, 0].astype(int)
            return np.where(self.said[rows] == 1, 1 - truth[rows], truth[rows])

    draws = iter(range(10**6))
    for module in (trials, holdout_comparison):
        monkeypatch.setattr(module, "fit_end_model", lambda *_: Luck(next(draws)))
    field = field_of(known, changed(settings, {"gold.use": True}), finalists=1)
    with open_study(tmp_path / "journal", seed=0) as study:
        run_trials(field, study, deadline=now() + 1.5)
        first = next(one.value for one in study.trials if one.number == 0)
        assert first > best_loss(study)  # so it seems, by luck among many trials
        found, _ = compare_on_holdout(field, study, deadline=now() + 1.0)
    gain, low, high = found[0].gain
    assert low < 0 < high
    assert abs(gain) < 0.05  # a standard error of one round is .065, and there are many rounds


def test_rows_of_the_finals_are_those_that_the_search_has_not_asked_about(settings, fast):
    known, _, _ = fast
    for own in (changed(settings, {"gold.use": True}), changed(settings, {"gold.use": False})):
        field = field_of(known, own)
        assert not (field.scored_rows(0) & field.scored_rows(1)).any()
        assert abs(int(field.scored_rows(0).sum()) - int(field.scored_rows(1).sum())) <= 1
    assert field_of(known, changed(settings, {"gold.use": True})).gold_rows == 400
    assert field_of(known, changed(settings, {"gold.use": False})).gold_rows == 0


def test_the_interval_is_that_of_the_normal_distribution_and_wider_for_more_finalists():
    gains = np.random.default_rng(0).normal(0.1, 1.0, size=1000)
    error = gains.std() / np.sqrt(1000)
    mean, low, high = bootstrap_interval(gains, 0.05, 0)
    assert mean == pytest.approx(gains.mean())
    assert high - low == pytest.approx(2 * 1.96 * error, rel=0.08)
    wide = bootstrap_interval(gains, 0.05 / 3, 0)
    assert wide[2] - wide[1] == pytest.approx(2 * 2.39 * error, rel=0.1)


def test_trials_given_come_first_each_backbone_with_the_settings_there_are(settings, fast, tmp_path):
    known, asked, now = fast
    own = changed(settings, {"head.hidden_sizes": (7,)})
    field = field_of(known, own, {"wide": known})
    with open_study(tmp_path / "journal", seed=0) as study:
        run_trials(field, study, deadline=now() + 1.0, start=(4, 2))
        three = [(one.user_attrs[BACKBONE], one.user_attrs[CHANGES]) for one in study.trials[:3]]
    assert three == [(CURRENT_BACKBONE, {}), (CURRENT_BACKBONE, {"head.hidden_sizes": [4, 2]}), ("wide", {})]
    assert asked[0].head.hidden_sizes == (7,)
    assert asked[0].optimizer == own.optimizer


@pytest.mark.slow
def test_a_backbone_whose_features_were_made_later_joins_the_trials_there_are(settings, fast, tmp_path):
    known, _, now = fast
    own = changed(settings, {"head.hidden_sizes": (32,)})
    for others in ({}, {"later": known}):
        with open_study(tmp_path / "journal", seed=0) as study:
            run_trials(field_of(known, own, others), study, deadline=now() + 1.0)
            used = [one.user_attrs[BACKBONE] for one in study.trials if one.state.name in ("COMPLETE", "PRUNED")]
    assert used.index("later") > 4
    assert used.count("later") > 1  # proposed too, not only tried once
    assert len([one for one in study.trials if one.user_attrs.get("given") == "settings as they are"]) == 1


@pytest.mark.slow
def test_the_deadline_is_kept_although_one_fit_would_take_much_longer(settings, tmp_path):
    known, _, _ = training_set(rows=400)
    slow = changed(settings, {"optimizer.max_epochs": 100_000, "early_stopping.patience": 100_000})
    fit_end_model(known, changed(settings, {"optimizer.max_epochs": 1}))  # imports are done
    began = time.monotonic()
    with open_study(tmp_path / "journal", seed=0) as study:
        run_trials(field_of(known, slow), study, deadline=began + 1.5)
        assert time.monotonic() - began < 30.0  # a hundred thousand epochs take minutes on any machine
        assert [one.state.name for one in study.trials if one.state.name != "WAITING"] == ["FAIL"]


@pytest.mark.slow
def test_a_search_killed_in_a_trial_goes_on_and_counts_what_was_done_once(settings, tmp_path):
    journal = tmp_path / "journal.log"
    words = [sys.executable, "-c", PROGRAM, str(journal), str(ROOT / "src/tidemill/conf/train/base.yaml")]
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("search: trial 3"):
                break
        time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    with journal.open("ab") as file:
        file.write(b'{"op_code":4,"worker')  # and it was writing a line
    journal.with_name("journal.log.lock").touch()  # under the journal's lock
    known, _, _ = training_set(rows=120)
    with open_study(journal, seed=0) as study:
        states = [one.state.name for one in study.trials]
        done = [one.number for one in study.trials if one.state.name == "COMPLETE"]
        assert 0 in done
        assert len(done) >= 2
        assert "RUNNING" not in states
        run_trials(
            field_of(known, changed(settings, {"optimizer.max_epochs": 3})), study, deadline=time.monotonic() + 1.0
        )
        numbers = [one.number for one in study.trials]
        assert numbers == list(range(len(numbers)))  # nothing twice, nothing lost
        assert [one.number for one in study.trials[: len(states)] if one.state.name == "COMPLETE"][: len(done)] == done
        assert len([one for one in study.trials if one.user_attrs.get("given") == "settings as they are"]) == 1
    assert all(json.loads(line) for line in journal.read_text().splitlines())


@pytest.mark.slow
def test_what_a_kill_took_from_the_settings_there_are_is_tried_again(settings, fast, tmp_path):
    known, _, now = fast
    with open_study(tmp_path / "journal", seed=0) as study:
        trials.enqueue(field_of(known, changed(settings)), study, ())
        study.ask()  # trial 0 is running now, and nobody ends it
    with open_study(tmp_path / "journal", seed=0) as study:
        run_trials(field_of(known, changed(settings)), study, deadline=now() + 1.5)
        given = [one.state.name for one in study.trials if one.user_attrs.get("given") == "settings as they are"]
    assert given == ["FAIL", "COMPLETE"]


def test_two_searches_do_not_write_one_journal(tmp_path):
    with (
        open_study(tmp_path / "journal", seed=0),
        pytest.raises(RunError, match="another search is at work"),
        open_study(tmp_path / "journal", seed=0),
    ):
        pass


def test_a_place_in_the_space_says_what_is_another_than_the_settings_there_are(settings):
    how = SearchSettings.model_validate(HOW)
    own = settings.with_changes({"head.hidden_sizes": (256,), "optimizer.learning_rate": 0.001})
    place = point_of(own, "wide", [CURRENT_BACKBONE, "wide"], how)
    assert set(place) == set(space(how, [CURRENT_BACKBONE, "wide"]))
    assert backbone_of(place) == "wide"
    assert backbone_of(point_of(own, CURRENT_BACKBONE, [CURRENT_BACKBONE], how)) == CURRENT_BACKBONE
    assert changes_of(place, own, how) == {}
    moved = place | {"depth": 2, "width_1": 32, "optimizer.learning_rate": 0.00123456}
    moved |= {"augmentation.mixup_alpha": 0.2, "head.dropout": 0.12345}
    found = changes_of(moved, own, how)
    assert found == {
        "head.hidden_sizes": [256, 32],
        "optimizer.learning_rate": 0.0012,
        "augmentation.mixup_alpha": 0.2,
        "head.dropout": 0.12,
    }
    assert (
        point_of(own.with_changes({"head.hidden_sizes": (7,)}), CURRENT_BACKBONE, [CURRENT_BACKBONE], how) == {}
    )  # 7 is no width that is searched


def test_any_setting_of_a_head_can_be_searched_and_no_other(settings):
    how = SearchSettings.model_validate(HOW | {"space": {"loss": {"q": {"low": 0.1, "high": 1.0, "log": False}}}})
    assert set(space(how, [CURRENT_BACKBONE])) == {"loss.q"}
    assert changes_of({"loss.q": 0.456}, settings, how) == {"loss.q": 0.46}
    for wrong, told in (
        ({"seed": [0, 1]}, "space.seed cannot be searched"),
        ({"depth": [0, 1]}, "depth and a list width together"),
        ({"loss": {"name": []}}, "space.loss.name is an empty list"),
        ({"ensemble": {"folds": [2, 3]}}, "space.ensemble.folds cannot be searched"),
        ({"head": {"hidden_sizes": [1]}}, "space.head.hidden_sizes cannot be searched"),
        ({"head.dropout": {"low": 0.5, "high": 0.1, "log": False}}, "from 0.5 to 0.1 is no range"),
    ):
        with pytest.raises(ValidationError, match=told):
            SearchSettings.model_validate(HOW | {"space": wrong})


def test_a_missed_row_of_a_rare_class_weighs_more():
    labels = np.array([0] * 8 + [1] * 2)
    loss = error_rate_by_row(labels, np.ones(10, dtype=bool))
    said = np.eye(2)[np.array([1] + [0] * 9)]  # an eighth of class 0 missed, all of class 1
    assert loss(said).mean() == pytest.approx((1 / 8 + 1) / 2)
