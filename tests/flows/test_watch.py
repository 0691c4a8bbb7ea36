"""Files are polled; a look is made when they have changed and are whole, and where a decision is open."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.ingest.factories import SPAM, settings
from tidemill.errors import RunError
from tidemill.flows import watch as module
from tidemill.flows.decisions import Due
from tidemill.flows.unchanged import incoming_files
from tidemill.flows.watch import SETTLE_SECONDS, watch
from tidemill.project.project import Project

INTERVAL = 60.0


class Watched:
    """A project, and what happens at each wait of the poll; after the last one it ends as by Ctrl-C."""

    def __init__(self, folder: Path) -> None:
        self.incoming = folder / "in"
        self.incoming.mkdir()
        content = {
            "problem": SPAM.model_dump(mode="json"),
            "ingest": settings(incoming="in", meta={}, slices=()).model_dump(mode="json"),
        }
        (folder / "params.yaml").write_text(yaml.safe_dump({"problems": ["spam"], "spam": content}))
        self.project = Project.open(folder)
        self.looks: list[int] = []
        self.waits: list[float] = []

    def run(self, *events: Callable[[], object], once: bool = False, fails: bool = False) -> None:
        polls = iter(events)

        def sleep(seconds: float) -> None:
            self.waits.append(seconds)
            if seconds == INTERVAL:
                event = next(polls, None)
                if event is None:
                    raise KeyboardInterrupt
                event()

        def look(problem: str) -> str:
            assert problem == "spam"
            self.looks.append(self.waits.count(INTERVAL))
            if fails:
                raise RunError("a stage failed")
            return "nothing"

        if once:
            watch(self.project, ["spam"], look, interval=INTERVAL, once=True, sleep=sleep)
            return
        with pytest.raises(KeyboardInterrupt):
            watch(self.project, ["spam"], look, interval=INTERVAL, sleep=sleep)

    def put(self, name: str, text: str = "x") -> Callable[[], object]:
        return lambda: (self.incoming / f"{name}.csv").write_text(text)


@pytest.fixture
def watched(inside: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setattr(module, "find_due", lambda *_: None)
    return Watched(inside)


def nothing() -> None:
    """Happen."""


def test_a_look_is_made_at_the_start_and_whenever_a_file_has_come_changed_or_gone(watched: Watched):
    gone = watched.incoming / "a.csv"
    watched.run(nothing, watched.put("a"), nothing, watched.put("a", "longer"), nothing, gone.unlink, nothing)
    assert watched.looks == [0, 2, 4, 6]


def test_once_is_one_look(watched: Watched):
    watched.run(once=True)
    assert watched.looks == [0]
    assert INTERVAL not in watched.waits


def test_a_file_that_is_still_being_written_is_waited_for(watched: Watched, monkeypatch: pytest.MonkeyPatch):
    watched.put("a")()
    answers = iter([incoming_files(watched.project, "spam"), (("in/a.csv", 2, 2),)])
    monkeypatch.setattr(module, "incoming_files", lambda *words: next(answers, None) or incoming_files(*words))
    watched.run(nothing)
    assert watched.looks == [1]
    assert watched.waits == [SETTLE_SECONDS, INTERVAL, SETTLE_SECONDS, INTERVAL]


def test_a_look_that_fails_is_told_and_made_again_when_files_change(
    watched: Watched, capsys: pytest.CaptureFixture[str]
):
    watched.run(nothing, watched.put("a"), nothing, fails=True)
    assert watched.looks == [0, 2]
    assert capsys.readouterr().err.count("error: spam: a stage failed") == 2


@pytest.mark.parametrize(("held", "looks"), [(None, [0, 1, 2]), ("retrained 1 batch ago", [0])])
def test_an_open_decision_is_looked_after_unless_it_is_held_back(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, held: str | None, looks: list[int]
):
    monkeypatch.setattr(module, "find_due", lambda *_: Due("spam", "retrain", "key", held))
    watched.run(nothing, nothing)
    assert watched.looks == looks


def test_a_folder_of_images_changes_with_a_file_in_it(watched: Watched):
    image = watched.incoming / "week" / "ham" / "a.png"
    image.parent.mkdir(parents=True)
    image.write_bytes(b"x")
    before = incoming_files(watched.project, "spam")
    assert [name for name, *_ in before] == ["in/week"]
    image.write_bytes(b"xy")
    assert incoming_files(watched.project, "spam") != before
