"""A file becomes a problem as by `tidemill new`, or nothing of it stays."""

import csv
import io
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from tests.apps.onboarding.test_new_problem import reviews
from tests.apps.studio.conftest import client_of
from tests.ingest.factories import png
from tidemill.apps.onboarding import new_problem
from tidemill.apps.studio import uploads
from tidemill.contracts import ConfigError
from tidemill.project.compose import write_params
from tidemill.project.project import Project

OCTETS = {"content-type": "application/octet-stream"}


@pytest.fixture
def empty(inside: Path, root: Path) -> Path:
    """A project of this version's settings."""
    shutil.copytree(root / "conf", "conf")
    shutil.copy(root / "dvc.yaml", "dvc.yaml")
    write_params(Project.open(inside))
    return inside


@pytest.fixture
def client(empty: Path):
    return client_of(empty)


def sent(client, name: str, content: bytes) -> str:
    answer = client.post("/api/uploads", params={"name": name}, content=content, headers=OCTETS)
    assert answer.status_code == 200, answer.text
    return answer.json()["upload"]


def table(folder: Path) -> bytes:
    return reviews(folder / "made.csv", count=200).read_bytes()


def files(folder: Path) -> dict[str, bytes]:
    kept = (path for path in folder.rglob("*") if path.is_file() and ".tidemill" not in path.parts)
    return {str(path): path.read_bytes() for path in kept}


@pytest.mark.slow
def test_a_csv_is_looked_at_and_made_into_a_problem(client, empty, tmp_path_factory):
    upload = sent(client, "reviews.csv", table(tmp_path_factory.mktemp("elsewhere")))
    before = files(empty)
    seen = client.post("/api/new/preview", json={"upload": upload, "guess": True}).json()
    assert (seen["text"], seen["label"], seen["rows"], seen["classes"]) == ("body", "stars", 200, ["bad", "good"])
    assert {column["name"]: column["different"] for column in seen["columns"]}["stars"] == 2
    assert files(empty) == before
    wanted = {"upload": upload, "name": "reviews", "text": "body", "label": "stars", "meta": ["author"]}
    made = client.post("/api/new", json=wanted).json()
    assert (made["rows"], made["classes"]) == (200, ["bad", "good"])
    assert (empty / "data/incoming/reviews/reviews.csv").exists()
    manifest = json.loads((empty / "data/reviews/batches.json").read_text())
    assert manifest["batches"][0]["source"] == "data/incoming/reviews/reviews.csv"
    assert "reviews" in Project.open(empty).problems
    assert "upload it again" in client.post("/api/new/preview", json={"upload": upload}).json()["error"]


def test_warnings_stand_beside_the_columns_that_they_are_about(client):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["body", "stars"])
    writer.writerows([f"a text of row {n}", ("good", "Good", "bad", "n/a")[n % 4]] for n in range(80))
    upload = sent(client, "r.csv", out.getvalue().encode())
    seen = client.post("/api/new/preview", json={"upload": upload, "text": "body", "label": "stars"}).json()
    notes = {column["name"]: column["notes"] for column in seen["columns"]}
    assert any("are one class" in note for note in notes["stars"])
    assert notes["body"] == []
    assert not any("stars" in note for note in seen["notes"])
    seen = client.post("/api/new/preview", json={"upload": upload, "label": "body"}).json()
    assert (seen["rows"], len(seen["columns"])) == (0, 2)
    assert "holds the text" in seen["error"]


def test_nothing_stays_of_a_problem_that_could_not_be_made(client, empty, tmp_path_factory, monkeypatch):
    upload = sent(client, "reviews.csv", table(tmp_path_factory.mktemp("elsewhere")))
    before = files(empty)

    def fail(*_: object) -> None:
        raise ConfigError("conf/ composes to nothing")

    wanted = {"upload": upload, "name": "reviews", "text": "body", "label": "stars"}
    with monkeypatch.context() as patch:
        patch.setattr(new_problem, "compose_all", fail)
        answer = client.post("/api/new", json=wanted)
    assert (answer.status_code, answer.json()["error"]) == (400, "conf/ composes to nothing")
    assert files(empty) == before
    assert client.post("/api/new/preview", json=wanted).json()["error"] is None


@pytest.mark.parametrize(
    "name", ["../r.csv", ".r.csv", "-r.csv", "a/b.csv", "a\\b.csv", "r.exe", "r\n.csv", "x" * 300 + ".csv"]
)
def test_names_that_no_file_should_have_are_refused(client, name, empty):
    assert client.post("/api/uploads", params={"name": name}, content=b"x", headers=OCTETS).status_code == 400
    assert not list((empty / ".tidemill").rglob("*.csv"))


def test_uploads_have_a_limit_and_need_the_header(client, monkeypatch, empty):
    monkeypatch.setattr(uploads, "MAX_UPLOAD_BYTES", 10)
    answer = client.post("/api/uploads", params={"name": "r.csv"}, content=b"x" * 11, headers=OCTETS)
    assert "larger than 10 bytes" in answer.json()["error"]
    assert not list((empty / ".tidemill/studio/uploads").iterdir())
    asked = {"params": {"name": "r.csv"}, "content": b"x"}
    assert client.post("/api/uploads", **asked, headers=OCTETS | {"x-tidemill-csrf": "no"}).status_code == 403
    assert client.post("/api/uploads", **asked, headers={"content-type": "text/plain"}).status_code == 415
    huge = OCTETS | {"content-length": "9999999999"}
    assert client.post("/api/uploads", **asked, headers=huge).status_code == 413
    assert client.post("/api/new", content=b"{}", headers=OCTETS).status_code == 415


def archive(**more: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for number in range(40):
            packed.writestr(f"cells/{('bad', 'good')[number % 2]}/{number}.png", png(number))
        for name, content in more.items():
            packed.writestr(name, content)
    return out.getvalue()


@pytest.mark.slow
def test_an_archive_of_images_becomes_a_problem_of_its_folders(client, empty):
    upload = sent(client, "cells.zip", archive(**{"__MACOSX/x.png": b"", "cells/run.sh": b"rm"}))
    seen = client.post("/api/new/preview", json={"upload": upload, "guess": True}).json()
    assert (seen["folder"], seen["rows"], seen["classes"], seen["error"]) == (True, 40, ["bad", "good"], None)
    made = client.post("/api/new", json={"upload": upload, "name": "cells"}).json()
    assert made["rows"] == 40
    taken = [path for path in (empty / "data/incoming/cells").rglob("*") if path.is_file()]
    assert len(taken) == 40


@pytest.mark.parametrize("name", ["../../../../evil.png", "/evil.png", "cells/../../../evil.png"])
def test_an_archive_that_leads_out_of_its_folder_is_refused(client, empty, name):
    upload = sent(client, "cells.zip", archive(**{name: b"x"}))
    assert "leads out of the archive" in client.post("/api/new/preview", json={"upload": upload}).json()["error"]
    assert not list(empty.rglob("evil.png"))


def test_files_of_the_server_are_those_of_the_incoming_folder_alone(client, empty, tmp_path_factory):
    reviews(empty / "data/incoming/r.csv", count=100)
    elsewhere = reviews(tmp_path_factory.mktemp("elsewhere") / "secret.csv", count=100)
    (empty / "data/incoming/link.csv").symlink_to(elsewhere)
    assert "r.csv" in client.get("/api/incoming").json()["files"]
    assert client.post("/api/new/preview", json={"path": "r.csv", "guess": True}).json()["rows"] == 100
    for path in (str(elsewhere), "../../params.yaml", "link.csv", ".", "none.csv"):
        assert client.post("/api/new/preview", json={"path": path, "guess": True}).status_code == 400
    for name in ("../x", "Reviews", "train", "class"):
        wanted = {"path": "r.csv", "name": name, "text": "body", "label": "stars"}
        assert "cannot be a problem's name" in client.post("/api/new", json=wanted).json()["error"]
