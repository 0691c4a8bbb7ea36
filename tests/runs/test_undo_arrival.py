"""A batch is taken back where no version has learned from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidemill.contracts import ConfigError
from tidemill.project.gold_history import Answer, GoldHistory, append_answers
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.reports.project import AcceptedDrift, Arrival, ChampionPin, Manifest
from tidemill.runs.git import git
from tidemill.runs.model_registry import tag_object
from tidemill.runs.undo_arrival import undo_arrival

PATHS = Paths.within("spam")
NAMES = ("may", "june", "july")


@pytest.fixture
def project(inside: Path) -> Project:
    """Three batches, of which a version has learned from the first; the second and a file of labels had labels for its rows."""
    git("init", "-q", "-b", "main", folder=inside)
    entries = [Arrival(batch=name, source=f"in/{name}.csv", sha256="0") for name in NAMES]
    Manifest(batches=tuple(entries[:1])).write(PATHS.manifest)
    git("add", "-A", folder=inside)
    git("-c", "user.name=T", "-c", "user.email=t@t", "commit", "-q", "-m", "one", folder=inside)
    commit = git("rev-parse", "HEAD", folder=inside)
    git(
        "update-ref", "refs/tags/spam@v1.0.0", tag_object("spam@v1.0.0", commit, "spam: promote", inside), folder=inside
    )
    Manifest(batches=tuple(entries)).write(PATHS.manifest)
    when = GoldHistory().time()
    labels = [
        Answer(row_id="a", label="ham", when=when, source="in/june.csv"),
        Answer(row_id="b", label="ham", when=when, source="in/june.csv", who="r1"),
        Answer(row_id="c", label="ham", when=when, source="in/late.csv", sha256="0" * 64),
    ]
    append_answers(PATHS, labels)
    return Project.open(inside)


def batches() -> list[str]:
    return [entry.batch for entry in Manifest.read(PATHS.manifest).batches]


def test_a_batch_goes_with_the_labels_that_its_file_had_for_earlier_rows(project: Project) -> None:
    done = undo_arrival(project, "spam", "june")
    assert batches() == ["may", "july"]
    assert (done.source, done.later, done.withdrawn) == ("in/june.csv", ("july",), 1)
    assert not done.is_there
    assert set(GoldHistory.read(PATHS.gold_history).counting) == {"b", "c"}  # what a person added stays


def test_a_file_of_labels_alone_is_taken_back_by_its_name(project: Project) -> None:
    Path("in").mkdir()
    Path("in/late.csv").write_text("mend me")
    done = undo_arrival(project, "spam", "late")
    assert done.is_there
    assert (done.is_batch, done.withdrawn, batches()) == (False, 1, list(NAMES))
    assert set(GoldHistory.read(PATHS.gold_history).counting) == {"a", "b"}


def test_a_batch_that_a_version_has_learned_from_stays(project: Project) -> None:
    with pytest.raises(ConfigError, match=r"spam@v1\.0\.0 has learned from batch 'may', so it stays"):
        undo_arrival(project, "spam", "may")
    assert batches() == list(NAMES)


def test_a_batch_that_an_accepted_drift_names_stays(project: Project) -> None:
    drift = AcceptedDrift(since="june", until="june", reason="launched")
    ChampionPin(version="spam@v1.0.0", accepted=(drift,)).write(PATHS.champion)
    with pytest.raises(ConfigError, match="an accepted drift of spam begins or ends with batch 'june'"):
        undo_arrival(project, "spam", "june")


def test_a_batch_that_has_not_arrived_is_told_with_the_nearest(project: Project) -> None:
    with pytest.raises(ConfigError, match="no batch 'jun' has arrived; did you mean june"):
        undo_arrival(project, "spam", "jun")
