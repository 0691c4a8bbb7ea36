"""Votes by batch, kept and asked for: any sequence of edits gives what a run from scratch gives, and asks no more."""

import dataclasses
import re
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidemill.contracts import DataError, FunctionError
from tidemill.label.engine import worker_pool
from tidemill.label.engine.failures import Quarantine, fail
from tidemill.label.engine.load import Access, open_functions
from tidemill.label.engine.vote_reuse import Batch, Engine
from tidemill.label.engine.worker_pool import Limits
from tidemill.label.run import visible_columns

CLASSES = ("ham", "spam")
LIMITS = Limits(seconds=30, megabytes=500, max_failures=9)
WORDS = ["win", "prize", "hello", "you", "free"]
PYTHON = """from _help import BONUS, longer
from tidemill.label import labeling_function, batch_labeling_function

@labeling_function()
def by_row(row):
    return 1 if longer(row.text, {limit}) else {other}

@labeling_function()
def fails(row):
    return [1, 0, {other}][len(row.text) % 4]

@batch_labeling_function()
def by_batch(rows):
    return (rows["text"].str.len_chars() > {limit} + BONUS).cast(int) - 1
"""
HELP = """BONUS = {bonus}

def longer(text, limit):
    # {comment}
    return len(text) > limit
"""


def batch_of(name, texts):
    """Name and texts → a batch whose content is its key."""
    table = pl.DataFrame({"row_id": [f"{name}{i}" for i in range(len(texts))], "text": texts})
    ids = table.select("row_id", pl.lit(name).alias("batch"), pl.lit("train").alias("split"))
    return Batch(name, f"{name}-{'|'.join(texts)}".replace(" ", "_"), read=lambda: table, ids=lambda: ids)


def cast(folder, batches, kept, limits=LIMITS, asked_twice=0, processes=1):
    """Folder of functions and batches → names, votes as bytes, failures, and how many votes were asked for."""
    quarantine = Quarantine(limit=99)
    with open_functions(folder, CLASSES, limits, processes=processes) as voters:
        engine = Engine(voters, quarantine, kept, asked_twice)
        votes = [one.tobytes("C") for one in engine.votes(batches)]
        return [one.name for one in voters.functions], votes, list(map(str, quarantine.failures)), engine.n_cast


class Project:
    """Functions and batches that an expert edits."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.words = {"a": ["win"], "b": ["you", "hello"]}
        self.python = {"limit": 5, "other": -1}
        self.help = {"bonus": 0, "comment": "so"}
        self.batches = {"x": ["win a prize", "hello you", "abc"]}

    def write(self):
        lines = [
            f"  - {{name: {name}, kind: keywords, words: {words}, vote: spam}}" for name, words in self.words.items()
        ]
        (self.folder / "f.yaml").write_text("\n".join(["functions:", *lines]) if lines else "functions: []")
        if self.python:
            (self.folder / "g.py").write_text(PYTHON.format(**self.python))
            (self.folder / "_help.py").write_text(HELP.format(**self.help))

    @property
    def all_batches(self):
        return [batch_of(name, texts) for name, texts in self.batches.items()]


DECLARED = st.one_of(
    st.tuples(st.just("words"), st.sampled_from("abcd"), st.lists(st.sampled_from(WORDS), min_size=1, max_size=2)),
    st.tuples(st.just("remove"), st.sampled_from("bcd")),
    st.tuples(
        st.just("append"),
        st.sampled_from("yz"),
        st.lists(st.sampled_from(["win", "you win", "free prize"]), min_size=1, max_size=3),
    ),
)
CODED = st.one_of(
    st.tuples(st.just("python"), st.sampled_from([("limit", 3), ("limit", 9), ("other", 0), ("other", -1)])),
    st.tuples(st.just("help"), st.sampled_from([("bonus", 0), ("bonus", 2), ("comment", "other"), ("comment", "so")])),
    DECLARED,
)


def edit(project, change):
    kind, *words = change
    if kind == "words":
        project.words[words[0]] = words[1]
    elif kind == "remove":
        project.words.pop(words[0], None)
    elif kind == "append":
        project.batches[words[0]] = words[1]
    else:
        getattr(project, kind).update([words[0]])


def same_as_from_scratch(changes, *, python):
    """Edits, one by one with what is kept, and a run from scratch after the last → the same, and nothing left to ask."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, kept = Path(scratch) / "functions", Path(scratch) / "kept"
        folder.mkdir()
        project = Project(folder)
        project.python = project.python if python else {}
        for change in [None, *changes]:
            if change is not None:
                edit(project, change)
            project.write()
            *found, _ = cast(folder, project.all_batches, kept)
        *scratch_run, asked = cast(folder, project.all_batches, None)
        assert found == scratch_run
        assert asked == len(found[0]) * sum(map(len, project.batches.values()))
        assert cast(folder, project.all_batches, kept) == (*found, 0)


@settings(max_examples=50, deadline=None)
@given(st.lists(DECLARED, min_size=1, max_size=8))
@pytest.mark.slow
def test_after_any_edits_of_declared_functions_votes_are_those_of_a_run_from_scratch(changes):
    same_as_from_scratch(changes, python=False)


@settings(max_examples=2, deadline=None)
@given(st.lists(CODED, min_size=2, max_size=3))
@pytest.mark.slow
def test_after_any_edits_of_code_votes_and_failures_are_those_of_a_run_from_scratch(changes):
    same_as_from_scratch(changes, python=True)


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "functions"
    folder.mkdir()
    return Project(folder)


@pytest.fixture
def asked(project, tmp_path):
    def run():
        project.write()
        return cast(project.folder, project.all_batches, tmp_path / "kept")[3]

    return run


@pytest.mark.slow
def test_only_what_changed_is_asked_for(project, asked):
    project.batches = {"x": ["win a prize", "hello you", "abc"], "y": ["free"]}
    assert asked() == 5 * 4
    assert asked() == 0
    project.words["a"] = ["free"]
    assert asked() == 4  # one function, all rows
    project.words["a"] = ["win"]
    assert asked() == 0  # taken back: it was asked before
    del project.words["b"]
    assert asked() == 0
    project.words["c"] = ["win"]
    assert asked() == 0  # votes as a does
    project.help["comment"] = "other"
    assert asked() == 0
    project.help["bonus"] = 3
    assert asked() == 4  # by_batch alone looks at it
    project.batches["z"] = ["new", "rows"]
    assert asked() == 5 * 2


@pytest.mark.slow
def test_a_flipped_bit_in_what_is_kept_is_found_and_computed_again(project, asked, tmp_path):
    asked()
    before = cast(project.folder, project.all_batches, tmp_path / "kept")
    file = min((tmp_path / "kept").glob("*/*.arrow"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    after = cast(project.folder, project.all_batches, tmp_path / "kept")
    assert after[:3] == before[:3]
    assert after[3] == 3


@pytest.mark.slow
def test_one_two_or_three_processes_cast_the_same_votes(project, monkeypatch):
    project.write()
    monkeypatch.setattr("tidemill.label.engine.vote_reuse._CHUNK", 2)
    batches = [batch_of("x", [f"{word} {k}" for k, word in enumerate(WORDS * 2)])]
    first, *others = [cast(project.folder, batches, None, processes=number) for number in (1, 2, 3)]
    assert all(one == first for one in others)


def python(folder, body, *, imports=""):
    folder.mkdir(exist_ok=True)
    (folder / "f.py").write_text(f"{imports}\nfrom tidemill.label import labeling_function\n\n\n{body}")
    return folder


@pytest.mark.slow
def test_a_function_that_answers_otherwise_the_second_time_is_named_with_its_row(tmp_path):
    body = "SAID = []\n@labeling_function()\ndef moody(row):\n    SAID.append(1)\n    return len(SAID) % 2\n"
    functions = python(tmp_path / "f", body)
    _, _, failures, _ = cast(functions, [batch_of("x", ["a", "b", "c"])], tmp_path / "kept", asked_twice=2)
    assert len(failures) >= 1
    assert "labeling function moody" in failures[0]
    assert "and otherwise when applied again" in failures[0]
    assert "no memory of other rows" in failures[0]
    assert cast(functions, [batch_of("x", ["a", "b", "c"])], tmp_path / "kept")[3] == 3  # not kept


NEIGHBOURS = """import polars as pl
from tidemill.label import batch_labeling_function


@batch_labeling_function()
def after_lovely(rows):
    return pl.col("text").shift(1).str.contains("lovely").fill_null(False).cast(pl.Int16) - 1


@batch_labeling_function()
def seen_before(rows):
    return pl.col("text").str.contains("lovely").cum_sum().gt(1).cast(pl.Int16) - 1


@batch_labeling_function()
def long_for_its_batch(rows):
    length = pl.col("text").str.len_chars()
    return (length > length.mean()).cast(pl.Int16) - 1


@batch_labeling_function()
def top_ranks(rows):
    return (pl.col("text").str.len_chars().rank("ordinal") > 60).cast(pl.Int16) - 1


@batch_labeling_function()
def of_many_rows(rows):
    if len(rows) < 50:
        raise ValueError("too few rows")
    return pl.col("text").str.contains("lovely").cast(pl.Int16) - 1


@batch_labeling_function()
def lovely(rows):
    return pl.col("text").str.contains("lovely").cast(pl.Int16) - 1
"""


@pytest.mark.parametrize(("number", "borne"), [(3, 9), (64, 0)])
def test_functions_of_a_table_that_look_at_other_rows_are_named_and_those_of_their_own_row_are_not(
    tmp_path, number, borne
):
    limits = dataclasses.replace(LIMITS, max_failures=borne)
    functions = tmp_path / "functions"
    functions.mkdir()
    (functions / "f.py").write_text(NEIGHBOURS)
    texts = [f"{'lovely' if n % 9 == 4 else 'plain'} {'x' * (n * 7 % 31)}" for n in range(64)]
    batch = dataclasses.replace(batch_of("x", texts), key="x")
    _, _, failures, _ = cast(functions, [batch], tmp_path / "kept", limits, asked_twice=number)
    named = {failure.partition("labeling function ")[2].split()[0].rstrip(",:") for failure in failures}
    assert named == {"after_lovely", "seen_before", "long_for_its_batch", "top_ranks"}
    assert len(failures) == len(named)
    assert all("A vote may depend on its own row alone" in failure for failure in failures)
    assert cast(functions, [batch], tmp_path / "kept")[3] == 4 * 64  # only those are not kept
    (failure,) = cast(functions, [batch_of("y", ["lovely"])], None, asked_twice=number)[2]
    assert "too few rows" in failure


def test_a_function_that_changes_its_row_behind_its_back_is_named(tmp_path):
    body = "@labeling_function()\ndef writes(row):\n    row.__dict__['text'] = 'mine'\n    return 0\n"
    _, _, failures, _ = cast(python(tmp_path / "f", body), [batch_of("x", ["a", "b"])], None, asked_twice=2)
    assert "row 0 (row_id x0): changed its row" in failures[0]


HOSTILE = {
    "hangs": ("if row.text == 'bad':\n        while True:\n            pass", "took longer than"),
    "sleeps": ("if row.text == 'bad':\n        time.sleep(60)", "took longer than"),
    "ends": ("if row.text == 'bad':\n        os._exit(3)", r"ended its process (exit status 3)"),
    "leaves": ("if row.text == 'bad':\n        raise SystemExit(1)", "raised\nTraceback"),
    "interrupts": ("if row.text == 'bad':\n        raise KeyboardInterrupt", "raised\nTraceback"),
    "grabs": ("if row.text == 'bad':\n        [0] * 10**9", "MemoryError"),
    "swells": (
        "held = []\n    while row.text == 'bad':\n        held.append(b'x' * 10**6)\n        time.sleep(0.0005)",
        "made its process grow to",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.slow
def test_a_function_that_takes_its_process_down_is_isolated_and_named(tmp_path, name):
    body, reason = HOSTILE[name]
    source = f"@labeling_function()\ndef {name}(row):\n    {body}\n    return 0\n\n\n@labeling_function()\ndef good(row):\n    return 1\n"
    functions = python(tmp_path / "f", source, imports="import os\nimport time")
    limits = Limits(seconds=1 if reason == "took longer than" else 60, megabytes=300, max_failures=9)
    names, votes, failures, _ = cast(functions, [batch_of("x", ["a", "bad", "c"])], None, limits=limits)
    found = dict(zip(names, np.frombuffer(votes[0], dtype=np.int16).reshape(3, 2).T.tolist(), strict=True))
    assert found == {name: [0, -1, 0], "good": [1, 1, 1]}
    assert len(failures) == 1
    assert f"labeling function {name}" in failures[0]
    assert "row 1 (row_id x1)" in failures[0]
    assert reason in failures[0]
    assert name == "ends" or "f.py" in failures[0].split("\n", 1)[1]  # its own lines


@pytest.mark.slow
@pytest.mark.parametrize("allowed", [0, 1])
def test_of_rows_on_which_a_function_hangs_as_many_are_asked_as_may_fail_and_the_first_is_named(tmp_path, allowed):
    body = HOSTILE["hangs"][0].replace("== 'bad'", "in 'bcd'")
    functions = python(tmp_path / "f", f"@labeling_function()\ndef hangs(row):\n    {body}\n    return 0\n")
    on_error = Quarantine(limit=allowed) if allowed else fail
    limits = Limits(seconds=1, megabytes=300, max_failures=allowed)
    with open_functions(functions, CLASSES, limits, processes=1) as voters, pytest.raises(FunctionError) as error:
        list(Engine(voters, on_error, None, 0).votes([batch_of("x", ["a", "b", "c", "d"])]))
    assert re.search(
        r"labeling function hangs \(.*f\.py:\d+\), row 1 \(row_id x1\): took longer than", str(error.value)
    )


GARBLES = {
    "writes_to_descriptors": "for k in range(30):\n        try:\n            os.write(k, b'junk' * 16)\n        except OSError:\n            pass",
    "replaces_len": "import builtins\n    builtins.len = lambda of: 3",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", GARBLES)
def test_a_reply_that_a_function_has_spoilt_is_no_reply_and_nothing_waits_for_the_rest_of_it(tmp_path, name):
    source = f"@labeling_function()\ndef {name}(row):\n    {GARBLES[name]}\n    return 0\n"
    functions = python(tmp_path / "f", source, imports="import os")
    try:
        told = cast(functions, [batch_of("x", ["a"])], None)[2][0]
    except FunctionError as error:  # where it cannot be blamed on a row
        told = str(error)
    assert name in told
    assert "sent a reply that cannot be read" in told or "ended its process" in told


@pytest.mark.slow
def test_a_file_that_never_ends_as_it_is_loaded_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(worker_pool, "_SECONDS_TO_LOAD", 1.0)
    functions = python(tmp_path / "f", "while True:\n    pass\n")
    with pytest.raises(
        FunctionError, match=r"f\.py cannot be loaded: a worker took longer than \d{1,2}\.\d s and was stopped"
    ):
        cast(functions, [batch_of("x", ["a"])], None)


@pytest.mark.slow
def test_a_function_that_holds_on_to_memory_is_named(tmp_path):
    body = "KEPT = []\n@labeling_function()\ndef good(row):\n    return 1\n\n\n@labeling_function()\ndef leaks(row):\n    KEPT.append(bytearray(b'x' * 200_000))\n    return 0\n"
    limits = Limits(seconds=30, megabytes=300, max_failures=9)
    batch = batch_of("x", [f"row {k}" for k in range(1000)])
    _, votes, failures, _ = cast(python(tmp_path / "f", body), [batch], None, limits=limits)
    assert "labeling function leaks" in failures[0]
    assert "memory" in failures[0] or "grow" in failures[0]
    assert set(np.frombuffer(votes[0], dtype=np.int16).reshape(1000, 2)[:, 0].tolist()) == {1}


def test_the_first_failure_stops_a_run_that_is_to_fail(tmp_path):
    functions = python(tmp_path / "f", "@labeling_function()\ndef bad(row):\n    return 7\n")
    with (
        open_functions(functions, CLASSES, Limits(30, 500, 0), processes=1) as voters,
        pytest.raises(FunctionError, match=r"bad .*row 0 \(row_id x0\): returned 7"),
    ):
        list(Engine(voters, fail).votes([batch_of("x", ["a", "b"])]))


def test_functions_cannot_read_the_pipelines_tables(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "gold.parquet").write_text("secret")
    body = f"@labeling_function()\ndef peeks(row):\n    return len(open({str(data / 'gold.parquet')!r}).read()) % 2\n"
    functions = python(tmp_path / "f", body)
    with (
        open_functions(functions, CLASSES, Limits(30, 500, 0), processes=1, access=Access(closed=(data,))) as voters,
        pytest.raises(FunctionError, match=r"may not read .*gold\.parquet: it sees its row alone"),
    ):
        list(Engine(voters, fail).votes([batch_of("x", ["a"])]))


@pytest.mark.slow
def test_image_statistics_are_measured_once_and_kept(tmp_path):
    import io

    from PIL import Image

    def picture(level):
        buffer = io.BytesIO()
        Image.new("L", (20, 20), level).save(buffer, "PNG")
        return buffer.getvalue()

    table = pl.DataFrame({"row_id": ["a", "b"], "image": [picture(20), picture(200)]})
    batch = Batch("x", "x", read=lambda: table, ids=lambda: table)
    folder = tmp_path / "f"
    folder.mkdir()
    text = "functions: [{{name: dim, kind: threshold, column: image.mean, below: {0}, vote: spam}}]"
    for limit, votes in ((0.5, [1, -1]), (0.9, [1, 1])):
        (folder / "f.yaml").write_text(text.format(limit))
        with open_functions(folder, CLASSES, LIMITS, processes=1) as voters:
            assert next(Engine(voters, fail, tmp_path / "kept").votes([batch])).ravel().tolist() == votes
            assert (voters.workers is None) == (limit == 0.9)  # nothing was decoded the second time


@pytest.mark.slow
def test_an_image_that_cannot_be_read_stops_the_run_with_its_row(tmp_path):
    table = pl.DataFrame({"row_id": ["a"], "image": [b"no image"]})
    body = "@labeling_function()\ndef dark(row):\n    return int(row.stats['mean'] < 0.5)\n"
    with (
        open_functions(python(tmp_path / "f", body), CLASSES, LIMITS, processes=1) as voters,
        pytest.raises(DataError, match=r"row 0 \(row_id a\): image of 8 bytes is not an image"),
    ):
        list(Engine(voters, fail).votes([Batch("x", "x", read=lambda: table, ids=lambda: table)]))


def test_what_functions_see_is_without_where_a_row_comes_from():
    rows = pl.DataFrame(
        {"row_id": ["a"], "key": ["1"], "batch": ["x"], "split": ["dev"], "text": ["t"], "group": ["g"]}
    )
    assert visible_columns(rows, ["group"]).columns == ["row_id", "text"]
