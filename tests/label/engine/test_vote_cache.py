"""What votes are kept by: a change of what casts them throws them away, a change of what analyses them does not."""

from pathlib import Path

import pytest

from tidemill import label
from tidemill.label.engine import vote_cache
from tidemill.label.engine.vote_cache import cache_key, code_files, engine_digest

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
