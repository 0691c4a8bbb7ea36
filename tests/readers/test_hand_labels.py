import json

import polars as pl
import pytest

from tidemill.cli.output import answering
from tidemill.contracts import ConfigError
from tidemill.readers.hand_labels import keep_hand_labels

LABELED = pl.DataFrame({"row_id": ["a", "b"], "label": [None, "spam"]})


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("answers.csv", LABELED.write_csv),
        ("answers.parquet", LABELED.write_parquet),
        ("answers.jsonl", LABELED.write_ndjson),
        ("answers.csv", LABELED.rename({"label": "Answer.label"}).write_csv),
        ("answers.tsv", lambda out: LABELED.rename({"label": "OUTPUT:label"}).write_csv(out, separator="\t")),
        ("answers.csv", lambda out: out.write_text(LABELED.write_csv(), encoding="utf-16")),
        ("answers.csv", LABELED.rename({"label": "Gold"}).write_csv),
    ],
)
def test_a_file_of_labels_is_named_with_the_first_of_them(tmp_path, name, write):
    out = tmp_path / name
    write(out)
    reason = r"such as 'spam' in column '(label|Answer.label|OUTPUT:label|Gold)' of (line|row) [23]: name another"
    with pytest.raises(ConfigError, match=reason):
        keep_hand_labels(out)


@pytest.mark.parametrize(
    "table",
    [
        LABELED.with_columns(label=pl.lit(None, pl.String)),
        pl.DataFrame({"row_id": ["a"], "prediction": ["spam"], "spam": [0.9]}),
        pl.DataFrame({"row_id": ["a"], "text": ["a label on a gold ring"]}),
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
def test_other_files_may_be_replaced(tmp_path, table, suffix):
    out = tmp_path / f"out{suffix}"
    {".csv": table.write_csv, ".parquet": table.write_parquet, ".jsonl": table.write_ndjson}[suffix](out)
    keep_hand_labels(out)


@pytest.mark.parametrize("content", ["", '"label', "label\n"])
def test_what_is_no_table_holds_no_labels(tmp_path, content):
    (tmp_path / "out.csv").write_text(content)
    keep_hand_labels(tmp_path / "out.csv")
    keep_hand_labels(tmp_path / "missing.csv")


@pytest.mark.parametrize("name", ["rows.csv", "functions.yaml", "functions.py"])
def test_a_printed_answer_does_not_replace_rows_or_functions(tmp_path, name):
    out = tmp_path / name
    out.write_text("precious")
    with pytest.raises(ConfigError, match="name another file with --out"), answering(out=out) as answer:
        answer({}, ["printed"])
    assert out.read_text() == "precious"


def test_a_printed_answer_replaces_an_earlier_one(tmp_path):
    out = tmp_path / "answer.json"
    for number in (1, 2):
        with answering(as_json=True, out=out) as answer:
            answer({"number": number}, [])
    assert json.loads(out.read_text()) == {"number": 2}
