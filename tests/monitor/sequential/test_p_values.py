"""P-values of every score are uniform where nothing changes, whatever the votes, and the order of rows says nothing."""

import dataclasses

import numpy as np
import pytest
from scipy.stats import kstest

from tests.monitor.sequential.factories import batch_of, names, sequential
from tidemill.monitor.sequential import stream as stream_module
from tidemill.monitor.sequential.p_values import add, online_p_values, row_hashes, tie_breakers
from tidemill.monitor.sequential.scores import SCORES
from tidemill.monitor.sequential.stream import start
from tidemill.monitor.sequential.watch import fit_watch


def with_nan(batch, rng):
    features = batch.rows.features.copy()
    features[rng.random(len(batch)) < 1 / 7] = np.nan
    return dataclasses.replace(batch, rows=dataclasses.replace(batch.rows, features=features))


CASES: dict[str, dict] = {
    "no functions": {"functions": 0},
    "41 functions": {"functions": 41},
    "all abstain": {"functions": 3, "coverage": 0.0},
    "some NaN": {"functions": 2},
}


def p_values_of(case, sizes):
    """P-values (rows, columns) and their mask, of batches of the sizes given."""
    rng = np.random.default_rng(5)
    spoil = (lambda batch: with_nan(batch, rng)) if case == "some NaN" else lambda batch: batch
    reference = spoil(batch_of("reference", 200, rng, **CASES[case]))
    watch, pool = fit_watch(reference, names(CASES[case]["functions"]), sequential(), alpha=0.05, salt="v1")
    values, mask = watch.evaluate(pool)
    counts = add(np.zeros((len(watch.columns), watch.n_cells), dtype=np.int64), watch.cells(values), mask)
    found, masks = [], []
    for k, size in enumerate(sizes):
        batch = spoil(batch_of(f"b{k}", size, rng, **CASES[case]))
        values, mask = watch.evaluate(batch)
        p_values, counts = online_p_values(watch.cells(values), watch.ties(batch), mask, counts)
        found.append(p_values)
        masks.append(mask)
    return watch, np.concatenate(found), np.concatenate(masks)


@pytest.mark.slow
@pytest.mark.parametrize("case", sorted(CASES))
@pytest.mark.parametrize("sizes", [[1] * 300, [50] * 40], ids=["one row a batch", "50 rows a batch"])
def test_p_values_of_every_score_are_uniform_where_nothing_changes(case, sizes):
    watch, p_values, mask = p_values_of(case, sizes)
    wrong = {
        column.name: kstest(p_values[mask[:, k], k], "uniform").pvalue
        for k, column in enumerate(watch.columns)
        if mask[:, k].any()
    }
    level = 1e-3 / len(wrong)
    assert {name: p for name, p in wrong.items() if p < level} == {}
    assert ((p_values > 0.0) & (p_values < 1.0)).all()


def test_every_score_has_columns_where_rows_have_what_it_needs():
    watch, _, _ = p_values_of("41 functions", [5])
    assert {score.name for score in watch.scores} == set(SCORES) - {"stratum"}
    assert sum(column.name.startswith("contradiction:") for column in watch.columns) == 41


def test_ranks_are_counted_by_hand():
    # the pool has cells 0, 0, 1, 2; rows of cells 1, 2, 1 follow; ties are broken in the middle
    counts = np.array([[2, 1, 1]])
    cells = np.array([[1], [2], [1]], dtype=np.int16)
    p_values, after = online_p_values(cells, np.full((3, 1), 0.5), np.ones((3, 1), dtype=bool), counts)
    # row 0: one above, one equal and itself: (1 + .5 * 2) / 5; row 1: none above, one equal: (.5 * 2) / 6;
    # row 2: two above, two equal: (2 + .5 * 3) / 7
    assert p_values[:, 0] == pytest.approx([2 / 5, 1 / 6, 3.5 / 7])
    assert after.tolist() == [[2, 3, 2]]


def test_blocks_of_rows_are_ranked_as_one_row_after_the_other():
    rng = np.random.default_rng(1)
    cells = rng.integers(0, 5, (73, 3)).astype(np.int16)
    ties, mask = rng.random((73, 3)), rng.random((73, 3)) < 0.7
    counts = rng.integers(0, 9, (3, 5))
    at_once, after = online_p_values(cells, ties, mask, counts)
    one_by_one, pool = [], counts
    for k in range(73):
        p, pool = online_p_values(cells[k : k + 1], ties[k : k + 1], mask[k : k + 1], pool)
        one_by_one.append(p)
    assert (np.concatenate(one_by_one) == at_once).all()
    assert (pool == after).all()


def test_tie_breakers_are_uniform_and_differ_by_row_column_and_salt():
    ids = [f"row {k}" for k in range(2000)]
    columns = row_hashes(["a", "b"], "column")
    one, other = (tie_breakers(row_hashes(ids, salt), columns) for salt in ("v1", "v2"))
    for ties in (one[:, 0], one[:, 1], other[:, 0]):
        assert kstest(ties, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(one[:, 0], one[:, 1])[0, 1]) < 0.1
    assert abs(np.corrcoef(one[:, 0], other[:, 0])[0, 1]) < 0.1


def null_alarms(monkeypatch=None):
    """Alarms in streams of 80 checks of 50 rows, each with a reference of 60 rows of its own."""
    if monkeypatch is not None:
        frozen = lambda cells, ties, mask, counts: (online_p_values(cells[:1], ties[:1], mask[:1], counts)[0], counts)  # noqa: E731

        def never_grows(cells, ties, mask, counts):
            rows = [frozen(cells[k:], ties[k:], mask[k:], counts)[0] for k in range(len(cells))]
            return np.concatenate(rows), counts

        monkeypatch.setattr(stream_module, "online_p_values", never_grows)
    alarms = 0
    for seed in range(4):
        rng = np.random.default_rng(seed)
        stream = start(batch_of("reference", 60, rng, functions=0), names(0), sequential(), alpha=0.05)
        for k in range(80):
            stream = stream_module.advance(stream, batch_of(f"b{k}", 50, rng, functions=0))
        alarms += stream.alarm is not None
    return alarms


@pytest.mark.slow
def test_a_pool_that_grows_stays_quiet_and_a_frozen_one_does_not(monkeypatch):
    assert null_alarms() == 0
    assert null_alarms(monkeypatch) >= 2
