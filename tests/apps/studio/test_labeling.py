"""Rows that are asked, the labels that are given, and what stands in the history of gold."""

import io
import json

import polars as pl
import pytest
import yaml
from PIL import Image

from tests.apps.studio.conftest import client_of
from tidemill.project.gold_history import Answer, GoldHistory, append_answers
from tidemill.project.project import Project


def history(copied):
    return GoldHistory.read(copied / "data/mail/gold_history.jsonl")


def test_rows_without_a_label_are_asked_and_skipped_ones_are_not(copied, client):
    first = client.get("/api/problems/mail/labels/next").json()
    assert first["counts"] == {"rows": 240, "labels": 0, "splits": {"train": 0, "dev": 0, "valid": 0, "test": 0}}
    asked = [row["row_id"] for row in first["rows"]]
    assert len(set(asked)) == 20
    assert {row["picked"] for row in first["rows"]} == {"random", "uncertain"}
    assert first["rows"][0]["text"]
    again = client.get("/api/problems/mail/labels/next", params={"skipped": asked}).json()
    assert not {row["row_id"] for row in again["rows"]} & set(asked)


def test_a_label_is_in_the_history_with_who_and_when_until_it_is_withdrawn(copied, client):
    [row, *_] = client.get("/api/problems/mail/labels/next").json()["rows"]
    given = {"row_id": row["row_id"], "label": "spam", "picked": row["picked"], "note": " sure "}
    assert client.post("/api/problems/mail/labels", json=given).json()["labels"] == 1
    answer = history(copied).counting[row["row_id"]]
    assert (answer.label, answer.source, answer.picked, answer.note) == ("spam", "studio", row["picked"], "sure")
    assert answer.who
    assert answer.when
    assert client.post("/api/problems/mail/labels/withdraw", json={"row_id": row["row_id"]}).json()["labels"] == 0
    assert row["row_id"] not in history(copied).counting


@pytest.mark.parametrize(("given", "said"), [(("r000", "spma"), "did you mean"), (("r999", "spam"), "no row 'r999'")])
def test_what_is_no_row_or_class_is_refused_and_nothing_is_written(copied, client, given, said):
    answer = client.post("/api/problems/mail/labels", json={"row_id": given[0], "label": given[1]})
    assert (answer.status_code, said in answer.json()["error"]) == (400, True)
    assert history(copied).answers == ()


def test_where_all_rows_have_labels_none_is_asked(copied, client):
    when = "2026-01-01T00:00:00.000000Z"
    lines = [Answer(row_id=f"r{k:03d}", label="ham", when=when, source="all.csv") for k in range(240)]
    append_answers(Project.open(copied).paths("mail"), lines)
    answer = client.get("/api/problems/mail/labels/next").json()
    assert (answer["rows"], answer["counts"]["labels"]) == ([], 240)


def test_a_picture_is_what_the_decoder_makes_of_an_image(copied):
    params = yaml.safe_load((copied / "params.yaml").read_text())
    params["mail"]["problem"]["modality"] = "image"
    params["mail"]["ingest"] |= {"text": None, "image": "image"}
    (copied / "params.yaml").write_text(yaml.safe_dump(params))
    out = io.BytesIO()
    Image.new("RGBA", (1280, 640), (255, 0, 0, 255)).save(out, format="WEBP", lossless=True)
    raw = copied / "data/mail/raw/b.parquet"
    pl.read_parquet(raw).drop("text").with_columns(image=pl.lit(out.getvalue())).write_parquet(raw)
    client = client_of(copied)
    answer = client.get("/api/problems/mail/pictures/r003")
    assert answer.headers["content-type"] == "image/png", answer.content
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert (picture.format, picture.size, picture.getpixel((5, 5))) == ("PNG", (640, 320), (255, 0, 0))
    assert client.get("/api/problems/mail/pictures/r999").status_code == 400


def test_rows_of_texts_have_no_picture(client):
    assert "no images" in json.loads(client.get("/api/problems/mail/pictures/r003").content)["error"]
