"""What `tidemill lf` runs of a problem's Python files reaches no gold, as in the label stage."""

from pathlib import Path

import pytest

from tidemill.contracts import FunctionError
from tidemill.label.engine import landlock

pytestmark = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
FUNCTIONS = """import os
import polars as pl
from tidemill.label import batch_labeling_function, labeling_function

GOLD = {gold!r}


@labeling_function()
def deletes(row):
    os.unlink(GOLD)
    return 1


@labeling_function()
def reads(row):
    return pl.read_parquet(GOLD).height % 2


@batch_labeling_function()
def reads_all_at_once(rows):
    return pl.read_parquet(GOLD)["gold"].head(rows.height)
"""


@pytest.fixture
def gold(project: Path):
    """Gold, and functions of the problem that would read or delete it."""
    path = project / "data/mail/dev/b.parquet"
    file = project / "src/problems/mail/reaches.py"
    file.write_text(FUNCTIONS.format(gold=str(path)), encoding="utf-8")
    before = path.read_bytes()
    yield path
    file.unlink()
    path.write_bytes(before)


@pytest.mark.parametrize("name", ["deletes", "reads", "reads_all_at_once"])
def test_a_function_that_reaches_for_gold_fails_under_try_and_is_named(lf, gold, name):
    told = lf("try", name, "--json")
    assert told["votes"] == {}
    assert told["failed"] > 0
    assert f"labeling function {name}" in told["failures"][0]
    assert "PermissionError" in told["failures"][0]
    assert "label.readable_folders" in told["failures"][0]
    assert gold.exists()


@pytest.mark.slow
@pytest.mark.parametrize("words", [["list"], ["diff"], ["report"]])
def test_commands_that_run_all_functions_leave_gold_alone(lf, gold, words):
    before = gold.read_bytes()
    lf(*words, "mail")
    assert gold.read_bytes() == before


def test_a_file_that_reaches_for_gold_as_it_is_loaded_is_named_and_gold_stays(lf, gold, project):
    file = project / "src/problems/mail/reaches.py"
    file.write_text(f"import os\nos.unlink({str(gold)!r})\n", encoding="utf-8")
    with pytest.raises(FunctionError, match=r"(?s)reaches\.py cannot be loaded:.*PermissionError"):
        lf("try", "shouts", "--problem", "mail")
    assert gold.exists()


def test_a_function_sees_the_columns_that_the_label_stage_shows_it(lf, gold, project):
    file = project / "src/problems/mail/reaches.py"
    text = "from tidemill.label import labeling_function\n\n\n@labeling_function()\ndef knows(row):\n    return int('feature' in row)\n"
    file.write_text(text, encoding="utf-8")
    assert set(lf("try", "knows", "--json")["votes"]) == {"ham"}
