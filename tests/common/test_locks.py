import subprocess
import sys

from tidemill.common.locks import locked

HOLD = "import sys, pathlib; from tidemill.common.locks import locked\nwith locked(pathlib.Path(sys.argv[1])):\n    print('held', flush=True); sys.stdin.read()"


def hold(path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    return process


def test_a_lock_that_nobody_has_is_not_waited_for(tmp_path):
    waited = []
    with locked(tmp_path / "new" / "lock", waits=lambda: waited.append(True)):
        assert waited == []


def test_another_process_is_waited_for_until_it_lets_go(tmp_path):
    with hold(tmp_path / "lock") as holder:
        waited = []

        def waits():
            waited.append(holder.poll())
            holder.stdin.close()  # now it ends

        with locked(tmp_path / "lock", waits=waits):
            assert holder.wait(timeout=60) == 0
    assert waited == [None]


def test_a_process_that_is_killed_does_not_keep_it(tmp_path):
    with hold(tmp_path / "lock") as holder:
        holder.kill()
        holder.wait()
        with locked(tmp_path / "lock"):
            pass
