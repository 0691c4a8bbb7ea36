"""A small problem whose answer is known: two clouds of points on either side of a plane."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from tidemill.contracts import Problem
from tidemill.reports.model import BackboneRecord
from tidemill.train.settings import TrainSettings

PROBLEM = Problem(name="clouds", modality="text", classes=("low", "high"))
BACKBONE = BackboneRecord(format=1, modality="text", settings={"backbone": "cloud"}, sha256="0" * 64)


@pytest.fixture
def settings(root: Path) -> TrainSettings:
    defaults = yaml.safe_load((root / "src/tidemill/conf/train/base.yaml").read_text(encoding="utf-8"))
    small = {"max_epochs": 20, "learning_rate": 0.02, "batch_size": 64}
    changes = {"head.hidden_sizes": [8], "optimizer": small, "reference_rows": 50}
    return TrainSettings.model_validate(defaults).with_changes(changes)


def tables(rows: int = 400, dimensions: int = 6, seed: int = 0) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Features, labels and votes; the label is 0.9 for the side of the plane that the row is on."""
    rng = np.random.default_rng(seed)
    high = rng.random(rows) < 0.5
    points = rng.normal(size=(rows, dimensions)).astype(np.float32) + np.where(high, 2.0, -2.0)[:, None]
    row_id = [f"{row:04d}" for row in range(rows)]
    split = rng.choice(["train", "dev", "valid", "test"], size=rows, p=[0.5, 0.1, 0.2, 0.2])
    p_high = np.where(high, 0.9, 0.1)
    array = pl.Series("feature", points.astype(np.float32), dtype=pl.Array(pl.Float32, dimensions))
    features = pl.DataFrame({"row_id": row_id, "feature": array})
    labels = pl.DataFrame({"row_id": row_id, "p_low": 1 - p_high, "p_high": p_high})
    about = {"row_id": row_id, "batch": ["one"] * (rows // 2) + ["two"] * (rows - rows // 2), "split": split}
    votes = pl.DataFrame(about | {"side": high.astype(np.int16), "silent": np.full(rows, -1, dtype=np.int16)})
    return features, labels, votes
