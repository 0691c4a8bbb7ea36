"""A prompt over numbered rows at a server on loopback, in a process that can be killed; run as a script it asks all rows."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from generated_rows import votes_of
from tidemill.contracts import NO_GOLD, Problem
from tidemill.generate.prompt.journal import read_answers
from tidemill.generate.rows import Rows
from tidemill.label.settings import EndpointSettings

PROMPT = {"kind": "prompt", "endpoint": "local", "model": "small", "template": "{row_id}: {text}"}


def run(n_rows: int, folder: Path, url: str) -> Any:
    """Number of rows, a folder and a server -> the votes."""
    texts = np.where(np.arange(n_rows) % 3 == 0, "win a prize", "see you soon")
    ids = pl.DataFrame({"row_id": [f"r{n}" for n in range(n_rows)], "batch": "all", "split": "train"})
    table = ids.select("row_id").with_columns(text=pl.Series(texts))
    nothing: Any = None
    gold, votes = np.full(n_rows, NO_GOLD, dtype=np.int16), np.empty((n_rows, 0), dtype=np.int16)
    problem = Problem(name="mail", modality="text", classes=("ham", "spam"))
    rows = Rows(problem, ids, gold, votes, (), lambda where: table[where], nothing, nothing)
    return votes_of({"llm": PROMPT}, rows, folder, {"local": EndpointSettings(url=url)})


def killed_half_way(folder: Path, server: Any) -> set[str]:
    """A folder and a server -> ids of the rows whose answer had arrived when the process was killed."""
    journal = folder / "journal.jsonl"
    server.delay = 0.002
    with subprocess.Popen([sys.executable, __file__, str(folder), server.url]) as process:
        while not journal.exists() or journal.read_bytes().count(b"\n") < 500:
            if process.poll() is not None:
                raise SystemExit("the run that was to be killed ended by itself")
            time.sleep(0.005)
        process.kill()
    server.delay = 0.0
    time.sleep(0.1)  # requests that were under way are answered to nobody
    return {answer.row_id for answer in read_answers([journal]).values()}


if __name__ == "__main__":
    run(1000, Path(sys.argv[1]), sys.argv[2])
