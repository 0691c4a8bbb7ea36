"""Project: what is read of a project on disk, with another one open beside it, from any working directory."""

import numpy as np
import polars as pl
import pytest
import yaml

from tests.evaluate.project import BATCHES, CLASSES, FUNCTIONS, VERSION, build, crown
from tidemill import ConfigError, DataError, EndModel, LabelModel, LFAnalysis, LFApplier, Project
from tidemill.project.compose import DEFAULTS
from tidemill.runs.git import git
from tidemill.train.settings import TrainSettings

ROWS = sum(BATCHES.values())
YAML = "functions:\n  - {name: says_x, kind: keywords, words: [x], vote: spam}\n"


def made(folder, *, version=VERSION):
    """A project in git with a champion, whose model is a folder below ``.tidemill/models``."""
    folder.mkdir(parents=True)
    build(folder)
    params = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    params["mail"]["embed"] = yaml.safe_load((DEFAULTS / "embed/minilm.yaml").read_text(encoding="utf-8"))
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    (folder / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    (folder / "src/problems/mail").mkdir(parents=True)
    (folder / "src/problems/mail/words.yaml").write_text(YAML, encoding="utf-8")
    git("init", "-q", "-b", "main", folder=folder)
    git("config", "user.name", "A", folder=folder)
    git("config", "user.email", "a@example.org", folder=folder)
    git("add", "dvc.yaml", folder=folder)
    git("commit", "-q", "-m", "start", folder=folder)
    if version is not None:
        crown(folder, folder / ".tidemill" / "models" / version, ["sms-1"])
        for tag in (version, "mail#prod#1"):
            git("tag", "-a", "-m", f"{tag}: promote", tag, folder=folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return made(tmp_path_factory.mktemp("projects") / "one")


@pytest.fixture
def project(folder):
    return Project.open(folder)


def test_a_project_is_found_from_any_folder_in_it(folder):
    for inner in (folder, folder / "src" / "problems", str(folder / "data")):
        assert Project(inner).root == folder.resolve()
    assert repr(Project(folder)) == f"Project({str(folder.resolve())!r})"


def test_a_folder_in_no_project_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="is in no Tidemill project"):
        Project.open(tmp_path)


def test_its_problems_and_their_settings(project):
    assert project.problems == ["mail"]
    assert project.problem("mail").classes == tuple(CLASSES)
    settings = project.settings("mail", "train")
    assert isinstance(settings, TrainSettings)
    assert settings.seed == 0
    with pytest.raises(ConfigError, match="unknown problem 'mial'; did you mean mail"):
        project.problem("mial")
    with pytest.raises(ConfigError, match="unknown stage 'trian'; did you mean train"):
        project.settings("mail", "trian")


def test_its_tables(project):
    votes = project.votes("mail")
    assert (votes.height, votes.columns) == (ROWS, ["row_id", "batch", "split", *FUNCTIONS])
    assert project.labels("mail").columns == ["row_id", "p_ham", "p_spam"]
    assert project.predictions("mail").height == ROWS
    assert project.features("mail")["feature"].dtype == pl.Array(pl.Float32, 2)
    assert project.features("mail", ["email-1"]).height == BATCHES["email-1"]
    assert project.batches("mail") == list(BATCHES)


def test_gold_is_of_the_development_split_alone(project):
    dev = project.votes("mail").filter(pl.col("split") == "dev")
    assert set(project.dev_gold("mail")["row_id"]) == set(dev["row_id"])


def test_predictions_of_a_model_that_rejects_rows_have_a_column_more(tmp_path):
    one = Project(made(tmp_path / "p", version=None))
    file = one.paths("mail").predictions
    pl.read_parquet(file).with_columns(outlier=pl.lit(0.5)).write_parquet(file)
    assert one.predictions("mail")["outlier"].max() == 0.5


def test_a_table_that_is_missing_names_what_makes_it(tmp_path):
    one = Project(made(tmp_path / "p", version=None))
    one.paths("mail").labels.unlink()
    one.paths("mail").predictions.unlink()
    for read in (one.labels, one.predictions):
        with pytest.raises(DataError, match="is missing: run the stage that writes it"):
            read("mail")


def test_its_votes_are_analysed_and_denoised_as_they_are(project):
    votes = project.votes("mail")
    assert LFAnalysis(votes).names == FUNCTIONS
    model = LabelModel("majority", classes=CLASSES).fit(votes)
    model.save(project.paths("mail").label_model)
    again = project.label_model("mail")
    assert (again.predict_proba(votes) == model.predict_proba(votes)).all()


def test_its_functions_vote_on_new_rows(project):
    functions = project.functions("mail")
    assert [function.name for function in functions] == ["says_x"]
    assert LFApplier(functions, classes=CLASSES).apply(pl.DataFrame({"text": ["x", "y"]})).tolist() == [[1], [-1]]


def test_the_champion_looks_at_feature_0_and_the_candidate_at_both(project):
    """Spam is at +1 of feature 0 to the champion, and of either feature to the candidate."""
    assert (project.versions("mail"), project.champion_version("mail")) == ([VERSION], VERSION)
    asked = np.array([[1.0, -0.5], [-0.5, 1.0]])
    assert project.champion("mail").predict(asked).tolist() == ["spam", "ham"]
    assert project.end_model("mail", "v1.0.0").predict(asked).tolist() == ["spam", "ham"]
    assert project.end_model("mail", "candidate").predict(asked).tolist() == ["spam", "spam"]
    assert isinstance(project.champion("mail"), EndModel)


def test_before_the_first_promotion_there_is_no_champion(tmp_path):
    one = Project(made(tmp_path / "p", version=None))
    assert (one.versions("mail"), one.champion_version("mail")) == ([], None)
    with pytest.raises(ConfigError, match="mail has no champion yet"):
        one.champion("mail")


def test_its_report_is_gathered(project):
    report = project.report("mail")
    assert report.name == "mail"
    assert [batch["rows"] for batch in report.batches] == list(BATCHES.values())
    assert report.verdict is None


def test_two_projects_are_open_at_once_from_a_third_folder(folder, tmp_path, monkeypatch):
    other = made(tmp_path / "other", version="mail@v3.0.0")
    params = yaml.safe_load((other / "params.yaml").read_text(encoding="utf-8"))
    params["mail"]["train"]["seed"] = 77
    (other / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    votes = pl.read_parquet(other / "data/mail/votes.parquet").head(10)
    votes.write_parquet(other / "data/mail/votes.parquet")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    one, two = Project(folder), Project(other)
    assert [each.votes("mail").height for each in (one, two)] == [ROWS, 10]
    assert [each.settings("mail", "train").seed for each in (one, two)] == [0, 77]
    assert [each.champion_version("mail") for each in (one, two)] == [VERSION, "mail@v3.0.0"]
    assert [len(each.champion("mail").classes_) for each in (two, one)] == [2, 2]
