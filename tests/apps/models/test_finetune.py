"""A small encoder is taught by the train stage, saved, and asked again: by predict and as the champion."""

import io

import numpy as np
import polars as pl
import pytest
import yaml
from PIL import Image

from tidemill.apps.models.champion_reference import Champion
from tidemill.apps.models.export import export
from tidemill.apps.models.model import CANDIDATE, Model
from tidemill.apps.models.standalone_predict import Predictor
from tidemill.contracts import Problem
from tidemill.embed.domain_gap import domain_gap
from tidemill.embed.embedder import Embedder, features_table
from tidemill.embed.settings import EmbedSettings
from tidemill.project.project import Project
from tidemill.reports.project import Arrival, Manifest
from tidemill.runs.git import git
from tidemill.stages import train
from tidemill.train.end_model.model import EndModel
from tidemill.train.head.head import TUNED

PROBLEM = Problem(name="mail", modality="text", classes=("ham", "spam"))
EMBED = {
    "backbone": "tiny",
    "weights": "tiny",
    "domain_rows": 20,
    "threads": 1,
    "text": {"max_tokens": 8, "tokens_per_step": 512, "squeeze": False, "normalize": False},
    "image": None,
}
ROWS = 80


CELLS = Problem(name="cells", modality="image", classes=("dark", "light"))
IMAGE = {
    "backbone": "test_efficientnet",
    "weights": "tiny.safetensors",
    "domain_rows": 0,
    "threads": 1,
    "text": None,
    "image": {"size": 32, "mean": 0.5, "std": 0.5, "images_per_step": 8, "stages": []},
}


@pytest.fixture
def mail(inside, packages, root):
    """A project whose rows say good or bad, with a tiny encoder of random weights."""
    from tidemill.common.torchvision import repair_torchvision

    repair_torchvision()
    import torch
    from transformers import AutoTokenizer, BertConfig, BertModel

    torch.manual_seed(0)
    shape = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(**shape)).save_pretrained(inside / "tiny")
    AutoTokenizer.from_pretrained(packages / "minilm").save_pretrained(inside / "tiny")
    texts = [f"{('good', 'bad')[row % 2]} {row}" for row in range(ROWS)]
    return _project(
        inside, root, PROBLEM, texts, EMBED, {"members": ["ngrams"], "accept_without_gold": True, "folds": 2}
    )


@pytest.fixture
def cells(inside, root):
    """A project of dark and light pictures, with a tiny network of random weights."""
    from tidemill.common.torchvision import repair_torchvision

    repair_torchvision()
    import timm
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    network = timm.create_model(IMAGE["backbone"], pretrained=False)
    save_file(network.state_dict(), inside / "tiny.safetensors")
    return _project(inside, root, CELLS, [_picture(row) for row in range(ROWS)], IMAGE, {})


def _picture(row: int) -> bytes:
    pixels = np.random.default_rng(row).integers(0, 120, (32, 40, 3)) + 120 * (row % 2)
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def _project(inside, root, problem, contents, embed, ensemble):
    second = np.arange(ROWS) % 2
    ids = [f"{row:03d}" for row in range(ROWS)]
    about = {"row_id": ids, "batch": ["one"] * ROWS, "split": ["train", "train", "valid", "valid"] * (ROWS // 4)}
    rows = pl.DataFrame(about | {problem.modality: contents})
    data = inside / "data" / problem.name
    (data / "raw").mkdir(parents=True)
    (data / "features").mkdir()
    rows.write_parquet(data / "raw" / "one.parquet")
    embedder = Embedder(EmbedSettings.model_validate(embed), problem.modality, root=inside)
    table = features_table(rows["row_id"], embedder.features(rows, name="t"))
    table.write_parquet(data / "features" / "one.parquet", metadata=embedder.mark(rows))
    pl.DataFrame(about | {"lf": second.astype(np.int16)}).write_parquet(data / "votes.parquet")
    first, other = problem.classes
    labels = pl.DataFrame({"row_id": ids, f"p_{first}": 0.9 - 0.8 * second, f"p_{other}": 0.1 + 0.8 * second})
    labels.write_parquet(data / "labels.parquet")
    Manifest(batches=(Arrival(batch="one", source="one.csv", sha256="0"),)).write(data / "batches.json")
    reports = inside / "reports" / problem.name
    reports.mkdir(parents=True)
    (reports / "label_card.md").write_text(f"# Label card: {problem.name}\n\nby denoise\n")
    domain_gap(embedder, rows).write(reports / "domain.json")
    settings = yaml.safe_load((root / "src/tidemill/conf/train/base.yaml").read_text(encoding="utf-8"))
    settings["mode"] = "partial"
    settings["optimizer"]["max_epochs"] = 5
    settings["head"]["hidden_sizes"] = []
    settings["finetune"] |= {"epochs": 1, "learning_rate": 0.001}
    settings["ensemble"] |= ensemble
    ingest = yaml.safe_load((root / "src/tidemill/conf/ingest/table.yaml").read_text(encoding="utf-8"))
    ingest |= {"incoming": f"data/incoming/{problem.name}", problem.modality: problem.modality}
    params = {"problem": problem.model_dump(mode="json"), "embed": embed, "train": settings, "ingest": ingest}
    (inside / "params.yaml").write_text(yaml.safe_dump({"problems": [problem.name], problem.name: params}))
    git("init", "-q", folder=inside)
    return inside


@pytest.mark.slow
def test_a_taught_network_of_images_is_exported_with_the_answers_that_the_stage_gave(cells, monkeypatch, bare_python):
    monkeypatch.setattr("sys.argv", ["train", "cells"])
    train.main()
    folder = cells / "models" / "cells" / "candidate"
    assert EndModel.load(folder).backbone.settings["weights"] == TUNED
    export(Project.open(cells), "cells", CANDIDATE, cells / "out", head_only=False)
    assert "0.0001 is allowed" in bare_python(cells / "out" / "predict.py", "--check", needs=["image"])
    said = pl.read_parquet(cells / "data/cells/predictions.parquet").head(6)
    for row in range(6):
        (cells / f"{row}.png").write_bytes(_picture(row))
    alone = Predictor(cells / "out").predict_proba([(cells / f"{row}.png").read_bytes() for row in range(6)])
    np.testing.assert_allclose(alone[:, 1], said["p_light"], atol=1e-3)
    assert (
        said["p_light"].max() - said["p_light"].min() > 0.05
    )  # answers that differ, so that the comparison means something


@pytest.mark.slow
def test_a_taught_backbone_goes_with_its_head_and_answers_again(mail, monkeypatch, bare_python):
    monkeypatch.setattr("sys.argv", ["train", "mail"])
    train.main()
    folder = mail / "models" / "mail" / "candidate"
    model = EndModel.load(folder)
    assert model.ensemble is not None  # beside the taught backbone's head, whose features it reads
    assert model.backbone.settings["weights"] == TUNED
    assert (folder / TUNED / "model.safetensors").exists()
    labels = (folder / "LABELS.md").read_text()
    assert labels.startswith("# Label card: mail\n\nby denoise\n\n## The training rows\n")
    card = (folder / "README.md").read_text()
    assert "fine-tuned (mode partial)" in card
    assert "The backbone is near this data: 1.00 pieces per word" in card
    said = pl.read_parquet(mail / "data/mail/predictions.parquet")
    rows = pl.read_parquet(mail / "data/mail/raw/one.parquet")
    moved = folder.rename(mail / "elsewhere")  # as a version that was fetched from the registry
    again = Model("mail@v1.0.0", moved, model, 1, Project.open(mail)).say(rows, name="test").probabilities
    np.testing.assert_allclose(again[:, 1], said["p_spam"], atol=1e-3)
    champion = Champion("mail@v1.0.0", moved, model, PROBLEM, Project.open(mail))
    monkeypatch.setattr("tidemill.apps.models.champion_reference.read", lambda path, _: pl.read_parquet(path))
    monkeypatch.setattr(
        "tidemill.apps.models.champion_reference._settings",
        lambda *_: [type("Any", (), {"raw": None, "threads": 1})] * 2,
    )
    np.testing.assert_allclose(champion.predictions(["one"])["p_spam"], said["p_spam"], atol=1e-3)
    reference = pl.read_parquet(moved / "reference.parquet")
    frozen = pl.read_parquet(mail / "data/mail/features/one.parquet")
    assert (reference["feature"].to_numpy() != frozen.join(reference, on="row_id")["feature"].to_numpy()).any()
    assert not list((mail / ".tidemill" / "tuning" / "mail").iterdir())  # checkpoints are cleared away
    moved.rename(folder)
    export(Project.open(mail), "mail", CANDIDATE, mail / "out", head_only=False)  # with the n-grams of its member
    assert (mail / "out" / "terms.ngrams.json").exists()
    assert "0.0001 is allowed" in bare_python(mail / "out" / "predict.py", "--check", needs=["text"])
    rows.select("text").head(6).write_csv(mail / "new.csv")
    bare_python(mail / "out" / "predict.py", str(mail / "new.csv"), "--out", str(mail / "said.csv"), needs=["text"])
    np.testing.assert_allclose(pl.read_csv(mail / "said.csv")["p_spam"], said["p_spam"].head(6), atol=1e-3)
