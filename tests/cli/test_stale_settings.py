"""Commands that take rows or labels in, where `conf/` says otherwise than `params.yaml` how they are read."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from tests.apps.onboarding.test_added_class import reviews
from tests.apps.onboarding.test_new_problem import project
from tidemill.cli.main import app
from tidemill.contracts import ConfigError
from tidemill.project.compose import refuse_stale_params, write_params
from tidemill.project.gold_history import GoldHistory
from tidemill.project.project import Project

pytestmark = pytest.mark.slow
__all__ = ["project", "reviews"]


@pytest.mark.parametrize("words", [["arrive", "reviews"], ["gold", "add", "reviews", "more.csv"]])
def test_labels_are_not_read_by_settings_that_have_changed(reviews: Project, words: list[str]):
    name = Path("data/incoming/reviews/more.csv" if words[0] == "arrive" else "more.csv")
    name.parent.mkdir(parents=True, exist_ok=True)
    rows = pl.read_csv("reviews.csv").tail(10).with_columns(stars=pl.lit("good"), final=pl.lit("bad"))
    rows.write_csv(name)
    conf = reviews.root / "conf/problem/reviews.yaml"
    conf.write_text(conf.read_text().replace("stars", "final"))
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, ConfigError)
    assert "params.yaml is stale: reviews.ingest.gold is 'stars' there and 'final' in conf/" in str(done.exception)
    history = reviews.paths("reviews").gold_history
    assert GoldHistory.read(history).answers == ()
    write_params(reviews)
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert [one.label for one in GoldHistory.read(history).answers] == ["bad"] * 10


def test_settings_of_training_do_not_matter_to_rows(reviews: Project):
    conf = reviews.root / "conf/problem/reviews.yaml"
    conf.write_text(f"{conf.read_text()}\nevaluate:\n  seed: 77\n")
    with pytest.raises(ConfigError, match=r"reviews\.evaluate\.seed"):
        refuse_stale_params(reviews)
    done = CliRunner().invoke(app, ["arrive", "reviews"])
    assert done.exit_code == 0, done.output
