"""A run is a process of its own: started once, followed through its file of progress, ended as Ctrl-C does."""

import sys
import time

import pytest

from tidemill.apps.studio import running
from tidemill.common.locks import locked
from tidemill.contracts import ConfigError
from tidemill.project.project import Project
from tidemill.runs.plan import Step
from tidemill.runs.run_progress import begin_progress, note_stage, run_lock

REFRESH = running.WantedRun(what="refresh")
HEARS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # a shell's background ignores it, and a run does not
WAITS = f"{HEARS}; import time; print('ready', file=sys.stderr, flush=True); time.sleep(60)"


@pytest.fixture
def opened(copied):
    return Project.open(copied)


@pytest.fixture
def program(monkeypatch):
    """Let another program be started in the place of a run."""

    def put(code: str) -> None:
        monkeypatch.setattr(running, "_words", lambda *_: [sys.executable, "-S", "-c", f"import sys; {code}"])

    return put


def ended(project):
    while (status := running.last_run(project, "mail")).state in {"running", "cancelling"}:
        time.sleep(0.01)
    return status


def ready(project):
    while not running.last_run(project, "mail").lines:
        time.sleep(0.01)


def test_a_run_that_prints_a_result_is_done(opened, program):
    assert running.last_run(opened, "mail") is None
    program("""print('{"mail": ["9 stages computed"]}')""")
    running.start_run(opened, "mail", REFRESH)
    status = ended(opened)
    assert (status.state, status.what, status.outcome, status.error) == (
        "done",
        "refresh",
        ("9 stages computed",),
        None,
    )


def test_a_run_that_fails_shows_its_error(opened, program):
    program("print('computing', file=sys.stderr); sys.exit('error: 2 files are not committed (a, b)')")
    running.start_run(opened, "mail", REFRESH)
    status = ended(opened)
    assert (status.state, status.error) == ("failed", "2 files are not committed (a, b)")
    assert status.lines[0] == "computing"


def test_a_run_that_dies_silently_shows_what_it_printed_last(opened, program):
    program("print('computing', file=sys.stderr, flush=True); import os; os.abort()")
    running.start_run(opened, "mail", REFRESH)
    status = ended(opened)
    assert status.state == "failed"
    assert "computing" in status.error


def test_there_is_one_run_at_a_time_and_it_is_cancelled(opened, program):
    program(WAITS)
    running.start_run(opened, "mail", REFRESH)
    with pytest.raises(ConfigError, match="a run of mail is under way"):
        running.start_run(opened, "mail", REFRESH)
    ready(opened)
    running.cancel_run(opened)
    assert ended(opened).state == "cancelled"
    with pytest.raises(ConfigError, match="no run that was started here"):
        running.cancel_run(opened)


def test_a_run_that_does_not_end_when_asked_is_ended_at_once(opened, program):
    program(WAITS.replace("signal.default_int_handler", "signal.SIG_IGN"))
    running.start_run(opened, "mail", REFRESH)
    ready(opened)
    running.cancel_run(opened)
    assert running.last_run(opened, "mail").state == "cancelling"
    running.cancel_run(opened)
    assert ended(opened).state == "cancelled"


def test_a_run_from_elsewhere_is_named_and_waited_for(opened, program):
    program("print('{}')")
    begin_progress(opened, "mail", [Step("label@mail", (), changed=True)], flow_run="f")
    with locked(run_lock(opened, "mail")):
        assert running.run_elsewhere(opened) == "mail"
        status = running.last_run(opened, "mail")
        assert (status.state, status.what, status.flow_run) == ("running", None, "f")
        with pytest.raises(ConfigError, match="not started here"):
            running.start_run(opened, "mail", REFRESH)
    assert running.run_elsewhere(opened) is None
    assert running.last_run(opened, "mail").state == "cancelled"
    note_stage(opened, "label@mail", "done")
    assert running.last_run(opened, "mail").state == "done"


@pytest.mark.parametrize(
    "word", ["--save", "problem=all", "ingest.incoming=/etc", "mail.train.seed=1", "train=${oc.env:HOME}", "train"]
)
def test_a_word_that_is_no_setting_of_a_run_is_refused(client, word):
    answer = client.post("/api/problems/mail/runs", json={"what": "refresh", "settings": [word]})
    assert answer.status_code == 400
    assert "no setting of a run" in answer.json()["error"]


def test_the_commands_are_those_of_a_terminal(opened):
    wanted = running.WantedRun(what="refresh", settings=("train=head", "train.optimizer.max_epochs=3"))
    words = running._words(opened, "mail", wanted)
    assert words[1:] == [
        "-P",
        "-m",
        "tidemill",
        "run",
        "problem=mail",
        "train=head",
        "train.optimizer.max_epochs=3",
        "--json",
    ]
    in_place = running._words(opened, "mail", running.WantedRun(what="labels"))
    assert in_place[1:] == ["-P", "-m", "tidemill.runs.in_place", str(opened.root), "mail", "denoise"]
