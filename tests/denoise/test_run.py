"""Votes table -> labels table."""

import json

import numpy as np
import polars as pl
import pytest

from tests.denoise.factories import settings, votes_table
from tidemill.contracts import NO_GOLD, ConfigError, check, labels_contract
from tidemill.denoise import run
from tidemill.denoise.models.registry import MODELS, create
from tidemill.denoise.report.summary import facts
from tidemill.denoise.run import denoise, fit_twice, load_label_model


def features_of(table):
    mean = table.select("f0", "f1", "f2", "f3").to_numpy().mean(axis=1)
    return (np.random.default_rng(6).normal(size=(table.height, 3)) + 3 * mean[:, None]).astype(np.float32)


@pytest.mark.parametrize("model", sorted(MODELS))
def test_labels_of_every_row_keep_their_contract(model):
    done = denoise(votes_table(), ("ham", "spam"), settings(model), features=features_of(votes_table()))
    check(done.labels, labels_contract(("ham", "spam")), where="labels")
    for report in (done.report, done.model, done.explained):
        json.dumps(report.model_dump(), allow_nan=False)
        assert type(report).parse(report.text(), where="file") == report


@pytest.mark.parametrize("model", sorted(name for name, model in MODELS.items() if not model.uses_features))
def test_silent_rows_get_the_prior(model):
    done = denoise(votes_table(), ("ham", "spam"), settings(model))
    prior = load_label_model(done.model).prior_
    assert done.labels.select("p_ham", "p_spam").to_numpy()[-1] == pytest.approx(prior)


def test_gold_that_is_not_learned_from_measures_and_leaves_the_labels_alone():
    table = votes_table()
    gold = np.where(np.arange(200) % 4 == 1, np.tile([0, 1], 100), NO_GOLD)
    blind, told = (denoise(table, ("ham", "spam"), settings("auto"), gold=given) for given in (None, gold))
    assert blind.labels.equals(told.labels)
    assert blind.report.gold is None
    assert told.report.gold.majority_vote.rows == 50
    assert told.report.gold.label_model.rows == 50
    assert told.report.label_value.reason == "cannot be measured: no features"


def test_what_gold_is_held_against_has_not_seen_it():
    table = votes_table()
    gold = np.where(np.arange(200) % 4 == 1, 1, NO_GOLD)
    learned = settings("dawid_skene_votes").model_copy(update={"use_gold": True})
    done = denoise(table, ("ham", "spam"), learned, gold=gold)
    blind = denoise(table, ("ham", "spam"), settings("dawid_skene_votes"))
    assert not done.labels.equals(blind.labels)
    assert (done.gold_free == blind.gold_free).all()


def test_the_choice_its_evidence_and_what_else_was_found_are_told_in_words():
    table = votes_table()
    gold = np.where(np.arange(200) % 4 < 2, np.tile([0, 1], 100), NO_GOLD)
    done = denoise(table, ("ham", "spam"), settings("auto"), features=features_of(table), gold=gold)
    told = dict(facts(done.report))
    assert told["label model"].startswith("auto chose joint on top of")
    assert "ham" in told["class balance"]
    assert "[" in told["class balance"]
    assert "gives the same class on" in told["majority vote"]
    assert "4 functions that vote, effective number" in told["repetition"]
    assert "100 rows that it did not learn from" in told["against gold"]
    assert told["worth"].startswith("at least 50 hand labels")  # half of the 100 gold rows are tested on
    assert told["next"].endswith(f": {done.report.label_value.reason}")


def test_valid_and_test_rows_teach_nothing():
    table = votes_table()
    changed = table.with_columns(
        pl.when(pl.col("split").is_in(["valid", "test"])).then(pl.lit(1, pl.Int16)).otherwise(pl.col("f0")).alias("f0")
    )
    assert (
        denoise(table, ("a", "b"), settings("dawid_skene")).model
        == denoise(changed, ("a", "b"), settings("dawid_skene")).model
    )


def test_the_report_tells_what_majority_vote_would_have_given():
    report = denoise(votes_table(), ("ham", "spam"), settings("dawid_skene")).report
    assert report.model == "dawid_skene"
    assert set(report.accuracies) == {"f0", "f1", "f2", "f3"}
    assert set(report.majority_vote.label_shares) == {"ham", "spam"}


@pytest.mark.parametrize("model", sorted(name for name, model in MODELS.items() if not model.uses_features))
def test_every_accuracy_lies_in_its_own_interval_whatever_the_label_model(model):
    done = denoise(votes_table(), ("ham", "spam"), settings(model))
    report, explained = done.report, done.explained.functions
    learned = {name: share for name, share in report.accuracies.items() if share is not None}
    if learned:  # of one estimate, although the model has learned accuracies of its own
        assert learned == {name: about.accuracy for name, about in explained.items()}
    assert set(report.accuracy_intervals) == {"f0", "f1", "f2", "f3"}
    for name, share in learned.items():
        low, high = report.accuracy_intervals[name]
        assert low <= share <= high, name


def test_an_unknown_model_is_named_with_the_valid_ones():
    with pytest.raises(ConfigError, match=r"unknown label model 'dawid'; valid are .*dawid_skene"):
        create("dawid", 2)


def test_without_a_label_there_is_nothing_to_learn_from_and_one_model_is_fitted(monkeypatch):
    fits = []

    def noted(*words, gold, **named):
        fits.append(gold)
        return fit_twice(*words, gold=gold, **named)

    monkeypatch.setattr(run, "fit_twice", noted)
    learned = settings("dawid_skene_votes").model_copy(update={"use_gold": True})
    table = votes_table()
    done = denoise(table, ("ham", "spam"), learned, gold=np.full(200, NO_GOLD))
    assert fits == [None]
    assert done.labels.equals(denoise(table, ("ham", "spam"), settings("dawid_skene_votes")).labels)
