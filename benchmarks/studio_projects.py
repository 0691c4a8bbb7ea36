"""Projects for `benchmarks/studio.py`: made-up texts as after a run, and the packaged solar cells as before one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
import yaml

from tidemill.contracts import probability_columns
from tidemill.denoise.models.registry import create
from tidemill.label import keyword_functions
from tidemill.label.engine.apply import apply
from tidemill.label.run import votes_table
from tidemill.project.project import Project
from tidemill.reports.project import Arrival, Manifest

CONF: Final = Path(__file__).parents[1] / "src/tidemill/conf"
PACKAGES: Final = Path(__file__).parents[1] / "data/packages"
CLASSES: Final = {"mail": ("ham", "spam"), "cells": ("functional", "defective")}
WORDS: Final = 5_000
BATCH: Final = 100_000
DIMENSIONS: Final = 384
FUNCTIONS: Final = {f"says_{number}": [f"w{number}", f"w{10 * number}"] for number in range(2, 12)}
SEED: Final = 7


def text_project(folder: Path, texts: int) -> None:
    """Texts of about 20 words drawn from 5,000, in batches, with features, votes of ten functions, and labels."""
    drawn = np.random.default_rng(SEED)
    words = np.array([f"w{number}" for number in range(WORDS)])
    functions = keyword_functions("*", FUNCTIONS, vote=1)
    ids, votes = [], []
    for start in range(0, texts, BATCH):
        rows = np.arange(start, min(texts, start + BATCH))
        said = [" ".join(line) for line in words[drawn.zipf(1.3, (len(rows), 20)) % WORDS]]
        raw = _rows(f"b{start}", rows, np.where(rows % 50 == 0, "dev", "train"), {"text": said})
        gold = pl.Series("gold", drawn.integers(0, 2, len(rows)).astype(np.int16))
        features = raw.select("row_id", feature=pl.Series(np.zeros((len(rows), DIMENSIONS), dtype=np.float32)))
        _write_batch(folder / "data/mail", {"raw": raw, "dev": _of_dev(raw, gold), "features": features})
        ids.append(raw.select("row_id", "batch", "split"))
        votes.append(apply(raw, functions, n_classes=2))
    all_ids, all_votes = pl.concat(ids), np.concatenate(votes)
    votes_table(all_ids, list(FUNCTIONS), all_votes).write_parquet(folder / "data/mail/votes.parquet")
    labels = create("one_coin", 2).fit(all_votes).predict_proba(all_votes)
    columns = dict(zip(probability_columns(CLASSES["mail"]), labels.T, strict=True))
    all_ids.select("row_id").with_columns(**columns).write_parquet(folder / "data/mail/labels.parquet")
    saved = [{"name": name, "kind": "keywords", "words": said, "vote": "spam"} for name, said in FUNCTIONS.items()]
    _write_problem(folder, "mail", [f"b{start}" for start in range(0, texts, BATCH)], saved)


def cell_project(folder: Path) -> None:
    """All 2,624 solar cells, one function, and no run yet."""
    lines = [line.split() for line in (PACKAGES / "elpv/labels.csv").read_text(encoding="utf-8").splitlines()]
    images = [(PACKAGES / "elpv" / file).read_bytes() for file, *_ in lines]
    drawn = np.random.default_rng(SEED).random(len(lines))
    cells: dict[str, list[Any]] = {"image": images, "cell": [cell for *_, cell in lines]}
    raw = _rows("b", np.arange(len(lines)), np.where(drawn < 0.15, "dev", "train"), cells)
    gold = pl.Series("gold", [int(float(probability) > 0.5) for _, probability, _ in lines], dtype=pl.Int16)
    _write_batch(folder / "data/cells", {"raw": raw, "dev": _of_dev(raw, gold)})
    mono = {"name": "mono", "kind": "member", "column": "cell", "values": ["mono"], "vote": "functional"}
    _write_problem(folder, "cells", ["b"], [mono], image="image", meta={"cell": "string"})


def _rows(
    batch: str, numbers: npt.NDArray[Any], split: npt.NDArray[Any], columns: Mapping[str, Sequence[Any]]
) -> pl.DataFrame:
    ids = [f"r{number}" for number in numbers]
    return pl.DataFrame({"row_id": ids, "key": ids, "batch": batch, "split": split, **columns})


def _of_dev(raw: pl.DataFrame, gold: pl.Series) -> pl.DataFrame:
    return raw.select("row_id", "split", gold=gold).filter(split="dev").drop("split")


def _write_batch(folder: Path, tables: Mapping[str, pl.DataFrame]) -> None:
    for name, table in tables.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        batch = tables["raw"]["batch"][0]
        table.write_parquet(folder / name / f"{batch}.parquet")


def _write_problem(
    folder: Path, name: str, batches: Sequence[str], functions: Sequence[Mapping[str, Any]], **ingest: Any
) -> None:
    arrivals = tuple(Arrival(batch=batch, source=batch, sha256="0") for batch in batches)
    Manifest(batches=arrivals).write(folder / "data" / name / "batches.json")
    sections: dict[str, Any] = {
        section: yaml.safe_load((CONF / section / f"{file}.yaml").read_text(encoding="utf-8"))
        for section, file in (("label", "default"), ("ingest", "table"))
    }
    sections["ingest"] |= {"incoming": "in", "text": None if ingest else "text", "meta": {}} | ingest
    modality = "image" if "image" in ingest else "text"
    problem = {"name": name, "modality": modality, "classes": list(CLASSES[name])}
    params = {"problems": [name], name: {"problem": problem, **sections}}
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    (folder / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    own = folder / "src/problems" / name
    own.mkdir(parents=True)
    (own / "f.yaml").write_text(yaml.safe_dump({"functions": list(functions)}), encoding="utf-8")
    Project.open(folder)
