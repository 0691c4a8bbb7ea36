"""An upgrade writes anew what is as it was generated, and leaves what the user changed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from tidemill import __version__
from tidemill.apps.onboarding import upgrade as module
from tidemill.apps.onboarding.lock_file import OWN, LockFile, read_lock_file, write_lock_file
from tidemill.apps.onboarding.project_template import TEMPLATE, template_files
from tidemill.apps.onboarding.upgrade import UpgradeResult, moved_pin, upgrade_project
from tidemill.contracts import ConfigError
from tidemill.project.compose import compose_all, write_params
from tidemill.project.config import load_params
from tidemill.project.project import Project

pytestmark = pytest.mark.slow

OLD = "0.1.9"


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """The template as an older version had it: other flows, a Makefile of other words, a file that is gone since."""
    folder = tmp_path / "older"
    shutil.copytree(TEMPLATE, folder)
    for name in ("Makefile", "flows/refresh.py", "prefect.yaml"):
        path = folder / f"{name}.template"
        path.write_text("# older\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    dvc = folder / "dvc.yaml.template"
    dvc.write_text(dvc.read_text(encoding="utf-8").replace("tidemill.stages.label", "tidemill.label"), encoding="utf-8")
    (folder / "gone.py.template").write_text("print('of old')\n", encoding="utf-8")
    (folder / "flows/monitor.py.template").unlink()
    return folder


@pytest.fixture
def project(tmp_path: Path, older: Path) -> Path:
    """A project as the older version made it, with an artifact that `tidemill new` would have added."""
    folder = tmp_path / "project"
    files = template_files("project", OLD, folder=older)
    for file in files:
        (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / file.path).write_text(file.text, encoding="utf-8")
    with (folder / "dvc.yaml").open("a", encoding="utf-8") as pipeline:
        pipeline.write("\nartifacts:\n  tiny: {type: model, path: models/tiny/candidate}\n")
    write_lock_file(
        LockFile(version=OLD, files={file.path: file.digest for file in files if file.is_generated}), folder
    )
    compose_all(Project.open(folder))
    return folder


def content(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and ".tidemill" not in path.parts
    }


def actions(done: UpgradeResult) -> dict[str, str]:
    return {change.path: change.action for change in done.changes if change.action != "none"}


def text_of(path: str) -> str:
    return next(file.text for file in template_files("project", __version__) if file.path == path)


def test_what_nobody_changed_is_as_the_new_version_makes_it(project: Path) -> None:
    done = upgrade_project(Project.open(project))
    assert actions(done) == {
        "Makefile": "write",
        "dvc.yaml": "write",
        "flows/refresh.py": "write",
        "prefect.yaml": "write",
        "flows/monitor.py": "add",
        "gone.py": "remove",
    }
    for name in ("Makefile", "flows/refresh.py", "flows/monitor.py"):
        assert (project / name).read_text(encoding="utf-8") == text_of(name)
    assert not (project / "gone.py").exists()
    assert (project / "dvc.yaml").read_text(encoding="utf-8").startswith(text_of("dvc.yaml"))
    assert (
        (project / "dvc.yaml")
        .read_text(encoding="utf-8")
        .endswith("drift.png\n\nartifacts:\n  tiny: {type: model, path: models/tiny/candidate}\n")
    )
    assert yaml.safe_load((project / "dvc.yaml").read_text())["artifacts"]["tiny"]["type"] == "model"
    assert f"tidemill[all]=={__version__}" in (project / "pyproject.toml").read_text(encoding="utf-8")
    assert read_lock_file(project).version == __version__
    assert upgrade_project(Project.open(project)).lines == [f"version {__version__}", "nothing to do"]


def test_a_dry_run_says_the_same_and_writes_nothing(project: Path) -> None:
    before = content(project)
    dry = upgrade_project(Project.open(project), dry_run=True)
    assert content(project) == before
    done = upgrade_project(Project.open(project))
    assert dry.lines[1:] == done.lines[1:]
    assert "dry run" in dry.lines[0]


def test_what_both_changed_stays_and_is_listed_with_its_difference_until_it_is_settled(project: Path) -> None:
    mine = (project / "Makefile").read_text(encoding="utf-8") + "\nmine:\n\techo mine\n"
    (project / "Makefile").write_text(mine, encoding="utf-8")
    (project / "flows/refresh.py").write_text("mine = 1\n", encoding="utf-8")
    for _ in range(2):
        done = upgrade_project(Project.open(project))
        assert {name for name, action in actions(done).items() if action == "conflict"} == {
            "Makefile",
            "flows/refresh.py",
        }
        assert (project / "Makefile").read_text(encoding="utf-8") == mine
        assert "    -# older" in done.lines
        assert any("tidemill upgrade --keep Makefile" in line for line in done.lines)
    upgrade_project(Project.open(project), keep=["Makefile"], take=["flows/refresh.py"])
    assert (project / "Makefile").read_text(encoding="utf-8") == mine
    assert (project / "flows/refresh.py").read_text(encoding="utf-8") == text_of("flows/refresh.py")
    assert actions(upgrade_project(Project.open(project))) == {}


def test_what_the_user_alone_changed_or_deleted_stays_without_a_word(project: Path) -> None:
    upgrade_project(Project.open(project))
    (project / "prefect.yaml").write_text("name: mine\n", encoding="utf-8")
    (project / "tests/test_problems.py").unlink()
    assert upgrade_project(Project.open(project)).lines == [f"version {__version__}", "nothing to do"]
    assert not (project / "tests/test_problems.py").exists()


def test_a_file_that_the_project_has_made_its_own_is_not_looked_at(project: Path) -> None:
    record = read_lock_file(project)
    write_lock_file(LockFile(version=OLD, files=record.files | {"Makefile": OWN}), project)
    (project / "Makefile").write_text("mine:\n", encoding="utf-8")
    assert "Makefile" not in actions(upgrade_project(Project.open(project)))
    assert read_lock_file(project).files["Makefile"] == OWN


def test_a_new_file_does_not_overwrite_one_of_the_users(project: Path) -> None:
    (project / "flows/monitor.py").write_text("mine = 1\n", encoding="utf-8")
    assert actions(upgrade_project(Project.open(project)))["flows/monitor.py"] == "conflict"
    assert (project / "flows/monitor.py").read_text(encoding="utf-8") == "mine = 1\n"


def test_stages_that_will_run_again_are_named_with_the_reason(project: Path) -> None:
    ran = {
        "cmd": "python -m tidemill.label tiny",
        "deps": [{"path": "data/tiny/batches.json", "md5": "0"}],
        "params": {"params.yaml": {"overrides": ["of old"]}, "code.yaml": {"label": "0"}},
    }
    (project / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": {"label@tiny": ran}}))
    (rerun,) = upgrade_project(Project.open(project), dry_run=True).stages
    assert rerun.address == "label@tiny"
    assert (
        "its command is `python -P -m tidemill.stages.label tiny`, was `python -m tidemill.label tiny`" in rerun.reason
    )
    assert "it reads data/tiny/dev, data/tiny/features, data/tiny/raw, src/problems/tiny" in rerun.reason
    assert rerun.reason.endswith("its code changed")
    assert "overrides is [], was ['of old']" in rerun.reason


def test_a_project_that_was_made_before_there_were_relations_gets_an_empty_list_of_them(project: Path) -> None:
    config = project / "conf/config.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text("".join(line for line in text.splitlines(keepends=True) if not line.startswith("relations")))
    upgrade_project(Project.open(project))
    assert yaml.safe_load(config.read_text(encoding="utf-8"))["relations"] == []
    once = config.read_text(encoding="utf-8")
    upgrade_project(Project.open(project))
    assert config.read_text(encoding="utf-8") == once


def test_overrides_that_were_composed_are_kept(project: Path) -> None:
    write_params(Project.open(project), ["+mine=1"])
    upgrade_project(Project.open(project))
    assert load_params(project / "params.yaml")["mine"] == 1


def test_files_in_place_of_the_packages_defaults_are_named(project: Path) -> None:
    (project / "conf/train").mkdir()
    (project / "conf/train/head.yaml").write_text("{}\n")
    (project / "conf/train/mine.yaml").write_text("{}\n")
    done = upgrade_project(Project.open(project))
    assert done.shadowing == ("conf/train/head.yaml",)
    assert "conf/train/head.yaml" in done.lines[-1]


def test_an_older_package_and_a_lost_record_are_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "__version__", "0.1.8")
    with pytest.raises(ConfigError, match=r"of Tidemill 0\.1\.9 and 0\.1\.8 is installed: pip install -U"):
        upgrade_project(Project.open(project))
    monkeypatch.undo()
    with pytest.raises(ConfigError, match=r"setup\.cfg is not generated; what is: \.dvcignore"):
        upgrade_project(Project.open(project), keep=["setup.cfg"])
    (project / "tidemill.lock").write_text("{")
    with pytest.raises(ConfigError, match="damaged: restore it"):
        upgrade_project(Project.open(project))
    (project / "tidemill.lock").unlink()
    with pytest.raises(ConfigError, match=r"missing.*tidemill init --force"):
        upgrade_project(Project.open(project))


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ('["tidemill==0.1.0"]', '["tidemill==2"]'),
        ("['tidemill[all, train] == 0.1.0rc1']", "['tidemill[all, train] == 2']"),
        ('["tidemill>=0.1.0"]', None),
        ('["tidemill-plugin==0.1.0"]', None),
    ],
)
def test_the_pin_moves_where_it_is_one(text: str, moved: str | None) -> None:
    assert moved_pin(text, "2") == moved
