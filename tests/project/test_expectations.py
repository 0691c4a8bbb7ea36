import shutil
from pathlib import Path

import polars as pl
import pytest

from tidemill.contracts import SuiteError, labels_contract, raw_contract, votes_contract
from tidemill.project.expectations import check_expectations, defer_page_of, defer_pages, guard, write_pages
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.reports.project import SuiteResult


def here(problem: str = "spam") -> Paths:
    """Paths of a problem of the project in the current folder."""
    return Project.open(Path()).paths(problem)


def votes(*values: int) -> pl.DataFrame:
    height = len(values)
    return pl.DataFrame(
        {
            "row_id": [f"r{i}" for i in range(height)],
            "batch": ["b"] * height,
            "split": ["train"] * height,
            "short": pl.Series(values, dtype=pl.Int16),
        }
    )


@pytest.mark.slow
def test_a_table_that_keeps_its_contract_passes_and_leaves_data_docs(inside: Path):
    guard(votes(0, 1, -1), votes_contract(2), here(), "votes")
    assert (here().data_docs("votes") / "index.html").exists()
    (page,) = here().data_docs("votes").glob("validations/**/*.html")
    assert str(page.relative_to(here().data_docs("votes"))) in here().data_docs_page("votes").read_text()
    assert SuiteResult.read(here().suite_result("votes")).success


@pytest.mark.slow
def test_a_failing_suite_names_column_rows_value_and_page(inside: Path):
    with pytest.raises(SuiteError) as raised:
        guard(votes(0, 7, 1), votes_contract(2), here(), "votes")
    message = str(raised.value)
    for part in ("spam/votes", "'short'", "rows r1", "values ['7']", "latest.html", "nothing was written"):
        assert part in message
    assert not SuiteResult.read(here().suite_result("votes")).success


@pytest.mark.slow
def test_each_check_replaces_the_page_of_the_one_before(inside: Path):
    for _ in range(2):
        guard(votes(0, 1), votes_contract(2), here(), "votes")
    assert len(list((here().data_docs("votes") / "validations").rglob("*.html"))) == 1


def images(*contents: bytes) -> pl.DataFrame:
    return pl.DataFrame({"row_id": ["a", "b"], "key": ["1", "2"], "batch": "x", "split": "dev", "image": contents})


def test_an_image_without_bytes_is_named(inside: Path):
    with pytest.raises(SuiteError, match=r"'image' .*rows b"):
        check_expectations(images(b"png", b""), raw_contract("image", {}), here("solar"), "raw")


def test_of_a_table_that_is_no_file_its_lengths_are_kept_until_the_page_is_there(inside: Path):
    defer_page_of(images(b"png", b"jpeg"), raw_contract("image", {}), here("solar"), "raw")
    kept = here("solar").suite_result("raw").with_suffix(".parquet")
    assert pl.read_parquet(kept)["image"].to_list() == [3, 4]
    write_pages(here("solar"))
    assert SuiteResult.read(here("solar").suite_result("raw")).success
    assert here("solar").data_docs_page("raw").exists()
    assert not kept.exists()


def test_a_probability_above_one_is_named(inside: Path):
    table = pl.DataFrame({"row_id": ["a", "b"], "p_ham": [0.5, 1.5], "p_spam": [0.5, -0.5]})
    with pytest.raises(SuiteError, match=r"'p_ham' .*rows b"):
        guard(table, labels_contract(["ham", "spam"]), here(), "labels")


def test_a_kept_promise_costs_no_great_expectations_and_its_page_comes_later(inside: Path):
    table = votes(0, 1, -1)
    check_expectations(table, votes_contract(2), here(), "votes")
    assert not here().suite_result("votes").exists()
    table.write_parquet(inside / "votes.parquet")
    defer_pages(inside / "votes.parquet", votes_contract(2), here(), "votes")
    write_pages(here())
    assert SuiteResult.read(here().suite_result("votes")).success
    assert here().data_docs_page("votes").exists()
    here().suite_result("votes").unlink()
    write_pages(here())  # nothing is left to do
    assert not here().suite_result("votes").exists()


def test_a_broken_promise_is_told_as_the_suite_tells_it(inside: Path):
    with pytest.raises(SuiteError, match=r"spam/votes.*'short'.*rows r1"):
        check_expectations(votes(0, 7, 1), votes_contract(2), here(), "votes")
    assert here().data_docs_page("votes").exists()


@pytest.mark.slow
def test_dollars_in_folders_and_classes_name_no_variables(inside: Path, monkeypatch):
    root = inside / "a $v ${w}"
    shutil.copytree(inside, root, ignore=shutil.ignore_patterns(root.name))
    monkeypatch.chdir(root)
    paths = Project.open(root).paths("spam")
    classes = ["$", "$$", "${x}"]
    table = pl.DataFrame({"row_id": ["a"]} | {f"p_{name}": [1 / 3] for name in classes})
    guard(table, labels_contract(classes), paths, "labels")
    assert (paths.data_docs("labels") / "index.html").exists()
    raw = pl.DataFrame({"row_id": ["a"], "batch": ["b"], "split": ["train"], "key": ["$k"], "text": ["$x ${y}"]})
    guard(raw, raw_contract("text", {}), paths, "raw")
