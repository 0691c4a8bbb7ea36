import re

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from tests.monitor.factories import NAMES, arrive, settings
from tidemill.monitor.compare import compare
from tidemill.monitor.plots import draw
from tidemill.monitor.retrain_decision import (
    Findings,
    NewLabels,
    choose,
    overall_harm,
    retrain_decision,
    without_champion,
    without_news,
)
from tidemill.reports.monitor import ACTIONS, CONDITIONS, BatchDrift, DriftAlarm, StreamDrift


@pytest.fixture(scope="module")
def findings():
    rng = np.random.default_rng(1)
    reference = arrive(400, rng)
    return {
        "same": compare(reference, arrive(300, rng), NAMES, settings()),
        "moved": compare(reference, arrive(300, rng, moved=2.0), NAMES, settings()),
        "bad": compare(reference, arrive(300, rng, moved=2.0, champion=0.6), NAMES, settings()),
    }


def stream(*, drift=False, warnings=(), cause=None) -> StreamDrift:
    """What the sequential monitor reports of two batches."""
    alarm = DriftAlarm(
        score="firing:lf_3",
        rows="sms",
        says="lf_3 votes more or less often",
        log_evidence=12.0,
        log_threshold=9.0,
        batch="moved",
        since="same",
        changed_rows=18,
    )
    return StreamDrift(
        drift=drift,
        level=0.025,
        promise="few false alarms",
        assumption="nothing changes",
        reference_rows=400,
        batches=2,
        rows=600,
        accepted=0,
        alarm=alarm if drift else None,
        cause=cause,
        watched=(alarm,),
        warnings=tuple(warnings),
    )


def finding(*, harm=False, judged=True, relabel=False, reasons=()) -> BatchDrift:
    return BatchDrift(rows=9, judged=judged, harm=harm, relabel=relabel, moved=(), reasons=tuple(reasons))


def test_an_alarm_is_told_with_what_changed_where_and_since_when_and_how_to_accept_it():
    told = retrain_decision("c", {}, stream(drift=True, warnings=["few rows"]), settings())
    assert told.reasons[1].startswith(
        "alarm: lf_3 votes more or less often, among rows of sms, since same; raised at moved after 18 rows"
    )
    assert "tidemill accept-drift" in told.reasons[2]
    assert told.reasons[3] == "few rows"
    quiet = retrain_decision("c", {}, stream(), settings())
    assert quiet.reasons[1] == "no drift in 2 batches of 600 rows together: they look like the reference"
    one = retrain_decision("c", {}, stream().model_copy(update={"batches": 1}), settings())
    assert one.reasons[1] == "no drift in 1 batch of 600 rows together: it looks like the reference"


def test_what_is_done_about_measured_batches(findings):
    def decision(batches, **actions):
        found = {name: findings[name] for name in batches}
        return retrain_decision("c", found, stream(drift="moved" in batches), settings(actions=actions)).decision

    assert decision(["same"]) == "nothing"
    assert decision(["moved"]) == "nothing"
    assert decision(["same", "bad"]) == "retrain"
    assert decision(["moved"], drift="ask") == "ask"
    assert decision(["same"], drift="ask", arrival="relabel") == "relabel"


def test_reasons_name_the_batch_and_the_cause(findings):
    told = retrain_decision("spam@v1.0.0", findings, stream(drift=True), settings())
    assert told.reasons[0] == "retrain: drift, bad harms the champion (monitor.actions.harm)"
    assert any(reason.startswith("moved: features moved") for reason in told.reasons)
    assert "same: by itself it looks like the reference" in told.reasons


def test_without_a_champion_one_is_to_be_trained():
    assert without_champion().decision == "train"


def test_without_a_new_batch_the_champion_stays():
    told = without_news("spam@v1.0.0", ["sms-1", "sms-2"], settings(), NewLabels())
    assert told.decision == "nothing"
    assert "sms-1, sms-2" in told.reasons[0]


def test_as_many_labels_by_people_as_are_configured_are_worth_a_retrain_with_and_without_a_new_batch():
    chosen = settings(actions={"new_labels": "retrain"}, retrain={"new_labels": 20})
    few, enough = NewLabels(19, "2026-01-01"), NewLabels(20, "2026-01-02")
    quiet = {"a": BatchDrift(rows=300, judged=True, harm=False, relabel=False, moved=(), reasons=())}
    for told in (
        without_news("m@v1.0.0", ["z"], chosen, few),
        retrain_decision("m@v1.0.0", quiet, stream(), chosen, labels=few),
    ):
        assert (told.decision, told.rule, told.new_labels) == ("nothing", None, 19)
    for told in (
        without_news("m@v1.0.0", ["z"], chosen, enough),
        retrain_decision("m@v1.0.0", quiet, stream(), chosen, labels=enough),
    ):
        assert (told.decision, told.rule, told.labels_as_of) == ("retrain", "new_labels", "2026-01-02")
        assert "labeled or corrected 20 rows since the champion's run (monitor.actions.new_labels)" in told.reasons[0]


@pytest.mark.slow
def test_the_picture_is_the_same_for_the_same_findings_and_there_is_always_one(findings, tmp_path):
    for name, told in (
        ("a", retrain_decision("spam@v1.0.0", findings, stream(drift=True), settings())),
        ("b", retrain_decision("spam@v1.0.0", findings, stream(drift=True), settings())),
        ("c", without_champion()),
    ):
        draw(told, tmp_path / f"{name}.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "c.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.slow
def test_of_a_year_of_batches_the_newest_are_drawn(findings, tmp_path):
    year = {f"day-{k}": findings["same"] for k in range(400)}
    draw(retrain_decision("c", year, stream(drift=True), settings()), tmp_path / "year.png")
    draw(retrain_decision("c", dict(list(year.items())[-8:]), stream(drift=True), settings()), tmp_path / "week.png")
    assert (tmp_path / "year.png").read_bytes() == (tmp_path / "week.png").read_bytes()


HOLDS = {
    "data_broken": Findings(arrived=True, broken=True),
    "function_decayed": Findings(arrived=True, drift=True, cause="function_decayed"),
    "function_silent": Findings(arrived=True, drift=True, cause="function_silent"),
    "harm": Findings(arrived=True, harm="harm"),
    "harm_undecided": Findings(arrived=True, drift=True, harm="undecided"),
    "new_cluster": Findings(arrived=True, drift=True, cause="new_cluster"),
    "new_value": Findings(arrived=True, drift=True, cause="new_value"),
    "mix_of_classes": Findings(arrived=True, drift=True, cause="mix_of_classes"),
    "more_rows": Findings(arrived=True, more_rows=True),
    "new_labels": Findings(arrived=False, new_labels=True),
    "drift": Findings(arrived=True, drift=True, cause="other"),
    "arrival": Findings(arrived=True),
}
"""What must be found for a condition to hold."""

EVERYTHING = Findings(arrived=True, drift=True, cause="function_decayed", harm="harm", broken=True)


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("action", [item for item in ACTIONS if item != "nothing"])
def test_each_condition_leads_to_each_action_where_it_holds_and_nowhere_else(condition, action):
    assert choose(HOLDS[condition], {condition: action}) == (action, condition)
    assert choose(Findings(arrived=False), {condition: action}) == ("nothing", None)


def test_the_first_condition_that_holds_and_asks_for_something_decides():
    actions = dict.fromkeys(CONDITIONS, "ask")
    order = []
    while (chosen := choose(EVERYTHING, actions)) != ("nothing", None):
        order.append(chosen[1])
        actions[chosen[1]] = "nothing"
    assert order == ["data_broken", "function_decayed", "harm", "drift", "arrival"]


def test_the_table_that_comes_along_names_every_condition_in_the_order_in_which_they_are_looked_at(root):
    table = yaml.safe_load((root / "src/tidemill/conf/monitor/default.yaml").read_text())["actions"]
    assert tuple(table) == CONDITIONS
    assert choose(HOLDS["harm"], table) == ("retrain", "harm")
    assert choose(EVERYTHING, table) == ("stop", "data_broken")
    assert choose(HOLDS["arrival"], table) == ("nothing", None)


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ({"hram": "retrain"}, "there is no condition 'hram'; did you mean harm?"),
        ({"harm": "retrian"}, "harm: there is no action 'retrian'; did you mean retrain?"),
    ],
)
def test_an_unknown_condition_or_action_is_refused_with_the_nearest(actions, message):
    with pytest.raises(ValidationError, match=re.escape(message)):
        settings(actions=actions)


def verdicts(*harm):
    return {f"day-{k}": finding(harm=value) for k, value in enumerate(harm)}


@pytest.mark.parametrize(
    ("harm", "checks", "decided", "by"),
    [
        ((True,), 1, "harm", ("day-0",)),
        ((True,), 2, "no harm", ()),
        ((True, True), 2, "harm", ("day-0", "day-1")),
        ((True, None, True), 2, "harm", ("day-0", "day-2")),  # a batch that cannot be judged is no sign of health
        ((True, True, False), 2, "no harm", ()),  # it has passed
        ((False, True), 2, "no harm", ()),
        ((None, None), 1, "no harm", ()),
    ],
)
def test_harm_without_a_drift_must_last(harm, checks, decided, by):
    chosen = settings(retrain={"harm_checks": checks}).retrain
    assert overall_harm(verdicts(*harm), stream(), chosen) == (decided, by)


@pytest.mark.parametrize(
    ("harm", "decided"),
    [
        ((True, False, False), "no harm"),  # the change began afterwards
        ((False, True, False), "harm"),
        ((False, None, None), "undecided"),
        ((True, None, False), "no harm"),
    ],
)
def test_in_a_drift_the_batches_since_it_began_decide_and_one_is_enough(harm, decided):
    alarmed = stream(drift=True)
    since = alarmed.model_copy(update={"alarm": alarmed.alarm.model_copy(update={"since": "day-1"})})
    assert overall_harm(verdicts(*harm), since, settings(retrain={"harm_checks": 3}).retrain)[0] == decided


@pytest.mark.parametrize(
    ("found", "drift", "first"),
    [
        ({"a": finding()}, False, "nothing: no drift, no harm, and monitor.actions asks for nothing then"),
        (
            {"a": finding()},
            True,
            "nothing: drift, no harm that can be seen, and monitor.actions asks for nothing then",
        ),
        (
            {"a": finding(harm=True), "b": finding()},
            True,
            "retrain: drift, a harms the champion (monitor.actions.harm)",
        ),
        (
            {"a": finding(harm=True), "b": finding(harm=True)},
            True,
            "retrain: drift, a, b harm the champion (monitor.actions.harm)",
        ),
        (
            {"a": finding(harm=None, judged=False)},
            True,
            "nothing: drift, harm cannot be judged, and monitor.actions asks for nothing then",
        ),
    ],
)
def test_the_first_reason_names_the_batches_and_the_rule_that_decide(found, drift, first):
    decided = retrain_decision("spam@v1.0.0", found, stream(drift=drift), settings())
    assert decided.reasons[0] == first
    assert decided.rule == ("harm" if decided.decision == "retrain" else None)


def test_only_batches_that_ask_for_labels_are_named_for_it():
    told = retrain_decision("c", {"a": finding(relabel=True, reasons=["why"]), "b": finding()}, stream(), settings())
    assert told.relabel == ("a",)
    assert told.champion == "c"
    assert told.reasons[2:] == ("a: why",)


def test_many_more_rows_than_were_learned_are_worth_a_retrain():
    chosen = settings(actions={"more_rows": "retrain"})
    quiet = dict.fromkeys(
        ("b", "a"), BatchDrift(rows=300, judged=True, harm=False, relabel=False, moved=(), reasons=())
    )
    few, many = (retrain_decision("m@v1.0.0", quiet, stream(), chosen, learned_rows=rows) for rows in (201, 200))
    assert (few.decision, few.rule) == ("nothing", None)
    assert (many.decision, many.rule, many.order, many.learned_rows) == ("retrain", "more_rows", ("b", "a"), 200)
    assert "many more rows than the champion was trained on" in many.reasons[0]
