"""The settings that come with the package are shown, and what is misspelled is named."""

import json

import pytest

from tests.cli.factories import tidemill
from tidemill.contracts import STAGES, ConfigError
from tidemill.project.defaults import default_text, list_defaults


def test_every_stage_has_settings_that_come_with_the_package():
    assert set(STAGES) <= list_defaults().keys()
    assert list_defaults("label") == {"label": ["default"]}


def test_an_option_is_shown_with_its_comments(capsys: pytest.CaptureFixture[str]):
    tidemill("defaults", "embed/minilm")
    printed = capsys.readouterr().out
    assert printed.strip() == default_text("embed/minilm").strip()
    assert "# " in printed
    tidemill("defaults", "label", "--json")
    assert json.loads(capsys.readouterr().out) == {"label": ["default"]}


@pytest.mark.parametrize(("name", "near"), [("tarin", "train"), ("tarin/head", "train"), ("train/haed", "head")])
def test_a_misspelled_name_is_refused_with_the_nearest(name: str, near: str):
    with pytest.raises(ConfigError, match=f"did you mean {near}"):
        tidemill("defaults", name)
