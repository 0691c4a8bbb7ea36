import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from tidemill.contracts import ConfigError, Settings
from tidemill.project.compose import (
    DEFAULTS,
    compose,
    compose_all,
    expand,
    option_names,
    refuse_stale_code,
    refuse_stale_params,
    write_params,
)
from tidemill.project.config import load, load_params
from tidemill.project.project import Project
from tidemill.project.stage_code.stage_fingerprints import running_package
from tidemill.train.settings import TrainSettings

pytestmark = pytest.mark.slow


@pytest.fixture
def project(inside: Path, root: Path) -> Path:
    """A folder with the real conf/ and the params.yaml composed from it."""
    shutil.copytree(root / "conf", inside / "conf")
    write_params(Project.open(inside))
    return inside


def test_the_committed_params_are_what_conf_composes_to(root: Path):
    assert load_params(root / "params.yaml") == compose(conf=root / "conf")


def test_a_word_for_a_stage_means_that_stage_of_each_chosen_problem(project: Path):
    assert expand(["problem=spam", "denoise=majority", "train.optimizer.max_epochs=3"], conf=project / "conf") == (
        ["spam"],
        ["denoise@spam.denoise=majority", "spam.train.optimizer.max_epochs=3"],
    )
    assert expand(["train.optimizer.max_epochs=3"], conf=project / "conf")[1] == [
        "solar.train.optimizer.max_epochs=3",
        "spam.train.optimizer.max_epochs=3",
    ]


def test_overrides_reach_params_and_are_recorded(project: Path):
    _, overrides = expand(["problem=spam", "denoise=majority", "train.optimizer.max_epochs=3"], conf=project / "conf")
    assert write_params(Project.open(project), overrides)
    params = load_params(project / "params.yaml")
    assert params["spam"]["train"]["optimizer"]["max_epochs"] == 3
    assert params["spam"]["denoise"]["model"] == "majority"
    assert params["solar"] == compose(conf=project / "conf")["solar"]
    assert params["overrides"] == overrides


@pytest.mark.slow
def test_composing_twice_changes_nothing(project: Path):
    before = (project / "params.yaml").read_bytes()
    assert not write_params(Project.open(project))
    assert (project / "params.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("problem=spma", "did you mean spam"),
        ("train.optimizer.max_epoch=3", r"did you mean \w+\.train\.optimizer\.max_epochs"),
        ("denoise=majorty", "did you mean majority"),
        ("denoise=spoken", r"spoken is called dawid_skene_votes since 0\.2\.0"),
        ("denose=majority", "did you mean denoise=?"),
        ("spam.trian.seed=1", r"did you mean spam\.train"),
        ("train", "is no override: write KEY=VALUE"),
    ],
)
def test_a_typo_fails_with_the_nearest_valid_key(project: Path, word: str, said: str):
    with pytest.raises(ConfigError, match=said):
        expand([word], conf=project / "conf")


def test_preflight_passes_on_composed_params_with_and_without_overrides(project: Path):
    refuse_stale_params(Project.open(project))
    write_params(Project.open(project), ["spam.train.optimizer.max_epochs=3"])
    refuse_stale_params(Project.open(project))


def test_preflight_names_the_key_that_is_stale_and_the_remedy(project: Path):
    params = yaml.safe_load((project / "params.yaml").read_text())
    params["spam"]["train"]["optimizer"]["max_epochs"] = 999
    (project / "params.yaml").write_text(yaml.safe_dump(params))
    with pytest.raises(
        ConfigError, match=r"stale: spam\.train\.optimizer\.max_epochs is 999 there .* Run `tidemill compose`"
    ):
        refuse_stale_params(Project.open(project))


@pytest.mark.slow
def test_preflight_names_the_stage_whose_code_is_not_the_composed_one_and_repeats_the_overrides(project: Path):
    compose_all(Project.open(project), ["spam.train.optimizer.max_epochs=3"])
    refuse_stale_code(Project.open(project), running_package())
    code = yaml.safe_load((project / "code.yaml").read_text())
    code["label"] = code["files"]["tidemill/label/run.py"] = "0"
    (project / "code.yaml").write_text(yaml.safe_dump(code))
    with pytest.raises(
        ConfigError, match=r"stage label .*label/run\.py\. Run `tidemill compose spam\.train\.optimizer\.max_epochs=3`"
    ):
        refuse_stale_code(Project.open(project), running_package())


def test_an_unknown_key_in_params_fails_with_the_nearest_valid_one():
    class Small(Settings):
        seed: int

    section = {"problem": {"name": "spam", "modality": "text", "classes": ["ham", "spam"]}, "train": {"sed": 1}}
    with pytest.raises(ConfigError, match=r"spam\.train\.(sed: unknown key; did you mean seed|seed: Field required)"):
        load("spam", "train", Small, params={"problems": ["spam"], "spam": section})


def test_words_that_yaml_reads_as_truth_values_are_to_be_put_between_quotes():
    section = {"problem": {"name": "spam", "modality": "text", "classes": [False, "yes"]}, "train": {}}
    with pytest.raises(
        ConfigError, match=r"spam\.problem\.classes\.0: False is not text; YAML reads yes and no, .* quotes"
    ):
        load("spam", "train", Settings, params={"problems": ["spam"], "spam": section})
    section["problem"]["classes"] = [7, "yes"]
    with pytest.raises(ConfigError, match=r"classes\.0: 7 is not text; put it between quotes"):
        load("spam", "train", Settings, params={"problems": ["spam"], "spam": section})


def test_an_unknown_problem_fails_with_the_nearest_valid_one():
    with pytest.raises(ConfigError, match="unknown problem 'spma'; did you mean spam"):
        load("spma", "train", Settings, params={"problems": ["spam"]})


@pytest.mark.parametrize(
    "way", sorted(path.stem for path in (Path(__file__).parents[2] / "src/tidemill/conf/train").glob("*.yaml"))
)
@pytest.mark.slow
def test_every_way_to_train_composes_for_both_problems(root: Path, way: str):
    for problem in ("spam", "solar"):
        found = compose([f"train@{problem}.train={way}"], conf=root / "conf")[problem]["train"]
        TrainSettings.model_validate(found)


def test_conf_of_an_older_version_says_which_line_it_lacks(project: Path):
    config = project / "conf/config.yaml"
    config.write_text(config.read_text().replace("searchpath: [pkg://tidemill.conf]", "searchpath: []"))
    with pytest.raises(
        ConfigError, match=r"defaults are not found: add `hydra: \{searchpath: \[pkg://tidemill\.conf\]\}`"
    ):
        compose(conf=project / "conf")


def test_a_checkout_of_tidemill_composes_with_its_own_defaults(root: Path, tmp_path: Path):
    checkout = tmp_path / "somebody's checkout"
    shutil.copytree(root / "conf", checkout / "conf")
    shutil.copytree(DEFAULTS, checkout / "src/tidemill/conf")
    majority = checkout / "src/tidemill/conf/denoise/majority.yaml"
    majority.write_text(majority.read_text().replace("seed: ", "seed: 77"))
    seeds = [
        compose(["denoise@spam.denoise=majority"], conf=folder / "conf")["spam"]["denoise"]["seed"]
        for folder in (checkout, root)
    ]
    assert str(seeds[0]) == f"77{seeds[1]}"


def test_a_projects_own_option_and_a_file_in_place_of_a_packaged_one_are_taken(project: Path):
    own = project / "conf/denoise"
    own.mkdir()
    (own / "mine.yaml").write_text("defaults: [majority]\nseed: 123\n")
    assert compose(["denoise@spam.denoise=mine"], conf=project / "conf")["spam"]["denoise"]["seed"] == 123
    assert {"mine", "majority"} <= set(option_names("denoise", project / "conf"))
    (own / "majority.yaml").write_text((DEFAULTS / "denoise/majority.yaml").read_text().replace("seed: ", "seed: 9"))
    replaced = compose(["denoise@spam.denoise=majority"], conf=project / "conf")["spam"]["denoise"]
    assert str(replaced["seed"]).startswith("9")


def test_a_problem_whose_file_was_emptied_is_refused_before_anything_is_written(project: Path):
    before = (project / "params.yaml").read_bytes()
    (project / "conf" / "problem" / "spam.yaml").write_text("")
    with pytest.raises(ConfigError, match=r"spam\.yaml has no section problem, ingest, label: .*git checkout HEAD"):
        write_params(Project.open(project))
    assert (project / "params.yaml").read_bytes() == before


def test_a_section_that_no_stage_has_is_refused_with_the_nearest(project: Path):
    file = project / "conf" / "problem" / "spam.yaml"
    file.write_text(file.read_text() + "trian:\n  gold: {use: false}\n")
    with pytest.raises(ConfigError, match=r"spam: there is no section 'trian' \(.*spam\.yaml\); did you mean train\?"):
        compose(conf=project / "conf")


def test_a_file_that_is_no_yaml_is_named_with_its_line(project: Path):
    file = project / "conf" / "problem" / "spam.yaml"
    file.write_text("problem:\n\tname: spam\n")
    with pytest.raises(ConfigError, match=r"spam\.yaml:2: this is not YAML: found character"):
        compose(conf=project / "conf")


def test_problems_that_compose_in_threads_of_one_process_do_not_disturb_each_other(root: Path):
    def seed(number: int) -> int:
        return int(compose([f"spam.train.seed={number}"], conf=root / "conf")["spam"]["train"]["seed"])

    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(seed, range(3))) == [0, 1, 2]
