from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from tests.apps.factories import picture
from tests.conftest import ROOT
from tests.evaluate import project
from tidemill.apps.search import candidate_backbones, plots
from tidemill.apps.search import search as searching
from tidemill.apps.search.skipped import search_not_configured
from tidemill.common.nested import value_at
from tidemill.contracts import ConfigError
from tidemill.embed.embedder import Embedder
from tidemill.embed.settings import EmbedSettings
from tidemill.project.compose import expand
from tidemill.project.config import load
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.reports.model import BackboneRecord
from tidemill.reports.search import SearchReport
from tidemill.train.head.fit import fit_head
from tidemill.train.search.holdout_comparison import Finalist
from tidemill.train.search.settings import CURRENT_BACKBONE, SearchSettings
from tidemill.train.search.space import backbone_of, space, suggest
from tidemill.train.settings import TrainSettings

pytestmark = pytest.mark.slow

ENDS = 0.05, 0.01, 0.09


def section(name: str) -> dict:
    return yaml.safe_load((ROOT / "src/tidemill/conf" / name).read_text(encoding="utf-8"))


@pytest.fixture
def mail(inside: Path) -> Path:
    """A fabricated project with settings of a search that compares no backbones."""
    project.build(inside)
    params = yaml.safe_load(Path("params.yaml").read_text())
    params["mail"]["search"] = section("search/default.yaml") | {"backbones": [], "comparison_share": 0.7}
    params["mail"]["embed"] = section("embed/minilm.yaml")
    params["mail"]["train"]["optimizer"]["max_epochs"] = 5
    Path("params.yaml").write_text(yaml.safe_dump(params))
    return inside


def test_a_search_keeps_its_budget_with_all_it_does_and_goes_on_where_it_ended(mail: Path) -> None:
    fit_head(
        np.eye(20, dtype=np.float32),
        np.eye(2)[np.arange(20) % 2],
        settings=Project.open(Path()).load("mail", "train", TrainSettings)[1],
    )
    before = searching.search_for(
        Project.open(Path()), "mail", Path("first"), minutes=0.05
    )  # imports are no part of what is promised
    seconds = 10.0
    told = searching.search_for(Project.open(Path()), "mail", Path("out"), minutes=seconds / 60)
    assert told.elapsed_seconds <= 1.1 * seconds
    assert told.trials >= max(before.trials, 1)
    assert len(list(Path(".tidemill/search/mail").glob("*.log"))) == 1  # it went on with its trials
    assert told.rows == 540  # three of five rows are train or dev
    assert SearchReport.read(Path("out/search.json")) == told
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "architecture.png",
        "search.csv",
        "search.json",
        "search.png",
        "settings.png",
    ]
    # trials that ended in the first search stand in the second; which ended depends on how fast the machine is
    assert set(pl.read_csv("first/search.csv")["trial"]) <= set(pl.read_csv("out/search.csv")["trial"])


def test_other_labels_settings_or_features_begin_a_new_journal(mail: Path) -> None:
    problem, settings, paths = Project.open(Path()).load("mail", "train", TrainSettings)
    how, embed = (
        Project.open(Path()).load("mail", "search", SearchSettings)[1],
        Project.open(Path()).load("mail", "embed", EmbedSettings)[1],
    )

    def of(settings: TrainSettings = settings, how: SearchSettings = how) -> str:
        return searching._rows(problem, settings, paths, how, embed).fingerprint

    before = of()
    assert of(how=how.model_copy(update={"minutes": 5.0, "finalists": 1})) == before
    assert of(settings.with_changes({"head.dropout": 0.1})) != before
    assert of(settings.with_changes({"gold.use": True})) != before
    labels = pl.read_parquet(paths.labels)
    labels.with_columns(p_ham="p_spam", p_spam="p_ham").write_parquet(paths.labels)
    assert of() != before


def test_too_many_rows_are_drawn_from_those_that_teach_with_gold_first(mail: Path) -> None:
    gold = np.where(np.arange(1000) % 10 == 0, 1, -1)
    able = np.arange(1000) < 800
    how = Project.open(Path()).load("mail", "search", SearchSettings)[1].model_copy(update={"max_rows": 200})
    chosen = searching._capped(able, gold, how)
    assert chosen.sum() == 200
    assert not (chosen & ~able).any()
    assert (chosen & (gold == 1)).sum() == 80  # every one that teaches
    assert (searching._capped(able, gold, how) == chosen).all()


def test_what_no_head_can_have_is_told_before_the_search_begins(mail: Path) -> None:
    params = yaml.safe_load(Path("params.yaml").read_text())
    params["mail"]["search"]["space"]["loss"]["name"] = ["soft_cross_entropy", "hinge"]
    Path("params.yaml").write_text(yaml.safe_dump(params))
    with pytest.raises(ConfigError, match=r"mail.search.space: train.loss"):
        searching.search_for(Project.open(Path()), "mail", Path("out"), minutes=1.0)


def test_nothing_is_done_where_no_minutes_are_given(mail: Path) -> None:
    told = search_not_configured("mail", Paths.within("mail").search)
    assert "no search was asked for" in told.verdict
    assert [path.name for path in Paths.within("mail").search.iterdir()] == ["search.json"]


@pytest.mark.parametrize(
    ("name", "found", "changes"),
    [
        (
            "spam",
            {"text": {"max_tokens": 96, "normalize": False}},
            {"head.hidden_sizes": [], "optimizer.learning_rate": 5e-05, "augmentation.mixup_alpha": 0.2},
        ),
        (
            "solar",
            {"image": {"stages": [3, 4], "size": None}},
            {"head.hidden_sizes": [64, 32], "labels.confidence_weighting": True},
        ),
        (
            "solar",
            {},
            {
                "labels.uncovered": "keep",
                "loss.name": "generalised_cross_entropy",
                "optimizer.weight_decay": 0.0012,
                "head.feature_fraction": 0.5,
            },
        ),
    ],
)
def test_the_command_that_is_told_composes_to_what_was_found(
    monkeypatch: pytest.MonkeyPatch, name: str, found: dict, changes: dict
) -> None:
    import shlex

    from tidemill.project.compose import compose

    monkeypatch.chdir(ROOT)
    problem, settings, _ = Project.open(Path()).load(name, "train", TrainSettings)
    best = Finalist(3, "other" if found else CURRENT_BACKBONE, changes, ENDS, ENDS)
    settings = settings.with_changes({"recipes": ({"name": "one"},)})
    words = shlex.split(searching.retrain_command(problem, best, {"other": found}, settings))
    assert words[:2] == ["tidemill", "run"]
    problems, overrides = expand(words[2:], conf=Path("conf"))
    assert problems == [name]
    composed = compose(overrides, conf=Path("conf"))[name]
    assert {key: value_at(composed["train"], key) for key in changes} == changes
    assert composed["train"]["recipes"] == []
    for section_name, inside in found.items():
        assert {key: composed["embed"][section_name][key] for key in inside} == inside


def test_minutes_are_asked_for_as_any_setting_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert expand(["problem=spam", "search.minutes=10"], conf=Path("conf")) == (["spam"], ["spam.search.minutes=10"])
    two = SearchSettings.model_validate(section("search/default.yaml")).model_dump() | {
        "backbones": ({"name": CURRENT_BACKBONE},)
    }
    with pytest.raises(ValueError, match="have the same name"):
        SearchSettings.model_validate(two)


def test_candidates_are_those_of_the_modality_that_change_something() -> None:
    how = SearchSettings.model_validate(section("search/default.yaml"))
    spam, solar = (load(name, "embed", EmbedSettings, params=_params()) for name in ("spam", "solar"))
    assert set(candidate_backbones.candidates(*spam, how)) == {"tokens_96", "any_length"}
    assert set(candidate_backbones.candidates(*solar, how)) == {"last_layer", "deep_stages", "stages_256"}
    same = how.model_copy(update={"backbones": ({"name": "same", "text": {"max_tokens": 48}},)})
    assert candidate_backbones.candidates(*spam, same) == {}
    wrong = how.model_copy(update={"backbones": ({"name": "odd", "text": {"max_token": 9}},)})
    with pytest.raises(ConfigError, match=r"spam.search.backbones.odd.text.max_token: unknown key"):
        candidate_backbones.candidates(*spam, wrong)


def _params() -> dict:
    return yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))


class Toy:
    """Stands for a backbone: a text's feature is its length; after some lots it is killed."""

    def __init__(self, lots: int) -> None:
        toy = BackboneRecord(format=1, modality="text", settings={"backbone": "toy"}, sha256=None)
        self.about, self.lots, self.asked = toy, lots, 0

    def features(self, rows: pl.DataFrame, *, name: str) -> np.ndarray:
        assert name
        if self.lots == 0:
            raise KeyboardInterrupt
        self.lots -= 1
        self.asked += rows.height
        return rows["text"].str.len_chars().to_numpy().astype(np.float32)[:, None]


def test_features_of_a_candidate_survive_a_kill_and_are_made_once(tmp_path: Path) -> None:
    rows = pl.DataFrame({"row_id": [str(k) for k in range(200)], "text": ["x" * k for k in range(200)]})
    how = {"deadline": float("inf"), "name": "toy"}
    with pytest.raises(KeyboardInterrupt):
        candidate_backbones.features(rows, Toy(2), tmp_path, **how)
    after = Toy(9)
    found = candidate_backbones.features(rows, after, tmp_path, **how)
    assert after.asked == 200 - 2 * candidate_backbones._LOT
    assert found[:, 0].tolist() == list(range(200))
    unneeded = Toy(0)
    assert (candidate_backbones.features(rows, unneeded, tmp_path, deadline=0.0, name="toy") == found).all()
    assert candidate_backbones.features(rows.head(100), Toy(9), tmp_path, **how).shape == (
        100,
        1,
    )  # other rows are other features
    assert candidate_backbones.features(rows.head(99), Toy(9), tmp_path, deadline=0.0, name="toy") is None  # no time


@pytest.mark.parametrize(
    ("name", "contents", "changes"),
    [
        ("spam", ["Free entry now! " * 20, "see you at home"], {"text": {"max_tokens": 8}}),
        ("solar", [picture(40, side=96), picture(90, side=80)], {"image": {"stages": [3, 4], "size": 64}}),
    ],
)
def test_a_candidate_has_the_features_that_embed_would_make(
    packages: Path, tmp_path: Path, name: str, contents: list, changes: dict
) -> None:
    problem, embed = load(name, "embed", EmbedSettings, params=_params())
    rows = pl.DataFrame({"row_id": ["a", "b"], problem.modality: contents})
    found = candidate_backbones.made_candidates(
        rows, problem, embed, {"other": changes}, root=ROOT, folder=tmp_path, deadline=float("inf")
    )["other"]
    root = packages.parents[1]
    other = EmbedSettings.model_validate(
        embed.model_dump() | {key: embed.model_dump()[key] | value for key, value in changes.items()}
    )
    assert (found == Embedder(other, problem.modality, root=root).features(rows, name="x")).all()
    here = Embedder(embed, problem.modality, root=root).features(rows, name="x")
    assert found.shape != here.shape or (found != here).any()


def test_the_setting_that_the_loss_hangs_on_is_told_to_matter_most(tmp_path: Path) -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    how = SearchSettings.model_validate(section("search/default.yaml"))
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for number in range(40):
        trial = study.ask()
        outside = number == 0  # settings that lie outside of the space
        names = [CURRENT_BACKBONE, "other"] if number > 5 else [CURRENT_BACKBONE]
        params = {} if outside else suggest(trial, space(how, names))
        trial.set_user_attr("changes", {})
        trial.set_user_attr("backbone", backbone_of(params))
        trial.report(1.0, 0)
        if number == 9:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            study.tell(trial, abs(np.log10(params.get("optimizer.learning_rate", 1e-3)) + 3))
    worth = plots.importance(study)
    assert next(iter(worth)) == "optimizer.learning_rate"
    assert worth["optimizer.learning_rate"] > 0.5  # more than all others together
    table = searching.leaderboard(study)
    assert table.height == 40
    assert table["state"].to_list() == ["whole"] * 39 + ["pruned"]
    assert table["loss"].head(39).is_sorted()
    plots.draw(table, worth, "distance", tmp_path / "a.png")
    plots.draw_settings(study, tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes()[:4] == (tmp_path / "b.png").read_bytes()[:4] == b"\x89PNG"
    assert plots.importance(optuna.create_study()) == {}
    plots.draw(table.clear(), {}, "distance", tmp_path / "c.png")
    plots.draw_settings(optuna.create_study(), tmp_path / "d.png")
