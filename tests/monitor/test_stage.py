import subprocess
import sys

import numpy as np
import polars as pl
import pytest
import yaml

from tests.evaluate import project
from tidemill.apps.models import batch_findings
from tidemill.apps.models import champion_reference as champion
from tidemill.apps.models.accepted_drift import accept_drift
from tidemill.contracts import ConfigError, DataError
from tidemill.monitor.compare import compare
from tidemill.monitor.rows import Names
from tidemill.monitor.settings import MonitorSettings
from tidemill.project.project import Project
from tidemill.reports.monitor import Drift
from tidemill.reports.project import AcceptedDrift, ChampionPin
from tidemill.runs.model_registry import Registry
from tidemill.stages import monitor

pytestmark = pytest.mark.slow


@pytest.fixture
def run(mail, monkeypatch, tmp_path_factory):
    def go(batches=None):
        if batches is not None:
            target = tmp_path_factory.mktemp("registry") / "champion"
            project.crown(mail, target, batches)
            monkeypatch.setattr(champion, "champion_folder", lambda *_: target)
        monkeypatch.setattr("sys.argv", ["monitor", "mail"])
        monitor.main()
        assert (mail / "reports" / "mail" / "drift.png").stat().st_size > 1000
        return Drift.read(mail / "reports" / "mail" / "drift.json").model_dump()

    return go


def test_without_a_champion_one_is_to_be_trained(run):
    assert run()["decision"] == "train"


def test_without_a_new_batch_the_champion_stays(run):
    told = run(["sms-1", "email-1"])
    assert told["decision"] == "nothing"
    assert told["batches"] == {}


def test_email_after_text_messages_is_drift_that_harms(run):
    told = run(["sms-1"])
    assert told["decision"] == "retrain"
    assert list(told["batches"]) == ["email-1"]
    finding = told["batches"]["email-1"]
    assert told["stream"]["drift"] is True
    assert told["stream"]["alarm"]["since"] == told["stream"]["alarm"]["batch"] == "email-1"
    assert told["stream"]["level"] == pytest.approx(0.025)  # the other half is for references after this one
    assert finding["harm"] is True
    assert "embeddings" in finding["moved"]
    assert "functions" not in finding["moved"]
    assert finding["agreement"]["reference"]["score"] > 0.9
    assert finding["agreement"]["batch"]["score"] == pytest.approx(0.5, abs=0.1)


def test_an_edited_function_is_no_drift(run, mail):
    path = mail / "data" / "mail" / "votes.parquet"
    kept = pl.read_parquet(path)
    before = run(["sms-1"])["batches"]["email-1"]["moved"]
    kept.with_columns(lf_0=pl.lit(-1, dtype=pl.Int16), lf_new=pl.lit(1, dtype=pl.Int16)).write_parquet(path)
    told = run()
    assert told["batches"]["email-1"]["moved"] == before
    assert "lf_new" in told["batches"]["email-1"]["functions"]["functions"]


def test_a_batch_whose_functions_fell_silent_asks_for_new_ones(run, mail):
    path = mail / "data" / "mail" / "votes.parquet"
    email = pl.col("batch") == "email-1"
    silent = [pl.when(email).then(-1).otherwise(pl.col(name)).cast(pl.Int16).alias(name) for name in project.FUNCTIONS]
    pl.read_parquet(path).with_columns(silent).write_parquet(path)
    for folder in ("dev", "train_gold", "gold"):
        unlabeled(mail / "data" / "mail" / folder / "email-1.parquet")
    told = run(["sms-1"])
    assert told["relabel"] == ("email-1",)
    assert told["batches"]["email-1"]["harm"] is None
    harm = told["stream"]["harm"]
    assert (harm["verdict"], harm["labels"]["answered"]) == ("undecided", 0)
    assert len(harm["labels"]["rows"]) == harm["labels"]["more_labels"] > 0


def unlabeled(path):
    pl.read_parquet(path).with_columns(gold=pl.lit(-1, dtype=pl.Int16)).write_parquet(path)


def test_labels_of_rows_drawn_at_random_decide_that_email_is_harm(run, mail):
    harm = run(["sms-1"])["stream"]["harm"]
    assert (harm["verdict"], harm["decided_by"], harm["since"], harm["rows"]) == ("harm", "labels", "email-1", 400)
    assert harm["calibrated"] is True
    assert harm["reference"]["estimate"] > 0.95
    test = harm["labels"]
    assert test["bar"] == pytest.approx(harm["reference"]["estimate"] - 0.05)
    assert test["proven"] is True
    assert test["labels_used"] < 30
    assert test["right"] / test["answered"] == pytest.approx(0.5, abs=0.1)
    assert test["rows"] == ()
    splits = pl.read_parquet(mail / "data" / "mail" / "votes.parquet").filter(pl.col("batch") == "email-1")["split"]
    assert test["answered"] <= (splits != "test").sum() < len(splits)  # rows of test decide nothing


def test_where_labels_contradict_the_functions_it_is_no_harm(run, mail):
    """The functions are wrong on email, the champion is right: agreement falls all the same."""
    data = mail / "data" / "mail"
    features = pl.read_parquet(data / "features" / "email-1.parquet")
    predicted = (features["feature"].to_numpy()[:, 0] > 0).astype(np.int16)
    right = features.select("row_id").with_columns(gold=pl.Series(predicted))
    for folder in ("dev", "train_gold", "gold"):
        file = data / folder / "email-1.parquet"
        pl.read_parquet(file).select("row_id").join(right, on="row_id", maintain_order="left").write_parquet(file)
    told = run(["sms-1"])
    assert told["stream"]["harm"]["agreement"]["drop"] > 0.3
    assert (told["stream"]["harm"]["verdict"], told["batches"]["email-1"]["harm"]) == ("no harm", False)
    assert told["decision"] == "nothing"


def test_where_the_rows_of_the_reference_are_gone_the_votes_kept_with_the_champion_stand_in(run, mail):
    told = run(["sms-1"])
    path = mail / "data" / "mail" / "votes.parquet"
    pl.read_parquet(path).filter(pl.col("batch") == "email-1").drop("lf_5").write_parquet(path)
    again = run()
    assert again["decision"] == told["decision"]
    assert "lf_5" not in again["batches"]["email-1"]["functions"]["functions"]


def test_rows_that_taught_the_champion_are_not_what_it_is_compared_with(run, mail):
    told = run(["sms-1"])
    # valid is a fifth of 500 rows; on some of these the functions tie or are silent
    assert told["batches"]["email-1"]["agreement"]["reference"]["rows"] <= 100


@pytest.mark.parametrize(
    ("since", "held_out", "batches"), [("email-1", 80, {"email-1"}), (None, 180, {"sms-1", "email-1"})]
)
def test_a_champion_promoted_after_a_change_is_compared_with_rows_since_the_change(mail, run, since, held_out, batches):
    run(["sms-1", "email-1"])
    ChampionPin(version=project.VERSION, since=since).write(mail / "models" / "mail" / "champion.json")
    here = Project.open(mail)
    found = champion.find_champion(here, here.load("mail", "monitor", MonitorSettings)[0])
    votes = pl.read_parquet(mail / "data" / "mail" / "votes.parquet")
    reference = found.reference(votes, Names(("ham", "spam"), tuple(project.FUNCTIONS)), min_rows=30)
    assert (len(reference.rows), {batch for _, batch in reference.places}) == (held_out, batches)
    assert reference.held_out is True


def test_of_too_few_rows_since_a_change_the_reference_is_of_all(mail, run, monkeypatch):
    monkeypatch.setattr(champion, "_LEAST_SINCE_CHANGE", 81)
    run(["sms-1", "email-1"])
    ChampionPin(version=project.VERSION, since="email-1").write(mail / "models" / "mail" / "champion.json")
    here = Project.open(mail)
    found = champion.find_champion(here, here.load("mail", "monitor", MonitorSettings)[0])
    votes = pl.read_parquet(mail / "data" / "mail" / "votes.parquet")
    reference = found.reference(votes, Names(("ham", "spam"), tuple(project.FUNCTIONS)), min_rows=30)
    assert len(reference.rows) == 180


def test_a_row_without_votes_is_named(run, mail, capsys):
    path = mail / "data" / "mail" / "votes.parquet"
    pl.read_parquet(path).filter(pl.col("row_id") != "email-1-7").write_parquet(path)
    with pytest.raises(SystemExit):
        run(["sms-1"])
    assert "row email-1-7 of batch email-1 has features but no votes" in capsys.readouterr().err


def test_email_is_a_new_stratum_where_the_channel_is_one(run, mail):
    params = yaml.safe_load((mail / "params.yaml").read_text())
    params["mail"]["monitor"]["sequential"]["strata"] = ["channel"]
    (mail / "params.yaml").write_text(yaml.safe_dump(params))
    stream = run(["sms-1"])["stream"]
    assert stream["alarm"]["score"] == "stratum"
    assert "same channel of the reference" in stream["assumption"]


def test_strata_of_no_metadata_column_are_refused_with_those_there_are(run, mail, capsys):
    params = yaml.safe_load((mail / "params.yaml").read_text())
    params["mail"]["monitor"]["sequential"]["strata"] = ["weekday"]
    (mail / "params.yaml").write_text(yaml.safe_dump(params))
    with pytest.raises(SystemExit):
        run(["sms-1"])
    assert "there is no metadata column 'weekday'; valid are channel" in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["none", "torn", "gone", "other votes"])
def test_the_state_is_a_cache_that_is_made_again_when_it_is_torn_or_of_other_rows(run, mail, damage):
    run(["sms-1"])
    state, report = mail / ".tidemill" / "drift" / "mail.state", mail / "reports" / "mail" / "drift.json"
    expected = state.read_bytes(), report.read_bytes()
    if damage == "torn":
        state.write_bytes(expected[0][:-5])
    elif damage == "gone":
        state.unlink()
    elif damage == "other votes":
        votes = mail / "data" / "mail" / "votes.parquet"
        kept = votes.read_bytes()
        pl.read_parquet(votes).with_columns(lf_0=pl.lit(-1, dtype=pl.Int8)).write_parquet(votes)
        run()
        assert state.read_bytes() != expected[0]
        votes.write_bytes(kept)
    run()
    assert (state.read_bytes(), report.read_bytes()) == expected


def test_a_batch_is_compared_once_with_the_same_reference_by_the_same_settings(run, mail, monkeypatch):
    compared = []

    def counted(*words):
        compared.append(1)
        return compare(*words)

    monkeypatch.setattr(batch_findings, "compare", counted)
    report, cache = mail / "reports/mail/drift.json", mail / ".tidemill/drift/mail.batches.json"
    run(["sms-1"])
    expected = report.read_bytes()
    run()
    assert (len(compared), report.read_bytes()) == (1, expected)
    cache.write_text(cache.read_text()[:-9])
    run()
    assert (len(compared), report.read_bytes()) == (2, expected)
    params = yaml.safe_load((mail / "params.yaml").read_text())
    params["mail"]["monitor"]["actions"] = {"harm": "ask"}
    (mail / "params.yaml").write_text(yaml.safe_dump(params))
    assert (run()["decision"], len(compared)) == ("ask", 2)  # what is done is no part of what is found
    params["mail"]["monitor"]["harm"]["tolerated_drop"] = 0.9
    (mail / "params.yaml").write_text(yaml.safe_dump(params))
    assert (run()["decision"], len(compared)) == ("nothing", 3)
    votes = mail / "data/mail/votes.parquet"
    pl.read_parquet(votes).with_columns(lf_0=pl.lit(-1, dtype=pl.Int16)).write_parquet(votes)
    run()
    assert len(compared) == 4


def test_an_accepted_drift_starts_a_reference_of_the_rows_that_drifted(run, mail, monkeypatch):
    registry = Registry("mail", {project.VERSION: "c0ffee"}, {"mail#prod#1": "c0ffee"})
    monkeypatch.setattr("tidemill.apps.models.accepted_drift.read_registry", lambda *_: registry)
    run(["sms-1"])
    accepted = accept_drift(Project.open(mail), "mail", reason="the inbox was joined on purpose")
    assert (accepted.since, accepted.until) == ("email-1", "email-1")
    stream = run()["stream"]
    assert stream["drift"] is False
    assert (stream["accepted"], stream["batches"], stream["reference_rows"]) == (1, 0, 400)
    assert stream["level"] == pytest.approx(0.05 / 6, abs=1e-6)
    with pytest.raises(ConfigError, match="has no alarm to accept; --since BATCH"):
        accept_drift(Project.open(mail), "mail", reason="again")


def test_the_report_of_a_look_that_published_nothing_can_be_accepted_too(run, mail, monkeypatch):
    registry = Registry("mail", {project.VERSION: "c0ffee"}, {"mail#prod#1": "c0ffee"})
    monkeypatch.setattr("tidemill.apps.models.accepted_drift.read_registry", lambda *_: registry)
    here = Project.open(mail)
    run(["sms-1"])
    (mail / "reports" / "mail" / "drift.json").rename(here.paths("mail").last_drift)
    assert accept_drift(here, "mail", reason="why").since == "email-1"


def test_an_acceptance_of_what_is_not_there_is_refused_with_a_remedy(run, mail, monkeypatch):
    registry = Registry("mail", {project.VERSION: "c0ffee"}, {"mail#prod#1": "c0ffee"})
    monkeypatch.setattr("tidemill.apps.models.accepted_drift.read_registry", lambda *_: registry)
    here = Project.open(mail)
    with pytest.raises(ConfigError, match=r"there is no drift report of mail@v1\.0\.0: `tidemill monitor"):
        accept_drift(here, "mail", reason="why")
    run(["sms-1"])
    with pytest.raises(ConfigError, match="say in --reason why"):
        accept_drift(here, "mail", reason=" ")
    with pytest.raises(ConfigError, match="--since 'fax-1' is no batch since the promotion; there are email-1"):
        accept_drift(here, "mail", reason="why", since="fax-1")
    ChampionPin(version=project.VERSION, accepted=(AcceptedDrift(since="fax-1", until="fax-1", reason="why"),)).write(
        mail / "models" / "mail" / "champion.json"
    )
    monkeypatch.setattr("sys.argv", ["monitor", "mail"])
    with pytest.raises(DataError, match=r"accepts a drift of batch .fax-1., which has not arrived since mail@v1\.0\.0"):
        monitor.run(here, "mail")


@pytest.mark.slow
def test_two_runs_write_the_same_bytes(run, mail):
    run(["sms-1"])
    first = [(mail / "reports" / "mail" / name).read_bytes() for name in ("drift.json", "drift.png")]
    run()
    assert [(mail / "reports" / "mail" / name).read_bytes() for name in ("drift.json", "drift.png")] == first


def test_neither_torch_nor_scipy_nor_matplotlib_is_imported_to_start(root):
    heavy = ("torch", "scipy", "matplotlib", "sklearn", "transformers", "timm", "dvc", "prefect", "great_expectations")
    code = f"import sys, tidemill.stages.monitor; sys.exit(', '.join(m for m in {heavy!r} if m in sys.modules) or 0)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=root)
    assert answer.returncode == 0, answer.stderr
