"""The two packaged problems: label models fitted on the rows of train and dev, scored on the gold of valid and test.

What is not there yet is made: `tidemill fetch`, then `dvc repro` of the stages that embed and label.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

FITTED_ON, SCORED_ON = ("train", "dev"), ("valid", "test")


@dataclass(frozen=True)
class Packaged:
    """Votes, features and gold of one problem, and what is fitted on and scored; as it is configured to denoise."""

    name: str
    n_classes: int
    votes: Any
    features: Any
    gold: Any
    fitted: Any
    scored: Any
    use_features: bool


def packaged(root: Path) -> list[Packaged]:
    """Checkout -> its packaged problems; stages that have not run there are run."""
    params = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
    _made(root, [name for name in params["problems"] if not (root / "data" / name / "votes.parquet").exists()])
    return [_problem(root / "data" / name, params[name]) for name in params["problems"]]


def _made(root: Path, problems: list[str]) -> None:
    if not problems:
        return
    home = Path(sys.executable).parent
    subprocess.run([home / "tidemill", "fetch"], cwd=root, check=True)
    wanted = [f"{stage}@{problem}" for problem in problems for stage in ("embed", "label")]
    environment = os.environ | {"PATH": f"{home}{os.pathsep}{os.environ.get('PATH', '')}"}
    subprocess.run([home / "dvc", "repro", *wanted], cwd=root, check=True, env=environment)


def _problem(folder: Path, params: dict[str, Any]) -> Packaged:
    votes = pl.read_parquet(folder / "votes.parquet")
    gold = pl.concat([pl.read_parquet(folder / kind / "*.parquet") for kind in ("dev", "gold")])
    features = pl.read_parquet(folder / "features" / "*.parquet")
    rows = votes.join(gold, on="row_id", how="left", maintain_order="left")
    rows = rows.join(features, on="row_id", how="left", maintain_order="left")
    functions = [name for name in votes.columns if name not in ("row_id", "batch", "split")]
    known = rows["gold"].fill_null(-1).to_numpy()
    return Packaged(
        name=folder.name,
        n_classes=len(params["problem"]["classes"]),
        votes=rows.select(functions).to_numpy().astype(np.int16),
        features=rows["feature"].to_numpy(),
        gold=known,
        fitted=rows["split"].is_in(FITTED_ON).to_numpy(),
        scored=rows["split"].is_in(SCORED_ON).to_numpy() & (known >= 0),
        use_features=params["denoise"]["use_features"],
    )
