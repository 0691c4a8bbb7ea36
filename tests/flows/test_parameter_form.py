"""The form of a flow in the Prefect UI, as Prefect reads it from the flow."""

from pathlib import Path
from typing import Any

import pytest
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema

from flows.monitor import monitor
from flows.refresh import PROJECT
from tidemill.contracts import ConfigError
from tidemill.flows.refresh import refresh_problems
from tidemill.project.project import Project


def form(entrypoint: str, root: Path) -> Any:
    return parameter_schema(load_flow_from_entrypoint(f"{root / entrypoint}")).properties


def test_the_form_offers_the_problems_and_tells_what_each_field_is_for(root: Path) -> None:
    fields = form("flows/refresh.py:refresh", root)
    assert fields["problem"]["enum"] == ["all", "solar", "spam"]
    assert fields["problem"]["default"] == "all"
    assert fields["overrides"]["type"] == "array"
    assert "such as train.optimizer.max_epochs=3" in fields["overrides"]["description"]
    fields = form("flows/monitor.py:monitor", root)
    assert fields["problem"]["enum"] == ["all", "solar", "spam"]
    assert (fields["trigger"]["type"], fields["trigger"]["default"]) == ("boolean", True)
    assert fields["trigger"]["description"] == "carry out what is decided"


def test_a_project_without_problems_says_how_to_make_one(tmp_path: Path) -> None:
    conf = tmp_path / "conf"
    conf.mkdir()
    (conf / "config.yaml").write_text("problems: []\noverrides: []\n")
    with pytest.raises(ConfigError, match="no problem yet: make one with `tidemill new"):
        refresh_problems(Project.open(tmp_path), "all", [])


def test_the_flows_belong_to_the_project_whose_folder_they_are_in(root: Path) -> None:
    assert Project.open(root).main == PROJECT
    assert monitor.name == "monitor"
