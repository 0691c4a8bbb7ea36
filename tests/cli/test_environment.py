"""Commands in the environments of real machines: no reader, no room, no home, another encoding, no repository."""

from __future__ import annotations

import importlib
import os
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tidemill.apps.onboarding.init_project import init_project
from tidemill.apps.onboarding.new_problem import NewProblem, create_problem
from tidemill.common.failures import as_line, says_errors
from tidemill.errors import TidemillError
from tidemill.project.arrivals import arrive
from tidemill.project.compose import compose_all
from tidemill.project.project import Project
from tidemill.runs.checkout import branch_to_publish_on, require_repository
from tidemill.runs.git import explain, git
from tidemill.runs.model_registry import read_registry

pytestmark = pytest.mark.slow

TIDEMILL = f"{sys.executable} -m tidemill"
FULL = Path("/dev/full")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in a path with a space and an umlaut, with a problem named in the settings alone."""
    folder = tmp_path_factory.mktemp("a project") / "für mich"
    init_project(folder)
    (folder / "params.yaml").write_text("problems: [spam]\noverrides: []\n", encoding="utf-8")
    git("config", "user.name", "T", folder=folder)
    git("config", "user.email", "t@localhost", folder=folder)
    git("add", "-A", folder=folder)
    git("commit", "-q", "-m", "spam", folder=folder)
    return folder


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(made, tmp_path / made.name, symlinks=True))


def shell(line: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=folder,
        env=kept | environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("words", ["--help", "models spam", "defaults", "models spam --json"])
def test_a_reader_that_has_seen_enough_is_no_error(made: Path, words: str):
    done = shell(f"{TIDEMILL} {words} | true", made)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_error_that_nobody_reads_is_an_error_all_the_same(made: Path):
    assert shell(f"{TIDEMILL} models spma 2>&1 | true", made).returncode == 1


@pytest.mark.slow
@pytest.mark.skipif(not FULL.exists(), reason="a device that is always full is Linux's")
def test_a_full_disk_is_told_in_a_line(made: Path):
    done = shell(f"{TIDEMILL} models spam > {FULL}", made)
    assert done.returncode == 1
    assert done.stderr == "error: the disk is full, and the output could not be written: make room and try again\n"


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_votes_that_a_limit_or_a_disk_leaves_no_place_for_are_told_by_their_file_and_leave_nothing(
    tmp_path: Path, kind: str
):
    (tmp_path / "rows.csv").write_text("text\n" + "".join(f"row {n * n}\n" for n in range(3000)))
    (tmp_path / "long.py").write_text(
        "from tidemill.label import labeling_function\n"
        "@labeling_function()\ndef long(x):\n    return len(x.text) * 7919 % 13 % 2\n"
    )
    words = f"label rows.csv --functions long.py --classes a,b --processes 1 --out votes.{kind}"
    quiet = {"PYTHONDONTWRITEBYTECODE": "1"}  # Python 3.11 keeps what it could write of its own files
    done = shell(f"ulimit -f 1; {TIDEMILL} {words}", tmp_path, TMPDIR="/nonexistent", **quiet)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert f"votes.{kind} may not grow as large as it has to" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"rows.csv", "long.py"}


@pytest.mark.parametrize("is_typers", [True, False])
def test_bytecode_that_a_full_disk_tore_is_named_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, is_typers: bool
):
    source = tmp_path / f"torn_by_a_full_disk_{is_typers}.py"
    source.write_text("text = 'x' * 3\nnumbers = [1, 2, 3]\n")
    torn = Path(py_compile.compile(str(source)))
    torn.write_bytes(torn.read_bytes()[:40])
    monkeypatch.syspath_prepend(tmp_path)

    def main() -> None:
        try:
            importlib.import_module(source.stem)
        except EOFError as error:
            if is_typers:  # it ends so on what it takes for the end of the input
                raise SystemExit(1) from error
            raise

    with pytest.raises(SystemExit) as ending:
        says_errors(main)()
    assert ending.value.code == 1
    assert capsys.readouterr().err.startswith(f"error: {torn} was torn, as a full disk leaves it, and is removed: run")
    says_errors(main)()


@pytest.mark.skipif(not FULL.exists(), reason="a device that is always full is Linux's")
def test_a_full_disk_in_polars_words_is_told_as_well():
    import polars as pl

    with pytest.raises((OSError, pl.exceptions.PolarsError)) as error:
        pl.DataFrame({"number": range(100_000)}).write_parquet(FULL)
    assert "the disk is full" in str(as_line(error.value))


def test_other_answers_of_a_disk_name_the_file_and_those_of_a_program_keep_their_traceback():
    assert "on a read-only file system" in str(as_line(OSError(30, "Read-only file system", "a/b.json")))
    assert str(as_line(PermissionError(13, "Permission denied", "a/b.json"))).startswith("a/b.json may not be")
    assert "`ulimit -f`" in str(as_line(OSError(27, "File too large", "votes.csv")))
    for error in (NotADirectoryError(20, "Not a directory", "a/b"), FileExistsError(17, "File exists", "a/b")):
        assert str(as_line(error)).startswith("a/b ")  # a folder to write into that is a file
    assert str(as_line(OSError(95, "Operation not supported", "/proc/a"))).startswith("/proc/a cannot be made: ")
    assert "name a file" in str(as_line(IsADirectoryError(21, "Is a directory", "a")))
    nowhere = FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")
    assert "set TMPDIR to a folder that can" in str(as_line(nowhere))
    assert as_line(FileNotFoundError(2, "No such file or directory", "a")) is None
    assert as_line(ValueError("(os error 2)")) is None


@pytest.mark.slow
def test_standard_output_that_is_closed_is_no_error(made: Path):
    assert shell(f"{TIDEMILL} models spam >&-", made).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("variable", [{"LANG": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}])
def test_an_encoding_without_the_characters_prints_their_codes(made: Path, variable: dict[str, str]):
    done = shell(f"{TIDEMILL} models 'spüm'", made, **variable)
    assert done.returncode == 1
    assert done.stderr.startswith("error: there is no problem 'sp")
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_standard_output_without_the_characters_gets_their_codes(made: Path, tmp_path: Path):
    (tmp_path / "rows.csv").write_text("text\nyou win\n")
    (tmp_path / "f.yaml").write_text("functions: [{name: win, kind: keywords, words: [win], vote: yay}]\n")
    words = f"{tmp_path}/rows.csv --functions {tmp_path}/f.yaml --classes yay,nay --out {tmp_path}/votes.csv"
    done = shell(f"{TIDEMILL} label {words}", made, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (done.returncode, done.stderr) == (0, "")
    assert r"\u2502 win" in done.stdout


@pytest.mark.slow
def test_neither_home_nor_terminal_nor_input_is_needed(made: Path):
    done = shell(f"unset HOME; {TIDEMILL} models spam <&-", made, TERM="dumb", TMPDIR="/nonexistent")
    assert (done.returncode, done.stderr) == (0, "")
    assert "spam has no version yet" in done.stdout


def refused(project: Path) -> str:
    with pytest.raises(TidemillError) as error:
        require_repository(project)
    return str(error.value)


def test_an_unpacked_archive_is_told_to_become_a_repository(project: Path):
    shutil.rmtree(project / ".git")
    assert "is in no git repository (an unpacked archive has none)" in refused(project)
    with pytest.raises(TidemillError, match=r"`git clone` the original, which brings its versions, or begin anew"):
        read_registry(Project.open(project), "spam")
    done = shell(f"{TIDEMILL} models spam", project)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")


@pytest.mark.parametrize("rule", ["*.json", "data/", "*.csv", "conf"])
def test_rules_of_a_person_that_hide_what_runs_publish_are_named(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: str
):
    (tmp_path / "ignore").write_text(f"*.log\n{rule}\n")
    (tmp_path / "config").write_text(
        f"[core]\n    excludesFile = {tmp_path}/ignore\n[user]\n    name = T\n    email = t@localhost\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    subprocess.run(["git", "rm", "-rq", "--cached", "."], cwd=project, check=True)
    told = refused(project)
    assert f"by {rule} (line 2 of {tmp_path}/ignore): clones would lack them. Take the rule out" in told
    with (project / ".gitignore").open("a") as file:
        file.write(f"!{rule}\n")
    require_repository(project)


def test_a_project_in_a_folder_of_another_repository_is_told_what_a_run_needs(project: Path):
    shutil.rmtree(project / ".git")
    git("init", "-q", folder=project.parent)
    assert f"lies in the git repository {project.parent}" in refused(project)
    assert f"add /{project.name}/ to {project.parent}/.gitignore" in refused(project)
    assert Project.open(project).shared == project  # all else is the folder's own
    git("init", "-q", folder=project)
    git("add", "-A", folder=project)
    git("-c", "user.name=T", "-c", "user.email=t@t", "commit", "-q", "-m", "start", folder=project)
    require_repository(project)  # as told


def test_a_repository_without_a_commit_is_told_to_make_one(project: Path):
    shutil.rmtree(project / ".git")
    git("init", "-q", folder=project)
    assert "nothing is committed yet" in refused(project)
    assert read_registry(Project.open(project), "spam").versions == {}


def test_a_repository_of_another_user_is_told_to_be_trusted(project: Path):
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder to another user")
    os.chown(project / ".git", 12345, 12345)
    os.chown(project, 12345, 12345)
    assert f"`git config --global --add safe.directory {project}`" in refused(project)


def test_a_worktree_whose_repository_has_moved_says_so(project: Path):
    git("worktree", "add", "-q", "--detach", str(project.parent / "own"), folder=project)
    project.rename(project.with_name("elsewhere"))
    assert "of a repository that is gone or has moved" in refused(project.parent / "own")


def test_a_detached_head_is_refused_before_anything_is_computed_and_any_branch_will_do(project: Path):
    git("switch", "-q", "--detach", folder=project)
    require_repository(project)
    with pytest.raises(TidemillError, match=r"HEAD is detached at .*`git switch BRANCH`, or `git switch -c NAME`"):
        branch_to_publish_on(project)
    git("switch", "-q", "-c", "feature/für-mich", folder=project)
    assert branch_to_publish_on(project) == "feature/für-mich"


def test_a_submodule_is_a_project_of_its_own_and_runs_are_made_in_a_clone(project: Path, tmp_path: Path):
    outer = tmp_path / "outer"
    outer.mkdir()
    git("init", "-q", folder=outer)
    words = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(project), "inner")
    git(*words, folder=outer)
    assert Project.open(outer / "inner").shared == outer / "inner"
    assert "a submodule of" in refused(outer / "inner")
    assert "clone the project by itself" in refused(outer / "inner")


def test_a_shallow_clone_is_told_to_fetch_its_versions(project: Path, tmp_path: Path):
    for message in ("one", "two"):
        git("-c", "user.name=T", "-c", "user.email=t@t", "commit", "-q", "--allow-empty", "-m", message, folder=project)
    git("clone", "-q", "--depth", "1", f"file://{project}", "shallow", folder=tmp_path)
    assert refused(tmp_path / "shallow").endswith("`git fetch --unshallow --tags` brings them")
    assert "in this shallow clone" in shell(f"{TIDEMILL} models spam", tmp_path / "shallow").stdout
    git("fetch", "-q", "--unshallow", "--tags", folder=tmp_path / "shallow")
    require_repository(tmp_path / "shallow")


def test_without_git_the_message_names_it(project: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(project))
    assert refused(project).startswith("git is missing")


def test_a_project_behind_a_link_is_the_project(project: Path, tmp_path: Path):
    (tmp_path / "link").symlink_to(project)
    assert Project.find(tmp_path / "link" / "conf") == Project.open(project)
    require_repository(tmp_path / "link")


@pytest.mark.slow
def test_what_is_made_in_a_linked_worktree_is_made_there_alone(project: Path, tmp_path: Path):
    """`git worktree add` makes a checkout: its settings, functions and data belong to its branch."""
    own = tmp_path / "linked"
    git("worktree", "add", "-q", "-b", "feature", str(own), folder=project)
    before = {path for path in project.rglob("*") if ".git" not in path.parts}
    (tmp_path / "mail.csv").write_text(
        "text,kind\n"
        + "".join(f"word{n} {n % 7} {'win' if n % 2 else 'hi'},{'spam' if n % 2 else 'ham'}\n" for n in range(40))
    )
    here = Project.open(own)
    (own / "params.yaml").unlink()  # composed at the next run
    create_problem(NewProblem("mail", source=tmp_path / "mail.csv", text="text", label="kind"), here)
    assert (own / "data/incoming/mail/mail.csv").exists()
    assert {path for path in project.rglob("*") if ".git" not in path.parts} == before
    compose_all(here)
    (own / "data/incoming/mail/later.csv").write_text("text,kind\nanother one,ham\n")
    assert arrive(here, "mail").batches == ["later"]


@pytest.mark.slow
def test_on_a_read_only_disk_commands_that_look_work_and_others_say_why_not(project: Path):
    words = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && cd "$0" && '
    prefix = ["unshare", "--user", "--map-root-user", "--mount", "bash", "-c"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("this system lets nobody mount")

    def there(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*prefix, words + line, str(project)], capture_output=True, encoding="utf-8", check=False)

    assert there(f"{TIDEMILL} models spam").stdout.startswith("spam has no version yet")
    assert "cannot be written (Read-only file system)" in there(f"{TIDEMILL} doctor").stdout
    composed = there(f"{TIDEMILL} compose")
    assert composed.returncode == 1
    assert "is on a read-only file system" in composed.stderr
    assert "Traceback" not in composed.stderr


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("fatal: sha1 file '.git/index.lock' write error. Out of diskspace", "the disk of {folder} is full"),
        ("fatal: unable to write new index file: No space left on device", "the disk of {folder} is full"),
        ("error: could not lock config: Read-only file system", "is on a read-only file system"),
        ("error: insufficient permission: Permission denied", "git may not write in {folder}"),
        ("fatal: unexpected line in .git/packed-refs: 57a960b6 refs/tags/spam", ".git/packed-refs in {folder} is torn"),
        ("fatal: something else", "`git x` failed: fatal: something else"),
    ],
)
def test_what_git_says_of_a_machine_is_worded_with_what_to_do(tmp_path: Path, said: str, told: str):
    assert told.format(folder=tmp_path) in explain(said, "x", tmp_path)


def test_closed_streams_keep_their_numbers_from_the_files_of_the_program(tmp_path: Path) -> None:
    program = """
import os, sys
from tidemill.common.failures import says_errors

@says_errors
def main():
    with open("votes.csv", "wb", buffering=0) as file:
        os.write(1, b"what a compiled library prints")
        sys.stdout.buffer.write(b"what a command prints")
        file.write(b"a,b")

main()
"""
    words = [sys.executable, "-c", program]
    closed = subprocess.run(["sh", "-c", '"$@" <&- >&-', "sh", *words], cwd=tmp_path, check=False)
    assert closed.returncode == 0
    assert (tmp_path / "votes.csv").read_bytes() == b"a,b"


def test_commands_run_where_python_drops_docstrings(tmp_path: Path) -> None:
    words = [sys.executable, "-OO", "-m", "tidemill", "label", "--help"]
    shown = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "--functions" in shown.stdout


def test_modules_of_a_project_take_no_place_of_pythons_own_in_stages_and_flows(project: Path):
    for name in ("random", "types", "statistics", "calendar"):
        (project / f"{name}.py").write_text("raise SystemExit('a module of the project')\n", encoding="utf-8")
    stages = yaml.safe_load((project / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    binaries = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for name in ("preflight", "monitor"):
        ended = shell(stages[name]["cmd"].replace("${item.problem}", "spma"), project, PATH=binaries)
        assert ended.stderr.startswith("error: ")  # params.yaml names a problem that has no settings
    load = "from pathlib import Path; from tidemill.cli.flows import flow; from tidemill.project.project import Project"
    ended = shell(f"{sys.executable} -P -c \"{load}; print(flow('refresh', Project.open(Path())).name)\"", project)
    assert ended.stdout.startswith("refresh"), ended.stderr


def test_a_torn_table_that_polars_does_not_name_is_told_with_who_does(tmp_path: Path):
    import polars as pl

    (tmp_path / "t.parquet").write_bytes(b"PAR1 and no end of it")
    with pytest.raises(pl.exceptions.PolarsError) as error:
        pl.read_parquet(tmp_path / "t.parquet")
    assert str(as_line(error.value)).endswith("`tidemill doctor` names it")


def test_a_folder_that_was_removed_under_the_person_is_told(tmp_path: Path, monkeypatch, capsys):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    @says_errors
    def program() -> None:
        Path.cwd()

    with pytest.raises(SystemExit) as ending:
        program()
    assert ending.value.code == 1
    assert capsys.readouterr().err == "error: the folder that you are in has been removed: change into another (`cd`)\n"
