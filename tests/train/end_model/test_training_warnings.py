import numpy as np

from tidemill.contracts import NO_GOLD
from tidemill.train.end_model.training_warnings import training_warnings

CLASSES = ("low", "high")


def told(low, high, settings, gold=()):
    """Rows of either class and gold of some → cautions."""
    targets = np.eye(2)[np.array([0] * low + [1] * high)]
    known = np.full(low + high, NO_GOLD)
    known[: len(gold)] = gold
    return training_warnings(targets, np.ones(low + high), known, CLASSES, settings)


def test_enough_rows_are_no_caution(settings):
    assert told(15, 15, settings) == []
    assert told(1500, 15, settings) == []  # a hundred to one, and no more


def test_few_rows_are_told_with_their_class_their_count_and_a_remedy(settings):
    (one,) = told(20, 3, settings)
    assert one == (
        "3 training rows of class high, fewer than 15: its scores are mostly luck; write labeling functions that vote high, "
        "or label some of it and set train.gold.use=true"
    )
    assert told(20, 1, settings)[0].startswith("1 training row of class high, fewer than 15")
    assert told(20, 0, settings)[0].startswith("no training row of class high, so it will hardly ever be predicted")


def test_rows_without_weight_do_not_count(settings):
    targets = np.eye(2)[np.array([0] * 20 + [1] * 20)]
    weights = np.array([1.0] * 20 + [1.0] * 14 + [0.0] * 6)
    (one,) = training_warnings(targets, weights, np.full(40, NO_GOLD), CLASSES, settings)
    assert one.startswith("14 training rows of class high")


def test_gold_is_counted_where_it_is_used(settings):
    golden = settings.with_changes({"gold.use": True})
    found = told(20, 20, golden, gold=[0] * 16 + [1] * 4)
    assert found == [
        "4 gold rows of class high in train and dev, fewer than 15: train.gold.use relies on them; label more of it"
    ]
    assert told(20, 20, settings, gold=[0] * 16 + [1] * 4) == []


def test_more_than_a_hundred_to_one_is_told_with_what_can_be_done(settings):
    (one,) = told(1601, 16, settings.with_changes({"labels.class_balance": False}))
    assert one == (
        "1,601 training rows of class low and 16 of class high, more than 100 to 1: find more rows of high, "
        "set train.labels.class_balance=true, and read balanced accuracy"
    )
    assert "class_balance" not in told(1601, 16, settings)[0]  # it is on


def test_of_many_rare_classes_the_rarest_are_named_and_the_others_counted(settings):
    classes = tuple(f"species {k}" for k in range(30))
    rows = np.repeat(np.arange(30), [20] * 10 + list(range(1, 11)) + [14] * 10)
    targets = np.eye(30)[rows]
    found = training_warnings(targets, np.ones(len(rows)), np.full(len(rows), NO_GOLD), classes, settings)
    assert [line.split(", fewer")[0] for line in found[:2]] == [
        "1 training row of class species 10",
        "2 training rows of class species 11",
    ]
    assert found[5] == "15 more classes have fewer than 15 training rows"
    assert len(found) == 6


def test_the_remedy_for_few_rows_is_what_is_not_done_already(settings):
    first = told(20, 3, settings.with_changes({"gold.use": True}))[0]
    assert first.endswith("write labeling functions that vote high, or label more of it")


def test_a_class_without_rows_is_no_imbalance(settings):
    assert not any("to 1" in each for each in told(2000, 0, settings))


def test_one_gold_row_and_none_are_said_as_such(settings):
    golden = settings.with_changes({"gold.use": True})
    found = told(20, 20, golden, gold=[1])
    assert [each.split(" of class")[0] for each in found] == ["no gold rows", "1 gold row"]
