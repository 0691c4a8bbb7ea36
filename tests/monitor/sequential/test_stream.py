"""The fold: what alarms, when, and that nothing but the batches in their order matters."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from tests.monitor.sequential.factories import batch_of, begun, names, sequential, watched
from tidemill.contracts import DataError, InputError
from tidemill.monitor.sequential.batch import joined
from tidemill.monitor.sequential.state import State, read_state
from tidemill.monitor.sequential.stream import advance, fold, start


@pytest.fixture(scope="module")
def quiet():
    """A stream after 40 quiet checks of 40 rows."""
    rng = np.random.default_rng(3)
    return watched(begun(rng), 40, 40, rng)


def test_a_quiet_stream_has_no_alarm(quiet):
    assert quiet.alarm is None
    assert quiet.margins().max() < -1.0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"decayed": 2}, "contradiction:lf_2"),
        ({"silent": 1}, "firing:lf_1"),
        ({"moved": 2.0}, None),
    ],
    ids=str,
)
def test_a_change_after_forty_checks_is_found_and_dated(quiet, change, expected):
    stream = watched(quiet, 12, 40, np.random.default_rng(4), **change)
    assert stream.alarm is not None
    assert abs(stream.alarm.change - 40) <= 1
    assert stream.alarm.check >= 40
    assert stream.alarm.rows == 40 * (stream.alarm.check - stream.alarm.change + 1)
    assert stream.alarm.log_evidence >= stream.alarm.log_threshold
    if expected is not None:
        assert stream.alarm.column == expected
    else:
        assert stream.alarm.column.partition(":")[0] in {"neighbours", "mahalanobis", "residual", "direction"}


def test_the_first_alarm_stays_whatever_follows(quiet):
    rng = np.random.default_rng(5)
    alarmed = watched(quiet, 12, 40, rng, decayed=2)
    later = watched(alarmed, 5, 40, rng, moved=3.0)
    assert later.alarm == alarmed.alarm
    assert later.state.checks == alarmed.state.checks + 5


def test_a_batch_whose_name_was_taken_changes_nothing(quiet):
    again = advance(quiet, batch_of("day-7", 40, np.random.default_rng(6), moved=9.0))
    assert again.state.to_bytes() == quiet.state.to_bytes()


def test_an_empty_batch_changes_nothing(quiet):
    assert advance(quiet, batch_of("empty", 0, np.random.default_rng(6))) is quiet


def test_a_replay_gives_the_same_bytes_from_whatever_prefix_was_kept(tmp_path):
    def whole():
        rng = np.random.default_rng(7)
        stream = begun(rng)
        return stream, [batch_of(f"b{k}", 15 + k, rng, moved=0.2 * k) for k in range(8)]

    stream, batches = whole()
    expected = fold(stream, batches).state.to_bytes()
    again, repeated = whole()
    for prefix in range(len(batches)):
        kept = tmp_path / "state"
        fold(again, repeated[:prefix]).state.write(kept)
        resumed = dataclasses.replace(again, state=read_state(kept))
        assert fold(resumed, repeated).state.to_bytes() == expected  # the batches of the prefix are duplicates


def test_the_order_of_rows_in_a_batch_does_not_matter(quiet):
    batch = batch_of("next", 60, np.random.default_rng(8))
    shuffled = batch.select(np.random.default_rng(9).permutation(60))
    assert advance(quiet, batch).state.to_bytes() == advance(quiet, shuffled).state.to_bytes()


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign"])
def test_a_damaged_state_is_refused_and_read_as_none(quiet, damage, tmp_path):
    content = quiet.state.to_bytes()
    damaged = {
        "cut": content[:-1],
        "flipped": content[:500] + bytes([content[500] ^ 1]) + content[501:],
        "empty": b"",
        "foreign": b"{}" * 100,
    }[damage]
    with pytest.raises(DataError, match="torn or of another version: delete it"):
        State.from_bytes(damaged)
    (tmp_path / "state").write_bytes(damaged)
    assert read_state(tmp_path / "state") is None
    assert State.from_bytes(content) == quiet.state


def test_a_state_grows_by_a_dozen_bytes_a_batch_and_not_by_rows(quiet):
    small = advance(quiet, batch_of("next", 1, np.random.default_rng(1))).state.to_bytes()
    large = advance(quiet, batch_of("next", 3000, np.random.default_rng(1))).state.to_bytes()
    assert len(small) == len(large) == pytest.approx(len(quiet.state.to_bytes()) + 12, abs=4)


def test_growing_batches_and_batches_of_one_row_are_quiet():
    rng = np.random.default_rng(10)
    stream = begun(rng)
    sizes = [1] * 30 + [2**k for k in range(11)]
    stream = fold(stream, (batch_of(f"b{k}", size, rng) for k, size in enumerate(sizes)))
    assert stream.alarm is None


def day(name, n, share, rng, *, weekend_moved=4.0):
    """A day on which ``share`` of the rows is of the weekend's kind; day and kind are its strata."""
    kinds = ["weekend"] * int(share * n) + ["week"] * (n - int(share * n))
    counted = {kind: kinds.count(kind) for kind in ("weekend", "week")}
    moved = {"weekend": weekend_moved, "week": 0.0}
    return joined(
        name,
        [
            batch_of(f"{name}-{kind}", count, rng, moved=moved[kind], strata=[kind] * count)
            for kind, count in counted.items()
        ],
    )


def season(rng, *, named, checks=60, weekend_moved=4.0):
    """A stream whose mix of two kinds moves with the week; the kinds are strata where they are named."""

    def prepared(batch):
        return batch if named else dataclasses.replace(batch, strata=None)

    stream = start(prepared(day("reference", 600, 0.5, rng)), names(4), sequential(), alpha=0.05, salt="v1")
    shares = 0.5 + 0.4 * np.sin(2 * np.pi * np.arange(checks) / 7)
    days = (day(f"day-{k}", 50, share, rng, weekend_moved=weekend_moved) for k, share in enumerate(shares))
    return fold(stream, map(prepared, days))


@pytest.mark.slow
def test_a_season_is_quiet_where_its_strata_are_named_and_an_alarm_where_they_are_not():
    assert season(np.random.default_rng(11), named=True).alarm is None
    assert season(np.random.default_rng(11), named=False).alarm is not None


def test_a_change_within_one_stratum_is_found():
    alarm = season(np.random.default_rng(12), named=True, weekend_moved=7.0, checks=12).alarm
    assert alarm is not None
    assert alarm.view in {"all rows", "weekend"}


def test_rows_of_a_stratum_that_the_reference_lacks_are_an_alarm_that_says_so():
    rng = np.random.default_rng(13)
    reference = batch_of("reference", 400, rng, strata=["a", "b"] * 200)
    stream = start(reference, names(4), sequential(strata=("source",)), alpha=0.05)
    mixed = ["a"] * 16 + ["b"] * 16 + ["c"] * 8
    stream = fold(stream, (batch_of(f"b{k}", 40, rng, strata=mixed) for k in range(6)))
    assert stream.alarm.column == "stratum"


def test_shares_of_the_level_sum_to_one_with_and_without_strata(quiet):
    rng = np.random.default_rng(14)
    reference = batch_of("reference", 400, rng, strata=["a", "b"] * 200)
    with_strata = start(reference, names(4), sequential(strata=("source",)), alpha=0.05)
    for stream in (quiet, with_strata):
        assert np.exp(stream.watch.log_shares).sum() == pytest.approx(1.0)


def test_a_weight_of_nought_takes_a_score_out_and_others_share_the_level():
    rng = np.random.default_rng(15)
    stream = begun(rng, weights={"rarest": 0.0, "firing": 2.0})
    assert "rarest" not in {column.name for column in stream.watch.columns}
    assert np.exp(stream.watch.log_shares).sum() == pytest.approx(1.0)


def test_parts_of_a_batch_have_to_be_of_the_same_rows():
    batch = batch_of("b", 5, np.random.default_rng(0))
    with pytest.raises(InputError, match="batch b: 4 row ids and 5 rows of features"):
        dataclasses.replace(batch, row_ids=batch.row_ids[:4])


KILLED = """
import sys
from pathlib import Path
import numpy as np
from tests.monitor.sequential.factories import batch_of, begun
from tidemill.monitor.sequential.stream import advance

rng = np.random.default_rng(17)
stream = begun(rng)
for k in range(1000):
    stream = advance(stream, batch_of(f"b{k}", 20, rng))
    stream.state.write(Path(sys.argv[1]))
"""


@pytest.mark.slow
def test_a_process_that_is_killed_while_it_writes_leaves_a_state_that_is_continued_byte_for_byte(tmp_path, root):
    file = tmp_path / "state"
    with subprocess.Popen([sys.executable, "-c", KILLED, str(file)], cwd=root) as process:
        while read_state(file) is None:
            assert process.poll() is None
        process.kill()
    rng = np.random.default_rng(17)
    stream = begun(rng)
    kept = read_state(file)
    batches = [batch_of(f"b{k}", 20, rng) for k in range(kept.checks + 5)]
    resumed = fold(dataclasses.replace(stream, state=kept), batches)
    assert resumed.state.to_bytes() == fold(stream, batches).state.to_bytes()
