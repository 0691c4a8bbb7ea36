"""Foreign rows before the packaged problems' models and backbones: how many are refused, and how far each kind is.

    python benchmarks/domain_gap.py --data DIR    # a checkout where the problems have been embedded, default: here

Refusal is fitted as `train` does: rows of train and dev are known, those of valid say from where on. The rows of test are of
the known kind and were not looked at.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import polars as pl

from domain_gap_rows import images, texts
from tidemill.embed.domain_gap import domain_gap
from tidemill.embed.embedder import Embedder
from tidemill.embed.settings import EmbedSettings
from tidemill.project.project import Project
from tidemill.project.tables import batch_names
from tidemill.train.end_model.outliers import Outliers

SHARES = (0.01, 0.05)


def main() -> None:
    """Print a table of refusals and one of distances for each problem."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path())
    os.chdir(parser.parse_args().data)
    for name in ("spam", "solar"):
        problem, settings, paths = Project.open(Path()).load(name, "embed", EmbedSettings)
        embedder = Embedder(settings, problem.modality, root=paths.shared)
        kinds = texts() if problem.modality == "text" else images()
        tables = {kind: _table(rows, problem.modality) for kind, rows in kinds.items()}
        splits = pl.read_parquet(paths.votes, columns=["row_id", "split"])
        batches = [pl.read_parquet(paths.features / f"{batch}.parquet") for batch in batch_names(paths.manifest)]
        rows = splits.join(pl.concat(batches), on="row_id", maintain_order="left")
        print(f"\n{name}: share of rows refused\n")
        _refused(rows, {kind: embedder.features(table, name=kind) for kind, table in tables.items()})
        print(f"\n{name}: distance from what the backbone was trained on\n")
        raw = [pl.read_parquet(paths.raw / f"{batch}.parquet") for batch in batch_names(paths.manifest)]
        own = pl.concat([table.select("row_id", problem.modality) for table in raw])
        for kind, table in {f"{name} itself": own, **tables}.items():
            summary = domain_gap(embedder, table)
            figures = ", ".join(
                f"{key} {value:.3f}" for key, value in summary.measures.model_dump().items() if key != "layers"
            )
            print(f"| {kind} | {summary.rows} | {figures} | {summary.verdict} |")


def _table(rows: list[Any], modality: str) -> pl.DataFrame:
    return pl.DataFrame({"row_id": [f"{k:04d}" for k in range(len(rows))], modality: rows})


def _refused(rows: pl.DataFrame, foreign: dict[str, Any]) -> None:
    parts = {
        name: rows.filter(pl.col("split").is_in(splits))["feature"].to_numpy()
        for name, splits in (("known", ["train", "dev"]), ("unseen", ["valid"]), ("test", ["test"]))
    }
    detectors = [Outliers.fit(parts["known"], parts["unseen"], share=share, seed=0) for share in SHARES]
    for kind, features in {"test rows of the problem": parts["test"], **foreign}.items():
        shares = " | ".join(f"{np.mean(detector.score(features) > 1.0):.1%}" for detector in detectors)
        print(f"| {kind} | {len(features)} | {shares} |")


if __name__ == "__main__":
    main()
