"""Driftbench on a fabricated project: what its streams are drawn from, what its cells count, and which targets it names."""

import dataclasses
import io
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from PIL import Image
from typer.testing import CliRunner

from tests.evaluate import project
from tidemill.apps.models import champion_reference as champion
from tidemill.apps.studies.driftbench import cells, corrupted, harm_cells, population, rivals, run, year
from tidemill.apps.studies.driftbench.cells import NULLS, SHIFTS, Shift, run_decay, run_null, run_shift
from tidemill.apps.studies.driftbench.evidently_drift import Evidently
from tidemill.apps.studies.driftbench.harm_cells import MIXES, auc, ranking, run_harm
from tidemill.apps.studies.driftbench.harm_targets import missed_harm
from tidemill.apps.studies.driftbench.year_targets import missed_years
from tidemill.apps.studies.driftbench.year_triggers import SequentialTrigger
from tidemill.cli.main import app
from tidemill.contracts import ConfigError, DataError
from tidemill.errors import RunError
from tidemill.project.project import Project
from tidemill.reports.driftbench import (
    CheckCost,
    DecayCell,
    DriftBench,
    HarmCell,
    HarmRanking,
    NullCell,
    ShiftCell,
    YearCell,
)
from tidemill.runs.model_registry import Registry


@pytest.fixture
def here(inside, monkeypatch, tmp_path):
    """The project `mail` with a champion that knows sms-1; its channel tells the sources."""
    project.build(inside)
    project.crown(inside, tmp_path / "champion", ["sms-1"])
    monkeypatch.setattr(population, "SOURCES", {"mail": ("channel", "sms")})
    monkeypatch.setattr(population, "champion_folder", lambda *_: tmp_path / "champion")
    monkeypatch.setattr(champion, "champion_folder", lambda *_: tmp_path / "champion")
    registry = Registry("mail", {project.VERSION: "c0ffee"}, {"mail#prod#1": "c0ffee"})
    monkeypatch.setattr(population, "read_registry", lambda *_: registry)
    monkeypatch.setattr(cells, "CHECKS", 12)
    return Project.open(inside)


@pytest.fixture
def people(here):
    return population.population(here, "mail")


def test_streams_are_drawn_from_rows_that_the_champion_was_not_trained_on(people):
    ids = np.array(people.rows.row_ids)
    assert len(people.known) == 200  # valid and test of sms-1
    assert all(one.startswith("sms-1-") for one in ids[people.known])
    assert sorted(ids[people.later]) == sorted(f"email-1-{k}" for k in range(400))
    assert people.rows.metadata.columns == []  # the channel would name the source
    bare = people.bare(functions=False)
    assert (bare.rows.rows.votes.shape[1], bare.names.functions, bare.rows.quality.width) == (0, (), 0)


def test_other_problems_and_projects_without_a_champion_are_refused(here, monkeypatch):
    with pytest.raises(ConfigError, match="driftbench is of the packaged problems mail, not of 'fax'"):
        population.population(here, "fax")
    monkeypatch.setattr(population, "read_registry", lambda *_: Registry("mail", {}, {}))
    with pytest.raises(DataError, match="mail has no champion yet: `tidemill run` makes one"):
        population.population(here, "mail")


@pytest.mark.slow
@pytest.mark.parametrize("null", NULLS, ids=lambda null: null.kind)
def test_streams_in_which_nothing_changes_are_counted(people, null):
    cell = run_null(people, null, 2, 0)
    assert (cell.streams, cell.alarms, cell.rate) == (2, 0, 0.0)
    assert cell.upper == pytest.approx(1.0 - 0.05 ** (1 / 2), abs=1e-6)


def test_the_season_moves_the_mix_of_two_sources_and_nothing_else_does(people):
    rng = np.random.default_rng(0)
    season = next(null for null in NULLS if null.seasonal)
    shares = [np.isin(cells._null_rows(people, season, check, rng), people.later).mean() for check in (2, 5)]
    assert shares[0] > 0.6
    assert shares[1] < 0.4
    assert not np.isin(cells._null_rows(people, NULLS[0], 2, rng), people.later).any()


@pytest.mark.parametrize("functions", [True, False])
def test_an_unseen_source_is_caught_and_rows_are_counted_from_the_change(people, functions):
    cell = run_shift(people, Shift(0.5, 5, functions=functions), 2, 0)
    assert (cell.caught, cell.early) == (1.0, 0)
    assert cell.median_rows <= 400
    assert cell.p90_rows % 50 == 0
    assert cell.first_named != "none"


def test_a_function_that_decays_is_named_first(people):
    (function,) = [one for one in cells.decaying_functions(people) if one[0] == "lf_2"]
    assert function[1] == pytest.approx(0.5, abs=0.15)
    assert function[2] == pytest.approx(0.9, abs=0.1)
    cell = run_decay(people, function, 2, 0)
    assert (cell.caught, cell.named_first, cell.rows_allowed) == (1.0, 1.0, 500)


def test_flipped_votes_are_right_on_45_of_a_hundred_and_cover_what_they_covered():
    rng = np.random.default_rng(1)
    gold = rng.integers(0, 2, 20_000)
    votes = np.where(rng.random(20_000) < 0.9, gold, 1 - gold).astype(np.int16)[:, None]
    votes[::2] = -1
    changed = cells.flipped(votes, 0, 0.9, rng)
    voted = votes[:, 0] != -1
    assert ((changed[:, 0] != -1) == voted).all()
    assert (changed[voted, 0] == gold[voted]).mean() == pytest.approx(0.45, abs=0.02)


NULL = NullCell(problem="spam", kind="tiny", streams=500, alarms=5, rate=0.01, upper=0.02)
SHIFT = ShiftCell(
    problem="spam",
    kind=SHIFTS[0].kind,
    streams=60,
    early=0,
    caught=1.0,
    median_rows=100,
    p90_rows=150,
    first_named="rarest",
)
DECAY = DecayCell(
    problem="spam",
    function="short_text",
    coverage=0.3,
    accuracy=0.9,
    streams=20,
    early=0,
    change=20,
    rows_allowed=500,
    caught=1.0,
    named_first=1.0,
    median_rows=50,
)
COST = CheckCost(milliseconds_first=10.0, milliseconds_last=10.0, state_bytes=40_000)


def missed(*, null=NULL, shift=SHIFT, decay=DECAY, cost=COST, quick=False):
    return run.missed([null], [shift], [decay], cost, quick=quick)


def test_no_target_is_missed_where_all_are_reached():
    assert missed() == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"null": NULL.model_copy(update={"alarms": 26, "rate": 0.052, "upper": 0.06})}, "spam, tiny: 26 of 500"),
        ({"null": NULL.model_copy(update={"alarms": 24, "rate": 0.048, "upper": 0.067})}, "upper bound 6.5%"),
        ({"shift": SHIFT.model_copy(update={"caught": 0.94})}, "95% are asked"),
        ({"shift": SHIFT.model_copy(update={"median_rows": 200})}, "a median of 150 is asked"),
        ({"shift": SHIFT.model_copy(update={"median_rows": None})}, "median none"),
        ({"decay": DECAY.model_copy(update={"named_first": 0.9})}, "short_text (coverage 0.30) is right by chance"),
        ({"cost": COST.model_copy(update={"milliseconds_last": 51.0})}, "a check takes 51 ms, at most 50 ms"),
    ],
)
def test_each_target_that_is_missed_is_named(change, told):
    (line,) = missed(**change)
    assert told in line


def test_what_is_reported_and_not_gated_is_never_missed():
    slow = SHIFT.model_copy(update={"kind": SHIFTS[-1].kind, "caught": 0.0, "median_rows": None})
    assert missed(shift=slow) == []


def test_of_a_few_streams_only_what_chance_cannot_explain_is_missed():
    one_of_eight = NULL.model_copy(update={"streams": 8, "alarms": 1, "rate": 0.125, "upper": 0.47})
    assert missed(null=one_of_eight, quick=True) == []
    assert len(missed(null=one_of_eight.model_copy(update={"alarms": 4, "rate": 0.5}), quick=True)) == 1


@pytest.mark.slow
def test_the_whole_bench_writes_its_report(here, monkeypatch, tmp_path):
    monkeypatch.setattr(
        run, "QUICK", run.Size(nulls=1, shifts=1, decays=1, functions=1, harms=2, corruptions=1, tuning=1, years=1)
    )
    monkeypatch.setattr(run, "SOURCES", {"mail": ("channel", "sms")})
    monkeypatch.setattr(year, "DAYS", 9)
    monkeypatch.setattr(run, "NULLS", NULLS[:1])
    monkeypatch.setattr(run, "SHIFTS", [dataclasses.replace(SHIFTS[0], change=3)])
    monkeypatch.setattr(run, "MIXES", MIXES[:1])
    monkeypatch.setattr(run, "WEAK", [Shift(0.5, 3, functions=False)])
    monkeypatch.setattr(run, "weak_population", lambda like, seed: dataclasses.replace(like, problem="docstrings"))  # noqa: ARG005
    monkeypatch.setattr(rivals, "CHECKS", 12)
    monkeypatch.setattr(run, "check_cost", lambda: COST)
    lines = []
    report = run.driftbench(here, [], quick=True, say=lines.append)
    assert DriftBench.read(here.root / "reports" / "driftbench.json") == report
    parts = (report.nulls, report.shifts, report.decays, report.harms, report.rankings)
    assert [part[0].problem for part in parts] == ["mail"] * 5
    assert {cell.problem for cell in report.rivals} == {"mail", "docstrings"}
    assert len(lines) == 10


def test_a_check_is_measured_at_the_start_and_at_the_end(monkeypatch):
    monkeypatch.setattr(run, "CHECKS", 3)
    cost = run.check_cost()
    assert min(cost.milliseconds_first, cost.milliseconds_last) > 0.0
    assert 10_000 < cost.state_bytes < 66_000


@pytest.mark.parametrize(("lines", "code"), [((), 0), (("a check takes 51 ms",), 1)])
def test_the_command_exits_with_one_where_a_target_is_missed(here, monkeypatch, lines, code):
    (here.root / "dvc.yaml").write_text("stages: {}\n")
    report = DriftBench(quick=True, nulls=(NULL,), shifts=(), decays=(), cost=COST, missed=lines)
    monkeypatch.setattr(run, "driftbench", lambda *_, **__: report)
    done = CliRunner().invoke(app, ["driftbench", "mail", "--quick", "--check"])
    assert done.exit_code == code
    assert ("missed: a check takes 51 ms" if lines else "all targets are reached") in done.output


def mix(kind):
    return next(one for one in MIXES if one.kind == kind)


@pytest.fixture
def labeled(people):
    """Only rows with gold."""
    known, later = (rows[people.gold[rows] >= 0] for rows in (people.known, people.later))
    return dataclasses.replace(people, known=known, later=later)


def test_email_is_harm_in_every_batch_and_nothing_is_where_nothing_changes(labeled):
    harmful, falls = run_harm(labeled, mix("100% of the later source"), 4, 0)
    benign, none = run_harm(labeled, mix("nothing changes"), 4, 0)
    assert (harmful.effect, benign.effect) == ("harmful", "benign")
    right = harm_cells.right_of(labeled)
    assert harmful.fall == pytest.approx(right[labeled.known].mean() - right[labeled.later].mean(), abs=1e-6)
    assert (harmful.right, harmful.covered, benign.covered, benign.fall) == (1.0, 1.0, 1.0, 0.0)
    assert harmful.median_labels < 30
    assert falls.min() > none.max()


def test_rows_that_are_predicted_right_and_rows_of_one_class_are_drawn_as_said(labeled):
    rng = np.random.default_rng(0)
    right = mix("100% of rows of the later source that are predicted right")
    drawn = harm_cells._arriving(labeled, right, right.chances(labeled), rng)
    assert harm_cells.right_of(labeled)[drawn].all()
    assert np.isin(drawn, labeled.later).all()
    second = mix("100% of one class of the later source, the second")
    assert (labeled.gold[harm_cells._arriving(labeled, second, second.chances(labeled), rng)] == 1).all()
    odds = mix("the second class three times as frequent")
    share = (labeled.gold[labeled.known] == 1).mean()
    drawn = np.concatenate([harm_cells._arriving(labeled, odds, odds.chances(labeled), rng) for _ in range(30)])
    assert (labeled.gold[drawn] == 1).mean() == pytest.approx(3 * share / (1 + 2 * share), abs=0.02)


@pytest.mark.parametrize(
    ("fall", "effect"),
    [(0.075, "harmful"), (0.0749, "between"), (0.0251, "between"), (0.025, "benign"), (-1, "benign")],
)
def test_a_fall_near_the_tolerated_one_is_neither_harmful_nor_benign(fall, effect):
    assert harm_cells._effect(fall, 0.05) == effect


def test_the_area_under_the_curve_is_that_of_scikit_learn():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    higher, lower = rng.integers(0, 9, 40) / 9, rng.integers(0, 7, 50) / 9
    expected = roc_auc_score([1] * 40 + [0] * 50, np.concatenate([higher, lower]))
    assert auc(higher, lower) == pytest.approx(expected)


HARM = HarmCell(
    problem="spam",
    kind="email",
    hard=False,
    draws=100,
    accuracy=0.76,
    fall=0.2,
    effect="harmful",
    covered=1.0,
    width=0.3,
    decided_alone=1.0,
    right_alone=1.0,
    right=1.0,
    median_labels=30,
)
QUIET = HARM.model_copy(update={"kind": "quiet", "effect": "benign"})


def test_mixes_of_rows_picked_by_gold_rank_apart():
    hard = HARM.model_copy(update={"hard": True, "effect": "benign"})
    falls = [np.array([0.2, 0.3]), np.array([0.0, 0.1]), np.array([0.4, 0.5])]
    found = [ranking("spam", [HARM, QUIET, hard], falls, hard=each).auc for each in (False, True)]
    assert found == [1.0, 0.5]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"covered": 0.89}, "covers in 94.5% of batches: 95% are asked"),
        ({"right": 0.89}, "decided rightly with labels in 94.5%"),
        ({"right": 0.0, "effect": "between"}, None),
        ({"covered": 0.0, "hard": True}, None),
        ({"right": 0.89, "hard": True}, "decided rightly with labels in 94.5%"),
        ({"covered": 0.9, "right": 0.9}, None),
    ],
)
def test_harm_misses_its_targets_over_all_mixes_of_a_problem(change, told):
    lines = missed_harm([HARM.model_copy(update=change), QUIET], [], quick=False)
    assert told in lines[0] if told else lines == []


def test_a_ranking_of_rows_picked_by_gold_is_reported_and_not_gated():
    worse = HarmRanking(problem="spam", hard=False, auc=0.969)
    (line,) = missed_harm([HARM], [worse, worse.model_copy(update={"hard": True, "auc": 0.1})], quick=False)
    assert line == "spam, harmful against benign without labels: AUC 0.969, 0.97 are asked"
    assert missed_harm([HARM], [worse.model_copy(update={"auc": 0.97})], quick=False) == []


def test_of_a_few_batches_only_what_chance_cannot_explain_is_missed_of_harm():
    few = HARM.model_copy(update={"draws": 10, "right": 0.9, "covered": 0.9})
    assert len(missed_harm([few], [], quick=False)) == 2
    assert missed_harm([few], [], quick=True) == []


def test_typing_errors_are_in_as_many_words_as_asked_for_and_words_stay_as_many():
    rng = np.random.default_rng(0)
    text = " ".join(["message"] * 5000)
    changed = corrupted.with_typos(text, 0.25, rng).split(" ")
    assert len(changed) == 5000
    wrong = [word for word in changed if word != "message"]
    assert len(wrong) / 5000 == pytest.approx(
        0.25 * (1 - 1 / 4 / 26 - 1 / 4 / 6), abs=0.02
    )  # some errors change nothing
    assert {len(word) for word in wrong} == {6, 7, 8}
    assert corrupted.with_typos("a I", 1.0, rng) == "a I"  # of one letter nothing is left to misspell


def test_an_image_is_blurred_and_keeps_its_size():
    buffer = io.BytesIO()
    Image.fromarray(np.pad(np.full((8, 8), 255, np.uint8), 8)).save(buffer, format="PNG")
    with Image.open(io.BytesIO(corrupted.blurred(buffer.getvalue(), 2.0))) as result:
        assert result.size == (24, 24)
        values = np.asarray(result)
    assert 0 < values[7, 12] < values[12, 12]


@pytest.fixture
def worse(monkeypatch):
    """Corrupted rows are predicted the other way round."""
    monkeypatch.setattr(corrupted, "CORRUPTIONS", (corrupted.Corruption("mail", "noise", 1.0),))
    monkeypatch.setattr(run, "CORRUPTIONS", corrupted.CORRUPTIONS)
    monkeypatch.setattr(corrupted, "_ROWS", 60)

    def looked_at(people, table):
        places = np.array([people.rows.row_ids.index(one) for one in table["row_id"]])
        rows = people.rows.rows.at(places)
        return dataclasses.replace(rows, features=-rows.features, probabilities=rows.probabilities[:, ::-1])

    def content(_, row_ids):
        return pl.DataFrame({"row_id": row_ids, "text": ["free entry"] * len(row_ids)})

    monkeypatch.setattr(corrupted, "_looked_at", looked_at)
    monkeypatch.setattr(corrupted, "_content", content)


@pytest.mark.usefixtures("worse")
def test_rows_made_worse_are_a_later_source_of_the_same_gold(labeled):
    rows = corrupted.corrupted(labeled, corrupted.CORRUPTIONS[0], seed=0)
    assert len(rows.later) == 60
    assert len(rows.rows) == len(labeled.rows) + 60
    known = [rows.rows.row_ids.index(rows.rows.row_ids[k].removeprefix("worse ")) for k in rows.later]
    assert np.isin(known, labeled.known).all()
    assert (rows.gold[rows.later] == rows.gold[known]).all()
    assert (harm_cells.right_of(rows)[rows.later] != harm_cells.right_of(rows)[known]).all()


@pytest.mark.usefixtures("worse")
def test_rows_made_worse_are_looked_for_and_judged(labeled):
    size = run.Size(nulls=1, shifts=1, decays=1, functions=1, harms=2, corruptions=1, tuning=1, years=1)
    shifts, ((harm, falls),) = run._worse(labeled, size, lambda _: None)
    assert [cell.kind for cell in shifts] == [
        f"noise, from check 20 on, {seen} functions" for seen in ("with", "without")
    ]
    assert len(falls) == 2
    assert (shifts[0].caught, harm.kind, harm.effect, harm.right) == (1.0, "noise", "harmful", 1.0)


class Every:
    """Retrains on every day that it is asked."""

    name = "every day"
    labels = 0

    def __init__(self) -> None:
        self.began, self.days = [], []

    def begin(self, _model, held_out, day):
        self.began.append((day, sum(len(places) for _, places in held_out)))

    def retrains(self, day):
        self.days.append(day)
        return True


@pytest.fixture
def world(people, monkeypatch):
    monkeypatch.setattr(year, "DAYS", 21)
    monkeypatch.setattr(year, "SHIFTS", ((7, 0.8),))
    monkeypatch.setattr(year, "EMPTY_DAYS", (3,))
    monkeypatch.setattr(year, "COPIED_DAYS", (4,))
    return year.World.of(people, np.random.default_rng(0))


@pytest.mark.slow
def test_a_year_is_the_same_for_each_trigger_and_counts_what_a_retrain_brings(world):
    first, again = Every(), Every()
    cell = year.run_year(world, first, np.random.default_rng(1))
    assert year.run_year(world, again, np.random.default_rng(1)) == cell
    assert all((a.places == b.places).all() for a, b in zip(first.days, again.days, strict=True))
    assert cell.retrains == len(first.began) - 1 == 7  # a cool-down of three days each
    assert 3 <= cell.needless < 7  # those of days 0, 3 and 6 are, and one after the change is not
    assert not set(np.concatenate(world.arriving)) & set(np.concatenate(world.judging))


def test_days_of_a_year_have_a_season_a_change_and_broken_ones(world):
    days = year.draw_days(world, np.random.default_rng(2))
    later = [np.isin(day.places, world.arriving[1]).mean() for day in days]
    assert max(later[:7]) == 0.0
    assert min(later[7:]) > 0.5
    assert [day.number for day in days if day.empty.any()] == [3]
    assert [len(set(day.places)) <= 5 for day in days].index(True) == 4
    gold = world.people.gold
    weekend, weekday = (
        np.concatenate([gold[day.places] for day in days[:7] if (day.stratum == "weekend") == part])
        for part in (True, False)
    )
    assert weekend.mean() > weekday.mean() + 0.05


@pytest.mark.slow
def test_the_monitor_retrains_at_the_change_and_neither_for_a_season_nor_for_broken_days(world):
    begun = []

    class Noted(SequentialTrigger):
        def begin(self, model, held_out, day):
            begun.append(day)
            super().begin(model, held_out, day)

    trigger = Noted(world)
    cell = year.run_year(world, trigger, np.random.default_rng(1))
    assert begun[0] == 0
    assert 8 <= begun[1] <= 11
    assert cell.retrains > cell.needless <= 1
    assert cell.labels > 0


def test_a_year_misses_its_target_where_retrains_are_needless_or_accuracy_is_lost():
    ours = YearCell(problem="mail", trigger="this monitor", years=1, retrains=3, needless=1, accuracy=0.9, labels=9)
    other = ours.model_copy(update={"trigger": "another", "needless": 5, "accuracy": 0.905})
    assert missed_years([ours, other], quick=False) == []
    worse = [other.model_copy(update=change) for change in ({"needless": 4}, {"accuracy": 0.906})]
    assert ["80% fewer are asked" in missed_years([ours, one], quick=False)[0] for one in worse] == [True, False]
    assert missed_years([ours, *worse], quick=True) == []


def test_the_process_of_evidently_is_asked_line_by_line_and_its_end_is_an_error():
    code = (
        "import sys, json\n"
        "for line in sys.stdin:\n"
        "    asked = json.loads(line)\n"
        "    if 'rows' in asked:\n"
        "        if asked['rows']['a'][0] > 5: break\n"
        "        print(json.dumps({'drift': asked['rows']['a'][0] > 1}), flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True) as process:
        rival = Evidently(process)
        rival.reference({"a": [1.0]})
        assert [rival.drifted({"a": [value]}) for value in (1.0, 2.0)] == [False, True]
        with pytest.raises(RunError, match="Evidently ended with status 0"):
            rival.drifted({"a": [6.0]})
