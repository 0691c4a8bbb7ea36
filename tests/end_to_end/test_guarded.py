"""A failing Great Expectations suite stops its stage, names column and rows, and leaves what is downstream as it was."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tidemill.denoise.run import denoise as denoise_stage
from tidemill.label.run import label as label_stage
from tidemill.stages import denoise, label

pytestmark = pytest.mark.slow


@pytest.fixture
def project(sprout: Callable[[str], Path], reproduced: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the reproduced project, which is the current folder."""
    folder = sprout("guarded")
    shutil.copytree(reproduced, folder, dirs_exist_ok=True, symlinks=True, ignore=shutil.ignore_patterns("packages"))
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["stage", "tiny"])
    return folder


def snapshot(folder: Path) -> dict[str, bytes]:
    files = [*folder.glob("data/tiny/*.parquet"), *folder.glob("reports/tiny/*.*"), folder / "dvc.lock"]
    return {str(path): path.read_bytes() for path in files}


def test_a_wrong_vote_stops_label_before_anything_is_written(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    real = label_stage

    def spoil(table: pl.DataFrame) -> pl.DataFrame:
        rows = pl.int_range(pl.len()) == 3
        return table.with_columns(pl.when(rows).then(7).otherwise(pl.last()).cast(pl.Int16).alias(table.columns[-1]))

    def spoiled(*words: Any, storage: Any, **options: Any) -> Any:
        return real(*words, storage=replace(storage, write=lambda table: storage.write(spoil(table))), **options)

    monkeypatch.setattr(label, "label", spoiled)
    before = snapshot(project)
    with pytest.raises(SystemExit):
        label.main()
    said = capsys.readouterr().err
    row = pl.read_parquet(project / "data/tiny/votes.parquet")["row_id"][3]
    name = pl.read_parquet(project / "data/tiny/votes.parquet").columns[-1]
    for part in ("tiny/votes", f"'{name}'", row, "['7']", "data_docs/tiny/votes/latest.html"):
        assert part in said
    assert snapshot(project) == before
    assert (project / "reports/data_docs/tiny/votes/latest.html").exists()


def test_a_missing_probability_stops_denoise_before_anything_is_written(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    real = denoise_stage

    def spoiled(*words: Any, **options: Any) -> Any:
        done = real(*words, **options)
        return replace(done, labels=done.labels.with_columns(p_bad=pl.lit(None, dtype=pl.Float64)))

    monkeypatch.setattr(denoise, "denoise", spoiled)
    before = snapshot(project)
    with pytest.raises(SystemExit):
        denoise.main()
    said = capsys.readouterr().err
    assert "expect_column_values_to_not_be_null failed on 'p_bad'" in said
    assert snapshot(project) == before
