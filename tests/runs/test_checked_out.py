"""Outputs of another commit, as `git checkout` without `dvc checkout` leaves them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tidemill.common.files import md5_of
from tidemill.project.project import Project
from tidemill.runs.checked_out import missing_outputs, outputs_of_others
from tidemill.runs.dvc_cache import object_path
from tidemill.runs.git import git


@pytest.fixture
def project(inside: Path) -> Project:
    """A table of votes, a model of two files and a table of ingest, as dvc.lock has them."""
    git("init", "-q", folder=inside)
    files = {
        "data/spam/votes.parquet": "votes",
        "models/spam/candidate/a": "a",
        "models/spam/candidate/b/c": "c",
        "data/spam/raw": "r",
    }
    for name, content in files.items():
        path = inside / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    listing = [{"md5": md5_of(inside / "models/spam/candidate" / name), "relpath": name} for name in ("a", "b/c")]
    stored = object_path(inside / ".dvc" / "cache", f"{'1' * 32}.dir")
    stored.parent.mkdir(parents=True)
    stored.write_text(json.dumps(listing))
    stages = {
        "ingest@spam": {"outs": [{"path": "data/spam/raw", "md5": md5_of(inside / "data/spam/raw")}]},
        "label@spam": {
            "outs": [{"path": "data/spam/votes.parquet", "md5": md5_of(inside / "data/spam/votes.parquet")}]
        },
        "train@spam": {"outs": [{"path": "models/spam/candidate", "md5": f"{'1' * 32}.dir"}]},
    }
    (inside / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}))
    return Project.open(inside)


@pytest.mark.parametrize("name", ["a", "b/c", "more"])
def test_a_folder_with_another_file_is_that_of_another_commit(project: Project, name: str) -> None:
    assert outputs_of_others(project, "spam") == []
    (project.root / "models/spam/candidate" / name).write_text("other")
    assert outputs_of_others(project, "spam") == ["models/spam/candidate"]
    assert outputs_of_others(project, "spam", ["label"]) == []


def test_a_file_with_other_content_is_told_and_what_ingest_makes_is_not(project: Project) -> None:
    (project.root / "data/spam/votes.parquet").write_text("others")
    (project.root / "data/spam/raw").write_text("a batch that gold add has made into a table")
    assert outputs_of_others(project, "spam") == ["data/spam/votes.parquet"]


def test_of_a_folder_whose_list_is_not_in_the_cache_nothing_is_told(project: Project) -> None:
    object_path(project.root / ".dvc" / "cache", f"{'1' * 32}.dir").unlink()
    (project.root / "models/spam/candidate/a").write_text("other")
    assert outputs_of_others(project, "spam") == []


def test_outputs_that_are_gone_are_told_where_others_are_there(project: Project) -> None:
    assert missing_outputs(project, "spam") == []
    (project.root / "data/spam/votes.parquet").unlink()
    assert missing_outputs(project, "spam") == ["data/spam/votes.parquet"]
    (project.root / "data/spam/raw").unlink()
    (project.root / "models/spam/candidate").rename(project.root / "models/spam/moved")
    assert missing_outputs(project, "spam") == []
