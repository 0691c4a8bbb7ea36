from pathlib import Path

import yaml

from tidemill.project.stage_code.stage_fingerprints import StageCode
from tidemill.runs.outdated import Outdated, outdated

NOW = StageCode({"label": "a1", "train": "b2"}, {"tidemill/train/run.py": "f2"})


def project(folder: Path, **ran_with: dict[str, object]) -> Path:
    params = {"problems": ["spam"], "spam": {"train": {"max_epochs": 5, "rate": 1e-6}, "label": {"seed": 1}}}
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    stages = {f"{stage}@spam": {"cmd": "x", "params": one} for stage, one in ran_with.items()}
    (folder / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}).replace("1.0e-06", "1e-06"))
    return folder


def test_a_stage_that_ran_with_what_is_now_is_not_outdated(tmp_path: Path):
    train = {"params.yaml": {"spam.train": {"max_epochs": 5, "rate": 1e-6}}, "code.yaml": {"train": "b2"}}
    assert outdated(project(tmp_path, train=train), {}, NOW) == []


def test_changed_settings_and_code_are_named_with_what_they_were(tmp_path: Path):
    train = {"params.yaml": {"spam.train": {"max_epochs": 3, "rate": 1e-6}}, "code.yaml": {"train": "b1"}}
    label = {"params.yaml": {"spam.label": {"seed": 1}}}
    found = outdated(project(tmp_path, train=train, label=label), {"train": ("tidemill/train/run.py",)}, NOW)
    assert sorted(found, key=lambda one: one.address) == [
        Outdated("label@spam", "it ran before fingerprints of code were kept"),
        Outdated("train@spam", "spam.train.max_epochs is 5, was 3; its code changed (tidemill/train/run.py)"),
    ]


def test_a_project_in_which_nothing_has_run_has_nothing_outdated(tmp_path: Path):
    folder = project(tmp_path)
    (folder / "dvc.lock").unlink()
    assert outdated(folder, {}, NOW) == []


def test_the_settings_of_a_whole_problem_are_cut(tmp_path: Path):
    train = {"params.yaml": {"spam.facts": {f"key_{k}": k for k in range(99)}}, "code.yaml": {"train": "b2"}}
    [found] = outdated(project(tmp_path, train=train), {}, NOW)
    assert found.reason.startswith("spam.facts is None, was {'key_0': 0")
    assert len(found.reason) < 150
