import numpy as np
import pytest

from tests.monitor.factories import NAMES, arrive, settings
from tidemill.monitor.compare import compare
from tidemill.monitor.plots import draw
from tidemill.monitor.retrain_decision import retrain_decision, without_champion, without_news
from tidemill.reports.monitor import BatchDrift, DriftAlarm, StreamDrift


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


def test_an_alarm_is_told_with_what_changed_where_and_since_when_and_how_to_accept_it():
    told = retrain_decision("c", {}, stream(drift=True, warnings=["few rows"]), settings())
    assert told.reasons[1].startswith(
        "alarm: lf_3 votes more or less often, among rows of sms, since same; raised at moved after 18 rows"
    )
    assert "tidemill accept-drift" in told.reasons[2]
    assert told.reasons[3] == "few rows"
    quiet = retrain_decision("c", {}, stream(), settings())
    assert quiet.reasons[1] == "no drift in 2 batches of 600 rows together: they look like the reference"


@pytest.mark.parametrize(
    ("retrain_on", "batches", "decision"),
    [
        ("harm", ["same"], "keep"),
        ("harm", ["moved"], "keep"),
        ("harm", ["same", "bad"], "retrain"),
        ("drift", ["same"], "keep"),
        ("drift", ["moved"], "retrain"),
        ("arrival", ["same"], "retrain"),
    ],
)
def test_what_is_done_depends_on_what_was_seen_and_what_was_asked(findings, retrain_on, batches, decision):
    chosen = settings(retrain_on=retrain_on)
    told = retrain_decision(
        "spam@v1.0.0", {name: findings[name] for name in batches}, stream(drift="moved" in batches), chosen
    )
    assert told.decision == decision
    assert told.reasons[0].startswith(f"{decision}: ")


def test_reasons_name_the_batch_and_the_cause(findings):
    told = retrain_decision("spam@v1.0.0", findings, stream(drift=True), settings())
    assert told.reasons[0] == "retrain: bad harms the champion"
    assert any(reason.startswith("moved: features moved") for reason in told.reasons)
    assert "same: by itself it looks like the reference" in told.reasons


def test_without_a_champion_one_is_to_be_trained():
    assert without_champion().decision == "train"


def test_without_a_new_batch_the_champion_stays():
    told = without_news("spam@v1.0.0", ["sms-1", "sms-2"])
    assert told.decision == "keep"
    assert "sms-1, sms-2" in told.reasons[0]


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


def finding(*, harm=False, judged=True, relabel=False, reasons=()) -> BatchDrift:
    return BatchDrift(rows=9, judged=judged, harm=harm, relabel=relabel, moved=(), reasons=tuple(reasons))


@pytest.mark.parametrize(
    ("found", "drift", "first"),
    [
        ({"a": finding()}, False, "keep: no drift and no harm (retrain_on is harm)"),
        ({"a": finding()}, True, "keep: drift without harm that can be seen (retrain_on is harm)"),
        ({"a": finding(harm=True), "b": finding()}, True, "retrain: a harms the champion"),
        ({"a": finding(harm=True), "b": finding(harm=True)}, False, "retrain: a, b harm the champion"),
        ({"a": finding(harm=None, judged=False)}, False, "keep: no drift and no harm (retrain_on is harm)"),
    ],
)
def test_the_first_reason_names_the_batches_that_decide(found, drift, first):
    assert retrain_decision("spam@v1.0.0", found, stream(drift=drift), settings()).reasons[0] == first


def test_harm_without_drift_retrains_where_drift_is_asked_for():
    assert (
        retrain_decision("c", {"a": finding(harm=True)}, stream(), settings(retrain_on="drift")).decision == "retrain"
    )


def test_only_batches_that_ask_for_labels_are_named_for_it():
    told = retrain_decision("c", {"a": finding(relabel=True, reasons=["why"]), "b": finding()}, stream(), settings())
    assert told.relabel == ("a",)
    assert told.champion == "c"
    assert told.reasons[2:] == ("a: why",)
