"""Slicing functions run in a confined worker: the slices that they make, what they cannot reach, and what is said of failures."""

import polars as pl
import pytest

from tidemill.contracts import FunctionError
from tidemill.label.engine import landlock
from tidemill.label.engine.load import Access
from tidemill.label.engine.slices import NO_ROWS, apply_slices
from tidemill.label.engine.worker_pool import Limits

ROWS = pl.DataFrame({"row_id": ["a", "b"], "text": ["tide", "a long text"]})
LIMITS = Limits(seconds=20, megabytes=400, max_failures=0)
HEAD = "from tidemill.label import labeling_function, slicing_function\n\n@slicing_function()\ndef short(row):\n"
ACCESS = Access()


def test_slices_of_several_tables_come_from_one_worker_and_helpers_are_no_slices(tmp_path):
    (tmp_path / "f.py").write_text(f"{HEAD}    return len(row.text) < 5\n", encoding="utf-8")
    (tmp_path / "_help.py").write_text("raise SystemExit", encoding="utf-8")
    first, second, names = apply_slices(tmp_path, [ROWS, ROWS.tail(1), NO_ROWS], LIMITS, ACCESS)
    assert first.rows() == [("a", True), ("b", False)]
    assert second.rows() == [("b", False)]
    assert names.columns == ["row_id", "short"]


def test_without_python_files_there_are_no_slices_and_no_worker(tmp_path, monkeypatch):
    monkeypatch.setattr("tidemill.label.engine.slices.Process.ready", lambda _: pytest.fail("a worker was started"))
    (tmp_path / "f.yaml").write_text("functions: []\n", encoding="utf-8")
    assert apply_slices(tmp_path, [ROWS], LIMITS, ACCESS)[0].columns == ["row_id"]
    assert apply_slices(tmp_path / "gone", [ROWS], LIMITS, ACCESS)[0].columns == ["row_id"]


@pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
@pytest.mark.parametrize("when", ["as it is loaded", "on a row"])
def test_a_slicing_function_deletes_no_gold(tmp_path, when):
    gold = tmp_path / "gold.parquet"
    ROWS.write_parquet(gold)
    folder = tmp_path / "functions"
    folder.mkdir()
    act = f"__import__('os').unlink({str(gold)!r})\n"
    text = f"{HEAD}    {act}    return True\n" if when == "on a row" else f"{act}{HEAD}    return True\n"
    (folder / "f.py").write_text(text, encoding="utf-8")
    with pytest.raises(FunctionError, match=r"(?s)PermissionError.*label\.readable_folders"):
        apply_slices(folder, [ROWS], LIMITS, ACCESS)
    assert gold.exists()


def test_a_worker_that_dies_is_an_error_that_names_the_folder(tmp_path):
    (tmp_path / "f.py").write_text(f"{HEAD}    __import__('os')._exit(3)\n", encoding="utf-8")
    with pytest.raises(FunctionError, match="worker of its slicing functions ended its process"):
        apply_slices(tmp_path, [ROWS], LIMITS, ACCESS)
