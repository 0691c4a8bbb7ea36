"""The cause of an alarm: the first sentence is what a person would say, and what is behind it is named first."""

import dataclasses

import numpy as np
import polars as pl
import pytest

from tests.monitor.sequential.factories import batch_of, begun, names, sequential
from tidemill.monitor.sequential.batch import joined
from tidemill.monitor.sequential.cause import find_cause
from tidemill.monitor.sequential.groups import Group, groups_of, k_means
from tidemill.monitor.sequential.report import stream_report
from tidemill.monitor.sequential.stream import fold, start

CHANGE = 10


def caused(changed, *, functions=4, strata=None):
    """The cause found after ten quiet batches, and the stream; ``changed`` makes a batch since the change."""
    rng = np.random.default_rng(31)
    reference = batch_of("reference", 500, rng, functions=functions, strata=strata and strata(500))
    stream = start(reference, names(functions), sequential(strata=("source",) if strata else ()), alpha=0.05, salt="v1")
    quiet = [batch_of(f"day-{k}", 50, rng, functions=functions, strata=strata and strata(50)) for k in range(CHANGE)]
    after = [changed(f"day-{CHANGE + k}", rng) for k in range(6)]
    stream = fold(stream, [*quiet, *after])
    assert stream.alarm is not None
    assert stream.alarm.check >= CHANGE
    return find_cause(stream, reference, joined("changed", after), f"day-{CHANGE}"), stream


@pytest.mark.parametrize("j", range(4))
def test_a_function_that_decayed_is_named_first(j):
    cause, _ = caused(lambda name, rng: batch_of(name, 50, rng, decayed=j))
    assert cause.functions[0].function == f"lf_{j}"
    assert cause.functions[0].change == "decayed"
    assert cause.functions[0].contradiction.batch > cause.functions[0].contradiction.reference + 0.15
    assert cause.kind == "function_decayed"
    assert cause.sentence.startswith(
        f"since day-10, the labeling function lf_{j} has decayed: the other evidence is against"
    )


def test_a_function_that_fell_silent_is_named_first():
    cause, _ = caused(lambda name, rng: batch_of(name, 50, rng, silent=2))
    assert (cause.functions[0].function, cause.functions[0].change) == ("lf_2", "fell silent")
    assert cause.kind == "function_silent"
    assert cause.functions[0].coverage.batch == 0.0
    assert cause.sentence == (
        "since day-10, the labeling function lf_2 has fallen silent: it votes on 0% of the rows, "
        f"{cause.functions[0].coverage.reference:.0%} before"
    )


def of_a_new_sender(name, rng):
    batch = batch_of(name, 50, rng, moved=3.0)
    return dataclasses.replace(batch, metadata=batch.metadata.with_columns(sender=pl.lit("d")))


def test_a_new_source_is_told_by_its_metadata_with_rows_of_it():
    cause, _ = caused(of_a_new_sender)
    assert cause.sentence == "since day-10, a kind of rows is new: sender is d on 100% of them, none before"
    assert cause.kind == "new_value"
    first = cause.groups[0]
    assert (first.group, first.kind, first.share.batch) == ("sender is d", "metadata", 1.0)
    assert first.lift == pytest.approx(501 / 0.5)
    assert all(row_id.startswith("day-1") for row_id in (*first.rows, *cause.rows))
    assert len(cause.rows) == 10


def test_a_kind_of_rows_that_only_features_tell_is_a_cluster():
    def mixed(name, rng):
        new = batch_of(f"{name} new", 15, rng, functions=0, moved=12.0)
        return joined(name, [batch_of(f"{name} old", 35, rng, functions=0), new])

    cause, _ = caused(mixed, functions=0)
    assert cause.groups[0].kind == "cluster"
    assert cause.groups[0].share.batch == pytest.approx(0.3, abs=0.02)
    assert cause.sentence == "since day-10, about 30% of the rows are of a kind that was 0% before"
    assert cause.kind == "new_cluster"
    assert all(" new-" in row_id for row_id in cause.groups[0].rows)


def test_a_class_that_is_more_frequent_while_its_rows_are_as_before_is_told_as_the_mix():
    cause, _ = caused(lambda name, rng: batch_of(name, 50, rng, spam=0.8))
    assert cause.kind == "mix_of_classes"
    assert "'spam' more or less often" in cause.sentence


def test_a_new_stratum_is_told_as_one():
    def known(n):
        return ["a", "b"] * (n // 2)

    def with_new(name, rng):
        return batch_of(name, 50, rng, strata=[*known(40), *("c",) * 10])

    cause, _ = caused(with_new, strata=known)
    assert cause.groups[0].kind == "stratum"
    assert cause.sentence == "since day-10, a kind of rows is new: the stratum is c on 20% of them, none before"


def test_the_report_says_what_is_promised_under_which_assumption_and_what_is_weak():
    cause, stream = caused(of_a_new_sender)
    batches = [f"day-{k}" for k in range(16)]
    report = stream_report(stream, batches, reference_rows=200, accepted=0, cause=cause)
    assert report.promise.endswith("is at most 5%")
    assert "exchangeable" in report.assumption
    assert "so slow" in report.assumption
    assert report.alarm.since == "day-10"
    assert report.watched[0].log_evidence > report.watched[0].log_threshold
    assert report.warnings == (
        "the reference has 200 rows, 300 are asked: the promise holds, but a change is found later",
    )


def test_lift_and_gain_are_counted_by_hand():
    group = Group("x", "metadata", np.arange(99) < 9, np.arange(49) < 24)
    assert group.lift == pytest.approx((24 / 49) / (9.5 / 100))
    p, q = 9.5 / 100, 24.5 / 50
    assert group.gain == pytest.approx(q * np.log(q / p) + (1 - q) * np.log((1 - q) / (1 - p)))


def test_numbers_are_grouped_by_the_tails_of_the_reference_and_nulls_are_a_value_of_words():
    batch = batch_of("a", 100, np.random.default_rng(0))
    numbers, words = list(range(100)), ["x", None] * 50
    before = dataclasses.replace(batch, metadata=pl.DataFrame({"n": numbers, "w": words}))
    after = dataclasses.replace(batch, metadata=pl.DataFrame({"n": [95] * 50 + [None] * 50, "w": [None] * 100}))
    shares = {group.name: group.shares for group in groups_of(before, after) if group.kind == "metadata"}
    assert shares["n is above 89"] == (0.1, 0.5)
    assert shares["w is None"] == (0.5, 1.0)
    assert shares["w is x"] == (0.5, 0.0)


def test_clusters_are_the_same_for_the_same_points_and_none_is_lost_to_repeated_points():
    points = np.random.default_rng(0).normal(size=(60, 3))
    assert (k_means(points, 5) == k_means(points.copy(), 5)).all()
    assert set(k_means(np.zeros((4, 2)), 3).tolist()) == {0}


def test_numbers_without_metadata_or_features_have_no_groups():
    batch = batch_of("a", 40, np.random.default_rng(0))
    bare = dataclasses.replace(
        batch, metadata=pl.DataFrame(), rows=dataclasses.replace(batch.rows, features=batch.rows.features[:, :0])
    )
    assert groups_of(bare, bare) == []


def test_clusters_of_a_pair_of_batches_are_two_four_and_eight():
    batch = batch_of("a", 40, np.random.default_rng(0))
    clusters = [group.name for group in groups_of(batch, batch) if group.kind == "cluster"]
    assert len(clusters) == 2 + 4 + 8
    assert clusters[0] == "the rows are of cluster 1 of 2"


def test_twenty_frequent_values_of_a_column_are_groups_and_as_many_new_ones():
    batch = batch_of("a", 60, np.random.default_rng(0))
    before = dataclasses.replace(batch, metadata=pl.DataFrame({"w": [f"old {k % 30}" for k in range(60)]}))
    after = dataclasses.replace(batch, metadata=pl.DataFrame({"w": [f"new {k % 30}" for k in range(60)]}))
    names_of = [group.name for group in groups_of(before, after) if group.kind == "metadata"]
    assert sum("old" in name for name in names_of) == sum("new" in name for name in names_of) == 20


@pytest.mark.slow
def test_a_kind_of_rows_that_was_there_before_is_more_frequent_and_not_new():
    def more_of_c(name, rng):
        batch = batch_of(name, 50, rng, moved=3.0)
        return dataclasses.replace(batch, metadata=batch.metadata.with_columns(sender=pl.lit("c")))

    rng = np.random.default_rng(5)
    reference = batch_of("reference", 500, rng)
    rare = rng.choice(["a", "b", "c"], 500, p=[0.5, 0.44, 0.06])
    reference = dataclasses.replace(reference, metadata=reference.metadata.with_columns(sender=pl.Series(rare)))
    stream = start(reference, names(4), sequential(), alpha=0.05, salt="v1")
    after = [more_of_c(f"day-{k}", rng) for k in range(6)]
    stream = fold(stream, after)
    cause = find_cause(stream, reference, joined("changed", after), "day-0")
    assert cause.sentence.startswith("since day-0, a kind of rows is more frequent: sender is c on 100% of them, ")


def test_many_functions_that_move_at_once_are_no_fault_of_one():
    cause, stream = caused(lambda name, rng: batch_of(name, 50, rng, coverage=0.05))
    assert len(cause.functions) >= 3
    assert "labeling function lf_" not in cause.sentence
    assert stream.alarm is not None


def test_rows_most_unlike_the_reference_on_either_side_are_shown_for_a_score_of_two_sides():
    def lower(name, rng):
        batch = batch_of(name, 50, rng, functions=0)
        short = np.where(np.arange(50) < 5, 1, 200)
        return dataclasses.replace(batch, quality=pl.DataFrame({"length": short}))

    cause, stream = caused(lower, functions=0)
    assert stream.alarm.column == "quality:length"
    assert {int(row_id.rpartition("-")[2]) < 5 for row_id in cause.rows} == {True}


def test_a_report_without_alarm_lists_the_five_nearest_scores_and_its_strata():
    rng = np.random.default_rng(2)
    reference = batch_of("reference", 300, rng, strata=["a", "b"] * 150)
    stream = start(reference, names(4), sequential(strata=("source",)), alpha=0.05, salt="v1")
    stream = fold(stream, [batch_of("day-0", 50, rng, strata=["a", "b"] * 25)])
    report = stream_report(stream, ["day-0"], reference_rows=300, accepted=0)
    assert (report.drift, report.alarm, report.warnings, len(report.watched)) == (False, None, (), 5)
    assert "rows of the same source of the reference" in report.assumption
    assert "shared out among source may move freely" in report.assumption
    plain = stream_report(fold(begun(rng), [batch_of("day-0", 50, rng)]), ["day-0"], reference_rows=299, accepted=0)
    assert "rows of the reference" in plain.assumption
    assert "shared out" not in plain.assumption
    assert len(plain.warnings) == 1
