"""A repository with two versions, made by hand: what each was made of, what differs, and which had a row."""

import json
from pathlib import Path

import polars as pl
import pytest
import yaml

from tidemill.apps.lineage.comparison import diff_lines, version_diff
from tidemill.apps.lineage.row import row_lineage, row_lines
from tidemill.apps.lineage.version import version_lineage, version_lines
from tidemill.contracts import ConfigError, DataError
from tidemill.project.project import Project
from tidemill.runs.git import git
from tidemill.runs.model_registry import tag_object
from tidemill.runs.rollback import rollback

FUNCTIONS = Path("src/problems/mail")


MODEL = "models/mail/candidate"


def lock(batches: str, *, epochs: int, code: str = "c1") -> str:
    stage = {
        "cmd": "python -m tidemill.stages.train mail",
        "deps": [{"path": "data/mail/batches.json", "hash": "md5", "md5": batches, "size": 1}],
        "params": {
            "params.yaml": {"mail.train": {"seed": 0, "optimizer": {"max_epochs": epochs}}},
            "code.yaml": {"train": code},
        },
        "outs": [
            {"path": "data/mail/labels.parquet", "hash": "md5", "md5": f"{batches}-labels", "size": 1},
            {"path": MODEL, "hash": "md5", "md5": f"{batches}-model.dir", "size": 1, "nfiles": 1},
        ],
    }
    return yaml.safe_dump({"schema": "2.0", "stages": {"train@mail": stage, "train@other": {"cmd": "x"}}})


def manifest(*names: str) -> str:
    batches = [{"batch": name, "source": f"data/incoming/mail/{name}.csv", "sha256": "0" * 64} for name in names]
    return json.dumps({"batches": batches})


def commit(root: Path, files: dict[str, str], version: str, number: int) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    git("add", "-A", folder=root)
    git("commit", "-q", "-m", version, folder=root)
    for tag in (version, f"mail#prod#{number}"):
        made = tag_object(tag, git("rev-parse", "HEAD", folder=root), f"{tag}: promote", root)
        git("update-ref", f"refs/tags/{tag}", made, folder=root)


@pytest.fixture(scope="module")
def mail(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("mail")
    git("init", "-q", "-b", "main", folder=root)
    git("config", "user.name", "Tester", folder=root)
    git("config", "user.email", "tester@localhost", folder=root)
    params = {
        "problems": ["mail"],
        "mail": {
            "problem": {"name": "mail", "modality": "text", "classes": ["ham", "spam"]},
        },
    }
    first = {
        "params.yaml": yaml.safe_dump(params),
        "dvc.lock": lock("one", epochs=5),
        "data/mail/batches.json": manifest("january"),
        f"{FUNCTIONS}/words.yaml": "a",
        f"{FUNCTIONS}/old.py": "b",
    }
    commit(root, first, "mail@v1.0.0", 1)
    (root / FUNCTIONS / "old.py").unlink()
    second = {
        "dvc.lock": lock("two", epochs=9, code="c2"),
        "data/mail/batches.json": manifest("january", "february"),
        f"{FUNCTIONS}/words.yaml": "changed",
        f"{FUNCTIONS}/new.py": "c",
    }
    commit(root, second, "mail@v1.1.0", 2)
    for batch, ids in {"january": ["a1", "a2"], "february": ["b1"]}.items():
        table = pl.DataFrame({"row_id": ids, "batch": batch, "split": "train"})
        (root / "data/mail/raw").mkdir(exist_ok=True)
        table.write_parquet(root / f"data/mail/raw/{batch}.parquet")
    votes = pl.DataFrame({"row_id": ["a1", "a2", "b1"], "has_link": [1, -1, 0], "not_ham": [-2, -1, -1]})
    votes.write_parquet(root / "data/mail/votes.parquet")
    labels = pl.DataFrame({"row_id": ["a1", "a2"], "p_ham": [0.125, 0.5], "p_spam": [0.875, 0.5]})
    labels.write_parquet(root / "data/mail/labels.parquet")
    return Project.open(root)


def test_a_version_is_what_its_commit_holds_of_its_problem(mail: Project) -> None:
    version = version_lineage(mail, "mail", "v1.0.0")
    assert version.version == "mail@v1.0.0"
    assert version.assignments == ("mail#prod#1",)
    assert [entry.source for entry in version.batches] == ["data/incoming/mail/january.csv"]
    assert version.functions.keys() == {"words.yaml", "old.py"}
    assert version.outputs == {"data/mail/labels.parquet": "one-labels", MODEL: "one-model.dir"}
    assert version.settings == {"mail.train.optimizer.max_epochs": 5, "mail.train.seed": 0}
    assert version.code == {"train": "c1"}
    assert version.scores == {}
    assert "  batch       january, from data/incoming/mail/january.csv" in version_lines(version)


def test_a_difference_names_batches_functions_settings_code_and_outputs(mail: Project) -> None:
    diff = version_diff(mail, "mail", "v1.0.0", None)
    assert (diff.old, diff.new) == ("mail@v1.0.0", "mail@v1.1.0")
    assert (diff.batches_added, diff.batches_removed) == (("february",), ())
    assert (diff.functions_added, diff.functions_removed, diff.functions_changed) == (
        ("new.py",),
        ("old.py",),
        ("words.yaml",),
    )
    assert [(change.key, change.old, change.new) for change in diff.settings] == [
        ("mail.train.optimizer.max_epochs", 5, 9)
    ]
    assert (diff.code, diff.outputs) == (("train",), ("data/mail/labels.parquet", MODEL))
    assert "mail.train.optimizer.max_epochs: 5 -> 9" in diff_lines(diff)


def test_the_champion_is_not_compared_with_itself_unasked(mail: Project) -> None:
    with pytest.raises(ConfigError, match=r"mail@v1\.1\.0 is the champion: name another version"):
        version_diff(mail, "mail", "v1.1.0", None)


def test_a_version_against_itself_differs_in_nothing(mail: Project) -> None:
    diff = version_diff(mail, "mail", "v1.0.0", "mail@v1.0.0")
    assert diff.count == 0
    assert diff_lines(diff) == ["mail@v1.0.0 to mail@v1.0.0", "nothing differs"]


def test_a_row_is_traced_to_its_file_votes_label_and_models(mail: Project) -> None:
    row = row_lineage(mail, "mail", "a1")
    assert (row.batch, row.source, row.split) == ("january", "data/incoming/mail/january.csv", "train")
    assert [(vote.function, vote.vote) for vote in row.votes] == [("has_link", "spam"), ("not_ham", "not ham")]
    assert row.label == {"ham": 0.125, "spam": 0.875}
    assert row.prediction is None
    assert [(entry.version, entry.champion) for entry in row.versions] == [
        ("mail@v1.0.0", False),
        ("mail@v1.1.0", True),
    ]
    assert "  prediction  not yet: dvc repro train@mail" in row_lines(row)


def test_a_row_of_a_later_batch_was_in_later_models_alone(mail: Project) -> None:
    row = row_lineage(mail, "mail", "b")
    assert (row.row_id, row.label) == ("b1", None)
    assert [entry.version for entry in row.versions] == ["mail@v1.1.0"]


@pytest.mark.parametrize(
    ("row_id", "message"),
    [("a", "2 rows of mail have a row_id that begins with a: a1, a2"), ("zz", "no row of mail has the row_id zz")],
)
def test_a_row_id_that_is_not_one_row_is_refused(mail: Project, row_id: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        row_lineage(mail, "mail", row_id)


def test_a_version_that_does_not_exist_is_refused_with_those_that_do(mail: Project) -> None:
    with pytest.raises(ConfigError, match=r"mail has no version v1\.2\.0.*; versions: mail@v1\.0\.0, mail@v1\.1\.0"):
        version_lineage(mail, "mail", "v1.2.0")


def test_after_a_rollback_the_older_version_is_the_champion_of_the_row(mail: Project) -> None:
    (mail.root / ".dvc").mkdir(exist_ok=True)
    (mail.root / ".dvc" / "config").write_text("[core]\n    remote = store\n['remote \"store\"']\n    url = ../store\n")
    rollback(mail, "mail", "v1.0.0")
    row = row_lineage(mail, "mail", "a2")
    assert [entry.version for entry in row.versions if entry.champion] == ["mail@v1.0.0"]
    assert version_lineage(mail, "mail", "v1.0.0").assignments == ("mail#prod#1", "mail#prod#3")
