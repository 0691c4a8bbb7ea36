"""What a look has made of a new batch is not made again by the run that learns from it."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.ingest.factories import SPAM, settings
from tidemill.embed.embedder import MARK, features_table, is_current
from tidemill.flows.kept_tables import keep_tables, reuse_tables
from tidemill.ingest.source import Source
from tidemill.project import batches
from tidemill.project.batches import add_batches
from tidemill.project.layout import Paths
from tidemill.reports.project import Arrival, Manifest

CHOSEN = settings(near_duplicates="keep")


def workspace(shared: Path, name: str) -> Paths:
    """A workspace whose manifest names both batches."""
    paths = Paths("spam", shared / name, shared)
    known = [Arrival(batch=batch, source=f"{batch}.jsonl", sha256=batch) for batch in ("may", "june")]
    Manifest(batches=tuple(known)).write(paths.manifest)
    return paths


@pytest.fixture
def built(inside: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the batches that were read from their sources, one by one."""
    own, names = batches._build, list[str]()

    def build(arrival, *rest):
        names.append(arrival.batch)
        return own(arrival, *rest)

    monkeypatch.setattr(batches, "_build", build)
    monkeypatch.setattr(Source, "fingerprint", lambda self, _: Path(self.path).stem)
    for batch in ("may", "june"):
        rows = [{"id": f"{batch}{n}", "text": f"text {n} of {batch}", "label": "ham"} for n in range(9)]
        (inside / f"{batch}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return names


def test_the_run_reads_no_source_again_and_has_the_same_tables(inside: Path, built: list[str]):
    look, run = workspace(inside, "look"), workspace(inside, "run")
    add_batches(SPAM, CHOSEN, look)
    assert built == ["may", "june"]
    mark = {MARK: json.dumps({"rows": "june"})}
    look.features.mkdir(parents=True)
    table = features_table(pl.Series(["a"]), np.ones((1, 2), dtype=np.float32))
    table.write_parquet(look.features / "june.parquet", metadata=mark)
    keep_tables(look, ["june"])
    reuse_tables(run, ["june"])
    assert not (run.raw / "may.parquet").exists()  # it is learned from, and DVC has it
    assert is_current(run.features / "june.parquet", mark)
    add_batches(SPAM, CHOSEN, run)
    assert built == ["may", "june", "may"]
    for folder in ("raw", "dev", "gold", "seen"):
        one, other = (
            pl.concat([pl.read_parquet(file) for file in sorted((paths.data / folder).glob("*.parquet"))])
            for paths in (look, run)
        )
        assert one.equals(other), folder


def test_tables_of_an_earlier_look_go_and_a_file_that_is_there_stays(inside: Path):
    look, run = workspace(inside, "look"), workspace(inside, "run")
    look.raw.mkdir(parents=True)
    for name in ("may", "june"):
        (look.raw / f"{name}.parquet").write_text(f"{name} as the look has it")
    keep_tables(look, ["may"])
    keep_tables(look, ["june"])
    run.raw.mkdir(parents=True)
    reuse_tables(run, ["may", "june"])
    assert [file.name for file in run.raw.iterdir()] == ["june.parquet"]
    (run.raw / "june.parquet").write_text("its own")
    reuse_tables(run, ["june"])
    assert (run.raw / "june.parquet").read_text() == "its own"
