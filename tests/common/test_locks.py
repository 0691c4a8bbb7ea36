import subprocess
import sys

from tidemill.common.locks import abandoned, are_abandoned, locked

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


def claim(path):
    code = "import sys, pathlib; from tidemill.common.locks import claimed, hold\nwith claimed(pathlib.Path(sys.argv[1])):\n    hold(pathlib.Path(sys.argv[1] + '.claim'))\n    print('held', flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    return process


def test_a_claim_is_abandoned_when_its_owner_is_killed_and_only_then(tmp_path):
    with claim(tmp_path / "one.claim") as owner:
        assert are_abandoned(tmp_path) == []
        assert list(abandoned(tmp_path)) == []
        owner.kill()
        owner.wait()
    names = ["one.claim", "one.claim.claim"]
    assert [path.name for path in are_abandoned(tmp_path)] == names  # looking leaves them
    assert [path.name for path in abandoned(tmp_path)] == names
    assert list(tmp_path.iterdir()) == []


def test_a_claim_that_is_given_up_is_gone_and_one_that_is_held_stays_for_the_next_to_find(tmp_path):
    with claim(tmp_path / "one.claim") as owner:
        owner.stdin.close()
        assert owner.wait(timeout=60) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["one.claim.claim"]


def test_a_claim_whose_clearing_up_fails_is_found_again(tmp_path):
    (tmp_path / "one.claim").touch()
    for path in abandoned(tmp_path):
        assert path.name == "one.claim"
        break
    assert [path.name for path in are_abandoned(tmp_path)] == ["one.claim"]


def test_a_folder_that_is_missing_has_no_claims(tmp_path):
    assert list(abandoned(tmp_path / "missing")) == are_abandoned(tmp_path / "missing") == []
