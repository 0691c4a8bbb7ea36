import json

import numpy as np
import polars as pl
import pytest
import yaml

from tests.evaluate import project
from tidemill.apps import evaluation_data
from tidemill.apps.models import champion_reference as champion
from tidemill.reports.evaluate import CleanProcessCheck, Metrics, Verdict
from tidemill.reports.review import AuditTarget, Certificate, ReviewersError
from tidemill.review.audit import CheckedLabels
from tidemill.stages import evaluate
from tidemill.train.end_model.model import EndModel


@pytest.fixture
def ceiling(monkeypatch):
    """What the ceiling was taught, by a head that needs no torch."""
    taught = []

    def fit(lesson, settings):
        taught.append((lesson, settings))
        return EndModel(project.head([6.0, 6.0], list(project.BATCHES)))

    monkeypatch.setattr(evaluation_data, "learned_by", fit)
    return taught


@pytest.fixture
def answers(monkeypatch):
    """What the clean process found: this project's backbone is none that a process could load."""
    check = CleanProcessCheck(passed=True, rows=8, reason="answers as before")
    monkeypatch.setattr(evaluate, "check_in_clean_process", lambda *_: check)


@pytest.fixture
def run(mail, ceiling, answers, monkeypatch):
    def go():
        monkeypatch.setattr("sys.argv", ["evaluate", "mail"])
        evaluate.main()
        reports = mail / "reports" / "mail"
        found = {"metrics": Metrics.read(reports / "metrics.json"), "verdict": Verdict.read(reports / "verdict.json")}
        return {name: report.model_dump() for name, report in found.items()}

    return go


@pytest.mark.slow
def test_the_first_candidate_is_scored_beside_its_yardsticks_and_promoted(run, mail):
    found = run()
    assert found["verdict"]["verdict"] == "promote"
    assert found["verdict"]["champion"] is None
    assert set(found["metrics"]["scores"]) == {
        "majority_class",
        "majority_vote",
        "label_model",
        "end_model",
        "gold_ceiling",
    }
    # 900 rows, a fifth of them test; of these every tenth (rows 4, 54, ...) has no gold
    assert found["metrics"]["rows"] == 180 - 18
    written = sorted(path.name for path in (mail / "reports" / "mail" / "plots").iterdir())
    assert written == [
        "calibration.csv",
        "calibration.png",
        "confusion.csv",
        "confusion.png",
        "scores.csv",
        "scores.png",
        "slices.png",
        "thresholds.csv",
        "thresholds.png",
    ]


@pytest.mark.slow
def test_the_ceiling_learns_from_gold_of_train_and_dev_alone(run, ceiling):
    run()
    lesson, settings = ceiling[0]
    assert len(lesson.features) == len(lesson.targets) == 540  # three of five rows; gold is missing in test rows only
    assert set(lesson.targets.sum(axis=1)) == {1.0}
    assert settings.cotraining.views == ()
    assert lesson.texts is None


@pytest.mark.slow
def test_the_ceiling_has_the_members_that_the_candidate_has(run, mail, ceiling):
    path = mail / "models" / "mail" / "candidate" / "config.json"
    about = {"members": ["ngrams"], "way": "mean", "reason": "", "sentences": [], "combination": {}}
    path.write_text(json.dumps(json.loads(path.read_text()) | {"ensemble": about}))
    run()
    lesson, settings = ceiling[0]
    assert settings.cotraining.views == ("ngrams",)
    assert len(lesson.texts) == 540
    assert all(isinstance(text, str) for text in lesson.texts)


@pytest.mark.slow
def test_the_votes_the_labels_and_the_candidate_are_read_in_the_order_of_the_rows(run, mail):
    straight = run()
    for name in ("votes", "labels", "predictions"):
        path = mail / "data" / "mail" / f"{name}.parquet"
        pl.read_parquet(path).sample(fraction=1.0, shuffle=True, seed=1).write_parquet(path)
    assert run() == straight


@pytest.mark.slow
def test_a_champion_of_one_channel_is_beaten_on_the_rows_of_both(run, mail, monkeypatch, tmp_path_factory):
    target = tmp_path_factory.mktemp("registry") / "champion"
    project.crown(mail, target, ["sms-1"])
    monkeypatch.setattr(champion, "champion_folder", lambda *_: target)
    found = run()
    assert found["verdict"]["champion"] == project.VERSION
    assert found["verdict"]["verdict"] == "promote"
    assert (found["verdict"]["fresh_rows"], found["verdict"]["fresh_batches"]) == (80, ("email-1",))  # a fifth of 400
    assert [guard["slice"] for guard in found["verdict"]["guards"]] == ["rows that neither model saw", "group=hard-ham"]
    assert all(guard["passed"] is True for guard in found["verdict"]["guards"])
    scores = pl.read_csv(mail / "reports" / "mail" / "plots" / "scores.csv")
    email = scores.filter((pl.col("slice") == "channel=email") & (pl.col("metric") == "balanced_accuracy"))
    by = dict(email.select("model", "score").iter_rows())
    assert by["champion"] == pytest.approx(0.5, abs=0.15)  # it looks where nothing is to be seen
    assert by["end_model"] > 0.95


@pytest.mark.slow
def test_a_champion_of_another_backbone_embeds_the_rows_again(run, mail, monkeypatch, tmp_path_factory):
    target = tmp_path_factory.mktemp("registry") / "champion"
    project.crown(mail, target, ["sms-1"])
    config = json.loads((target / "config.json").read_text())
    (target / "config.json").write_text(json.dumps(config | {"backbone": config["backbone"] | {"sha256": "other"}}))
    asked = []

    def embed(rows, about, *, root, threads):
        asked.append((rows.height, about, threads))
        return np.zeros((rows.height, 2), dtype=np.float32)

    settings = type("Stub", (), {"raw": None, "threads": 3})()
    monkeypatch.setattr(champion, "champion_folder", lambda *_: target)
    monkeypatch.setattr(champion, "embed_rows", embed)
    monkeypatch.setattr(champion, "_settings", lambda *_: (settings, settings))
    monkeypatch.setattr(champion, "read", lambda path, _: pl.read_parquet(path))
    run()
    assert [(height, about.sha256, threads) for height, about, threads in asked] == [
        (500, "other", 3),
        (400, "other", 3),
    ]


def test_a_row_with_gold_and_no_prediction_is_named(run, mail, capsys):
    path = mail / "data" / "mail" / "predictions.parquet"
    table = pl.read_parquet(path)
    table.filter(pl.col("row_id") != "sms-1-3").write_parquet(path)
    with pytest.raises(SystemExit):
        run()
    assert "row sms-1-3 has gold but no end_model; 1 such rows" in capsys.readouterr().err


def test_without_any_gold_nothing_is_promoted_and_everything_is_written(run, mail):
    for folder in ("dev", "gold"):
        for path in (mail / "data" / "mail" / folder).iterdir():
            pl.read_parquet(path).with_columns(gold=pl.lit(-1, dtype=pl.Int16)).write_parquet(path)
    found = run()
    assert found["metrics"]["rows"] == 0
    assert found["verdict"]["verdict"] == "keep"
    assert "only 0 rows of split valid have gold" in found["verdict"]["reasons"][0]


@pytest.mark.slow
def test_two_runs_write_the_same_bytes(run, mail):
    reports = mail / "reports" / "mail"

    def all_bytes():
        run()
        return {path.name: path.read_bytes() for path in reports.rglob("*") if path.is_file()}

    assert all_bytes() == all_bytes()


@pytest.mark.slow
def test_a_slicing_function_of_the_problem_is_a_slice_of_the_scores(run, mail):
    folder = mail / "src" / "problems" / "mail"
    folder.mkdir(parents=True)
    source = "from tidemill.label import slicing_function\n@slicing_function()\ndef even(row):\n    return row.key[-1] in '02468'\n"
    (folder / "slices.py").write_text(source)
    slices = run()["metrics"]["slices"]
    assert slices["even=true"]["rows"] + slices["even=false"]["rows"] == 162


@pytest.mark.slow
def test_the_card_of_the_model_holds_its_scores_its_verdict_and_its_label_model(run, mail):
    found = run()
    card = (mail / "reports" / "mail" / "model_card.md").read_text(encoding="utf-8")
    assert card.startswith("# Model card: mail\n")
    assert "- **label model**: dawid_skene" in card
    scores, ends = (found["metrics"][name]["end_model"]["accuracy"] for name in ("scores", "intervals"))
    line = next(line for line in card.splitlines() if line.startswith("| **this model** |"))
    assert f"{scores:.3f} [{ends[0]:.3f}, {ends[1]:.3f}]" in line
    assert line.count("|") == next(one for one in card.splitlines() if one.startswith("| | ")).count("|")
    assert "| group=hard-ham |" in card
    recall = found["metrics"]["scores"]["end_model"]["recall_spam"]
    assert f"| {recall:.3f} [" in next(line for line in card.splitlines() if line.startswith("| spam |"))
    temperature = found["metrics"]["temperature"]
    assert (
        f"temperature {temperature['value']:.2f}, fitted on {temperature['rows']:,} rows with weak labels of valid"
        in card
    )
    assert "From a confidence of" in card
    slices = next(line for line in card.splitlines() if line.startswith("| slice | rows |"))
    assert slices.endswith("| majority class | majority vote | label model | **this model** | trained on gold |")
    assert all(f"- {reason}" in card for reason in found["verdict"]["reasons"])


def test_a_card_without_gold_says_so(run, mail):
    for folder in ("gold", "dev"):
        for file in (mail / "data" / "mail" / folder).iterdir():
            pl.read_parquet(file).with_columns(gold=pl.lit(-1, dtype=pl.Int16)).write_parquet(file)
    run()
    card = (mail / "reports" / "mail" / "model_card.md").read_text(encoding="utf-8")
    assert "None: no row of the test split has a label by a person." in card


@pytest.mark.slow
def test_a_candidate_that_refuses_has_its_refusals_told(run, mail):
    params = yaml.safe_load((mail / "params.yaml").read_text())
    params["mail"]["train"]["ood_rejection_rate"] = 0.05
    (mail / "params.yaml").write_text(yaml.safe_dump(params))
    path = mail / "data" / "mail" / "predictions.parquet"
    table = pl.read_parquet(path)
    emails = table["row_id"].str.starts_with("email")
    table.with_columns(outlier=pl.when(pl.Series(emails)).then(2.0).otherwise(0.5)).write_parquet(path)
    told = run()["metrics"]["none_of_the_above"]
    assert told["slices"]["channel=email"]["score"] == 1.0
    assert told["rejected"]["score"] == pytest.approx(
        72 / 162, abs=1e-6
    )  # 80 test rows of email, 8 without gold; 90 of sms


@pytest.mark.slow
def test_the_card_has_the_certificate_of_the_labels_and_says_when_it_is_of_other_labels(run, mail):
    labels = pl.read_parquet(mail / "data" / "mail" / "labels.parquet")
    sha256 = CheckedLabels.of(labels, tuple(project.CLASSES), sure=0.0).sha256
    target = AuditTarget(
        labels_sha256=sha256, rows=900, error=0.02, confidence=0.95, expected=0.01, sure=0.0, trusted=True
    )
    found = Certificate.none("mail").model_copy(
        update={
            "target": target,
            "met": True,
            "checked": 300,
            "errors": 1,
            "bound": 0.018,
            "reviewers": ReviewersError(wrong=0, asked=0, bound=0.0),
        }
    )
    card = mail / "reports" / "mail" / "model_card.md"
    for hashed, expired in ((sha256, False), ("0", True)):
        other = found.model_copy(update={"target": target.model_copy(update={"labels_sha256": hashed})})
        other.write(mail / "data" / "mail" / "certificate.json")
        run()
        text = card.read_text(encoding="utf-8")
        assert "## Certificate of the labels" in text
        assert "at most 1.80% of 900 labels are wrong, at 95% confidence" in text
        assert ("**It is expired:**" in text) is expired
    Certificate.none("mail").write(mail / "data" / "mail" / "certificate.json")
    run()
    assert "Certificate" not in card.read_text(encoding="utf-8")
