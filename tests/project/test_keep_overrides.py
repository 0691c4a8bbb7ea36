"""Settings of a command line that are kept: files change by what was said alone."""

import shutil
from pathlib import Path

import pytest

from tidemill.contracts import ConfigError
from tidemill.project.compose import compose, expand
from tidemill.project.keep_overrides import keep_overrides
from tidemill.project.project import Project
from tidemill.runs.git import git
from tidemill.runs.saved_settings import keep_and_commit


@pytest.fixture
def project(inside: Path, root: Path) -> Project:
    shutil.copytree(root / "conf", inside / "conf")
    return Project.open(inside)


def expanded(project: Project, *words: str) -> list[str]:
    return expand(["problem=spam", *words], conf=project.conf)[1]


@pytest.mark.slow
def test_options_and_values_are_kept_and_every_other_line_stays(project: Project):
    path = project.conf / "problem/spam.yaml"
    before = path.read_text()
    words = [
        "train=head",
        "denoise.use_features=true",
        "train.labels.sharpening=1.5",
        "train.cut_statistic={fraction: 0.7}",
    ]
    overrides = expanded(project, *words)
    wanted = compose(overrides, conf=project.conf)
    assert keep_overrides(project, overrides) == [path]
    assert compose(conf=project.conf) | {"overrides": overrides} == wanted
    removed = [line for line in before.splitlines() if line not in path.read_text().splitlines()]
    assert [line.split("#")[0].strip() for line in removed] == ["- /train@train: views", "use_features: false"]
    assert "# on the development split .962 balanced accuracy" in path.read_text()
    assert (project.conf / "problem/solar.yaml").read_text() == (
        Path(__file__).parents[2] / "conf/problem/solar.yaml"
    ).read_text()


@pytest.mark.slow
def test_a_comment_beside_a_value_that_changes_says_of_which_it_was_written(project: Project):
    path = project.conf / "problem/spam.yaml"
    text = (
        path.read_text()
        .replace("suite: {min_coverage: 0.9,", "suite: {min_coverage: 0.9, ")
        .replace("max_ms_per_row: 50}", "max_ms_per_row: 50}  # as measured")
    )
    path.write_text(text)
    for words in (
        ["train=head", "denoise.use_features=true", "label.suite.min_coverage=0.8"],
        ["train=auto"],
        ["ingest.text=text"],
    ):
        keep_overrides(project, expanded(project, *words))
    ends = {
        line.strip().partition(":")[0]: line.rpartition(" (")[2]
        for line in path.read_text().splitlines()
        if "(" in line
    }
    assert ends == {
        "- /train@train": "written of views)",
        "use_features": "written of false)",
        "suite": "written of 0.9)",
    }


@pytest.mark.parametrize("word", ["experiment=quick"])
def test_what_cannot_be_kept_is_refused_and_nothing_is_written(project: Project, word: str):
    before = (project.conf / "problem/spam.yaml").read_text()
    with pytest.raises(ConfigError, match=r"--save: \+experiment@spam=quick cannot be kept"):
        keep_overrides(project, expanded(project, "train.seed=3", word))
    assert (project.conf / "problem/spam.yaml").read_text() == before


@pytest.mark.slow
def test_what_is_kept_is_committed_alone_and_once(project: Project, inside: Path):
    git("init", "-q", folder=inside)
    (inside / "other.txt").write_text("mine")
    git("add", "conf", "other.txt", folder=inside)
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "first", folder=inside)
    (inside / "other.txt").write_text("not finished")
    overrides = expanded(project, "train.seed=3")
    commit = keep_and_commit(project, overrides)
    assert git("show", "--name-only", "--format=%s", commit, folder=inside).split("\n\n") == [
        "Keep spam.train.seed=3",
        "conf/problem/spam.yaml",
    ]
    assert keep_and_commit(project, overrides) is None
