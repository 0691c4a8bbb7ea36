"""A model of words and a prompt beside the functions: in the table, on the page, and what the prompt would cost."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.apps.studio.conftest import client_of
from tests.cli.factories import tidemill
from tests.generate.language_model import Server, language_model
from tidemill.apps.reports.problem_report import read_problem_report
from tidemill.apps.workbench.generated import prompt_costs
from tidemill.apps.workbench.page import page as functions_page
from tidemill.apps.workbench.problem_view import ProblemView
from tidemill.contracts import DataError
from tidemill.project.project import Project
from tidemill.reports.generate import GeneratedReport
from tidemill.stages import denoise, label

pytestmark = pytest.mark.slow
YAML = """functions:
  - {name: words, kind: model, learner: ngrams, precision: 0.8}
  - {name: llm, kind: prompt, endpoint: local, model: small, template: "{text}", sample: uncertain, budget: 1.0}
"""
FRESH = """functions:
  - {name: fresh, kind: prompt, endpoint: local, model: small, template: "Is it spam? {text}"}
"""


@pytest.fixture(scope="module")
def generated(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after a stage in which the prompt's budget was spent after a few rows."""
    folder = tmp_path_factory.mktemp("generated") / "project"
    shutil.copytree(project, folder)
    (folder / "src/problems/mail/generated.yaml").write_text(YAML, encoding="utf-8")
    params = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    with language_model() as server, pytest.MonkeyPatch.context() as patch:
        prices = {"prompt_price": 1000.0, "completion_price": 1000.0}
        endpoint = {"url": server.url, "requests_at_once": 1, **prices}  # which rows the budget allows is no chance
        params["mail"]["label"]["endpoints"] = {"local": endpoint}
        (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
        patch.chdir(folder)
        with contextlib.redirect_stderr(io.StringIO()) as said:
            for stage in (label, denoise):
                patch.setattr("sys.argv", [stage.__name__, "mail"])
                stage.main()
    assert "label: 0.88 spent on prompts in this run\n" in said.getvalue()  # eight answers of .11
    return folder


def asked(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        tidemill(*words, "--json")
    return json.loads(capsys.readouterr().out)


def test_the_table_says_what_each_learned_from_covers_cost_and_repeats(generated, capsys):
    (table,) = asked(generated, capsys, "lf", "list", "mail", "--no-cost")
    words, llm = sorted(table["generated"], key=lambda voter: voter["function"], reverse=True)
    assert (words["learned_from"], words["by"], words["kind"]) == (120, "ngrams", "model")
    assert words["kept"] > 0.5
    assert words["repeats"] in {"says_lunch", "few_links", "says_you", "says_prize"}
    assert llm["spending"]["money"] <= 1.0
    assert llm["spending"]["unanswered"] > 0
    assert {line["function"] for line in table["functions"]} >= {"words", "llm"}
    assert table["changed"] == []


def test_cost_says_what_is_answered_and_what_more_would_take(generated, capsys):
    (costs,) = asked(generated, capsys, "lf", "cost", "mail")
    (cost,) = costs["functions"]
    assert 0 < cost["answered"] < cost["rows"]
    assert cost["requests"] == cost["rows"] - cost["answered"]
    assert 0 < cost["money"] <= cost["most"]
    assert cost["spent"] <= cost["budget"] == 1.0


def test_suggest_tries_quick_generators_on_gold_and_names_others(generated, capsys):
    (found,) = asked(generated, capsys, "lf", "suggest", "mail", "--generate")
    tried = [item for item in found["candidates"] if item["tried"]]
    assert {item["entry"]["learner"] for item in tried} == {"linear"}  # words of texts are learned from already
    assert all(item["about"].endswith("get better") == (item["error_with"] < item["error_without"]) for item in tried)
    assert {item["entry"]["kind"] for item in found["candidates"]} == {"model", "zero_shot"}  # a prompt is there


def test_cost_of_a_batch_that_has_not_been_read_says_what_to_run_that_sends_nothing(generated):
    features = next((generated / "data/mail/features").glob("*.parquet"))
    features.rename(features.with_suffix(".away"))
    try:
        with pytest.raises(DataError, match=r"run `dvc repro embed@mail`, which asks no language model"):
            prompt_costs(ProblemView(Project.open(generated), "mail"))
    finally:
        features.with_suffix(".away").rename(features)


def test_before_a_stage_has_run_cost_and_suggestions_are_of_the_same_rows(generated, capsys, tmp_path):
    """What a run would send has to be known before it is started: functions are cast for it."""
    before = asked(generated, capsys, "lf", "cost", "mail")[0]["functions"][0]
    generated.joinpath("data/mail/votes.parquet").rename(tmp_path / "votes.parquet")
    try:
        (costs,) = asked(generated, capsys, "lf", "cost", "mail")
        (found,) = asked(generated, capsys, "lf", "suggest", "mail", "--generate")
    finally:
        (tmp_path / "votes.parquet").rename(generated / "data/mail/votes.parquet")
    assert costs["functions"] == [before]
    assert [item["entry"]["learner"] for item in found["candidates"] if item["tried"]] == ["linear"]


def test_try_and_explain_show_generated_votes_as_they_were_cast(generated, capsys):
    trial = asked(generated, capsys, "lf", "try", "words", "--problem", "mail")
    assert trial["votes"]["ham"] > 0
    assert trial["failed"] == 0


@pytest.fixture
def server(generated: Path) -> Iterator[Server]:
    """A server of the problem's only endpoint, and a prompt that no run has asked."""
    params, file = generated / "params.yaml", generated / "src/problems/mail/fresh.yaml"
    before = params.read_text(encoding="utf-8")
    file.write_text(FRESH, encoding="utf-8")
    with language_model() as server:
        content = yaml.safe_load(before)
        content["mail"]["label"]["endpoints"]["local"]["url"] = server.url
        params.write_text(yaml.safe_dump(content), encoding="utf-8")
        yield server
    file.unlink()
    params.write_text(before, encoding="utf-8")


def test_try_asks_a_prompt_about_a_sample_alone_and_about_no_row_twice(generated, capsys, server):
    (table,) = asked(generated, capsys, "lf", "list", "mail", "--no-cost")
    assert table["changed"] == ["fresh (new)"]
    tracked = (generated / "data/mail/generated/answers.jsonl").read_bytes()
    trial = asked(generated, capsys, "lf", "try", "fresh", "--problem", "mail", "--rows", "12")
    assert (trial["rows"], trial["dev_rows"], trial["asked"], len(server.bodies)) == (12, 12, 12, 12)
    says_prize = sum("prize" in text for text in server.texts)
    assert trial["votes"] == {"ham": 12 - says_prize, "spam": says_prize}
    trial = asked(generated, capsys, "lf", "try", "fresh", "--problem", "mail")
    assert (trial["rows"], trial["asked"], len(server.bodies)) == (20, 8, 20)
    assert (generated / "data/mail/generated/answers.jsonl").read_bytes() == tracked  # an output of the stage
    (costs,) = asked(generated, capsys, "lf", "cost", "mail")
    assert [cost["answered"] for cost in costs["functions"] if cost["function"] == "fresh"] == [20]


def test_try_spends_no_more_than_runs_have_left_of_the_budget(generated, capsys, server):
    trial = asked(generated, capsys, "lf", "try", "llm", "--problem", "mail", "--rows", "10")
    assert trial["asked"] == len(server.bodies) < 10
    assert any("the budget is spent" in note for note in trial["notes"])
    (costs,) = asked(generated, capsys, "lf", "cost", "mail")
    (spent,) = (cost["spent"] for cost in costs["functions"] if cost["function"] == "llm")
    assert 0.5 < spent <= 1.0  # of answers to all rows, not to the sample's alone


def test_the_problems_page_says_it_too(generated):
    report = read_problem_report(Project.open(generated), "mail")
    assert [line.split(" ")[0] for line in report.generated] == ["llm", "words"]
    assert report.drawn == {}


def test_the_label_model_is_told_which_voters_repeat_one_another(generated, monkeypatch):
    class ToldError(Exception):
        """What the stage gives to the label model."""

    def tell(*_, **given):
        raise ToldError(given["groups"])

    file = generated / "reports/mail/generated.json"
    before = file.read_bytes()
    report = GeneratedReport.read(file)
    GeneratedReport(voters=tuple(v.model_copy(update={"group": "one"}) for v in report.voters)).write(file)
    monkeypatch.setattr(denoise, "denoise", tell)
    try:
        with pytest.raises(ToldError, match=r"\[\['llm', 'words'\]\]"):
            denoise.run(Project.open(generated), "mail")
    finally:
        file.write_bytes(before)


def test_the_page_of_the_functions_says_it_too(generated):
    page = functions_page(ProblemView(Project.open(generated), "mail")).read_text(encoding="utf-8")
    assert re.search(r"words \(ngrams\) learned from 120 gold rows; votes on .*; took \d+ s", page)
    assert "votes for ham: 0 of 2 right on gold of dev" in page


def test_the_label_card_and_the_studio_say_what_each_cost_is_worth_repeats_and_lost(generated):
    table = client_of(generated).get("/api/problems/mail/functions").json()["table"]
    llm, words = table["generated_sentences"]
    assert re.search(
        r"votes for ham: 0 of 2 right on gold of dev, .*; 8 answers, 880 tokens, 0.88 spent; took \d+ s$", llm
    )
    assert re.search(r"learned from 120 gold rows; votes on .*; agrees most with .*; took \d+ s$", words)
    card = (generated / "reports/mail/label_card.md").read_text(encoding="utf-8").split("## Generated votes")[1]
    for sentence in (llm, words):
        assert sentence.partition("; took")[0] in card  # how long it took on this machine stands in no report
