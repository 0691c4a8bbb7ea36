from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

from tidemill.contracts import ABSTAIN, ConfigError, FunctionError, check, votes_contract
from tidemill.label.engine.vote_reuse import Batch
from tidemill.label.run import Made, VoteStorage, label, visible_columns
from tidemill.label.settings import LabelSettings, SuiteSettings

CLASSES = ("ham", "spam")
ROWS = pl.DataFrame(
    {
        "row_id": ["a", "b", "c", "d"],
        "key": ["1", "2", "3", "4"],
        "batch": ["x", "x", "y", "y"],
        "split": ["train", "dev", "dev", "test"],
        "text": ["you win", "hello", "win win", "see you"],
        "group": ["spam", "ham", "spam", "ham"],
    }
)
DEV = pl.DataFrame({"row_id": ["b", "c"], "gold": [0, 0]}, schema_overrides={"gold": pl.Int16})
SUITE = SuiteSettings(min_coverage=0, max_conflict=1, min_functions_per_class=0, determinism_rows=4, max_ms_per_row=1e6)
LIMITS = {
    "n_workers": 1,
    "timeout_seconds": 30,
    "memory_limit_mb": 500,
    "confined": True,
    "readable_folders": [],
    "vote_cache_mb": 10,
    "suite": SUITE,
}
SETTINGS = LabelSettings(on_error="fail", max_failures=0, hidden_columns=("group",), **LIMITS)
YAML = """functions:
  - {name: wins, kind: keywords, words: [win], vote: spam}
  - {name: greets, kind: keywords, words: [hello, you], vote: ham}
"""


@dataclass
class Done:
    votes: pl.DataFrame
    summary: pl.DataFrame
    quality: pl.DataFrame
    failures: list


def batches_of(rows, hidden):
    """Rows → their batches, which nobody keeps."""

    def batch(part):
        return Batch(part["batch"][0], part["batch"][0], read=lambda: visible_columns(part, hidden), ids=lambda: part)

    return [batch(part) for part in rows.partition_by("batch", maintain_order=True)]


def run(path, rows=ROWS, dev=DEV, settings=SETTINGS, cache=None):
    tables = []
    storage = VoteStorage(tables.append, cache_folder=cache)
    done = label(
        batches_of(rows, settings.hidden_columns), dev, path, classes=CLASSES, settings=settings, storage=storage
    )
    return Done(pl.concat(tables), done.summary, done.quality, done.failures)


def test_votes_keep_their_contract_and_the_table_is_told_of_all_rows_with_gold_of_dev(folder):
    done = run(folder(f__yaml=YAML))
    check(done.votes, votes_contract(2), where="votes")
    assert done.votes.columns == ["row_id", "batch", "split", "greets", "wins"]
    assert done.votes["wins"].to_list() == [1, -1, 1, -1]
    assert done.summary.select("function", "Coverage", "Conflicts", "Correct", "Incorrect", "Failures").rows() == [
        ("greets", 0.75, 0.25, 1, 0, 0),
        ("wins", 0.5, 0.25, 0, 1, 0),
    ]


def test_gold_that_is_scrambled_changes_no_vote(folder):
    path = folder(f__yaml=YAML)
    scrambled = DEV.with_columns(pl.lit(1, dtype=pl.Int16).alias("gold"))
    first, second = run(path), run(path, dev=scrambled)
    assert first.votes.equals(second.votes)
    assert not first.summary.equals(second.summary)


def test_no_gold_at_all_changes_no_vote(folder):
    path = folder(f__yaml=YAML)
    assert run(path, dev=DEV.clear()).votes.equals(run(path).votes)


@pytest.mark.slow
@pytest.mark.parametrize("column", ["group", "key", "batch", "split"])
def test_functions_cannot_read_hidden_columns_nor_where_a_row_comes_from(folder, column):
    source = f"from tidemill.label import labeling_function\n@labeling_function()\ndef f(row):\n    return int(row.{column} == 'x')\n"
    with pytest.raises(FunctionError, match=f"f .*row 0 .*(.|\n)*no column {column!r}"):
        run(folder(f__py=source))


def test_a_hidden_column_that_is_not_there_is_a_setting_to_mend(folder):
    settings = LabelSettings(on_error="fail", max_failures=0, hidden_columns=("gruop",), **LIMITS)
    with pytest.raises(ConfigError, match=r"no column .gruop.; did you mean group\?"):
        run(folder(f__yaml=YAML), settings=settings)


def test_quarantined_failures_are_counted_in_the_table(folder):
    source = (
        "from tidemill.label import labeling_function\n@labeling_function()\ndef f(row):\n    return len(row.text)\n"
    )
    settings = LabelSettings(on_error="quarantine", max_failures=4, hidden_columns=(), **LIMITS)
    done = run(folder(f__py=source), settings=settings)
    assert done.summary["Failures"].to_list() == [4]
    assert [failure.row_id for failure in done.failures] == ["a", "b", "c", "d"]


def held_out_gold():
    """Rows whose gold is known outside of train, and that gold."""
    number = 400
    splits = ["train", "train", "train", "dev", "valid"] * (number // 5)
    gold = [k // 5 % 2 for k in range(number)]
    texts = [f"{'win' if gold[k] and k % 3 else 'hello'} {k}" for k in range(number)]
    ids = [f"r{k}" for k in range(number)]
    rows = pl.DataFrame({"row_id": ids, "key": ids, "batch": "x", "split": splits, "text": texts, "group": "g"})
    return rows, gold


def test_a_copy_of_held_out_gold_beside_the_functions_is_named(folder):
    rows, gold = held_out_gold()
    known = rows.with_columns(answer=pl.Series([CLASSES[k] for k in gold])).filter(pl.col("split") != "train")
    copy = known.select("row_id", "answer").write_csv()
    line = "  - {name: copied, kind: annotator, file: copy.csv, column: answer}\n"
    path = folder(f__yaml=YAML + line, copy__csv=copy)
    done = label(
        batches_of(rows, []), DEV, path, classes=CLASSES, settings=SETTINGS_WITHOUT_HIDDEN, storage=VoteStorage(len)
    )
    assert len(done.notes) == 1
    assert done.notes[0].startswith("copied votes on 100.0% of ")
    assert "it knows what its row does not show, such as gold" in done.notes[0]


def test_a_model_that_learned_from_gold_is_not_taken_for_a_function_that_was_told_of_it(folder):
    rows, gold = held_out_gold()
    votes = np.where(rows["split"].to_numpy() == "dev", gold, ABSTAIN).astype(np.int16)[:, None]
    path = folder(f__yaml=YAML + "  - {name: head, kind: model, learner: linear}\n")
    storage = VoteStorage(len, generate=lambda _: Made(votes, ["head is new"]))
    done = label(batches_of(rows, []), DEV, path, classes=CLASSES, settings=SETTINGS_WITHOUT_HIDDEN, storage=storage)
    assert done.notes == ["head is new"]


SETTINGS_WITHOUT_HIDDEN = SETTINGS.model_copy(update={"hidden_columns": ()})
