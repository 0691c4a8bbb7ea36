"""Bars of a column, and functions made of rows that were picked, beside counts by hand."""

import json

import numpy as np
import polars as pl
import pytest

from tests.apps.studio.test_app import PRIZE, preview
from tests.ingest.factories import png
from tidemill.apps.studio import columns
from tidemill.apps.studio.columns import column_values
from tidemill.apps.studio.gain import label_gain
from tidemill.apps.studio.preview import EditedText
from tidemill.apps.studio.preview import preview as try_it
from tidemill.apps.studio.rows import RowQuery, find_rows
from tidemill.apps.studio.workspace import Workspace, measured
from tidemill.apps.workbench import problem_view
from tidemill.contracts import ConfigError
from tidemill.label.image_statistics.statistics import NAMES, statistics_of


def test_bars_of_a_number_hold_every_row_by_its_label(workspace):
    found = column_values(workspace, "links")
    links, labels = workspace.view.raw["links"].to_numpy(), workspace.view.labels.argmax(axis=1)
    assert (found.kind, found.by, found.rows, found.missing, found.different) == ("number", "label", 240, 0, 2)
    assert [(bar.low, bar.rows) for bar in found.bars] == [(0, (links == 0).sum()), (1, 0), (2, (links == 2).sum())]
    assert found.bars[2].classes == {
        name: ((links == 2) & (labels == k)).sum() for k, name in enumerate(["ham", "spam"])
    }


def test_a_few_numbers_that_lie_far_off_leave_room_for_the_others():
    numbers = np.r_[np.arange(1000.0), 1e6, -1e6]
    edges = columns._edges(numbers, whole=False)
    assert (len(edges), edges[0], edges[-1]) == (31, 5 - 1, 996 - 1)
    assert columns._edges(np.r_[numbers[:1000], 2500.0], whole=False)[-1] == 2500
    assert list(columns._edges(np.array([2.0, 4.0]), whole=True)) == [2, 3, 4, 5]


def test_the_most_common_values_come_first_and_missing_ones_are_counted(copied, workspace):
    raw = copied / "data/mail/raw/b.parquet"
    values = pl.Series("links", ["a"] * 100 + ["<b>"] * 120 + [None] * 20)
    workspace.view.__dict__["raw"] = pl.read_parquet(raw).with_columns(values)
    found = column_values(workspace, "links")
    assert [(bar.value, bar.rows) for bar in found.bars] == [("<b>", 120), ("a", 100)]
    assert (found.kind, found.missing) == ("value", 20)


@pytest.mark.parametrize("column", ["row_id", "split", "text", "image.mean", "egg"])
def test_columns_that_functions_may_not_ask_have_no_bars(client, column):
    assert client.get(f"/api/problems/mail/columns/{column}").status_code == 400


def test_every_statistic_says_what_it_measures():
    assert all(columns._about(f"image.{name}") for name in NAMES)
    assert (
        columns._about("image.row_variation") == "the standard deviation of the rows' means: bands across the picture"
    )
    assert columns._about("links") == ""


def test_statistics_are_those_of_the_label_stage():
    images = pl.DataFrame({"row_id": ["a", "b"], "image": [png(1), png(2)]})
    found = measured(images, NAMES)
    assert found.columns == [f"image.{name}" for name in NAMES]
    assert found.row(1) == tuple(statistics_of(png(2)).values())


def test_rows_on_which_label_and_model_or_person_differ_are_found(workspace):
    view = workspace.view
    labels, gold = view.labels.argmax(axis=1), view.gold
    assert find_rows(workspace, RowQuery(votes="person")).found == ((gold >= 0) & (gold != labels)).sum() > 0
    with pytest.raises(ConfigError, match="start a run"):
        find_rows(workspace, RowQuery(votes="model"))
    opposite = np.where(labels == 0, 0.1, 0.9)[:7]
    table = {"row_id": view.raw["row_id"][:7], "p_ham": 1 - opposite, "p_spam": opposite}
    table["p_ham"][0], table["p_spam"][0] = opposite[0], 1 - opposite[0]
    pl.DataFrame(table).write_parquet(view.paths.predictions)
    [row] = find_rows(workspace, RowQuery(votes="model")).rows
    assert row.row_id == "r000"


def test_picked_rows_become_examples_and_a_function_that_finds_the_like(copied, client):
    spam = [row["row_id"] for row in client.get("/api/problems/mail/rows?label=spam").json()["rows"][:8]]
    made = client.post("/api/problems/mail/examples", json={"of": "spam", "rows": spam}).json()
    assert (made["file"], made["examples"]) == ("like_spam_1.jsonl", 8)
    lines = (copied / "src/problems/mail/like_spam_1.jsonl").read_text().splitlines()
    assert [json.loads(line)["row_id"] for line in lines] == spam
    answer = preview(client, made["yaml"], name=None)
    assert answer["error"] is None
    [one] = answer["functions"]
    assert one["failures"] == []
    gold = (np.arange(240) % 3 == 0).sum()
    assert 0.5 * gold < one["votes"]["spam"] < 1.2 * gold
    assert answer["fields"]["at_least"] > 0.9
    [quick] = preview(client, made["yaml"], name=None, quick=True)["functions"]
    assert (quick["rows"], quick["failures"], quick["dev_correct"]) == (180, [], one["dev_correct"])
    again = client.post("/api/problems/mail/examples", json={"of": "spam", "rows": spam[:1]}).json()
    assert again["file"] == "like_spam_2.jsonl"


@pytest.mark.parametrize(
    "picked", [{"of": "egg", "rows": ["r000"]}, {"of": "spam", "rows": ["r9"]}, {"of": "spam", "rows": []}]
)
def test_examples_of_no_class_or_row_are_refused(copied, client, picked):
    assert client.post("/api/problems/mail/examples", json=picked).status_code == 400
    assert not list((copied / "src/problems/mail").glob("*.jsonl"))


def test_the_preview_names_the_function_that_votes_on_most_of_the_same_rows(client, workspace, monkeypatch):
    monkeypatch.setattr(problem_view, "TEXTS", 130)
    quick = "{name: new, kind: keywords, words: [win], vote: spam}"
    assert preview(client, quick, name=None, quick=True)["functions"][0]["rows"] == 130
    [one] = preview(client, "{name: new, kind: keywords, words: [win], vote: spam}", name=None)["functions"]
    view = workspace.view
    fires = view.raw["text"].str.contains("(?i)win").to_numpy()
    shares = {name: (view.votes[fires, j] != -1).mean() for j, name in enumerate(view.names)}
    assert one["nearest_share"] == pytest.approx(max(shares.values()))
    assert shares[one["nearest"]] == max(shares.values())


def test_features_are_read_where_a_function_compares_them_alone(workspace):
    text = EditedText("f.yaml", PRIZE, "says_prize")
    assert try_it(workspace, text)[0].coverage > 0
    assert label_gain(workspace, text) is not None
    assert "features" not in vars(workspace.view)


def test_votes_that_a_model_makes_are_waited_for(client):
    [one] = preview(client, "{name: learned, kind: model}", name=None)["functions"]
    assert (one["waits"], one["failures"]) == (True, [])


def test_a_function_is_deleted_unless_it_was_changed_meanwhile(copied, client):
    file = copied / "src/problems/mail/f.yaml"
    listed = client.get("/api/problems/mail/functions").json()["files"]
    [entry] = [one for of_file in listed for one in of_file["functions"] if one["name"] == "says_cash"]
    wanted = {"file": "f.yaml", "name": "says_cash", "began_with": entry["yaml"]}
    before = file.read_text()
    file.write_text(before.replace("[cash, money]", "[cash]"))
    answer = client.post("/api/problems/mail/functions/delete", json=wanted)
    assert (answer.status_code, answer.json()["current"]) == (409, entry["yaml"].replace("[cash, money]", "[cash]"))
    file.write_text(before)
    assert client.post("/api/problems/mail/functions/delete", json=wanted).status_code == 200
    assert file.read_text() == "".join(line for line in before.splitlines(True) if "says_cash" not in line)


def test_what_was_asked_for_last_is_kept(workspace: Workspace):
    asked: list[int] = []

    def compute() -> int:
        asked.append(1)
        return 1

    for number in range(200):
        workspace.kept("often", compute)
        workspace.kept(number, int)
    assert asked == [1]


def test_what_a_label_model_would_gain_is_counted_on_labeled_rows(client, workspace):
    view = workspace.view
    dev = view.gold >= 0
    covered = dev & (view.votes != -1).any(axis=1)
    wanted = {"file": "f.yaml", "yaml": "{name: new, kind: keywords, words: [refinance, kernel], vote: spam}"}
    found = client.post("/api/problems/mail/preview/gain", json=wanted).json()["gain"]
    more = view.raw["text"].str.contains("refinance|kernel").to_numpy()
    assert (found["dev_rows"], found["labeled_before"]) == (dev.sum(), covered.sum())
    assert found["labeled"] == (covered | (dev & more)).sum() > found["labeled_before"]
    assert found["right_before"] <= found["labeled_before"]
    same = {"file": "f.yaml", "yaml": PRIZE, "name": "says_prize"}
    found = client.post("/api/problems/mail/preview/gain", json=same).json()["gain"]
    assert (found["labeled"], found["right"]) == (found["labeled_before"], found["right_before"])
