"""An ensemble from the train stage to whoever asks it: predict, the champion, export and the report."""

import json

import numpy as np
import polars as pl
import pytest
import yaml

from tidemill.apps.models import champion_reference as champions
from tidemill.apps.models import export as exporting
from tidemill.apps.models.champion_reference import Champion
from tidemill.apps.models.export import export
from tidemill.apps.models.model import CANDIDATE, find_model
from tidemill.contracts import ConfigError
from tidemill.embed.embedder import MARK, features_table
from tidemill.project.project import Project
from tidemill.reports.embed import Domain, DomainMeasures
from tidemill.reports.project import Arrival, Manifest
from tidemill.stages import train
from tidemill.train.end_model.model import EndModel
from tidemill.train.settings import TrainSettings

ROWS = 240
BACKBONE = {"format": 1, "modality": "text", "settings": {"backbone": "toy", "weights": "toy"}, "sha256": "0"}


class Toy:
    """In place of a backbone: gives the features that are on disk."""

    def __init__(self, modality, table):
        self.modality, self.table = modality, table

    def features(self, rows, *, name):  # noqa: ARG002 - as an embedder is asked
        return rows.select("row_id").join(self.table, on="row_id", maintain_order="left")["feature"].to_numpy()


def project(folder, root, modality, **ensemble):
    """Features know nothing of texts' classes, or, of images, in a way that a straight line does not part (a ring)."""
    rng = np.random.default_rng(0)
    spam = np.arange(ROWS) % 2
    points = rng.normal(size=(ROWS, 2))
    if modality == "image":
        points *= (np.where(spam, 3.0, 1.0) / np.linalg.norm(points, axis=1))[:, None]
    ids = [f"{row:03d}" for row in range(ROWS)]
    about = {"row_id": ids, "batch": ["one"] * ROWS, "split": ["train", "train", "dev", "dev", "valid", "valid"] * 40}
    words = np.array(["prize cash now", "see you home"])
    contents = [f"{words[k]} {row}" if modality == "text" else b"png" for row, k in enumerate(spam)]
    data = folder / "data" / "mail"
    for name in ("raw", "features", "dev", "train_gold"):
        (data / name).mkdir(parents=True)
    raw = pl.DataFrame({"row_id": ids, "key": ids} | about | {modality: contents})
    raw.write_parquet(data / "raw" / "one.parquet")
    mark = {MARK: json.dumps({"backbone": BACKBONE | {"modality": modality}})}
    features_table(raw["row_id"], points.astype(np.float32)).write_parquet(
        data / "features" / "one.parquet", metadata=mark
    )
    pl.DataFrame(about | {"lf": spam.astype(np.int16)}).write_parquet(data / "votes.parquet")
    pl.DataFrame({"row_id": ids, "p_ham": 0.9 - 0.8 * spam, "p_spam": 0.1 + 0.8 * spam}).write_parquet(
        data / "labels.parquet"
    )
    gold = pl.DataFrame({"row_id": ids, "gold": spam.astype(np.int16)})
    gold.filter(raw["split"] == "dev").write_parquet(data / "dev" / "one.parquet")
    gold.clear().write_parquet(data / "train_gold" / "one.parquet")
    Manifest(batches=(Arrival(batch="one", source="one.csv", sha256="0"),)).write(data / "batches.json")
    unknown = Domain(rows=0, verdict="unknown", measures=DomainMeasures(), summary="not measured")
    unknown.write(folder / "reports" / "mail" / "domain.json")
    (folder / "reports" / "mail" / "label_card.md").write_text("# Label card: mail\n", encoding="utf-8")
    settings = yaml.safe_load((root / "src/tidemill/conf/train/base.yaml").read_text(encoding="utf-8"))
    settings["optimizer"]["max_epochs"] = 5
    settings["head"]["hidden_sizes"] = []
    settings["gold"]["use"] = True
    settings["reference_rows"] = 40
    settings["ensemble"] |= {"folds": 2} | ensemble
    settings["ensemble"]["xgboost"] |= {"n_estimators": 20, "colsample_bytree": 1.0}
    settings["ensemble"]["lstm"] |= {"epochs": 2, "embedding_size": 8, "hidden_size": 4, "max_length": 6}
    embed = yaml.safe_load((root / "src/tidemill/conf/embed/minilm.yaml").read_text(encoding="utf-8"))
    problem = {"name": "mail", "modality": modality, "classes": ["ham", "spam"]}
    mail = {"problem": problem, "embed": embed, "train": settings}
    (folder / "params.yaml").write_text(yaml.safe_dump({"problems": ["mail"], "mail": mail}))


def stage(monkeypatch):
    monkeypatch.setattr("sys.argv", ["train", "mail"])
    train.main()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("modality", "beside"),
    [("text", ["linear", "ngrams", "naive_bayes", "xgboost", "lstm"]), ("image", ["linear", "xgboost"])],
)
def test_an_ensemble_answers_predict_and_the_champions_judges_as_its_stage_did(
    inside, root, monkeypatch, capsys, modality, beside
):
    project(inside, root, modality, members="all")
    stage(monkeypatch)
    said = capsys.readouterr().out
    assert "is the end model" in said
    assert ("lstm left out: they read texts, and the rows are images" in said) == (modality == "image")
    assert ("without lstm: " in said) == (modality == "text")
    folder = inside / "models" / "mail" / "candidate"
    assert list(EndModel.load(folder).ensemble.members) == beside
    told = pl.read_parquet(inside / "data/mail/predictions.parquet")
    rows = pl.read_parquet(inside / "data/mail/raw/one.parquet")
    model = find_model(Project.open(inside), "mail", CANDIDATE)
    model.__dict__["embedder"] = Toy(modality, pl.read_parquet(inside / "data/mail/features/one.parquet"))
    np.testing.assert_allclose(model.say(rows, name="t").probabilities[:, 1], told["p_spam"], atol=2e-9)
    one = model.say(rows[7:8], name="t").probabilities  # as a service is asked
    np.testing.assert_allclose(one[0, 1], told["p_spam"][7], atol=2e-9)
    assert (abs(told["p_spam"] - 0.5) > 0).all()
    assert ((told["p_spam"] > 0.5).to_numpy() == (np.arange(ROWS) % 2 == 1)).mean() > 0.9
    problem = Project.open(inside).load("mail", "train", TrainSettings)[0]
    monkeypatch.setattr(champions, "_settings", lambda *_: (type("Any", (), {"raw": None}), None))
    monkeypatch.setattr(champions, "read", lambda path, _: pl.read_parquet(path))
    champion = Champion("mail@v1.0.0", folder, EndModel.load(folder), problem, Project.open(inside))
    np.testing.assert_allclose(champion.predictions(["one"])["p_spam"], told["p_spam"], atol=2e-9)
    report = json.loads((inside / "reports/mail/train/ensemble.json").read_text())
    assert report["members"] == beside
    assert report["judged_by"] == "squared error on gold"
    assert {path.name for path in (inside / "reports/mail/train").iterdir()} == {
        "ensemble.json",
        "ensemble.csv",
        "ensemble.png",
    }
    monkeypatch.setattr(exporting, "find_model", lambda *_, **__: model)
    with pytest.raises(ConfigError, match="xgboost cannot be written as ONNX"):
        export(Project.open(inside), "mail", CANDIDATE, inside / "out", head_only=True)


def test_a_run_without_an_ensemble_clears_the_last_one_away_and_says_that_it_is_off(inside, root, monkeypatch, capsys):
    project(inside, root, "text", members=["ngrams"])
    stage(monkeypatch)
    folder = inside / "models" / "mail" / "candidate"
    assert (folder / "members").exists()
    params = yaml.safe_load((inside / "params.yaml").read_text())
    params["mail"]["train"]["ensemble"]["members"] = []
    (inside / "params.yaml").write_text(yaml.safe_dump(params))
    capsys.readouterr()
    stage(monkeypatch)
    assert "ensemble" not in capsys.readouterr().out
    assert {path.name for path in folder.iterdir()} == {
        "model.safetensors",
        "config.json",
        "README.md",
        "LABELS.md",
        "reference.parquet",
    }
    told = inside / "reports/mail/train"
    assert [path.name for path in told.iterdir()] == ["ensemble.json"]
    assert json.loads((told / "ensemble.json").read_text())["used"] is False


def test_a_model_of_texts_for_images_stops_the_stage_with_the_remedy(inside, root, monkeypatch, capsys):
    project(inside, root, "image", members=["lstm"])
    with pytest.raises(SystemExit):
        stage(monkeypatch)
    assert "error: train.ensemble.members: lstm reads texts and the rows are images" in capsys.readouterr().err
