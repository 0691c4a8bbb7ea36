import json

import polars as pl

from tests.evaluate import project
from tidemill.adapters import searching
from tidemill.train.search import Found


def test_a_search_looks_at_rows_that_teach_and_tells_what_to_set(inside, monkeypatch):
    project.build(inside)
    asked = []

    def search(lesson, settings, *, seconds, storage, start):
        asked.append((len(lesson.targets), seconds, storage.name, start))
        trials = {"trial": [3, 0], "loss": [0.1, 0.2], "seconds": [1.0, 1.0], "changes": ["{}", "{}"]}
        return Found(pl.DataFrame(trials), {"hidden": [64, 16], "subset": 0.7}, (0.1, 0.05, 0.15), 0)

    monkeypatch.setattr(searching, "search", search)
    told = searching.search_for("mail", minutes=2.0)
    assert asked == [(540, 120.0, "mail.log", ())]  # three of five rows are train or dev; a line parts the clouds
    assert "'train.hidden=[64,16]' 'train.subset=0.7'" in told["verdict"]
    reports = inside / "reports" / "mail"
    assert json.loads((reports / "search.json").read_text()) == told
    assert pl.read_csv(reports / "search.csv")["trial"].to_list() == [3, 0]
    assert (reports / "search.png").exists()
    assert (reports / "architecture.png").exists()


def test_a_gain_that_may_be_chance_is_told_as_such(inside):
    table = pl.DataFrame({"trial": [0], "loss": [0.2]})
    told = searching._told(Found(table, {"hidden": [8]}, (0.01, -0.01, 0.03), 40), "mail", (2,))
    assert told["verdict"].startswith("nothing surely better")
    assert told["measure"] == "squared error on 40 gold rows of dev"
