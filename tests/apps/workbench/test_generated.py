"""A model of words and a prompt beside the functions: in the table, on the page, and what the prompt would cost."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.factories import tidemill
from tests.generate.language_model import language_model
from tidemill.apps.reports.problem_report import read_problem_report
from tidemill.project.project import Project
from tidemill.stages import denoise, label

pytestmark = pytest.mark.slow
YAML = """functions:
  - {name: words, kind: model, learner: ngrams, precision: 0.8}
  - {name: llm, kind: prompt, endpoint: local, model: small, template: "{text}", sample: uncertain, budget: 1.0}
"""


@pytest.fixture(scope="module")
def generated(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after a stage in which the prompt's budget was spent after a few rows."""
    folder = tmp_path_factory.mktemp("generated") / "project"
    shutil.copytree(project, folder)
    (folder / "src/problems/mail/generated.yaml").write_text(YAML, encoding="utf-8")
    params = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    with language_model() as server, pytest.MonkeyPatch.context() as patch:
        endpoint = {"url": server.url, "prompt_price": 1000.0, "completion_price": 1000.0}
        params["mail"]["label"]["endpoints"] = {"local": endpoint}
        (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
        patch.chdir(folder)
        for stage in (label, denoise):
            patch.setattr("sys.argv", [stage.__name__, "mail"])
            stage.main()
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
    assert {item["entry"]["learner"] for item in tried} == {"linear", "ngrams"}
    errors = [item["error_with"] for item in tried]
    assert errors == sorted(errors)
    assert all(item["about"].endswith("get better") == (item["error_with"] < item["error_without"]) for item in tried)
    assert {item["entry"]["kind"] for item in found["candidates"]} == {"model", "zero_shot", "prompt"}


def test_try_and_explain_show_generated_votes_as_they_were_cast(generated, capsys):
    trial = asked(generated, capsys, "lf", "try", "words", "--problem", "mail")
    assert trial["votes"]["ham"] > 0
    assert trial["failed"] == 0


def test_the_problems_page_says_it_too(generated):
    report = read_problem_report(Project.open(generated), "mail")
    assert [line.split(" ")[0] for line in report.generated] == ["llm", "words"]
    assert report.drawn == {}
