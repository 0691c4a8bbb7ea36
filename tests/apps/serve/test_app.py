import asyncio
import base64
import io
import json
import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from starlette.testclient import TestClient

from tests.apps.factories import build, model, picture
from tidemill.apps.models.model import CHUNK
from tidemill.apps.serve.answers import ModelAnswers
from tidemill.apps.serve.app import RequestGate, application
from tidemill.apps.serve.request_queue import RequestQueue
from tidemill.apps.serve.request_rows import from_json
from tidemill.apps.serve.settings import ServiceSettings
from tidemill.contracts import RequestError
from tidemill.ingest.settings import IngestSettings
from tidemill.project.project import Project
from tidemill.train.end_model.outliers import Outliers

SETTINGS = ServiceSettings(
    host="127.0.0.1",
    allowed_hosts=("mail.example.org", "*.example.net"),
    header_seconds=5.0,
    connections=8,
    port=0,
    abstain_below=0.0,
    max_rows=5,
    max_bytes=5000,
    seconds=5.0,
    engine="torch",
)
LINEAGE = {"version": "mail@v1.0.0", "commit": "0" * 40}


def served(name: str, **changes) -> tuple[TestClient, RequestQueue]:
    settings = SETTINGS.model_copy(update=changes)
    desk = RequestQueue(model(name), settings.abstain_below, settings.seconds)
    ingest = Project.open(Path()).load(name, "ingest", IngestSettings)[1]
    return TestClient(
        application(ModelAnswers(desk, ingest, settings.max_rows), ingest, settings, LINEAGE),
        "http://127.0.0.1",
        raise_server_exceptions=False,
    ), desk


@pytest.fixture
def mail(inside) -> TestClient:
    build(inside)
    return served("mail")[0]


@pytest.fixture
def cells(inside) -> TestClient:
    build(inside)
    return served("cells")[0]


def texts(*contents: object) -> dict:
    return {"rows": [{"text": content} for content in contents]}


def test_a_row_unlike_all_known_ones_is_answered_as_none_of_the_above(inside):
    build(inside)
    client, desk = served("mail")
    known = np.arange(60, dtype=np.float32)[:, None] % 3
    desk.model.__dict__["outliers"] = Outliers.fit(known, known, share=0.0, seed=0)
    first, second = client.post("/predict", json=texts("win!!", "!!!!!!!!!")).json()["rows"]
    assert (first["prediction"], second["prediction"]) == ("spam", "none_of_the_above")
    assert first["outlier"] <= 1.0 < second["outlier"]
    assert second["probabilities"]["spam"] > 0.99


def test_it_tells_that_it_is_well_and_where_its_model_comes_from(mail):
    assert mail.get("/health").json() == {"status": "ok", "version": "mail@v1.0.0"}
    assert mail.get("/version").json() == LINEAGE


def test_each_row_gets_an_answer_in_its_order(mail):
    answer = mail.post("/predict", json={"rows": [{"text": "hi", "key": "a"}, {"text": "win!!"}]})
    assert answer.status_code == 200
    content = answer.json()
    assert (content["version"], content["classes"]) == ("mail@v1.0.0", ["ham", "spam"])
    first, second = content["rows"]
    assert (first["key"], first["prediction"]) == ("a", "ham")
    assert "key" not in second
    expected = 1 / (1 + math.exp(-3.0))  # two marks: log odds 2 * 2 - 1
    assert second["probabilities"] == pytest.approx({"ham": 1 - expected, "spam": expected}, abs=1e-6)


def test_below_the_threshold_nothing_is_predicted(inside):
    build(inside)
    client, _ = served("mail", abstain_below=0.9)
    first, second = client.post("/predict", json=texts("hi", "win!!")).json()["rows"]
    assert (first["prediction"], second["prediction"]) == (None, "spam")
    assert first["probabilities"]["ham"] == pytest.approx(1 / (1 + math.exp(-1.0)), abs=1e-6)


def test_images_come_in_base64_or_as_files_of_a_form(cells):
    dark, light = picture(3), picture(250)
    rows = [{"image": base64.b64encode(one).decode()} for one in (dark, light)]
    said = cells.post("/predict", json={"rows": rows}).json()["rows"]
    assert [row["prediction"] for row in said] == ["dark", "light"]
    files = [("image", ("one.png", light, "image/png")), ("image", ("two.png", dark, "image/png"))]
    again = cells.post("/predict", files=files).json()["rows"]
    assert [(row["key"], row["prediction"]) for row in again] == [("one.png", "light"), ("two.png", "dark")]
    assert again[0]["probabilities"] == said[1]["probabilities"]


@pytest.mark.parametrize(
    ("rows", "row", "told"),
    [
        ([{"txet": "a"}], 1, "row 1: not an object with text, and perhaps key, but with 'txet'; did you mean text?"),
        ([{"Text": "a"}], 1, "row 1: not an object with text, and perhaps key, but with 'Text'; did you mean text?"),
        ([{"text": "a", "label": "spam"}], 1, "row 1: not an object with text, and perhaps key, but with 'label'"),
        ([{"text": "a"}, "b"], 2, "row 2: not an object with text"),
        ([{"text": "a", "key": 7}], 1, "row 1: key is 7, not a string"),
        ([{"text": "a"}, {"text": "a", "key": "\ud800"}], 2, "row 2: key holds half of a character"),
        ([{"text": None}, {"text": ""}], 1, "row 1: text is None, not a string"),
    ],
)
def test_a_row_of_another_form_is_named_and_so_is_the_first_where_none_can_be_taken(mail, rows, row, told):
    answer = mail.post("/predict", content=json.dumps({"rows": rows}), headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["error"]["row"] == row
    assert answer.json()["error"]["message"].startswith(told)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('"  "', "column 'text' is '  ', not text"),
        ('"nan"', "column 'text' is 'nan', not text"),
        ("null", "text is None, not a string"),
        ("NaN", "text is nan, not a string"),
        ('["win!!"]', "text is ['win!!'], not a string"),
        (r'"\ud800"', "half a character is no text"),
    ],
)
def test_a_row_without_text_has_its_reason_and_the_others_have_their_answers(mail, content, reason):
    body = f'{{"rows": [{{"text": "hi"}}, {{"text": {content}, "key": "b"}}, {{"text": "win!!"}}]}}'
    answer = mail.post("/predict", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200
    first, second, third = answer.json()["rows"]
    error = second.pop("error")
    assert error.startswith(reason)
    assert second == {"key": "b", "prediction": None, "probabilities": None}
    assert [first, third] == mail.post("/predict", json=texts("hi", "win!!")).json()["rows"]


def test_a_number_in_place_of_a_text_is_taken_as_from_a_file(mail):
    body = '{"rows": [{"text": 12345}, {"text": 3.0}, {"text": true}]}'
    answer = mail.post("/predict", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200
    assert answer.json()["rows"] == mail.post("/predict", json=texts("12345", "3", "true")).json()["rows"]


@pytest.mark.parametrize(
    ("image", "told"),
    [
        (base64.b64encode(picture(9, side=21)).decode(), "image has 21 x 21 pixels, more than ingest.max_pixels 400"),
        (base64.b64encode(b"GIF, but not quite").decode(), "image is not an image"),
        (base64.b64encode(picture(9)[:45]).decode(), "image is damaged"),
        ("not base64!", "image is not base64"),
    ],
)
def test_an_image_that_ingest_would_not_take_has_its_reason(cells, image, told):
    good = base64.b64encode(picture(9)).decode()
    known, bad = cells.post("/predict", json={"rows": [{"image": good}, {"image": image}]}).json()["rows"]
    assert known["prediction"] == "dark"
    assert bad["prediction"] is None
    assert told in bad["error"]
    alone = cells.post("/predict", json={"rows": [{"image": image}]})
    assert alone.status_code == 422
    assert told in alone.json()["error"]["message"]


def test_an_image_is_taken_on_the_ground_that_the_settings_name(inside):
    build(inside)
    clear = io.BytesIO()
    Image.new("RGBA", (12, 12), (255, 255, 255, 0)).save(clear, "PNG")
    rows = {"rows": [{"image": base64.b64encode(clear.getvalue()).decode()}]}

    def said(ground: str) -> str:
        content = yaml.safe_load(Path("params.yaml").read_text())
        content["cells"]["ingest"]["image_background"] = ground
        Path("params.yaml").write_text(yaml.safe_dump(content))
        return served("cells")[0].post("/predict", json=rows).json()["rows"][0]["prediction"]

    assert (said("white"), said("black")) == ("light", "dark")


@pytest.mark.parametrize(
    ("body", "kind", "status", "told"),
    [
        ("{", "application/json", 400, "the body is not JSON"),
        ("[" * 3000, "application/json", 400, "the body is not JSON"),
        ('{"rows": [{"text": ' + "9" * 4400 + "}]}", "application/json", 400, "a number has more than 4,300 digits"),
        ('{"rows": [{"text": "a", "text": "b"}]}', "application/json", 400, "key 'text' is there twice in an object"),
        ('{"rows": [], "rows": [{"text": "b"}]}', "application/json", 400, "key 'rows' is there twice in an object"),
        ("[]", "application/json", 400, "the body is not of the form"),
        ('{"rows": []}', "application/json", 400, "no rows"),
        ('{"rows": [], "model": "x"}', "application/json", 400, "the body is not of the form"),
        ('{"rows": [' + '{"text": "a"},' * 5 + '{"text": "a"}]}', "application/json", 413, "6 rows, at most 5"),
        ('{"rows": [{"text": "' + "a" * 5000 + '"}]}', "application/json", 413, "more than 5000 bytes"),
        ('{"rows": [{"text": "a"}]}', "text/plain", 415, "content type text/plain is not application/json"),
        ("cos\nsystem\n(S'true'\ntR.", "application/x-pickle", 415, "content type application/x-pickle"),
    ],
)
def test_a_body_that_is_not_a_request_is_refused_with_the_reason(mail, body, kind, status, told):
    answer = mail.post("/predict", content=body, headers={"content-type": kind})
    assert answer.status_code == status
    assert told in answer.json()["error"]["message"]


def test_a_body_whose_length_is_not_told_is_counted(mail):
    answer = mail.post(
        "/predict", content=(b"a" * 500 for _ in range(20)), headers={"content-type": "application/json"}
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"content-encoding": "gzip"}, "content encoding gzip: send the body unpacked"),
        ({"content-type": "application/json; charset=iso-8859-1"}, "charset iso-8859-1: send the body in UTF-8"),
    ],
)
def test_a_body_that_is_packed_or_of_another_encoding_is_refused(mail, headers, told):
    answer = mail.post("/predict", content=b"\x1f\x8b", headers={"content-type": "application/json"} | headers)
    assert answer.status_code == 415
    assert told in answer.json()["error"]["message"]
    known = mail.post(
        "/predict", json={"rows": [{"text": "a"}]}, headers={"content-type": "application/json; charset=UTF-8"}
    )
    assert known.status_code == 200


def test_a_body_of_two_lengths_is_refused(mail):
    headers = {"content-type": "application/json", "transfer-encoding": "chunked", "content-length": "24"}
    answer = mail.post("/predict", content=b'{"rows": [{"text": "a"}]}'[:24], headers=headers)
    assert answer.status_code == 400
    assert "both Content-Length and Transfer-Encoding" in answer.json()["error"]["message"]
    assert answer.headers["connection"] == "close"


def test_a_body_that_comes_in_parts_is_counted_as_a_whole():
    parts = [{"type": "http.request", "body": b"a" * 6, "more_body": True} for _ in range(9)]
    taken = []

    async def reads(_, receive, __):
        while True:
            taken.append(await receive())

    async def receive():
        return parts.pop()

    async def send(_):
        pass

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"host", b"localhost")], "client": None}
    with pytest.raises(RequestError, match="more than 20 bytes"):
        asyncio.run(RequestGate(reads, max_bytes=20, hosts=())(scope, receive, send))
    assert len(taken) == 3


def test_a_client_that_is_gone_within_its_request_is_no_failure_of_the_service(mail, capsys):
    parts = iter([{"type": "http.request", "body": b'{"rows":[', "more_body": True}, {"type": "http.disconnect"}])
    sent = []

    async def receive():
        return next(parts)

    async def send(message):
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"content-length", b"500")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/predict",
        "headers": headers,
        "client": None,
        "query_string": b"",
    }
    asyncio.run(mail.app(scope | {"raw_path": b"/predict", "root_path": "", "scheme": "http"}, receive, send))
    assert sent[0]["status"] == 400
    assert "Traceback" not in capsys.readouterr().err


def test_too_many_files_are_refused(cells):
    files = [("image", (f"{k}.png", picture(9), "image/png")) for k in range(6)]
    assert "6 rows, at most 5" in cells.post("/predict", files=files).json()["error"]["message"]
    assert cells.post("/predict", data={"image": "text"}, files=files[:1]).status_code == 400


def test_places_and_methods_that_are_not_there_are_told_as_json(mail):
    assert mail.get("/nothing").json() == {"error": {"message": "Not Found"}}
    assert mail.get("/predict").status_code == 405
    assert mail.get("/docs").status_code == 404


def test_a_request_waits_for_the_model_no_longer_than_it_may_take(inside):
    build(inside)
    client, desk = served("mail", seconds=0.05)
    with desk.lock:
        answer = client.post("/predict", json=texts("hi"))
    assert answer.status_code == 503
    assert "busy" in answer.json()["error"]["message"]
    assert answer.headers["retry-after"] == "1"
    assert client.post("/predict", json=texts("hi")).status_code == 200


def test_a_request_that_takes_too_long_is_given_up_and_the_model_is_free_again(inside, monkeypatch):
    build(inside)
    monkeypatch.setitem(CHUNK, "text", 1)
    client, desk = served("mail", seconds=0.2)
    quick = desk.model.embedder.features

    def slow(rows, *, name):
        time.sleep(0.3)
        return quick(rows, name=name)

    monkeypatch.setattr(desk.model.embedder, "features", slow)
    answer = client.post("/predict", json=texts("one", "two"))
    assert answer.status_code == 503
    assert "only 1 of 2 rows were answered in 0.2 seconds" in answer.json()["error"]["message"]
    assert not desk.lock.locked()


def test_it_tells_that_it_is_well_while_a_request_hangs(inside, monkeypatch):
    build(inside)
    client, desk = served("mail", seconds=600.0)
    begun, released, quick = threading.Event(), threading.Event(), desk.model.embedder.features

    def hangs(rows, *, name):
        begun.set()
        released.wait(120)
        return quick(rows, name=name)

    monkeypatch.setattr(desk.model.embedder, "features", hangs)
    with client, ThreadPoolExecutor(2) as pool:  # one event loop for both requests
        hanging = pool.submit(client.post, "/predict", json=texts("hi"))
        try:
            assert begun.wait(60)
            assert pool.submit(client.get, "/health").result(60).json()["status"] == "ok"
            assert not hanging.done()
        finally:
            released.set()
        assert hanging.result(60).status_code == 200


def test_a_failure_of_its_own_is_logged_and_tells_strangers_nothing(inside, monkeypatch, capsys):
    build(inside)
    client, desk = served("mail")
    monkeypatch.setattr(desk.model.embedder, "features", lambda *_, **__: 1 / 0)
    answer = client.post("/predict", json=texts("hi"))
    assert answer.status_code == 500
    assert answer.json() == {"error": {"message": "the service failed; its log says how"}}
    assert client.post("/predict", json=texts("hi")).status_code == 500  # and it goes on
    assert "POST /predict 500 " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8080", 200),
        ("localhost", 200),
        ("[::1]:8080", 200),
        ("mail.example.org", 200),
        ("MAIL.example.org.:80", 200),
        ("one.example.net", 200),
        ("example.net.evil.example.com", 421),
        ("rebound.example.com", 421),
        ("127.0.0.1.example.com", 421),
    ],
)
def test_a_name_that_is_not_the_services_gets_no_answer(mail, host, status):
    answer = mail.get("/health", headers={"host": host})
    assert answer.status_code == status
    assert status == 200 or f"is not asked for as {host}" in answer.json()["error"]["message"]


def test_head_is_answered_as_get_is_and_ends_the_connection(mail):
    answer = mail.head("/health")
    assert (answer.status_code, answer.headers["connection"]) == (200, "close")
    assert mail.head("/predict").status_code == 405
    assert mail.head("/nothing").status_code == 404


def test_texts_of_a_request_are_read_in_the_form_in_which_ingest_reads_them(mail):
    settings = Project.open(Path()).load("mail", "ingest", IngestSettings)[1]
    body = json.dumps({"rows": [{"text": "cafe\u0301"}]}).encode()
    assert from_json(body, settings, 5).contents == ["caf\u00e9"]
