"""The candidate in a process of its own: ``python -m tidemill.apps.models.answer_rows PROBLEM ROWS ANSWERS``, in the project's folder.

It loads the model as a service does, predicts the rows of one Parquet file and writes their probabilities to another.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from tidemill.apps.models.model import CANDIDATE, find_model
from tidemill.project.project import Project


def main() -> None:
    """Load the candidate and answer the rows."""
    problem, asked, answers = sys.argv[1:4]
    rows = pl.read_parquet(asked, glob=False)
    model = find_model(Project.open(Path()), problem, CANDIDATE)
    probabilities = model.say(rows, name="answer").probabilities
    columns = {name: probabilities[:, k] for k, name in enumerate(model.head.classes)}
    pl.DataFrame({"row_id": rows["row_id"], **columns}).write_parquet(answers)


if __name__ == "__main__":
    main()
