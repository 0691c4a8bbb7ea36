from pathlib import Path
from typing import Any

import pytest

from tidemill.contracts import ConfigError
from tidemill.denoise.models.registry import create
from tidemill.denoise.settings import DenoiseSettings
from tidemill.project.compose import compose, expand
from tidemill.project.config import load
from tidemill.train.settings import TrainSettings

pytestmark = pytest.mark.slow

NAMES = sorted(path.stem for path in (Path(__file__).parents[2] / "src/tidemill/conf/experiment").glob("*.yaml"))


def composed(root: Path, *words: str) -> dict[str, Any]:
    return compose(expand(words, conf=root / "conf")[1], conf=root / "conf")


@pytest.fixture(scope="module")
def plain(root: Path) -> dict[str, Any]:
    return compose(conf=root / "conf")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("problem", ["spam", "solar"])
def test_every_experiment_is_settings_of_every_problem(root: Path, plain: dict[str, Any], name: str, problem: str):
    params = compose([f"+experiment@{problem}={name}"], conf=root / "conf")
    load(problem, "train", TrainSettings, params=params)
    settings = load(problem, "denoise", DenoiseSettings, params=params)[1]
    takes_seed = {"seed": 0} if settings.model == "auto" else {}
    create(settings.model, 2, **settings.parameters, **takes_seed)
    other = "solar" if problem == "spam" else "spam"
    assert params[other] == plain[other]


def test_an_experiment_goes_before_the_problem_and_an_override_before_both(root: Path):
    words = ["problem=spam", "experiment=quick", "train.optimizer.max_epochs=7"]
    params = composed(root, *words)["spam"]
    assert params["denoise"]["model"] == "majority"
    assert params["train"]["cotraining"]["views"] == []  # train=views is what the problem asks for
    assert params["train"]["head"]["hidden_sizes"] == []
    assert params["train"]["optimizer"]["max_epochs"] == 7
    assert params["denoise"]["use_features"] is False


def test_a_word_means_the_experiment_of_each_chosen_problem(root: Path):
    assert expand(["problem=spam", "experiment=quick"], conf=root / "conf")[1] == ["+experiment@spam=quick"]


def test_few_gold_is_learned_from_and_full_finetune_fine_tunes(root: Path):
    few = compose(["+experiment@spam=few_gold"], conf=root / "conf")["spam"]
    assert few["denoise"]["use_gold"]
    assert few["train"]["gold"]["use"]
    assert len(few["train"]["recipes"]) > 1
    assert compose(["+experiment@solar=full_finetune"], conf=root / "conf")["solar"]["train"]["mode"] == "full"


def test_a_misspelled_experiment_is_refused_with_the_nearest(root: Path):
    with pytest.raises(ConfigError, match="did you mean quick"):
        expand(["problem=spam", "experiment=quik"], conf=root / "conf")
