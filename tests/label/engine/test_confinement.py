"""What a labeling function in Python cannot reach, with the kernel's help and without, and what of it still works."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from tidemill.contracts import ConfigError, FunctionError
from tidemill.label.engine import family, landlock, seccomp
from tidemill.label.engine.failures import Quarantine, fail
from tidemill.label.engine.load import Access, open_functions
from tidemill.label.engine.readable import readable_files
from tidemill.label.engine.sandbox import Confined, notes
from tidemill.label.engine.vote_reuse import Batch, Engine
from tidemill.label.engine.worker_pool import Limits
from tidemill.project.gold_history import Answer, GoldHistory, append_answers
from tidemill.project.layout import Paths

LIMITS = Limits(seconds=20, megabytes=400, max_failures=9)
kernel = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
HEAD = """import ctypes, os, signal, socket, subprocess, threading
from pathlib import Path
import polars as pl
from tidemill.label import labeling_function

GOLD = {gold!r}
PLACE = Path(GOLD)
"""
FUNCTION = """
@labeling_function()
def {name}(row):
    {body}
    return 1
"""
REACHES = {
    "by_open": "open(GOLD).read()",
    "by_constant": "PLACE.read_text()",
    "by_polars": "pl.read_csv(GOLD)",
    "by_lazy_polars": "pl.scan_csv(GOLD).collect()",
    "by_pandas": "import pandas; pandas.read_csv(GOLD, engine='c')",
    "by_pyarrow": "import pyarrow; pyarrow.memory_map(GOLD)",
    "by_descriptor": "os.open('gold.csv', os.O_RDONLY, dir_fd=os.open(str(Path(GOLD).parent), os.O_PATH))",
    "by_libc": "f = ctypes.CDLL(None).fopen; f.restype = ctypes.c_void_p; assert f(GOLD.encode(), b'r'), 'PermissionError'",
    "by_link": "pl.read_csv(Path(__file__).with_name('link.csv'))",
    "by_subprocess": "subprocess.run(['cat', GOLD], check=True)",
    "by_fork": "os.fork()",
    "by_libc_fork": "assert ctypes.CDLL(None).fork() >= 0, 'PermissionError'",
    "by_parent": "Path(f'/proc/{os.getppid()}/environ').read_bytes()",
    "by_thread": "t = threading.Thread(target=lambda: seen.append(pl.read_csv(GOLD))); seen = []; t.start(); t.join(); assert seen, 'PermissionError'",
    "by_network": "socket.create_connection(('127.0.0.1', 9), timeout=1)",
    "by_datagram": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "deletes": "os.unlink(GOLD)",
    "renames": "os.rename(GOLD, GOLD + '.old')",
    "cuts": "os.truncate(GOLD, 0)",
    "closes_up": "os.chmod(GOLD, 0)",
    "writes_beside": "Path(__file__).with_name('kept.csv').write_text('x')",
    "needs_scratch": "import tempfile; tempfile.TemporaryFile()",
    "kills_parent": "os.kill(os.getppid(), signal.SIGKILL)",
}
WORKS = {
    "reads_beside": "assert Path(__file__).with_name('words.txt').read_text() == 'win'",
    "threads": "t = threading.Thread(target=lambda: None); t.start(); t.join()",
    "awaits": "import asyncio; asyncio.run(asyncio.to_thread(len, 'a'))",
    "imports": "import sklearn.linear_model, zoneinfo; zoneinfo.ZoneInfo('Europe/Berlin')",
    "throws_away": "open(os.devnull, 'w').write('x')",
    "prints": "print('so')",
    "uses_polars": "assert pl.DataFrame({'a': [2, 1]}).lazy().sort('a').collect()['a'][0] == 1",
}


def written(folder: Path, gold: Path, bodies: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    functions = [FUNCTION.format(name=name, body=body) for name, body in bodies.items()]
    (folder / "f.py").write_text("\n".join([HEAD.format(gold=str(gold)), *functions]), encoding="utf-8")
    return folder


def batch(rows: int = 1) -> Batch:
    table = pl.DataFrame({"row_id": [f"r{k}" for k in range(rows)], "text": ["win"] * rows})
    return Batch("x", "x", read=lambda: table, ids=lambda: table)


def asked(folder: Path, access: Access, limits: Limits = LIMITS, rows: int = 1):
    """Votes of each function, and its failures, by name."""
    quarantine = Quarantine(limit=99)
    with open_functions(folder, ("ham", "spam"), limits, processes=1, access=access) as loaded:
        (votes,) = Engine(loaded, quarantine).votes([batch(rows)])
        by_name = {one.name: votes[:, j].tolist() for j, one in enumerate(loaded.functions)}
    return by_name, {failure.function: failure.reason for failure in quarantine.failures}


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    """Gold in a project's tables, which no function may reach."""
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / "gold.csv"
    path.write_text("row_id,gold\nr0,1\n", encoding="utf-8")
    return path


@pytest.mark.slow
@kernel
def test_no_way_leads_from_a_function_to_gold_and_what_it_needs_still_works(tmp_path, gold):
    folder = written(tmp_path / "f", gold, REACHES | WORKS)
    (folder / "words.txt").write_text("win", encoding="utf-8")
    (folder / "link.csv").symlink_to(gold)
    votes, failures = asked(folder, Access())  # not even named as closed
    assert {name for name, vote in votes.items() if vote == [1]} == set(WORKS)
    assert set(failures) == set(REACHES)
    assert all("PermissionError" in reason for name, reason in failures.items() if name != "needs_scratch")
    assert "named in label.readable_folders" in failures["by_polars"]
    assert "may write no file" in failures["writes_beside"]
    assert "may write no file" in failures["needs_scratch"]
    assert gold.read_text(encoding="utf-8") == "row_id,gold\nr0,1\n"
    assert gold.stat().st_mode & 0o600
    assert sorted(path.name for path in folder.iterdir()) == ["f.py", "link.csv", "words.txt"]


@pytest.mark.slow
@kernel
def test_the_history_of_gold_is_out_of_reach_of_functions_in_python_and_yaml(tmp_path):
    paths = Paths("spam", tmp_path, tmp_path)
    answer = Answer(row_id="r0", label="spam", when=GoldHistory().time(), source="labels.csv")
    append_answers(paths, [answer])
    paths.functions.mkdir(parents=True)
    (paths.functions / "link.csv").symlink_to(paths.gold_history)
    bodies = {name: REACHES[name] for name in ("by_open", "by_polars", "by_link")}
    votes, failures = asked(written(paths.functions, paths.gold_history, bodies), Access(closed=paths.closed))
    assert all(vote == [-1] for vote in votes.values())
    assert set(failures) == set(bodies)
    assert all("PermissionError" in reason for reason in failures.values())
    (paths.functions / "f.py").unlink()
    for file in ("link.csv", "../../../data/spam/gold_history.jsonl"):
        text = f"functions:\n  - {{name: known, kind: member, column: text, file: {file}, vote: spam}}\n"
        (paths.functions / "f.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError, match="may not read it, nor a copy of it"):
            open_functions(paths.functions, ("ham", "spam"), LIMITS, processes=1, access=Access(closed=paths.closed))


@kernel
def test_a_file_that_reaches_for_gold_as_it_is_loaded_is_not_loaded(tmp_path, gold):
    folder = written(tmp_path / "f", gold, {})
    with (folder / "f.py").open("a", encoding="utf-8") as file:
        file.write("KNOWN = pl.read_csv(GOLD)\n")
    with pytest.raises(FunctionError, match=r"(?s)f\.py cannot be loaded:.*PermissionError.*label\.readable_folders"):
        open_functions(folder, ("ham", "spam"), LIMITS, processes=1)


@kernel
def test_a_folder_that_is_named_is_readable_and_tables_cannot_be_named(tmp_path, gold):
    words = tmp_path / "words.csv"
    words.write_text("a\n1\n", encoding="utf-8")
    folder = written(tmp_path / "f", words, {"by_polars": REACHES["by_polars"]})
    assert asked(folder, Access(readable=(words,)))[0] == {"by_polars": [1]}
    with pytest.raises(ConfigError, match=r"is where tables of the pipeline are, .* beside them"):
        asked(folder, Access(closed=(gold.parent,), readable=(gold,)))
    with pytest.raises(ConfigError, match="there is no"):
        asked(folder, Access(readable=(tmp_path / "gone",)))


@pytest.mark.slow
@kernel
def test_what_is_closed_stays_closed_inside_a_folder_that_is_open(tmp_path):
    bodies = {"by_polars": REACHES["by_polars"], "helped": "assert HELP"}
    folder = written(tmp_path / "f", tmp_path / "f" / "rows.csv", bodies)
    (folder / "f.py").write_text(f"from _help import HELP\n{(folder / 'f.py').read_text()}", encoding="utf-8")
    (folder / "rows.csv").write_text("text,gold\nwin,1\n", encoding="utf-8")
    (folder / "_help.py").write_text("HELP = True\n", encoding="utf-8")
    votes, failures = asked(folder, Access(closed=(folder / "rows.csv",)))
    assert votes == {"by_polars": [-1], "helped": [1]}
    assert "PermissionError" in failures["by_polars"]


def test_a_folder_above_the_tables_is_opened_without_them(tmp_path):
    for name in ("a/x.txt", "data/gold.csv", "b.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    read, listed = readable_files([str(tmp_path)], [str(tmp_path / "data")])
    assert {path for path in read if path.startswith(str(tmp_path))} == {str(tmp_path / "a"), str(tmp_path / "b.txt")}
    assert str(tmp_path) in listed


def test_the_working_directory_on_the_search_path_opens_its_modules_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("")
    (tmp_path / "package").mkdir()
    for name in ("module.py", "package/__init__.py", "incoming.csv"):
        (tmp_path / name).touch()
    (tmp_path / "data").mkdir()
    read, _ = readable_files([], [])
    assert {path for path in read if path.startswith(str(tmp_path))} == {
        str(tmp_path / "module.py"),
        str(tmp_path / "package"),
    }


OLD_KERNEL = """from tidemill.label.engine import landlock, seccomp

landlock._CREATE_RULESET = 9999  # ENOSYS
seccomp._ARCHITECTURES.clear()
"""


@pytest.mark.slow
def test_where_the_kernel_refuses_nothing_it_is_said_and_python_still_refuses(tmp_path, gold, monkeypatch):
    assert notes(Confined(7, calls=True), enforced=True) == []
    told = notes(Confined(), enforced=True)
    assert "no Landlock" in told[0]
    assert "cannot filter system calls" in told[1]
    assert "can read gold" in notes(Confined(7, calls=True), enforced=False)[0]
    names = ["by_open", "by_subprocess", "by_fork", "by_network"]
    folder = written(tmp_path / "f", gold, {name: REACHES[name] for name in names})
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "old"))
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "sitecustomize.py").write_text(OLD_KERNEL, encoding="utf-8")
    _, failures = asked(folder, Access(closed=(gold.parent,)))
    assert set(failures) == set(names)
    assert "a labeling function may not start a process" in failures["by_fork"]
    assert "a labeling function may not use the network" in failures["by_network"]


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_jump_of_the_filter_stays_inside_it(machine):
    lines = seccomp.program(machine, 7)
    for place, (code, if_true, if_false, _) in enumerate(lines):
        if code & 0x07 == 0x05:
            assert place + 1 + max(if_true, if_false) < len(lines)
    assert lines[-1][0] == 0x06
    assert len(lines) < 4096  # what a kernel takes


def forks(body: str) -> dict[str, str]:
    return {"forks": body, "steady": "pass"}


FORK_ON = "[os.fork() or time.sleep(60) for _ in range(200)]"
LEAVES = "import time; os.fork() or (os.setsid(), os.fork() and os._exit(0), time.sleep(60))"


@kernel
def test_a_function_that_forks_without_end_starts_nothing_and_the_others_go_on(tmp_path, gold):
    folder = written(tmp_path / "f", gold, forks("while True: os.fork()"))
    votes, failures = asked(folder, Access(), rows=3)
    assert votes == {"forks": [-1] * 3, "steady": [1] * 3}
    assert "may not start a process" in failures["forks"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="counts processes in /proc")
def test_without_the_kernels_help_a_family_that_grows_is_ended_as_a_whole(tmp_path, gold, monkeypatch):
    monkeypatch.setattr("tidemill.label.engine.process._MOST_PROCESSES", 8)
    body = "import time; [os.fork() or time.sleep(60) for _ in range(20)]; time.sleep(60)"
    folder = written(tmp_path / "f", gold, forks(body))
    marks = marks_of(monkeypatch)
    votes, failures = asked(folder, Access(confined=False), rows=2)
    assert votes == {"forks": [-1, -1], "steady": [1, 1]}
    assert "has started" in failures["forks"]
    assert not left(marks)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds processes in /proc")
def test_a_child_that_has_left_its_group_and_its_parent_ends_with_the_worker(tmp_path, gold, monkeypatch):
    folder = written(tmp_path / "f", gold, {"leaves": LEAVES})
    marks = marks_of(monkeypatch)
    found: set[int] = set()
    with open_functions(folder, ("ham", "spam"), LIMITS, processes=1, access=Access(confined=False)) as loaded:
        list(Engine(loaded, fail).votes([batch()]))
        end = time.monotonic() + 60  # the child may still be starting
        while len(found) < 2 and time.monotonic() < end:
            found = left(marks)
    assert len(found) >= 2  # the worker and the child
    assert not left(marks)


def marks_of(monkeypatch) -> list[str]:
    marks = []
    found = family.members

    def noted(worker, mark):
        marks.append(mark)
        return found(worker, mark)

    ended = family.end

    def end(worker, mark, *, search):
        marks.append(mark)
        ended(worker, mark, search=search)

    monkeypatch.setattr("tidemill.label.engine.process.members", noted)
    monkeypatch.setattr("tidemill.label.engine.process.end", end)
    monkeypatch.setattr("tidemill.label.engine.process.uuid.uuid4", lambda: type("Mark", (), {"hex": marks_own(marks)}))
    return marks


def marks_own(marks: list[str]) -> str:
    mark = os.urandom(16).hex()
    marks.append(mark)
    return mark


def left(marks: list[str]) -> set[int]:
    return set().union(*(family.members(0, mark) for mark in marks))


PARENT = """
import sys
from pathlib import Path
from tidemill.label.engine.process import Bounds, Process, confinement_of

folder = Path(sys.argv[1])
process = Process(confinement_of([folder], []))
bounds = Bounds(60.0, 60.0, 1e6)
header = {"do": "load", "files": [str(folder / "f.py")], "classes": ["a", "b"], "megabytes": 500}
print(process._child.pid, flush=True)
process.ask(header | {"megabytes_to_load": 4000, "seconds": 60}, bounds=bounds)
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel of Linux ends the worker")
def test_a_worker_that_never_lets_go_of_the_interpreter_ends_with_its_parent(tmp_path):
    (tmp_path / "f.py").write_text("import re\nre.match('(a+)+$', 'a' * 64 + '!')\n", encoding="utf-8")
    words = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        while "tidemill" in _command(worker) and _seconds(worker) < 1.5:  # until it is busy with the pattern
            time.sleep(0.05)
        parent.send_signal(signal.SIGKILL)
    for _ in range(200):
        if not _command(worker):
            break
        time.sleep(0.05)
    assert not _command(worker)


def _command(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text(encoding="utf-8")
    except OSError:
        return ""


def _seconds(process: int) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 1e9
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_what_functions_print_is_shown_up_to_a_limit(tmp_path, capfd):
    bodies = {
        "a_says": "print('seen', row.row_id)",
        "floods": "print('x' * 60_000); open(2, 'w', closefd=False).write('own')",
    }
    votes, failures = asked(written(tmp_path / "f", tmp_path, bodies), Access(), rows=4)
    assert (votes, failures) == ({"a_says": [1] * 4, "floods": [1] * 4}, {})
    said = capfd.readouterr().err
    assert "seen r0" in said
    assert said.count("x") < 100_100
    assert said.count("labeling functions have printed 100,000 characters; what else they print is not shown") == 1


@pytest.fixture
def few_open_files():
    """Workers that start may have few files open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_function_that_keeps_files_open_fails_by_itself_and_its_worker_lives(tmp_path, gold, few_open_files):
    bodies = {"keeps": "KEEP.append(open(__file__))", "steady": "pass"}
    folder = written(tmp_path / "f", gold, bodies)
    with (folder / "f.py").open("a", encoding="utf-8") as file:
        file.write("KEEP = []\n")
    quarantine, limits = Quarantine(limit=300), Limits(seconds=20, megabytes=400, max_failures=300)
    with open_functions(folder, ("ham", "spam"), limits, processes=1, access=Access()) as loaded:
        (votes,) = Engine(loaded, quarantine).votes([batch(300)])
    assert (votes[:, 1] == 1).all()
    assert set(votes[256:, 0].tolist()) == {-1}
    assert {failure.function for failure in quarantine.failures} == {"keeps"}
    assert all("Too many open files" in failure.reason for failure in quarantine.failures)


def test_a_file_that_holds_all_files_open_as_it_is_loaded_still_votes(tmp_path, gold, few_open_files):
    folder = written(tmp_path / "f", gold, {"steady": "pass", "opens": "open(__file__)"})
    with (folder / "f.py").open("a", encoding="utf-8") as file:
        file.write("KEEP = []\ntry:\n    while True:\n        KEEP.append(open(__file__))\nexcept OSError:\n    pass\n")
    votes, failures = asked(folder, Access(), rows=3)
    assert votes == {"steady": [1] * 3, "opens": [-1] * 3}
    assert "Too many open files" in failures["opens"]
