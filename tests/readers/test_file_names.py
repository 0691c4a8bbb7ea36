"""Names of files and folders are names, never patterns: browsers save a second download as rows[1].parquet."""

from __future__ import annotations

import ast
from pathlib import Path

import polars as pl
import pytest

import tidemill
from tests.cli.factories import tidemill as run
from tidemill.ingest.source import discover

PACKAGE = Path(tidemill.__file__).parent
PATTERNS = {"pl.read_parquet", "pl.scan_parquet", "pl.read_csv", "pl.scan_csv", "pl.scan_ipc"}
ALWAYS = {"pl.read_parquet_schema", "pl.read_ndjson", "pl.scan_ndjson"}
"""Readers of Polars that take names for patterns: some on request not, some whatever is asked."""


def as_patterns(file: Path) -> list[str]:
    calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call) and node.args]
    found = [(call, ast.unparse(call.func), ast.unparse(call.args[0])) for call in calls]
    return [
        f"{file.relative_to(PACKAGE)}:{call.lineno}: {name}"
        for call, name, read in found
        if not read.endswith((".read_bytes()", "BytesIO(payload)", "BytesIO(content)", "BytesIO(data)"))
        and (name in ALWAYS or (name in PATTERNS and "glob" not in {option.arg for option in call.keywords}))
    ]


def test_no_file_is_read_as_a_pattern():
    assert [place for file in sorted(PACKAGE.rglob("*.py")) for place in as_patterns(file)] == []


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_a_file_with_brackets_is_itself(tmp_path: Path, monkeypatch, suffix: str):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.yaml").write_text("functions:\n  - {name: wins, kind: keywords, words: [win], vote: spam}\n")
    for name, text in (("rows[1]", "you win"), ("rows1", "another file")):
        rows = pl.DataFrame({"row_id": [name], "text": [text]})
        getattr(rows, {"jsonl": "write_ndjson"}.get(suffix, f"write_{suffix}"))(f"{name}.{suffix}")
    run("label", f"rows[1].{suffix}", "--functions", "f.yaml", "--out", "votes[1].parquet")
    assert pl.read_parquet("votes[1].parquet", glob=False).rows() == [("rows[1]", 0)]


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_so_is_a_table_of_a_function(tmp_path: Path, monkeypatch, suffix: str):
    monkeypatch.chdir(tmp_path)
    for name, score in (("scores[1]", 0.9), ("scores1", 0.1)):
        table = pl.DataFrame({"row_id": ["a"], "score": [score]})
        getattr(table, {"jsonl": "write_ndjson"}.get(suffix, f"write_{suffix}"))(f"{name}.{suffix}")
    pl.DataFrame({"row_id": ["a"], "text": ["x"]}).write_csv("rows.csv")
    (tmp_path / "f.yaml").write_text(
        f'functions:\n  - {{name: sure, kind: scores, file: "scores[1].{suffix}", column: score, above: 0.5, vote: spam}}\n'
    )
    run("label", "rows.csv", "--functions", "f.yaml", "--out", "votes.csv")
    assert pl.read_csv("votes.csv")["sure"].to_list() == [0]


def test_what_arrives_in_a_project_whose_folder_has_brackets_is_found(tmp_path: Path):
    root = tmp_path / "reviews [old]"
    (root / "incoming").mkdir(parents=True)
    (root / "incoming/a[1].csv").write_text("text\nx\n")
    (root / "incoming/b.csv").write_text("text\nx\n")
    assert discover("incoming", root) == ["incoming/a[1].csv", "incoming/b.csv"]
    assert discover("incoming/a[1].csv", root) == ["incoming/a[1].csv"]
    assert discover("incoming/*.csv", root) == ["incoming/a[1].csv", "incoming/b.csv"]
