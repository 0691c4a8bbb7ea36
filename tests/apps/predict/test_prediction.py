import io
import math
import os
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.apps.factories import build, model, picture
from tests.readers.workbooks import workbook
from tidemill.apps.models.model import CHUNK
from tidemill.apps.predict import prediction
from tidemill.contracts import ConfigError, DataError
from tidemill.project.project import Project
from tidemill.readers.options import ReadOptions
from tidemill.train.end_model.outliers import Outliers


@pytest.fixture
def mail(inside: Path, monkeypatch) -> Path:
    build(inside)
    monkeypatch.setattr(prediction, "find_model", lambda _, name, *_words, **__: model(name))
    return inside


def csv(path: Path, texts: list[str], header: str = "id,body,note") -> Path:
    path.write_text("\n".join([header, *(f"{path.stem}-{k},{text},x" for k, text in enumerate(texts))]) + "\n")
    return path


def predict(sources, out: Path, *, problem: str = "mail", below: float = 0.0, **options: bool):
    sources = [sources] if isinstance(sources, Path) else sources
    here = Project.open(Path())
    return prediction.predict_files(here, problem, sources, out, version=None, abstain_below=below, **options)


def read(path: Path) -> pl.DataFrame:
    readers: dict[str, Any] = {
        ".csv": pl.read_csv,
        ".tsv": partial(pl.read_csv, separator="\t"),
        ".jsonl": pl.read_ndjson,
        ".parquet": pl.read_parquet,
    }
    return readers[path.suffix](path)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_every_row_gets_a_line_in_its_order_in_every_format(mail, suffix):
    done = predict(csv(mail / "new.csv", ["hello", "win!!", "hello"]), mail / f"said{suffix}")
    table = read(mail / f"said{suffix}")
    assert table.columns == ["source", "key", "row_id", "error", "prediction", "p_ham", "p_spam"]
    assert table["key"].to_list() == ["new-0", "new-1", "new-2"]
    assert table["prediction"].to_list() == ["ham", "spam", "ham"]
    assert table["p_spam"][1] == pytest.approx(1 / (1 + math.exp(-3.0)), abs=1e-6)  # two marks: log odds 2 * 2 - 1
    assert (done.version, done.rows, done.counts) == ("mail@v1.0.0", 3, {"ham": 2, "spam": 1})


def test_below_a_confidence_nothing_is_predicted_and_the_probabilities_stay(mail):
    predict(csv(mail / "new.csv", ["hello", "win!!"]), mail / "said.parquet", below=0.9)
    table = read(mail / "said.parquet")
    assert table["prediction"].to_list() == [None, "spam"]  # .73 for ham, .95 for spam
    assert table["p_ham"][0] == pytest.approx(1 / (1 + math.exp(-1.0)), abs=1e-6)


def test_a_row_unlike_all_known_ones_is_none_of_the_above_and_keeps_its_probabilities(mail, monkeypatch):
    asked = model("mail")
    known = np.arange(60, dtype=np.float32)[:, None] % 3  # none, one or two marks
    asked.__dict__["outliers"] = Outliers.fit(known, known, share=0.0, seed=0)
    monkeypatch.setattr(prediction, "find_model", lambda *_, **__: asked)
    done = predict(csv(mail / "new.csv", ["hello", "win!!", "!!!!!!!!!"]), mail / "said.csv", below=0.9)
    table = read(mail / "said.csv")
    assert table.columns[-3:] == ["p_ham", "p_spam", "outlier"]
    assert table["prediction"].to_list() == [None, "spam", "none_of_the_above"]
    assert (table["outlier"] > 1.0).to_list() == [False, False, True]
    assert table["p_spam"][2] == pytest.approx(1.0, abs=1e-6)
    assert done.counts == {None: 1, "spam": 1, "none_of_the_above": 1}


def test_chunks_change_nothing_and_no_more_rows_are_held_than_a_chunk_has(mail, monkeypatch):
    new = csv(mail / "new.csv", [f"text{'!' * (row % 3)}" for row in range(25)])
    predict(new, mail / "once.parquet")
    asked = model("mail")
    monkeypatch.setattr(prediction, "find_model", lambda *_, **__: asked)
    monkeypatch.setitem(CHUNK, "text", 4)
    predict(new, mail / "chunks.parquet")
    assert read(mail / "once.parquet").equals(read(mail / "chunks.parquet"))
    embedder: Any = asked.embedder
    assert embedder.asked == [4] * 6 + [1]


def test_many_files_and_folders_are_told_apart_by_their_source(mail):
    (mail / "folder").mkdir()
    csv(mail / "folder" / "b.csv", ["no"])
    csv(mail / "folder" / "a.csv", ["yes!"])
    (mail / "folder" / ".c.csv").write_text("no rows")
    predict([csv(mail / "new.csv", ["one"]), mail / "folder"], mail / "said.csv")
    assert read(mail / "said.csv")["source"].to_list() == ["new.csv", "a.csv", "b.csv"]


def test_a_file_of_a_header_alone_is_told_and_the_others_are_predicted(mail, capsys):
    (mail / "folder").mkdir()
    csv(mail / "folder" / "a.csv", [])
    csv(mail / "folder" / "b.csv", ["no"])
    (mail / "folder" / "c.jsonl").write_text("\n")
    predict(mail / "folder", mail / "said.csv")
    assert read(mail / "said.csv")["source"].to_list() == ["b.csv"]
    told = capsys.readouterr().err
    assert "note: a.csv has a header and no rows: replace it with the full file; nothing is predicted of it" in told
    assert "note: c.jsonl is empty: " in told
    with pytest.raises(DataError, match=r"a\.csv has a header and no rows"):
        predict(mail / "folder", mail / "said.csv", strict=True)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_nothing_but_a_header_gives_a_table_without_rows(mail, suffix):
    done = predict(csv(mail / "new.csv", []), mail / f"said{suffix}")
    assert (done.rows, done.errors, done.counts) == (0, 0, {})
    if suffix != ".jsonl":
        assert read(mail / f"said{suffix}").columns[-2:] == ["p_ham", "p_spam"]


def test_files_of_one_name_are_told_apart_by_their_folders(mail):
    for folder in ("monday", "tuesday"):
        (mail / folder).mkdir()
        csv(mail / folder / "new.csv", [folder])
    predict([mail / "monday", mail / "tuesday" / "new.csv", csv(mail / "other.csv", ["no"])], mail / "said.csv")
    assert read(mail / "said.csv")["source"].to_list() == ["monday/new.csv", "tuesday/new.csv", "other.csv"]


def test_a_file_without_keys_is_taken_too(mail):
    predict(csv(mail / "new.csv", ["one", "one"], header="number,body,note"), mail / "said.csv")
    first, second = read(mail / "said.csv")["key"]
    assert first == second


def test_a_folder_of_images_is_predicted_file_by_file(mail):
    for name, grey in (("b.png", 250), ("a.png", 5)):
        (mail / "photos").mkdir(exist_ok=True)
        (mail / "photos" / name).write_bytes(picture(grey))
    predict(mail / "photos", mail / "said.jsonl", problem="cells")
    table = read(mail / "said.jsonl")
    assert table["key"].to_list() == ["a.png", "b.png"]
    assert table["prediction"].to_list() == ["dark", "light"]


@pytest.mark.parametrize(
    ("texts", "told"),
    [(["fine", "", "fine"], r"new\.csv, line 3: column 'body' is None, not text"), ([], "a header and no rows")],
)
def test_a_row_that_ingest_would_not_take_is_named_and_nothing_is_written(mail, texts, told):
    (mail / "said.csv").write_text("earlier")
    with pytest.raises(DataError, match=told):
        predict(csv(mail / "new.csv", texts), mail / "said.csv", strict=True)
    assert (mail / "said.csv").read_text() == "earlier"
    assert not list(mail.glob(".said*"))


def test_a_late_row_that_is_wrong_leaves_no_half_of_a_file(mail, monkeypatch):
    monkeypatch.setitem(CHUNK, "text", 2)
    with pytest.raises(DataError, match="line 6"):
        predict(csv(mail / "new.csv", ["a", "b", "c", "d", "", "f"]), mail / "said.parquet", strict=True)
    assert not list(mail.glob("*said*"))


def test_an_image_of_too_many_pixels_is_named(mail):
    (mail / "photos").mkdir()
    (mail / "photos" / "large.png").write_bytes(picture(9, side=21))
    with pytest.raises(DataError, match=r"large\.png has 21 x 21 pixels, more than ingest\.max_pixels 400"):
        predict(mail / "photos", mail / "said.csv", problem="cells", strict=True)


@pytest.mark.parametrize(
    ("out", "below", "told"),
    [("said.xlsx", 0.0, r"\.xlsx is not a format that is written"), ("said.csv", 1.5, "1.5 is not a probability")],
)
def test_what_cannot_be_meant_is_refused(mail, out, below, told):
    with pytest.raises(ConfigError, match=told):
        predict(csv(mail / "new.csv", ["a"]), mail / out, below=below)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
def test_a_row_that_cannot_be_predicted_gets_the_reason_and_the_others_their_prediction(mail, monkeypatch, suffix):
    monkeypatch.setitem(CHUNK, "text", 2)
    done = predict(csv(mail / "new.csv", ["a", "b!", "c", "", "", "f!"]), mail / f"said{suffix}")
    table = read(mail / f"said{suffix}")
    assert table["prediction"].to_list() == ["ham", "spam", "ham", None, None, "spam"]
    assert table["p_ham"].is_null().to_list() == [False, False, False, True, True, False]
    assert table["error"].is_null().to_list() == [True, True, True, False, False, True]
    assert "column 'body' is None, not text" in table["error"][3]
    assert (done.rows, done.errors, done.counts) == (6, 2, {"ham": 2, "spam": 2})


def test_a_file_none_of_whose_rows_can_be_predicted_is_all_reasons(mail):
    done = predict(csv(mail / "new.csv", ["", ""]), mail / "said.jsonl")
    assert (done.errors, done.counts) == (2, {})
    assert read(mail / "said.jsonl")["error"].null_count() == 0


def test_a_damaged_image_gets_the_reason(mail):
    (mail / "photos").mkdir()
    (mail / "photos" / "a.png").write_bytes(picture(5))
    (mail / "photos" / "b.png").write_bytes(b"")
    predict(mail / "photos", mail / "said.csv", problem="cells")
    table = read(mail / "said.csv")
    assert table["prediction"].to_list() == ["dark", None]
    assert "b.png is empty" in table["error"][1]


def test_rows_without_keys_and_with_the_same_key_are_predicted(mail):
    (mail / "new.csv").write_text("id,body,note\n1,one,x\n1,two!,x\n,three,x\n")
    predict(mail / "new.csv", mail / "said.csv")
    table = read(mail / "said.csv")
    assert table["prediction"].to_list() == ["ham", "spam", "ham"]
    assert table["key"].to_list()[:2] == ["1", "1"]


def test_columns_that_differ_by_letter_case_are_taken_and_told(mail, capsys):
    predict(csv(mail / "new.csv", ["one", "win!"], header=" ID,Body ,note"), mail / "said.csv")
    assert read(mail / "said.csv")["prediction"].to_list() == ["ham", "spam"]
    assert "column 'Body' is read as 'body'" in capsys.readouterr().err


def test_texts_that_are_formulas_without_a_value_are_refused(mail):
    (mail / "new.xlsx").write_bytes(workbook(("body", "note"), ("one", "x"), ("=A2", "x")))
    with pytest.raises(DataError, match="1 cell of column 'body' is a formula"):
        predict(mail / "new.xlsx", mail / "said.csv")


def test_what_is_read_is_not_written_over_unless_asked_for(mail):
    new = csv(mail / "new.csv", ["one"])
    before = new.read_text()
    with pytest.raises(
        ConfigError, match=r"new\.csv is what is read: name another file with --out, or replace it with --force"
    ):
        predict(new, new)
    assert new.read_text() == before
    predict(new, new, overwrite=True)
    assert read(new)["prediction"].to_list() == ["ham"]


def test_labels_of_people_are_not_written_over_unless_asked_for(mail):
    new, answers = csv(mail / "new.csv", ["one"]), mail / "answers.csv"
    answers.write_text("text,label\none,ham\n")
    with pytest.raises(ConfigError, match="holds labels that somebody gave, such as 'ham'"):
        predict(new, answers)
    predict(new, answers, overwrite=True)
    assert read(answers)["prediction"].to_list() == ["ham"]


def test_a_file_of_a_folder_that_is_read_is_not_written_over_either(mail):
    (mail / "folder").mkdir()
    new = csv(mail / "folder" / "a.csv", ["one"])
    with pytest.raises(ConfigError, match="is what is read"):
        predict(mail / "folder", new)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_an_output_of_an_earlier_day_in_the_folder_that_is_predicted_is_called_so(mail, suffix):
    (mail / "folder").mkdir()
    csv(mail / "folder" / "a.csv", ["one"])
    out = mail / "folder" / f"predictions{suffix}"
    predict(mail / "folder", out)
    before = out.read_bytes()
    with pytest.raises(
        DataError,
        match=rf"predictions\{suffix} has no column 'body', but those that `tidemill predict` writes .* write elsewhere",
    ):
        predict(mail / "folder", out)
    assert out.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (
            "new.csv",
            "id,body,note\n1,one,x\n2,two\n3,win!!,y\n",
            "line 3: 2 cells where the header has 3 (id, body, note)",
        ),
        (
            "new.jsonl",
            '{"id": 1, "body": "one"}\n{"id": 2, "bo\n{"id": 3, "body": "win!!"}\n',
            "line 2: not JSON",
        ),
    ],
)
def test_a_line_that_cannot_be_split_has_an_empty_answer_with_the_reason_unless_strict(mail, name, content, reason):
    (mail / name).write_text(content)
    done = predict(mail / name, mail / "said.csv")
    said = read(mail / "said.csv")
    assert said["prediction"].to_list() == ["ham", None, "spam"]
    assert said["key"].cast(str).to_list()[::2] == ["1", "3"]
    assert said["error"][1].startswith(reason)
    assert said["error"].null_count() == 2
    assert (done.rows, done.errors) == (3, 1)
    with pytest.raises(DataError, match=rf"{re.escape(name)}, line \d: "):
        predict(mail / name, mail / "said.csv", strict=True)


def test_of_images_too(mail):
    (mail / "a.png").write_bytes(picture(5))
    (mail / "new.csv").write_text("file,note\na.png,x\na.png\na.png,y\n")
    predict(mail / "new.csv", mail / "said.parquet", problem="cells")
    assert [bool(error) for error in read(mail / "said.parquet")["error"]] == [False, True, False]


def test_texts_alone_without_a_name_are_read_where_that_is_said(mail):
    (mail / "new.csv").write_text("win!!\nhello there\n")
    with pytest.raises(
        DataError, match=r"the first line, 'win!!', names the only one: where it is a text, --no-header takes it"
    ):
        predict(mail / "new.csv", mail / "said.csv")
    predict(mail / "new.csv", mail / "said.csv", reading=ReadOptions(header=False))
    assert read(mail / "said.csv")["prediction"].to_list() == ["spam", "ham"]


def test_how_a_file_is_read_can_be_said_of_that_file_alone(mail):
    (mail / "new.txt.csv").write_bytes("1~grüße\n2~win!!\n".encode("cp850"))
    reading = ReadOptions("cp850", "~", header=False)
    with pytest.raises(DataError, match="column 'body' is missing; there are column_1, column_2"):
        predict(mail / "new.txt.csv", mail / "said.csv", reading=reading)
    (mail / "new.csv").write_bytes("id~body\n1~grüße\n2~win!!\n".encode("cp850"))
    predict(mail / "new.csv", mail / "said.csv", reading=ReadOptions("cp850", "~"))
    assert read(mail / "said.csv")["prediction"].to_list() == ["ham", "spam"]


@pytest.mark.parametrize(
    ("given", "first"),
    [
        (b"id,body\na,hello\nb,win!!\n", b"source,key,row_id,error,prediction,p_ham,p_spam\n"),
        (b'{"id": "a", "body": "hello"}\n{"id": "b", "body": "win!!"}\n', b'{"source":"stdin.jsonl","key":"a"'),
    ],
)
def test_standard_input_is_read_and_standard_output_written_in_its_format(mail, monkeypatch, capfdbinary, given, first):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given)))
    monkeypatch.setitem(CHUNK, "text", 1)
    done = predict(Path("-"), Path("-"))
    out = capfdbinary.readouterr().out
    assert out.startswith(first)
    assert len(out.splitlines()) == (3 if first.startswith(b"source") else 2)
    assert done.counts == {"ham": 1, "spam": 1}


def test_standard_input_can_be_read_once(mail):
    with pytest.raises(ConfigError, match="can be read once"):
        predict([Path("-"), Path("-")], mail / "said.csv")


def test_a_pipe_is_refused_with_the_way_to_read_it(mail):
    os.mkfifo(mail / "pipe.csv")
    with pytest.raises(DataError, match=r"pipe\.csv is a pipe .* standard input, and name -"):
        predict(mail / "pipe.csv", mail / "said.csv")
