"""The page of a refresh, and what a person is shown who decides: all that is text stays text."""

import io
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from PIL import Image

from tests.apps.reports.factories import CLASSES, fabricate
from tests.apps.reports.test_index_page import Page
from tests.runs.published import manifest_of
from tidemill.apps.reports.problem_report import read_problem_report
from tidemill.apps.reports.refresh_page import Refresh, question_text, refresh_page, samples_of
from tidemill.contracts import probability_columns
from tidemill.project.project import Project
from tidemill.reports.evaluate import Verdict
from tidemill.reports.ingest import BatchCounts, IngestReport
from tidemill.runs.git import git

pytestmark = pytest.mark.slow
MARKUP = "<script>alert(1)</script> **win** `now`"
SURE = [0.51, 0.9, 0.55, 0.8, 0.6, 0.99, 0.7, 0.65]  # of ham, of the rows of the newest batch
COUNTS = dict.fromkeys(BatchCounts.model_fields, 0)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("project")
    fabricate(folder)
    problem = {"name": "spam", "modality": "text", "classes": list(CLASSES)}
    (folder / "params.yaml").write_text(yaml.safe_dump({"problems": ["spam"], "spam": {"problem": problem}}))
    git("init", "-q", folder=folder)
    git("-c", "user.name=T", "-c", "user.email=t@t", "commit", "-q", "--allow-empty", "-m", "m", folder=folder)
    project = Project.open(folder)
    paths = project.paths("spam")
    manifest_of("sms-1", "email-1").write(paths.manifest)
    counts = COUNTS | {"read": 9, "kept": 8}
    IngestReport(rows=8, batches={"email-1": BatchCounts.model_validate(counts)}).write(paths.reports / "ingest.json")
    return project


def predicted(project: Project, column: str, content: list[object]) -> None:
    """The newest batch and the candidate's predictions of it, of another row too."""
    paths, ids = project.paths("spam"), [f"r{k}" for k in range(len(SURE))]
    paths.raw.mkdir(parents=True, exist_ok=True)
    rows = pl.DataFrame({"row_id": ids, "key": [f"key {k}" for k in range(len(ids))], column: content})
    rows.write_parquet(paths.raw / "email-1.parquet")
    ham = np.array([*SURE, 0.5])
    columns = dict(zip(probability_columns(CLASSES), (ham, 1 - ham), strict=True))
    pl.DataFrame({"row_id": [*ids, "older"], **columns}).write_parquet(paths.predictions)


def refreshed(project: Project, *, asks: bool) -> tuple[str, str]:
    """Address and text of the page."""
    commit = git("rev-parse", "HEAD", folder=project.root)
    steps = ("train@spam", "evaluate@spam"), ("search@spam",)
    name = refresh_page(
        project, Refresh("spam", commit, ("email-1", "lost"), *steps, None, asks=asks, summary=f"kept {MARKUP}")
    )
    return name, (project.root / "reports" / name).read_text(encoding="utf-8")


def test_the_page_is_whole_fetches_nothing_and_says_what_came_of_the_refresh(project: Project):
    predicted(project, "text", [MARKUP] * len(SURE))
    name, text = refreshed(project, asks=True)
    page = Page(text)
    assert page.open == []
    assert page.links == ["../../index.html#spam"]
    assert "script" not in page.tags
    words = " ".join(" ".join(page.words).split())
    verdict = Verdict.read(project.paths("spam").reports / "verdict.json")
    for part in ("a person is asked", "tidemill approve spam", "train@spam, evaluate@spam", *verdict.reasons, MARKUP):
        assert part in words
    assert "email-1 8" in words
    assert "lost -" in words
    assert read_problem_report(project, "spam").refreshes == [name]
    assert "a person is asked" not in refreshed(project, asks=False)[1]


def test_samples_are_of_the_newest_batch_the_least_sure_first_and_the_surest_of_each_class(project: Project):
    predicted(project, "text", [f"text {k}\n and  more" for k in range(len(SURE))])
    samples = samples_of(project, "spam")
    assert [one.key for one in samples] == ["key 0", "key 2", "key 4", "key 7", "key 5"]
    assert (samples[-1].prediction, samples[-1].probability, samples[-1].text) == ("ham", 0.99, "text 5 and more")


def test_pictures_are_shown_small_and_in_the_page(project: Project):
    out = io.BytesIO()
    Image.new("RGB", (600, 300), (200, 10, 10)).save(out, format="PNG")
    predicted(project, "image", [out.getvalue()] * len(SURE))
    (picture,) = {one.picture for one in samples_of(project, "spam")}
    assert picture is not None
    assert picture.startswith("data:image/png;base64,")
    links = Page(refreshed(project, asks=True)[1]).links
    assert links[1:] == [picture] * 5


def test_where_nothing_is_predicted_there_are_no_samples(tmp_path: Path):
    assert samples_of(Project.open(tmp_path), "spam") == []


def test_texts_are_quoted_in_the_question_whatever_ticks_they_hold(project: Project):
    predicted(project, "text", [MARKUP, "``two``", "`", *["plain"] * (len(SURE) - 3)])
    text = question_text(Verdict.read(project.paths("spam").reports / "verdict.json"), samples_of(project, "spam"))
    assert "``` `` ```" not in text
    assert f"`key 0`: `` {MARKUP} ``" in text
    assert "`key 2`: `` ` ``" in text
    assert "| candidate |" in text
    assert "| guard `group=hard-ham` |" in text
