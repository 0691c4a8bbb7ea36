"""Two hundred classes through the commands: their votes are those of the functions, and labels follow them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tidemill.contracts import not_class
from tidemill.denoise.command import Request as DenoiseRequest
from tidemill.denoise.command import label_votes
from tidemill.label.command import Request as LabelRequest
from tidemill.label.command import cast

CLASSES = [f"species_{k}" for k in range(200)]
FUNCTIONS = {
    "f.py": """
from tidemill.label import ABSTAIN, labeling_function


@labeling_function()
def numbered(row):
    return int(row.text.split()[-1])

""",
    "g.yaml": """
functions:
  - {name: last, kind: regex, pattern: "199$", vote: species_199}
  - {name: not_last, kind: regex, pattern: "198$", vote: not species_199}
""",
}


@pytest.mark.slow
@pytest.mark.parametrize("functions", FUNCTIONS)
def test_two_hundred_classes_are_voted_for_and_labeled(tmp_path: Path, functions: str) -> None:
    (tmp_path / functions).write_text(FUNCTIONS[functions])
    pl.DataFrame({"text": [f"number {k}" for k in range(200)]}).write_csv(tmp_path / "rows.csv")
    votes, labels = tmp_path / "votes.csv", tmp_path / "labels.parquet"
    cast(
        LabelRequest(
            rows=tmp_path / "rows.csv", functions=tmp_path / functions, out=votes, classes=CLASSES, processes=1
        )
    )
    found = pl.read_csv(votes)
    if functions == "f.py":
        assert found["numbered"].to_list() == list(range(200))
    else:
        assert found["last"][199] == 199
        assert found["not_last"][198] == not_class(199)
    label_votes(DenoiseRequest(votes=votes, classes=CLASSES, out=labels, model="majority", seed=1))
    probabilities = pl.read_parquet(labels).drop("row_id").to_numpy()
    assert probabilities.shape == (200, 200)
    assert probabilities[199].argmax() == 199
