"""A commit holds what the studio wrote, and nothing else that has changed."""

from tidemill.runs.git import git


def test_a_commit_takes_functions_and_labels_and_leaves_what_else_is_staged(copied, client):
    (copied / "src/other.txt").write_text("staged by hand")
    git("add", "src/other.txt", folder=copied)
    assert client.get("/api/problems/mail/changes").json() == {"files": []}
    functions = copied / "src/problems/mail"
    (functions / "ü.yaml").write_text("functions: []\n")
    (functions / "f.py").unlink()
    (copied / "data/mail/certificate.json").write_text("{}\n")
    client.post("/api/problems/mail/labels", json={"row_id": "r003", "label": "spam"})
    files = [
        "data/mail/certificate.json",
        "data/mail/gold_history.jsonl",
        "src/problems/mail/f.py",
        "src/problems/mail/ü.yaml",
    ]
    assert sorted(client.get("/api/problems/mail/changes").json()["files"]) == files
    done = client.post("/api/problems/mail/commit", json={"message": " labels and a file "}).json()
    assert sorted(done["files"]) == files
    assert git("rev-parse", "--short", "HEAD", folder=copied) == done["commit"]
    assert sorted(git("show", "--name-only", "--format=%s", folder=copied).split("\n")) == sorted(
        ["labels and a file", "", *files]
    )
    assert git("diff", "--cached", "--name-only", folder=copied) == "src/other.txt"


def test_nothing_to_commit_and_no_message_are_refused(client):
    answer = client.post("/api/problems/mail/commit", json={"message": "why"})
    assert (answer.status_code, answer.json()["error"]) == (400, "everything is committed already")
    assert "message" in client.post("/api/problems/mail/commit", json={"message": "  "}).json()["error"]
