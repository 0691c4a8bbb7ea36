"""The studio's answers, each beside what the command line or a count by hand gives."""

import subprocess
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from tests.apps.workbench.conftest import ROWS
from tidemill.apps.studio import problems
from tidemill.apps.studio.app import application
from tidemill.apps.studio.guard import CSRF, Access
from tidemill.apps.studio.rows import RowQuery, find_rows
from tidemill.apps.studio.run import run
from tidemill.apps.workbench.suggest_functions import suggest_functions
from tidemill.common.statistics import wilson
from tidemill.contracts import ConfigError
from tidemill.label.engine import landlock
from tidemill.project.project import Project
from tidemill.reports.evaluate import Metrics

METRICS: dict[str, Any] = {
    "split": "test",
    "rows": 8,
    "metric": "accuracy",
    "confidence": 0.95,
    "scores": {},
    "intervals": {},
    "end_model_gains": {},
    "slices": {},
    "slice_intervals": {},
    "coverage": {"target_precision": 0.9, "threshold": None},
}
PRIZE = "{name: says_prize, kind: keywords, words: [prize], vote: spam}"


def test_the_first_page_says_what_waits_for_a_person(client):
    [mail] = client.get("/api/problems").json()
    assert (mail["rows"], mail["batches"], mail["classes"]) == (ROWS, 1, ["ham", "spam"])
    assert mail["versions"] == []
    assert any("no model in production" in line for line in mail["waiting"])


def test_rows_are_found_as_counted_by_hand(workspace):
    raw, view = workspace.view.raw, workspace.view
    texts = raw["text"].to_list()
    by_words = find_rows(workspace, RowQuery(text="PRIZE win"))
    assert by_words.found == sum("prize" in text.lower() and "win" in text.lower() for text in texts)
    assert find_rows(workspace, RowQuery(text="^you", how="regex")).found == sum(t.startswith("you") for t in texts)
    assert find_rows(workspace, RowQuery(text="r01", how="id")).found == 10
    silent = sum(all(vote == -1 for vote in row) for row in view.votes.tolist())
    assert find_rows(workspace, RowQuery(votes="none")).found == silent > 0
    labels = view.labels.argmax(axis=1)
    assert find_rows(workspace, RowQuery(label="spam")).found == (labels == 1).sum()
    last = find_rows(workspace, RowQuery(page=10_000))
    assert (last.page, last.pages, len(last.rows)) == (9, 10, ROWS - 9 * 25)


def test_the_least_certain_rows_come_first(workspace):
    shown = find_rows(workspace, RowQuery(order="uncertain")).rows
    assert shown[0].probability == pytest.approx(workspace.view.labels.max(axis=1).min())


def test_the_match_of_the_selected_function_is_marked(workspace):
    shown = find_rows(workspace, RowQuery(function="says_prize")).rows
    assert {part.text.lower() for row in shown for part in row.parts if part.matched} == {"prize"}
    assert {"".join(part.text for part in row.parts) for row in shown} <= set(workspace.view.raw["text"])


@pytest.mark.parametrize("query", [RowQuery(text="(", how="regex"), RowQuery(label="egg"), RowQuery(function="none")])
def test_a_question_that_means_nothing_is_named(workspace, query):
    with pytest.raises(ConfigError):
        find_rows(workspace, query)


def test_gold_outside_dev_is_never_shown(workspace):
    for page in range(10):
        shown = find_rows(workspace, RowQuery(page=page)).rows
        assert all((row.gold is not None) == (row.split == "dev") for row in shown)


def preview(client, yaml, **more):
    return client.post(
        "/api/problems/mail/preview", json={"file": "f.yaml", "yaml": yaml, "name": "says_prize", **more}
    ).json()


def test_the_preview_counts_what_an_edit_gains_and_loses(client, workspace):
    answer = preview(client, PRIZE.replace("[prize]", "[money]"))
    [one] = answer["functions"]
    raw, gold = workspace.view.raw, workspace.view.gold
    money = raw["text"].str.contains("money").to_numpy()
    prize = raw["text"].str.contains("(?i)prize").to_numpy()
    assert one["coverage"] == pytest.approx(money.mean())
    assert one["coverage_before"] == pytest.approx(prize.mean())
    assert [one["change"][kind]["rows"] for kind in ("gained", "lost", "flipped")] == [money.sum(), prize.sum(), 0]
    labeled = money & (gold >= 0)
    assert (one["dev_votes"], one["dev_correct"]) == (labeled.sum(), (gold[labeled] == 1).sum())
    assert one["precision_interval"] == pytest.approx(wilson(one["dev_correct"], one["dev_votes"], 0.95))
    assert all("money" in row["text"] for row in one["change"]["gained"]["examples"])


def test_the_form_and_the_yaml_are_one(client):
    answer = preview(client, PRIZE, fields={"words": ["prize", "no: #"], "vote": "not ham"})
    assert answer["fields"] == {
        "name": "says_prize",
        "kind": "keywords",
        "words": ["prize", "no: #"],
        "vote": "not ham",
    }
    assert preview(client, answer["yaml"])["fields"] == answer["fields"]


def test_another_vote_flips_rows_and_a_template_has_a_preview_each(client):
    [one] = preview(client, PRIZE.replace("spam", "ham"))["functions"]
    assert one["change"]["flipped"]["rows"] > 0
    several = "{name: 'w_*', kind: keywords, each: {a: [prize], b: [money]}, vote: spam}"
    assert [one["function"] for one in preview(client, several)["functions"]] == ["w_a", "w_b"]


def test_what_is_wrong_is_named_with_its_line(client):
    answer = preview(client, "name: says_prize\nkind: keywords\nwords: [a]\nvote: egg")
    assert "f.yaml:5: says_prize: there is no class 'egg'" in answer["error"]
    assert answer["functions"] == []


def test_a_row_opens_to_every_vote(client, workspace):
    found = find_rows(workspace, RowQuery(function="says_prize")).rows[0]
    answer = client.get(f"/api/problems/mail/rows/{found.row_id}").json()
    assert "says_prize" in {one["function"] for one in answer["explanation"]["votes"]}
    assert answer["row"]["row_id"] == found.row_id


def test_a_problem_that_never_ran_can_be_looked_at_and_edited(client, copied):
    for name in ("votes.parquet", "labels.parquet", "label_model.json"):
        (copied / "data/mail" / name).unlink()
    assert client.get("/api/problems/mail").json()["voted"] is False
    assert client.get("/api/problems/mail/rows").json()["found"] == ROWS
    assert client.get("/api/problems/mail/functions").json()["table"] is None
    assert preview(client, PRIZE)["functions"][0]["dev_votes"] > 0


def test_a_file_that_is_wrong_is_named_and_the_others_are_listed(client, copied):
    (copied / "src/problems/mail/g.yaml").write_text("functions: 7\n")
    files = client.get("/api/problems/mail/functions").json()["files"]
    assert {one["file"]: bool(one["error"]) for one in files} == {"f.py": False, "f.yaml": False, "g.yaml": True}


def test_a_conflict_is_answered_with_what_the_file_has(client, copied):
    file = copied / "src/problems/mail/f.yaml"
    file.write_text(file.read_text().replace("[prize]", "[prizes]"))
    body = {"file": "f.yaml", "yaml": PRIZE.replace("prize]", "win]"), "name": "says_prize", "began_with": PRIZE}
    answer = client.post("/api/problems/mail/functions", json=body)
    assert (answer.status_code, answer.json()["current"]) == (409, PRIZE.replace("[prize]", "[prizes]"))
    assert "win]" not in file.read_text()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example.com"}, 421),
        ({"origin": "http://evil.example.com"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({CSRF: "guessed"}, 403),
        ({"content-type": "text/plain"}, 415),
        ({"content-length": "1000001"}, 413),
    ],
)
def test_a_page_of_another_site_changes_nothing(client, headers, status):
    body = b'{"file": "f.yaml", "yaml": "a"}'
    given = {"content-type": "application/json", **headers}
    assert client.post("/api/problems/mail/functions", content=body, headers=given).status_code == status


def test_a_page_of_another_site_reads_nothing(client):
    for headers in (
        {"host": "evil.example.com"},
        {"origin": "http://evil.example.com"},
        {"sec-fetch-site": "cross-site"},
    ):
        assert client.get("/api/session", headers=headers).status_code in {403, 421}
    answer = client.get("/api/session")
    assert "access-control-allow-origin" not in answer.headers
    assert "'unsafe-inline'" not in answer.headers["content-security-policy"]


def test_with_a_token_nothing_is_answered_without_it(copied):
    from starlette.testclient import TestClient

    studio = application(Project.open(copied), Access("192.0.2.1", "s3cret"))
    stranger = TestClient(studio, base_url="http://192.0.2.1")
    assert [stranger.get(path).status_code for path in ("/", "/api/problems", "/?token=wrong", "/studio.js")] == [
        401
    ] * 4
    assert stranger.get("/?token=s3cret").status_code == 200
    assert stranger.get("/api/problems").status_code == 200


def test_the_pages_never_make_markup_of_text(root):
    for file in (root / "src/tidemill/templates/studio").glob("*.js"):
        text = file.read_text()
        assert [
            word for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(") if word in text
        ] == []


def test_an_address_that_others_reach_needs_a_token(copied):
    with pytest.raises(ConfigError, match="--token"):
        run(Project.open(copied), None, host="0.0.0.0", port=0, token=None, browser=False)  # noqa: S104


def test_a_version_has_the_scores_of_its_own_commit_and_a_candidate_waits(client, copied, monkeypatch):
    def git(*words):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=copied, check=True)

    file = copied / "reports/mail/metrics.json"
    content = deepcopy(METRICS)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("{}")  # of a version whose scores can no longer be read
    git("add", "-f", "reports/mail/metrics.json")
    git("commit", "-qm", "old")
    git("tag", "-am", "mail: promote", "mail@v0.9.0")
    for minor, score in enumerate([0.75, 0.5]):
        content["scores"]["end_model"] = {"accuracy": score}
        content["intervals"]["end_model"] = {"accuracy": [score - 0.25, score + 0.25]}
        Metrics.model_validate(content).write(file)
        git("add", "-f", "reports/mail/metrics.json")
        git("commit", "-qm", "scores")
        git("tag", "-am", "mail: promote", f"mail@v1.{minor}.0")
    git("tag", "-am", "mail: promote", "mail#prod#1", "mail@v1.0.0^{commit}")
    waits = SimpleNamespace(expired=False)
    monkeypatch.setattr(problems, "read_question", lambda *_: waits)
    [mail] = client.get("/api/problems").json()
    assert mail.get("error") is None
    old, *scored = mail["versions"]
    assert (old["version"], old["score"]) == ("v0.9.0", None)
    shown = [(one["version"], one["champion"], *one["score"].values()) for one in scored]
    assert shown == [("v1.0.0", True, 0.75, 0.5, 1.0), ("v1.1.0", False, 0.5, 0.25, 0.75)]
    assert "approve or reject it" in mail["waiting"][0]


def test_what_lf_suggest_finds_is_offered_as_yaml_that_the_editor_takes(client, workspace):
    offered = client.get("/api/problems/mail/suggestions").json()
    found = suggest_functions(workspace.view, most=8, shown=3)
    assert [yaml.safe_load(one["yaml"]) for one in offered["functions"]] == [
        dict(one.entry) for one in found.candidates
    ]
    [first, *_] = offered["functions"]
    assert (first["adds"], first["dev_votes"]) == (found.candidates[0].adds, found.candidates[0].dev_votes)
    assert first["examples"][0] in set(workspace.view.raw["text"])
    tried = client.post("/api/problems/mail/preview", json={"file": "f.yaml", "yaml": first["yaml"]}).json()
    assert tried["error"] is None
    assert tried["functions"][0]["change"]["gained"]["rows"] > 0
    assert "no such batch" in client.get("/api/problems/mail/suggestions?batch=zzz").json()["error"]


@pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
def test_python_files_that_reach_for_gold_are_shown_with_their_error_and_gold_stays(client, copied):
    gold = copied / "data/mail/dev/b.parquet"
    folder = copied / "src/problems/mail"
    (folder / "eats.py").write_text(f"import os\nos.unlink({str(gold)!r})\n", encoding="utf-8")
    files = {one["file"]: one["error"] for one in client.get("/api/problems/mail/functions").json()["files"]}
    assert "PermissionError" in files["eats.py"]
    assert files["f.py"] is None
    (folder / "eats.py").write_text(
        "from tidemill.label import slicing_function\n\n\n@slicing_function()\ndef eats(row):\n"
        f"    __import__('os').unlink({str(gold)!r})\n    return True\n",
        encoding="utf-8",
    )
    assert client.get("/api/problems/mail").json()["slices"] == ["eats"]
    answer = client.get("/api/problems/mail/rows?slice=eats").json()
    assert "slicing function eats failed" in answer["error"]
    assert gold.exists()
