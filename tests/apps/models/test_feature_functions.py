"""Functions that compare rows with examples are found; others, and Python files, are not."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tidemill.apps.models.feature_functions import functions_of_features
from tidemill.contracts import Problem
from tidemill.project.layout import Paths

PROBLEM = Problem(name="cells", modality="image", classes=("fine", "cracked"))
FUNCTIONS = """\
functions:
  - {name: like_cracked, kind: prototype, file: examples.parquet, of: cracked, vote: cracked}
  - {name: unused, kind: prototype, file: examples.parquet, of: fine, vote: fine}
  - {name: dark, kind: threshold, column: image.mean, below: 0.2, vote: cracked}
"""


def test_functions_that_read_features_are_named_without_running_python(tmp_path: Path) -> None:
    paths = Paths("cells", tmp_path, tmp_path)
    assert functions_of_features(paths, PROBLEM, ["like_cracked"]) == ()
    paths.functions.mkdir(parents=True, exist_ok=True)
    examples = {"class": ["fine", "cracked"], "feature": [[1.0, 0.0], [0.0, 1.0]]}
    table = pl.DataFrame(examples, schema={"class": pl.String, "feature": pl.Array(pl.Float32, 2)})
    table.write_parquet(paths.functions / "examples.parquet")
    (paths.functions / "like.yaml").write_text(FUNCTIONS, encoding="utf-8")
    (paths.functions / "own.py").write_text("raise SystemExit", encoding="utf-8")
    assert functions_of_features(paths, PROBLEM, ["like_cracked", "dark", "own"]) == ("like_cracked",)
