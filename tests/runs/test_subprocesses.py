import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from tidemill.runs.subprocesses import run_with_parent, start_with_parent


def wait_until(true: Callable[[], object], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.05)
    return False


def is_gone(pid: int) -> bool:
    """Whether a process has ended, also where it ends while it is asked about."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_lines_come_as_they_are_printed_and_the_status_is_the_commands(inside: Path):
    said: list[str] = []
    code = "import sys; print('one'); print('two', file=sys.stderr); sys.exit(3)"
    status = run_with_parent([sys.executable, "-c", code], folder=inside, environment=os.environ, say=said.append)
    assert status == 3
    assert sorted(said) == ["one", "two"]


def test_a_killed_parent_takes_its_commands_grandchildren_with_it(inside: Path):
    sleeper = f'{sys.executable} -c \'import time,os; open("pid","w").write(str(os.getpid())); time.sleep(600)\''
    parent = (
        "import os, pathlib\nfrom tidemill.runs.subprocesses import run_with_parent\n"
        f"run_with_parent(['sh', '-c', {sleeper!r} + '; true'], folder=pathlib.Path('.'), environment=os.environ, say=print)"
    )
    with subprocess.Popen([sys.executable, "-c", parent], cwd=inside) as process:
        assert wait_until(lambda: (inside / "pid").exists() and (inside / "pid").read_text())
        pid = int((inside / "pid").read_text())
        assert psutil.pid_exists(pid)
        process.send_signal(signal.SIGKILL)
    assert wait_until(lambda: is_gone(pid))


def test_a_server_is_asked_to_end_when_its_parent_is_killed(inside: Path):
    server = (
        "import os, pathlib, signal, sys, time\n"
        "def end(*_): pathlib.Path('ended').write_text('in order'); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "pathlib.Path('part').write_text(str(os.getpid())); os.rename('part', 'pid'); time.sleep(600)"
    )
    parent = (
        "import os, pathlib, sys, time\nfrom tidemill.runs.subprocesses import start_with_parent\n"
        f"start_with_parent([sys.executable, '-c', {server!r}], folder=pathlib.Path('.'), environment=os.environ, "
        "out=sys.stderr.buffer)\ntime.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", parent], cwd=inside) as process:
        assert wait_until((inside / "pid").exists)
        pid = int((inside / "pid").read_text())
        process.send_signal(signal.SIGKILL)
    assert wait_until(lambda: is_gone(pid))
    assert (inside / "ended").read_text() == "in order"


def test_what_a_killed_server_has_started_ends_with_it(inside: Path):
    server = (
        "import os, subprocess, sys\nchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "open('part', 'w').write(f'{os.getpid()} {child.pid}'); os.rename('part', 'pids'); child.wait()"
    )
    with (inside / "out").open("wb") as out:
        wrapper = start_with_parent([sys.executable, "-c", server], folder=inside, environment=os.environ, out=out)
    assert wait_until((inside / "pids").exists)
    pid, child = map(int, (inside / "pids").read_text().split())
    os.kill(pid, signal.SIGKILL)
    assert wrapper.wait(timeout=60) == 128 + signal.SIGKILL
    assert is_gone(child)
    assert wrapper.stdin is not None
    wrapper.stdin.close()


def test_after_an_interruption_running_commands_end_and_none_begins(inside: Path):
    code = (
        "import os, pathlib, threading\nfrom tidemill.runs.subprocesses import end_commands, run_with_parent\n"
        "def run():\n"
        "    try:\n"
        "        run_with_parent(['sh', '-c', 'echo started; sleep 600'], folder=pathlib.Path('.'), environment=os.environ, "
        "say=lambda line: (print(line), started.set()))\n"
        "    except KeyboardInterrupt:\n"
        "        print('interrupted')\n"
        "started = threading.Event()\nthread = threading.Thread(target=run)\nthread.start()\nstarted.wait()\n"
        "end_commands()\nthread.join()\nrun()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=inside, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["started", "interrupted", "interrupted"]
