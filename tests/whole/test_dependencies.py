from pathlib import Path

import pytest
import yaml

from tests.whole.imports import files_run_by

STAGES = yaml.safe_load((Path(__file__).parents[2] / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
GOLD = "data/${item.problem}/gold"


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_depends_on_every_file_that_it_imports(root: Path, name: str):
    named = STAGES[name]["deps"]
    run = files_run_by(root / "src" / "tidemill" / "stages" / f"{name}.py", root / "src")
    missing = sorted(file for file in run if not any(file == one or file.startswith(f"{one}/") for one in named))
    assert missing == []


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_depends_on_no_file_that_is_not_there(root: Path, name: str):
    code = [one for one in STAGES[name]["deps"] if one.startswith("src/tidemill")]
    assert [one for one in code if not (root / one).exists()] == []


def test_gold_is_a_dependency_of_evaluate_alone():
    assert [name for name, stage in STAGES.items() if GOLD in stage["deps"]] == ["evaluate"]
    assert [name for name, stage in STAGES.items() if GOLD.replace("gold", "slices") in stage["deps"]] == ["evaluate"]


def test_every_stage_runs_for_every_problem():
    assert all(stage["matrix"] == {"problem": "${problems}"} for stage in STAGES.values())
