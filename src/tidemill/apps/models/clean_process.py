"""Whether the candidate loads and answers in a process of its own as the train stage did: what is promoted must be what was judged."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from tidemill.apps.models import answer_rows
from tidemill.contracts import Problem, probability_columns
from tidemill.project.project import Project
from tidemill.project.tables import batch_names
from tidemill.reports.evaluate import CleanProcessCheck

ROWS_PER_BATCH: Final = 4
TOLERANCE: Final = 1e-5
"""Largest difference of a probability: the backbone's own, from one size of block to another, is a tenth of it."""
_SECONDS: Final = 1800


def check_in_clean_process(project: Project, problem: Problem) -> CleanProcessCheck:
    """Have a new process load the candidate and answer a few rows, and compare with the stored predictions.

    Parameters
    ----------
    project
        The project.
    problem
        Name and classes of the problem.

    Returns
    -------
    CleanProcessCheck
        Not passed where the process fails, or where a probability differs by more than ``TOLERANCE``.
    """
    rows = _rows(project, problem.name)
    with tempfile.TemporaryDirectory(prefix="tidemill-") as scratch:
        asked, answers = Path(scratch) / "rows.parquet", Path(scratch) / "answers.parquet"
        rows.write_parquet(asked)
        failure = _run(project.root, problem.name, asked, answers)
        if failure is not None:
            return CleanProcessCheck(
                passed=False, rows=0, reason=f"the candidate does not load in a clean process: {failure}"
            )
        answered = pl.read_parquet(answers, glob=False)
    return _compare(answered, project, problem)


def _rows(project: Project, name: str) -> pl.DataFrame:
    """The first rows of the oldest and of the newest batch."""
    paths = project.paths(name)
    names = batch_names(paths.manifest)
    files = [paths.raw / f"{batch}.parquet" for batch in dict.fromkeys((names[0], names[-1]))]
    return pl.concat(
        [pl.scan_parquet(file, glob=False).head(ROWS_PER_BATCH).collect() for file in files], how="diagonal"
    )


def _run(folder: Path, problem: str, asked: Path, answers: Path) -> str | None:
    """What failed, None where nothing did."""
    command = [sys.executable, "-P", "-m", answer_rows.__name__, problem, str(asked), str(answers)]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {_SECONDS} seconds"
    if done.returncode:
        return (done.stderr.strip().splitlines() or [f"it exited with {done.returncode}"])[-1]
    return None


def _compare(answered: pl.DataFrame, project: Project, problem: Problem) -> CleanProcessCheck:
    stored = pl.read_parquet(project.paths(problem.name).predictions, glob=False)
    both = answered.select("row_id").join(stored, on="row_id", how="left", maintain_order="left")
    expected = both.select(probability_columns(problem.classes)).to_numpy().astype(np.float64)
    given = answered.select(problem.classes).to_numpy().astype(np.float64)
    differing = np.abs(given - expected).max(axis=1)
    worst = int(np.nan_to_num(differing, nan=np.inf).argmax())
    passed = bool(differing[worst] <= TOLERANCE)
    text = f"in a clean process the candidate answers {len(given)} rows as the train stage did"
    if not passed:
        text = (
            f"in a clean process the candidate answers row {answered['row_id'][worst]} otherwise than the train stage did: a "
            f"probability differs by {differing[worst]:.2g}, {TOLERANCE:g} is allowed"
        )
    return CleanProcessCheck(passed=passed, rows=len(given), reason=text)
