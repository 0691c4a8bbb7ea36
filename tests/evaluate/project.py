"""A fabricated problem `mail` of two batches, sms-1 and email-1, with every table that evaluate and monitor read.

Feature 0 tells spam in sms-1; in email-1 feature 1 does. The champion looks at feature 0 only, the candidate at both.
"""

import json
from pathlib import Path

import numpy as np
import polars as pl
import yaml

from tests.denoise.factories import report_of
from tests.evaluate.factories import settings as evaluate_settings
from tests.monitor.factories import settings as monitor_settings
from tidemill.embed.embedder import MARK
from tidemill.reports.model import BackboneRecord, ModelConfig
from tidemill.reports.project import Arrival, ChampionPin, Manifest
from tidemill.train.head.head import Head

CLASSES = ["ham", "spam"]
BATCHES = {"sms-1": 500, "email-1": 400}
FUNCTIONS = [f"lf_{k}" for k in range(6)]
BACKBONE = BackboneRecord(format=1, modality="text", settings={"backbone": "toy", "weights": "toy"}, sha256="0")
SPLITS = ["train", "train", "dev", "valid", "test"]
VERSION = "mail@v1.0.0"


def build(folder: Path) -> None:
    """Empty folder -> the project in it; no champion yet."""
    rng = np.random.default_rng(12)
    tables = [_batch(folder, batch, rows, rng) for batch, rows in BATCHES.items()]
    data = folder / "data" / "mail"
    whole = pl.concat(tables)
    arrived = tuple(Arrival(batch=batch, source=f"{batch}.csv", sha256="0") for batch in BATCHES)
    Manifest(batches=arrived).write(data / "batches.json")
    whole.select("row_id", "batch", "split", *FUNCTIONS).write_parquet(data / "votes.parquet")
    for name, weight in (("labels", 2.0), ("predictions", 4.0)):
        said = head([weight, weight], list(BATCHES)).predict_proba(whole["feature"].to_numpy())
        probabilities(whole["row_id"], said).write_parquet(data / f"{name}.parquet")
    _params(folder)
    ChampionPin(version=None).write(folder / "models" / "mail" / "champion.json")
    (folder / "models" / "mail" / "candidate").mkdir()
    (folder / "models" / "mail" / "candidate" / "README.md").write_text("# Model card: mail\n", encoding="utf-8")
    for name, content in head([6.0, 6.0], list(BATCHES)).files().items():
        (folder / "models" / "mail" / "candidate" / name).write_bytes(content)
    report_of(model="dawid_skene").write(folder / "reports" / "mail" / "denoise.json")


def head(weights: list[float], batches: list[str]) -> Head:
    """Weights of the two features for spam -> a head; spam is at +1, ham at -1."""
    layer = np.array([[0.0, 0.0], weights], dtype=np.float32)
    config = ModelConfig(classes=tuple(CLASSES), backbone=BACKBONE, batches=dict.fromkeys(batches, 1))
    still = np.zeros(2, dtype=np.float32), np.ones(2, dtype=np.float32)
    return Head(*still, ((layer, np.zeros(2, dtype=np.float32)),), config)


def crown(folder: Path, target: Path, batches: list[str]) -> None:
    """Project and a folder -> a champion that looks at feature 0 and knows the batches, saved there and named."""
    target.mkdir(parents=True)
    model = head([4.0, 0.0], batches)
    for name, content in model.files().items():
        (target / name).write_bytes(content)
    data = folder / "data" / "mail"
    votes = pl.read_parquet(data / "votes.parquet").filter(pl.col("batch").is_in(batches) & (pl.col("split") != "test"))
    features = pl.concat([pl.read_parquet(data / "features" / f"{batch}.parquet") for batch in batches])
    table = votes.drop("split").join(features, on="row_id", maintain_order="left")
    said = probabilities(table["row_id"], model.predict_proba(table["feature"].to_numpy()))
    table.join(said, on="row_id", maintain_order="left").write_parquet(target / "reference.parquet")
    ChampionPin(version=VERSION).write(folder / "models" / "mail" / "champion.json")


def probabilities(row_ids: pl.Series, said: np.ndarray) -> pl.DataFrame:
    """Row ids and probabilities -> table with a column per class."""
    return pl.DataFrame({"row_id": row_ids, "p_ham": said[:, 0], "p_spam": said[:, 1]})


def _batch(folder: Path, batch: str, rows: int, rng: np.random.Generator) -> pl.DataFrame:
    data = folder / "data" / "mail"
    gold = (rng.uniform(size=rows) < 0.4).astype(np.int16)
    features = rng.normal(0.0, 0.3, size=(rows, 2))
    features[:, int(batch == "email-1")] += 2.0 * gold - 1.0
    ids, split = [f"{batch}-{k}" for k in range(rows)], [SPLITS[k % 5] for k in range(rows)]
    channel = [batch.partition("-")[0]] * rows
    raw = {"row_id": ids, "key": ids, "batch": [batch] * rows, "split": split, "text": ["x"] * rows, "channel": channel}
    _write(pl.DataFrame(raw), data / "raw" / f"{batch}.parquet")
    known = pl.DataFrame({"row_id": ids, "gold": np.where(np.arange(rows) % 50 == 4, -1, gold).astype(np.int16)})
    dev = pl.Series(split) == "dev"
    _write(known.filter(dev), data / "dev" / f"{batch}.parquet")
    train = pl.Series(split) == "train"
    _write(known.filter(train), data / "train_gold" / f"{batch}.parquet")
    _write(known.filter(~dev & ~train), data / "gold" / f"{batch}.parquet")
    group = pl.Series(["hard-ham" if k % 4 == 0 else "easy-ham" for k in range(rows)]) if batch == "email-1" else None
    _write(
        pl.DataFrame({"row_id": ids, "group": group, "channel": channel}, schema_overrides={"group": pl.String}),
        data / "slices" / f"{batch}.parquet",
    )
    feature = pl.Series("feature", features.astype(np.float32), dtype=pl.Array(pl.Float32, 2))
    mark = {MARK: json.dumps({"backbone": BACKBONE.model_dump(), "rows": "0"})}
    _write(pl.DataFrame({"row_id": ids, "feature": feature}), data / "features" / f"{batch}.parquet", mark)
    right, speaks = (rng.uniform(size=(rows, len(FUNCTIONS))) < share for share in (0.9, 0.5))
    votes = np.where(speaks, np.where(right, gold[:, None], 1 - gold[:, None]), -1).astype(np.int16)
    columns = {name: votes[:, j] for j, name in enumerate(FUNCTIONS)}
    return pl.DataFrame({"row_id": ids, "batch": [batch] * rows, "split": split, "feature": feature} | columns)


def _write(table: pl.DataFrame, path: Path, metadata: dict[str, str] | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table.write_parquet(path, metadata=metadata)


def _params(folder: Path) -> None:
    guard = {"column": "group", "value": "hard-ham", "metric": "accuracy", "tolerance": 0.05, "min_rows": 10}
    train, label = (
        yaml.safe_load((Path(__file__).parents[2] / "src/tidemill/conf" / file).read_text())
        for file in ("train/base.yaml", "label/default.yaml")
    )
    mail = {
        "problem": {"name": "mail", "modality": "text", "classes": CLASSES},
        "evaluate": evaluate_settings(gate={"guards": [guard]}).model_dump(mode="json"),
        "monitor": monitor_settings().model_dump(mode="json"),
        "train": train,
        "label": label,
    }
    (folder / "params.yaml").write_text(yaml.safe_dump({"problems": ["mail"], "mail": mail}))
