"""Five labels of each class: `tidemill new` on ten rows, every stage, and what the candidate then says of new rows."""

import csv
import importlib
import json
import random

import numpy as np
import polars as pl
import pytest

from tests.apps.factories import picture
from tests.end_to_end.conftest import clone, write_reviews
from tidemill.apps.models.model import CANDIDATE, find_model
from tidemill.apps.onboarding.new_problem import NewProblem, create_problem
from tidemill.project.compose import write_params
from tidemill.project.project import Project

pytestmark = pytest.mark.slow
STAGES = ("ingest", "embed", "label", "denoise", "train", "evaluate", "monitor")


@pytest.fixture
def project(tmp_path, packages, monkeypatch):
    folder = clone(tmp_path / "project", packages)
    monkeypatch.chdir(folder)
    write_params(Project.open(folder))
    return folder


def made(project, monkeypatch, name, **words):
    """Words of `tidemill new` → the candidate that the stages make of it, and what evaluate told."""
    print(*create_problem(NewProblem(name, **words), project=Project.open(project)).lines, sep="\n")
    for stage in STAGES:
        monkeypatch.setattr("sys.argv", [stage, name])
        importlib.import_module(f"tidemill.stages.{stage}").main()
    metrics = json.loads((project / "reports" / name / "metrics.json").read_text())
    return find_model(Project.open(project), name, CANDIDATE), metrics


def test_ten_texts_make_a_model_that_is_better_than_chance_and_says_how_few_they_were(project, monkeypatch, capsys):
    source, rows = project.parent / "reviews.csv", []
    for seed, stars in ((1, "good"), (2, "bad")):
        write_reviews(project.parent / "all.csv", rows=60, seed=seed)
        with (project.parent / "all.csv").open(encoding="utf-8") as file:
            rows += [row for row in csv.DictReader(file) if row["stars"] == stars][:25]
    few = rows[:5] + rows[-5:]
    with source.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["body", "stars"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(few)
    model, metrics = made(project, monkeypatch, "tiny", source=source, text="body", label="stars")
    told = capsys.readouterr()
    assert "caution: the rarest class has 5 labels, fewer than 15" in told.out
    assert "gold rows of class good in train and dev, fewer than 15" in told.err
    assert metrics["rows"] <= 10
    card = (project / "reports/tiny/model_card.md").read_text(encoding="utf-8")
    assert "**Warning:**" in card
    new = [row for row in rows if row not in few]
    said = model.say(
        pl.DataFrame({"row_id": [row["id"] for row in new], "text": [row["body"] for row in new]}), name="t"
    )
    right = np.array(said.decided(model.head.classes, 0.0)) == np.array([row["stars"] for row in new])
    assert right.mean() > 0.5 + 3 * np.sqrt(0.25 / len(new))


def test_ten_images_make_a_model_that_is_better_than_chance(project, monkeypatch):
    chance = random.Random(0)
    for name, low, high in (("dark", 10, 90), ("light", 160, 240)):
        (project.parent / "cells" / name).mkdir(parents=True)
        for number in range(5):
            bright = chance.randint(low, high)
            (project.parent / "cells" / name / f"{name}{number}.png").write_bytes(picture(bright, side=16 + number))
    model, _ = made(project, monkeypatch, "cells", images=project.parent / "cells")
    new = pl.DataFrame({"row_id": [str(k) for k in range(12)], "image": [picture(15 * k + 30) for k in range(12)]})
    said = model.say(new, name="t").decided(model.head.classes, 0.0)
    # below 90 dark, from 160 on light, and nothing is asked of what lies between
    right = [answer == ("dark" if 15 * k + 30 < 90 else "light") for k, answer in enumerate(said) if not 3 < k < 9]
    assert np.mean(right) >= 0.75
