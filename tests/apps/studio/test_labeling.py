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


def queue(client, **asked):
    return client.post("/api/problems/mail/labels/next", json=asked).json()


def label(client, row_id, said, **more):
    return client.post("/api/problems/mail/labels", json={"row_id": row_id, "label": said} | more)


def test_pages_are_given_different_rows_as_long_as_there_are_others(copied, client):
    shown = [{row["row_id"] for row in queue(client, page=page)["rows"]} for page in "abca"]
    assert [len(rows) for rows in shown] == [20] * 4
    assert not shown[0] & shown[1]
    assert not (shown[0] | shown[1]) & shown[2]
    when = "2026-01-01T00:00:00.000000Z"
    others = {f"r{k:03d}" for k in range(240)} - shown[3]
    lines = [Answer(row_id=row_id, label="ham", when=when, source="all.csv") for row_id in others]
    append_answers(Project.open(copied).paths("mail"), lines)
    assert {row["row_id"] for row in queue(client, page="b")["rows"]} == shown[3]


def test_undo_takes_back_the_answer_of_its_page_and_not_a_later_one_of_another_person(copied, client):
    mine = label(client, "r000", "spam", who="r07").json()["answer"]
    label(client, "r000", "ham", who="r08")
    client.post("/api/problems/mail/labels/withdraw", json={"row_id": "r000", "answer": mine})
    assert [(one.who, one.label) for one in history(copied).valid] == [("r08", "ham")]
    nothing = client.post("/api/problems/mail/labels/withdraw", json={"row_id": "r000", "answer": "0"})
    assert (nothing.status_code, "has no answer 0" in nothing.json()["error"]) == (400, True)


def test_a_label_under_the_same_id_is_not_replaced_unseen_and_a_name_is_no_id(copied, client):
    label(client, "r000", "spam")
    again = label(client, "r000", "ham")
    assert (again.status_code, "called this row 'spam' meanwhile" in again.json()["error"]) == (409, True)
    for odd in ("Ann Lee", "r07; x", "<b>", "ünï", "a" * 33):
        refused = label(client, "r001", "ham", who=odd)
        assert (refused.status_code, "is no id of a person" in refused.json()["error"]) == (400, True)
    assert [one.label for one in history(copied).answers] == ["spam"]


def test_rows_without_a_label_are_asked_and_skipped_ones_are_not(copied, client):
    first = queue(client)
    assert first["counts"] == {"rows": 240, "labels": 0, "splits": {"train": 0, "dev": 0, "valid": 0, "test": 0}}
    asked = [row["row_id"] for row in first["rows"]]
    assert len(set(asked)) == 20
    assert {row["picked"] for row in first["rows"]} == {"random", "uncertain"}
    assert first["rows"][0]["text"]
    again = queue(client, skipped=asked)
    assert not {row["row_id"] for row in again["rows"]} & set(asked)


def test_a_label_is_in_the_history_with_who_and_when_until_it_is_withdrawn(copied, client):
    [row, *_] = queue(client)["rows"]
    given = {"row_id": row["row_id"], "label": "spam", "picked": row["picked"], "note": " sure "}
    kept = client.post("/api/problems/mail/labels", json=given).json()
    assert kept["counts"]["labels"] == 1
    assert client.post("/api/problems/mail/labels", json=given).json() == kept  # an answer that was lost on the way
    answer = history(copied).counting[row["row_id"]]
    assert (answer.label, answer.source, answer.picked, answer.note) == ("spam", "studio", row["picked"], "sure")
    assert answer.who
    assert answer.when
    taken_back = {"row_id": row["row_id"], "answer": kept["answer"]}
    assert [client.post("/api/problems/mail/labels/withdraw", json=taken_back).json()["labels"] for _ in range(2)] == [
        0,
        0,
    ]
    assert row["row_id"] not in history(copied).counting
    assert len(history(copied).answers) == 2


@pytest.mark.parametrize(("given", "said"), [(("r000", "spma"), "did you mean"), (("r999", "spam"), "no row 'r999'")])
def test_what_is_no_row_or_class_is_refused_and_nothing_is_written(copied, client, given, said):
    answer = client.post("/api/problems/mail/labels", json={"row_id": given[0], "label": given[1]})
    assert (answer.status_code, said in answer.json()["error"]) == (400, True)
    assert history(copied).answers == ()


def test_where_all_rows_have_labels_none_is_asked(copied, client):
    when = "2026-01-01T00:00:00.000000Z"
    lines = [Answer(row_id=f"r{k:03d}", label="ham", when=when, source="all.csv") for k in range(240)]
    append_answers(Project.open(copied).paths("mail"), lines)
    answer = queue(client)
    assert queue(client, batch="b")["rows"] == []
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
