"""A project with the text problem `mail` and the image problem `cells`, and a model of each whose answers are known."""

import io
from pathlib import Path

import numpy as np
import polars as pl
import yaml
from PIL import Image

from tests.conftest import ROOT
from tidemill.apps.models.model import Model
from tidemill.project.project import Project
from tidemill.reports.model import BackboneRecord, ModelConfig
from tidemill.train.end_model.model import EndModel
from tidemill.train.head.head import Head

CLASSES = {"mail": ["ham", "spam"], "cells": ["dark", "light"]}
BACKBONE = BackboneRecord(format=1, modality="text", settings={"backbone": "toy", "weights": "toy"}, sha256="0" * 64)


class Toy:
    """Stands for a backbone: a text's feature is its number of exclamation marks, an image's its brightness from -1 to 1."""

    def __init__(self, modality: str) -> None:
        self.modality = modality
        self.asked: list[int] = []

    def features(self, rows: pl.DataFrame, *, name: str) -> np.ndarray:
        assert name
        self.asked.append(rows.height)
        return np.array([[self._feature(content)] for content in rows[self.modality]], dtype=np.float32)

    def _feature(self, content: str | bytes) -> float:
        if isinstance(content, str):
            return float(content.count("!"))
        return float(np.asarray(Image.open(io.BytesIO(content)).convert("L")).mean() / 127.5 - 1.0)


def build(folder: Path) -> None:
    """Empty folder -> its params.yaml."""
    ingest = yaml.safe_load((ROOT / "src/tidemill/conf/ingest/table.yaml").read_text(encoding="utf-8"))
    embed = yaml.safe_load((ROOT / "src/tidemill/conf/embed/minilm.yaml").read_text(encoding="utf-8"))
    params: dict = {"problems": list(CLASSES)}
    for name, changes in (("mail", {"text": "body"}), ("cells", {"text": None, "image": "file", "max_pixels": 400})):
        modality = "image" if name == "cells" else "text"
        columns = {"incoming": f"data/incoming/{name}", "key": "id", "gold": "said", "meta": {"channel": "string"}}
        problem = {"name": name, "modality": modality, "classes": CLASSES[name]}
        params[name] = {"problem": problem, "ingest": ingest | columns | changes, "embed": embed}
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")


def model(name: str) -> Model:
    """Name of a problem -> its model: with each mark, or with light, the second class gains two in log odds."""
    modality = "image" if name == "cells" else "text"
    config = ModelConfig(
        problem=name, modality=modality, classes=tuple(CLASSES[name]), batches={"one": 9}, backbone=BACKBONE
    )
    layer = np.array([[0.0], [2.0]], dtype=np.float32), np.array([0.0, -1.0], dtype=np.float32)
    still = np.zeros(1, dtype=np.float32), np.ones(1, dtype=np.float32)
    made = Model(
        f"{name}@v1.0.0",
        Path(),
        EndModel(Head(*still, (layer,), config)),
        1,
        Project.open(Path()),
    )
    made.__dict__["embedder"] = Toy(modality)
    return made


def picture(grey: int, side: int = 8) -> bytes:
    """Brightness from 0 to 255 and a side -> the bytes of a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(np.full((side, side), grey, dtype=np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()
