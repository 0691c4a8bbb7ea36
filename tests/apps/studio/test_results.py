"""The newest result stands beside the one before, and pages of reports are shown without scripts."""

from types import SimpleNamespace

import pytest

from tests.apps.studio.test_app import METRICS
from tidemill.apps.studio import deciding
from tidemill.reports.evaluate import Metrics, Verdict
from tidemill.runs.git import git


def judged(folder, accuracy: float, reason: str = "a tie") -> None:
    reports = folder / "reports/mail"
    scores = {"end_model": {"accuracy": accuracy}}
    intervals = {"end_model": {"accuracy": (accuracy - 0.1, accuracy + 0.1)}}
    Metrics.model_validate(METRICS | {"scores": scores, "intervals": intervals}).write(reports / "metrics.json")
    verdict = {"verdict": "keep", "blessing": "NOT_BLESSED", "reasons": (reason,), "metric": "accuracy", "rows": 8}
    Verdict.model_validate(verdict | {"champion": None}).write(reports / "verdict.json")


def commit(folder) -> str:
    git("add", "reports", folder=folder)
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "run", folder=folder)
    return git("rev-parse", "HEAD", folder=folder)[:12]


def test_results_are_newest_first_and_what_is_not_committed_before_what_is(copied, client):
    assert client.get("/api/problems/mail/runs").json()["results"] == []
    (copied / "reports/mail").mkdir(parents=True, exist_ok=True)
    commits = []
    for accuracy in (0.5, 0.6):
        judged(copied, accuracy)
        commits.append(commit(copied))
    found = client.get("/api/problems/mail/runs").json()["results"]
    assert [(one["commit"], one["scores"]["accuracy"]["score"]) for one in found] == [
        (commits[1], 0.6),
        (commits[0], 0.5),
    ]
    assert found[0]["scores"]["accuracy"]["low"] == pytest.approx(0.5)
    assert (found[0]["verdict"], found[0]["reasons"]) == ("keep", ["a tie"])
    judged(copied, 0.7)
    found = client.get("/api/problems/mail/runs").json()["results"]
    assert [(one["commit"], one["scores"]["accuracy"]["score"]) for one in found] == [(None, 0.7), (commits[1], 0.6)]


def test_pages_of_reports_are_linked_and_hold_no_script(copied, client):
    (copied / "reports").mkdir(exist_ok=True)
    (copied / "reports/index.html").write_text("<script>1</script>")
    assert {"title": "Report of all problems", "address": "/reports/index.html"} in client.get(
        "/api/problems/mail/runs"
    ).json()["links"]
    answer = client.get("/reports/index.html")
    policy = answer.headers.get_list("content-security-policy")
    assert len(policy) == 1
    assert policy[0].startswith("default-src 'none'")
    assert "script" not in policy[0]
    for outside in ("%2e%2e/params.yaml", "..%2fparams.yaml", "none.html"):
        assert client.get(f"/reports/{outside}").status_code == 400


@pytest.mark.parametrize("version", ["--help", "v1", "mail@v1.0.0", ""])
def test_what_is_no_version_reaches_no_command(client, version):
    answer = client.post("/api/problems/mail/rollback", json={"version": version, "reason": "why"})
    assert answer.status_code == 400
    assert "version" in answer.json()["error"]


@pytest.mark.parametrize(
    ("asked", "given", "words"),
    [
        ("rollback", {"version": "v1.0.0"}, ["rollback", "mail", "v1.0.0"]),
        ("decision", {"approve": True}, ["approve", "mail"]),
        ("decision", {"approve": False}, ["approve", "mail", "--reject"]),
        ("promote", {}, ["promote", "mail"]),
    ],
)
def test_a_decision_is_the_command_that_a_terminal_has(client, monkeypatch, asked, given, words):
    run = []

    def answer(command, **_):
        run.append(command[command.index("tidemill") + 1 :])
        return SimpleNamespace(returncode=0, stdout=b'{"done": true}')

    monkeypatch.setattr(deciding, "subprocess", SimpleNamespace(run=answer, DEVNULL=None))
    answered = client.post(f"/api/problems/mail/{asked}", json={**given, "reason": "why"})
    assert answered.json() == {"done": True}
    assert run == [[*words, "--reason=why", "--json"]]


@pytest.mark.slow
def test_a_command_that_refuses_is_quoted(client):
    answer = client.post("/api/problems/mail/rollback", json={"version": "v9.0.0", "reason": "--why"})
    assert answer.status_code == 400
    assert "mail has no version mail@v9.0.0" in answer.json()["error"]
    answer = client.post("/api/problems/mail/decision", json={"approve": False, "reason": "why"})
    assert "no candidate waits" in answer.json()["error"]
