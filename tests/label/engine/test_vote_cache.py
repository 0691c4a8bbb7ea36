"""What votes are kept by: a change of what casts them throws them away, a change of what analyses them does not."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tidemill import label
from tidemill.label.engine import vote_cache
from tidemill.label.engine.vote_cache import cache_key, code_files, engine_digest
from tidemill.label.engine.worker_pool import WorkerFailure

PACKAGE = Path(label.__file__).parent


def test_votes_depend_on_all_code_that_casts_them_and_not_on_their_analysis():
    names = {str(file.relative_to(PACKAGE)) for file in code_files()}
    casting = [PACKAGE / folder for folder in ("conditions", "engine", "functions", "image_statistics")]
    assert names == {str(file.relative_to(PACKAGE)) for folder in casting for file in folder.rglob("*.py")}
    assert {"conditions/words.py", "engine/row_applier.py", "functions/row.py", "image_statistics/grey.py"} <= names
    assert not any(name.startswith("analysis") for name in names)


def test_an_edit_of_any_of_these_files_makes_another_key(tmp_path, monkeypatch):
    files = [tmp_path / "a.py", tmp_path / "b.py"]
    for file in files:
        file.write_text("x = 1\n", encoding="utf-8")
    monkeypatch.setattr(vote_cache, "code_files", lambda: files)
    engine_digest.cache_clear()
    before = cache_key("fingerprint")
    engine_digest.cache_clear()
    assert cache_key("fingerprint") == before
    files[1].write_text("x = 2\n", encoding="utf-8")
    engine_digest.cache_clear()
    assert cache_key("fingerprint") != before


@pytest.fixture(autouse=True)
def forget():
    yield
    engine_digest.cache_clear()


@pytest.mark.slow
def test_kept_votes_are_read_without_pandas_or_arrows_functions(tmp_path):
    votes = np.array([0, -1, 3], dtype=np.int16)
    cache = vote_cache.BatchCache(tmp_path)
    cache.put("whole", vote_cache.VoteColumn(votes))
    cache.put("failed", vote_cache.VoteColumn(np.array([0.5, np.nan]), [WorkerFailure(0, 1, "no picture")]))
    failed = vote_cache.BatchCache(tmp_path).get("failed")
    np.testing.assert_array_equal(failed.values, [0.5, np.nan])
    assert failed.failures == [WorkerFailure(0, 1, "no picture")]
    code = f"""
import sys
from pathlib import Path
from tidemill.label.engine.vote_cache import BatchCache
values = BatchCache(Path({str(tmp_path)!r})).get("whole").values
print(values.dtype, values.tolist(), sorted({{"pandas", "pyarrow.compute"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "int16 [0, -1, 3] []"
