import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tidemill.common.nested import flatten, merged, value_at
from tidemill.contracts import ConfigError, Settings
from tidemill.project.compose import DEFAULTS, compose, expand
from tidemill.project.config import load
from tidemill.project.renamed_settings import RENAMED, refuse_renamed

TABLE = [(stage, old, new) for stage, names in RENAMED.items() for old, new in names.items()]


@pytest.fixture(scope="module")
def composed(root: Path) -> dict[str, Any]:
    return compose(conf=root / "conf")["spam"]


@pytest.fixture(scope="module")
def every_key(root: Path) -> dict[str, set[str]]:
    """Keys of each stage in any of its options."""
    keys: dict[str, set[str]] = {}
    for stage in RENAMED:
        for path in (root / "src/tidemill/conf" / stage).glob("*.yaml"):
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            keys.setdefault(stage, set()).update(key for key, _ in flatten(content))
    return keys


@pytest.mark.parametrize(("stage", "old", "new"), TABLE)
def test_the_new_name_is_a_setting_and_the_old_one_is_none(every_key, stage: str, old: str, new: str):
    assert new in every_key[stage]
    assert old not in every_key[stage] or any(key.startswith(f"{old}.") for key in every_key[stage])


@pytest.mark.parametrize(("stage", "old", "new"), TABLE)
def test_an_override_by_the_old_name_is_refused_with_the_new_one(root: Path, stage: str, old: str, new: str):
    with pytest.raises(ConfigError) as error:
        compose([f"spam.{stage}.{old}=1"], conf=root / "conf")
    assert f"write spam.{stage}.{new}=1" in str(error.value)


@pytest.mark.parametrize(("stage", "old", "new"), TABLE)
def test_a_params_file_with_the_old_name_is_refused_with_the_new_one(composed, stage: str, old: str, new: str):
    if any(name.startswith(f"{old}.") for name in RENAMED[stage]):
        pytest.skip("a group: its keys are named one by one")
    params = {"problems": ["spam"], "spam": merged(composed, {f"{stage}.{old}": 1})}
    with pytest.raises(ConfigError) as error:
        load("spam", stage, Settings, params=params)
    assert f"spam.{stage}.{old} is called spam.{stage}.{new} since 0.2.0" in str(error.value)


@pytest.mark.parametrize("value", ["harm", "drift", "arrival"])
def test_a_setting_that_was_replaced_is_refused_with_what_to_write_instead(composed, root: Path, value: str):
    for override in (f"spam.monitor.retrain_on={value}", f"monitor.retrain_on={value}"):
        with pytest.raises(ConfigError, match=r"retrain_on is replaced since 0\.2\.0 by `actions`") as error:
            compose([override], conf=root / "conf")
        assert "actions: {arrival: retrain}" in str(error.value)
    params = {"problems": ["spam"], "spam": merged(composed, {"monitor.retrain_on": value})}
    with pytest.raises(ConfigError, match=r"spam\.monitor\.retrain_on is replaced"):
        load("spam", "monitor", Settings, params=params)


def test_what_is_set_by_the_new_names_is_not_refused(composed, root: Path):
    for stage in RENAMED:
        refuse_renamed(stage, composed[stage], f"spam.{stage}")
    compose_with = ["spam.train.loss.name=generalised_cross_entropy", "spam.train.self_training={rounds: 2}"]
    assert value_at(compose(compose_with, conf=root / "conf"), "spam.train.self_training.rounds") == 2


def test_a_word_without_a_problem_is_refused_with_the_new_name(root: Path):
    with pytest.raises(ConfigError, match=r"train\.smoothing is called \w+\.train\.labels\.noise_transition"):
        expand(["train.smoothing=true"], conf=root / "conf")


def test_an_old_name_in_the_file_of_a_problem_is_refused_with_the_new_one(conf_copy: Path):
    path = conf_copy / "problem" / "spam.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "train:\n  smoothing: true\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"spam\.train\.smoothing is called spam\.train\.labels\.noise_transition"):
        compose(conf=conf_copy)


def test_an_old_name_in_a_recipe_is_refused_with_the_new_one(conf_copy: Path):
    path = conf_copy / "train" / "auto.yaml"
    path.parent.mkdir()
    packaged = (DEFAULTS / "train/auto.yaml").read_text(encoding="utf-8")
    path.write_text(packaged + "  - {name: old, subset: 0.5}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"subset is called spam\.train\.cut_statistic\.fraction"):
        compose(["train@spam.train=auto"], conf=conf_copy)


def test_what_dvc_composes_of_an_old_name_is_refused_with_the_new_one(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from dvc.utils.hydra import compose_and_dump

    overrides = ["spam.train.smoothing=true"]
    monkeypatch.setattr(sys, "argv", ["dvc", "exp", "run", "-S", *overrides])
    with pytest.raises(ConfigError, match=r"write spam\.train\.labels\.noise_transition=true"):
        compose_and_dump(tmp_path / "params.yaml", str(root / "conf"), None, "config", str(root), overrides)
    assert not (tmp_path / "params.yaml").exists()
