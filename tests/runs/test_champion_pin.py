"""The pin of a champion says since when rows are of the kind that it was promoted for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.reports.monitor import BatchDrift, Drift, DriftAlarm, StreamDrift
from tidemill.reports.project import AcceptedDrift, ChampionPin
from tidemill.runs.champion_pin import champion_pin
from tidemill.runs.git import git
from tidemill.runs.model_registry import tag_object

PATHS = Paths.within("spam")
ACCEPTED = AcceptedDrift(since="april", until="may", reason="a launch")


def drift(since: str | None) -> Drift:
    alarm = DriftAlarm(
        score="rarest",
        says="s",
        rows="all rows",
        log_evidence=9.0,
        log_threshold=8.0,
        batch="june",
        since=since or "",
        changed_rows=80,
    )
    stream = StreamDrift(
        drift=since is not None,
        level=0.025,
        promise="p",
        assumption="a",
        reference_rows=400,
        batches=3,
        rows=240,
        accepted=0,
        alarm=alarm if since else None,
        cause=None,
        watched=(),
        warnings=(),
    )
    return Drift(decision="nothing", reasons=(), champion="spam@v1.0.0", relabel=(), batches={}, stream=stream)


class Promoted:
    """Versions, each of a commit with the report and the pin that it was compared with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.assigned = 0
        git("init", "-q", "-b", "main", folder=folder)

    def version(self, tag: str, report: Drift | None, pin: ChampionPin) -> None:
        pin.write(PATHS.champion)
        if report is not None:
            report.write(PATHS.reports / "drift.json")
        git("add", "-A", folder=self.folder)
        git("-c", "user.name=T", "-c", "user.email=t@t", "commit", "-q", "--allow-empty", "-m", tag, folder=self.folder)
        self._tag(tag, git("rev-parse", "HEAD", folder=self.folder))
        self.assign(tag)

    def assign(self, tag: str) -> None:
        self.assigned += 1
        self._tag(f"spam#prod#{self.assigned}", git("rev-parse", f"{tag}^{{commit}}", folder=self.folder))

    def _tag(self, tag: str, commit: str) -> None:
        git(
            "update-ref",
            f"refs/tags/{tag}",
            tag_object(tag, commit, f"{tag}: promote", self.folder),
            folder=self.folder,
        )


@pytest.fixture
def promoted(inside: Path) -> Promoted:
    return Promoted(inside)


def pin_of(promoted: Promoted) -> ChampionPin:
    return champion_pin(Project.open(promoted.folder), "spam")


def test_before_the_first_promotion_there_is_no_version(promoted: Promoted) -> None:
    assert pin_of(promoted) == ChampionPin(version=None)


def test_a_version_trained_after_an_alarm_is_of_the_batches_since_the_change(promoted: Promoted) -> None:
    promoted.version("spam@v1.0.0", None, ChampionPin(version=None))
    assert pin_of(promoted) == ChampionPin(version="spam@v1.0.0")
    promoted.version("spam@v1.1.0", drift("june"), ChampionPin(version="spam@v1.0.0"))
    assert pin_of(promoted) == ChampionPin(version="spam@v1.1.0", since="june")


def test_a_version_trained_after_harm_without_an_alarm_is_of_the_batches_that_were_harmed(promoted: Promoted) -> None:
    harmed = {"april": True, "may": False, "june": True, "july": True}
    batches = {
        name: BatchDrift(rows=80, judged=True, harm=harm, relabel=False, moved=(), reasons=())
        for name, harm in harmed.items()
    }
    report = drift(None).model_copy(
        update={"batches": batches, "order": tuple(harmed), "decision": "retrain", "rule": "harm"}
    )
    promoted.version("spam@v1.1.0", report, ChampionPin(version="spam@v1.0.0"))
    assert pin_of(promoted) == ChampionPin(version="spam@v1.1.0", since="june")


def test_without_an_alarm_what_was_known_of_the_version_before_stays(promoted: Promoted) -> None:
    promoted.version("spam@v1.1.0", drift("june"), ChampionPin(version="spam@v1.0.0"))
    promoted.version("spam@v1.2.0", drift(None), pin_of(promoted))
    assert pin_of(promoted) == ChampionPin(version="spam@v1.2.0", since="june")


def test_an_accepted_drift_is_the_change_of_the_version_after_it(promoted: Promoted) -> None:
    promoted.version("spam@v1.1.0", drift(None), ChampionPin(version="spam@v1.0.0", accepted=(ACCEPTED,)))
    assert pin_of(promoted) == ChampionPin(version="spam@v1.1.0", since="april")


def test_a_rollback_brings_back_what_was_known_of_the_older_version(promoted: Promoted) -> None:
    promoted.version("spam@v1.0.0", None, ChampionPin(version=None))
    promoted.version("spam@v1.1.0", drift("june"), ChampionPin(version="spam@v1.0.0"))
    promoted.assign("spam@v1.0.0")
    assert pin_of(promoted) == ChampionPin(version="spam@v1.0.0")


def test_a_report_of_another_format_says_nothing(promoted: Promoted) -> None:
    PATHS.reports.mkdir(parents=True, exist_ok=True)
    (PATHS.reports / "drift.json").write_text('{"decision": "keep"}')
    promoted.version("spam@v1.0.0", None, ChampionPin(version=None))
    assert pin_of(promoted) == ChampionPin(version="spam@v1.0.0")
