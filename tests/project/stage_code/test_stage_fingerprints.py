"""Fingerprints of the real package's stages, on a copy that a test changes."""

import re
import shutil
from pathlib import Path

import pytest

import tidemill
from tidemill.contracts import ConfigError
from tidemill.project.stage_code.stage_fingerprints import (
    changed_files,
    fingerprint_stages,
    package_seen_from,
    read_code,
    refuse_stale,
    running_package,
    write_code,
)

pytestmark = pytest.mark.slow

PACKAGE = Path(str(tidemill.__file__)).parent


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was read of the package's modules, so that each test reads only those that it changes."""
    cache = tmp_path_factory.mktemp("cache") / "code.json"
    fingerprint_stages(PACKAGE, cache=cache)
    return cache


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package as it lies where it is installed."""
    folder = tmp_path / "lib" / "site-packages" / "tidemill"
    shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")


def changed_by(copy: Path, kept: Path) -> dict[str, tuple[str, ...]]:
    before = fingerprint_stages(PACKAGE, cache=kept)
    return changed_files(before, fingerprint_stages(copy, cache=kept))  # kept by content: what is changed is read anew


def test_the_place_of_the_package_does_not_count(copy: Path, kept: Path):
    assert fingerprint_stages(copy) == fingerprint_stages(PACKAGE, cache=kept)


def test_every_stage_but_preflight_has_a_fingerprint_of_its_own(kept: Path):
    stages = fingerprint_stages(PACKAGE, cache=kept).stages
    assert set(stages) == {file.stem for file in (PACKAGE / "stages").glob("*.py")} - {"__init__", "preflight"}
    assert len(set(stages.values())) == len(stages)


def test_comments_docstrings_annotations_and_formatting_do_not_count(copy: Path, kept: Path):
    edit(copy / "common/spelling.py", "n=1, cutoff=", "n=1,  # one\n        cutoff=")
    edit(copy / "common/files.py", "Write a file next to its final place", "Put a file next to its final place")
    edit(copy / "common/statistics.py", ") -> tuple[float, float]:", ") -> object:")
    assert changed_by(copy, kept) == {}


def decide_otherwise(file: Path) -> None:
    """Add a statement before every return of a file."""
    changed, count = re.subn(r"^( +)return ", r"\1assert True\n\1return ", file.read_text(), flags=re.MULTILINE)
    assert count
    file.write_text(changed)


@pytest.mark.parametrize(
    ("file", "stages"),
    [
        ("monitor/harm.py", {"monitor"}),
        ("embed/domain_gap.py", {"embed"}),
        ("denoise/models/auto.py", {"denoise", "label"}),  # generators are checked by a label model
        ("evaluate/gate.py", {"evaluate"}),
        ("ingest/near_duplicates.py", {"ingest"}),
        ("train/finetune/advice.py", {"train"}),
        ("train/recipes/choose_recipe.py", {"train", "search"}),
        ("apps/models/champion_reference.py", {"evaluate", "monitor"}),
        (
            "project/tables.py",
            {"ingest", "embed", "label", "denoise", "search", "train", "evaluate", "facts", "monitor"},
        ),
        ("apps/predict/input_rows.py", set()),
        ("apps/reports/summary.py", set()),
    ],
)
def test_a_deciding_function_changes_the_stages_that_run_it_and_no_other(
    copy: Path, kept: Path, file: str, stages: set[str]
):
    decide_otherwise(copy / file)
    assert changed_by(copy, kept) == dict.fromkeys(stages, (f"tidemill/{file}",))


def test_the_judging_of_a_search_does_not_make_train_run_again(copy: Path, kept: Path):
    for file in ("trials", "holdout_comparison", "space", "architecture"):
        decide_otherwise(copy / f"train/search/{file}.py")
    assert set(changed_by(copy, kept)) == {"search"}


def test_evaluate_does_not_depend_on_code_of_train_that_it_never_imports(kept: Path):
    reached = fingerprint_stages(PACKAGE, cache=kept).reached
    ours = {file for file in reached["evaluate"] if file.startswith(("tidemill/train/", "tidemill/denoise/"))}
    for never in (
        "train/finetune/",
        "train/ensemble/",
        "train/search/",
        "train/recipes/choose_recipe",
        "denoise/models/",
    ):
        assert not [file for file in ours if file.startswith(f"tidemill/{never}")], never
    assert "tidemill/train/end_model/model.py" in ours


def test_all_that_labeling_functions_may_import_counts_for_label(copy: Path, kept: Path):
    edit(copy / "label/image_statistics/grey.py", "import numpy as np", "import numpy as np\n\nprint('first')")
    assert "label" in changed_by(copy, kept)


def test_a_new_kind_of_label_model_that_registers_itself_counts(copy: Path, kept: Path):
    (copy / "denoise/models/coin.py").write_text(
        "from tidemill.denoise.models.base import BaseLabelModel\n\n\nclass Coin(BaseLabelModel):\n    name = 'coin'\n"
    )
    assert changed_by(copy, kept) == {}  # nobody imports it
    edit(
        copy / "denoise/models/registry.py",
        "from tidemill.denoise.models.crowd",
        "import tidemill.denoise.models.coin\nfrom tidemill.denoise.models.crowd",
    )
    assert changed_by(copy, kept)["denoise"] == ("tidemill/denoise/models/coin.py",)


def test_a_file_that_is_gone_is_named(copy: Path, kept: Path):
    (copy / "monitor/harm.py").rename(copy / "monitor/damage.py")
    for file in (copy / "monitor").glob("*.py"):
        file.write_text(file.read_text().replace("tidemill.monitor.harm", "tidemill.monitor.damage"))
    assert {"tidemill/monitor/harm.py", "tidemill/monitor/damage.py"} <= set(changed_by(copy, kept)["monitor"])


def test_what_the_cache_keeps_is_what_the_file_says(copy: Path, kept: Path):
    assert fingerprint_stages(copy, cache=kept) == fingerprint_stages(copy)
    edit(copy / "contracts.py", "ABSTAIN: Final = -1", "ABSTAIN: Final = -2")
    assert fingerprint_stages(copy, cache=kept) == fingerprint_stages(copy)
    kept.write_text("{torn")
    assert fingerprint_stages(copy, cache=kept) == fingerprint_stages(copy)


def test_stale_fingerprints_are_refused_with_stage_file_and_remedy(copy: Path, kept: Path, tmp_path: Path):
    write_code(fingerprint_stages(PACKAGE, cache=kept), tmp_path)
    before = read_code(tmp_path)
    refuse_stale(before, fingerprint_stages(PACKAGE, cache=kept), remedy="tidemill compose")
    decide_otherwise(copy / "ingest/near_duplicates.py")
    with pytest.raises(
        ConfigError,
        match=r"code\.yaml is stale: the code of stage ingest .* tidemill/ingest/near_duplicates\.py\. Run `tidemill compose x=1`",
    ):
        refuse_stale(before, fingerprint_stages(copy), remedy="tidemill compose x=1")


@pytest.mark.parametrize("text", [None, "label: 1\n", "- label\n", "{", "<<<<<<< HEAD\nlabel: 1\n=======\n"])
def test_a_project_without_fingerprints_that_can_be_read_is_refused(text: str | None, kept: Path, tmp_path: Path):
    if text is not None:
        (tmp_path / "code.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"code\.yaml is missing or cannot be read.*Run `tidemill compose`"):
        refuse_stale(read_code(tmp_path), fingerprint_stages(PACKAGE, cache=kept), remedy="tidemill compose")
    assert write_code(fingerprint_stages(PACKAGE, cache=kept), tmp_path)


def test_writing_equal_fingerprints_changes_nothing(kept: Path, tmp_path: Path):
    code = fingerprint_stages(PACKAGE, cache=kept)
    assert write_code(code, tmp_path)
    assert not write_code(code, tmp_path)
    assert read_code(tmp_path).stages == code.stages


def test_a_checkout_runs_its_own_package_and_another_project_the_installed_one(copy: Path, tmp_path: Path):
    assert package_seen_from(tmp_path) == running_package()
    shutil.copytree(copy, tmp_path / "src/tidemill")
    assert package_seen_from(tmp_path) == tmp_path / "src/tidemill"
