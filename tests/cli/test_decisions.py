"""`tidemill approve`, `promote` and `models` on a project in which runs were published, without any having been run."""

import json
from pathlib import Path

import pytest

from tests.cli.factories import tidemill
from tests.runs.published import Published
from tidemill.contracts import ConfigError, PublishError
from tidemill.project.project import Project
from tidemill.reports.promotion import PendingCandidate
from tidemill.runs.pending import asking, read_question, transact


@pytest.fixture
def published(inside: Path) -> Published:
    """A champion, and a candidate of another model about which a person is asked."""
    (inside / "dvc.yaml").write_text("stages: {}\n")
    (inside / "params.yaml").write_text("problems: [spam]\n")
    made = Published(inside)
    made.run("a", time=100, model="0" * 32)
    made.promote("v1.0.0", 1)
    about = PendingCandidate(problem="spam", candidate="1" * 32, champion="spam@v1.0.0", reasons=("few rows",))
    commit = made.run("a", "b", time=200, model="1" * 32)
    transact(asking(Project.open(inside), about, commit), inside)
    return made


def told(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    tidemill(*words, "--json")
    return dict(json.loads(capsys.readouterr().out))


def test_models_lists_what_waits_and_how_to_decide(published: Published, capsys: pytest.CaptureFixture[str]):
    tidemill("models")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("spam@v1.0.0 ")
    assert "waits for a decision: `tidemill approve spam" in lines[1]
    assert lines[2] == "  few rows"


def test_a_version_whose_scores_cannot_be_read_is_listed_without(
    published: Published, capsys: pytest.CaptureFixture[str]
):
    file = Project.open(published.folder).paths("spam").reports / "metrics.json"
    file.parent.mkdir(parents=True)
    file.write_text("{")
    published.commit(time=300)
    published.promote("v1.1.0", 2)
    tidemill("models", "spam")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:2]] == ["spam@v1.0.0", "spam@v1.1.0"]
    assert all(" -  by person" in line for line in lines[:2])


def test_a_rejection_keeps_the_champion_and_closes_the_question(
    published: Published, capsys: pytest.CaptureFixture[str]
):
    answer = told(capsys, "approve", "spam", "--reject", "--reason", "too few rows")
    assert (answer["champion"], answer["rejected"]) == (None, True)
    assert read_question(Project.open(published.folder), "spam") is None
    assert told(capsys, "models", "spam")["spam"]["champion"] == "spam@v1.0.0"  # type: ignore[index]
    with pytest.raises(ConfigError, match="spam: no candidate waits for a decision; waiting: none"):
        tidemill("approve", "spam", "--reason", "again")


def test_without_a_reason_nothing_is_decided(published: Published):
    for command in ("approve", "promote"):
        with pytest.raises(Exception, match="Missing parameter: reason"):
            tidemill(command, "spam")
        with pytest.raises(ConfigError, match="needs a reason"):
            tidemill(command, "spam", "--reason", " ")
    assert read_question(Project.open(published.folder), "spam") is not None


def test_a_model_whose_files_are_nowhere_is_not_promoted(published: Published):
    for words in (["approve", "spam"], ["promote", "spam"]):
        with pytest.raises(PublishError, match=r"object \S*1{30} of models/spam/candidate is missing or damaged"):
            tidemill(*words, "--reason", "better")
