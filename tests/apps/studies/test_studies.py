from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.evaluate import project
from tidemill.apps.studies import label_errors, learning_curves
from tidemill.apps.studies.study import study
from tidemill.contracts import DataError
from tidemill.project.project import Project
from tidemill.reports.evaluate import Curves


@pytest.fixture
def mail(inside):
    project.build(inside)
    return inside


@pytest.fixture
def heads(monkeypatch):
    """How many rows each head was taught; the head itself needs no torch."""
    taught = []

    def fit(rows, *_, **__):
        taught.append(len(getattr(rows, "features", rows)))
        return project.head([0.05 * taught[-1], 0.05 * taught[-1]], ["sms-1"])

    monkeypatch.setattr(learning_curves, "fit_head", fit)
    monkeypatch.setattr(learning_curves, "fit_head_by_recipe", fit)
    return taught


@pytest.mark.slow
def test_curves_are_measured_at_every_size_and_refuse_ten_million(mail, heads):
    told = learning_curves.fit_learning_curves(Project.open(Path()), "mail")
    assert heads == [10, 10, 20, 20, 40, 40, 80, 80] * 2  # two classes, two seeds; gold, then weak labels
    assert [row.rows for row in told.gold_per_class.points] == [5, 5, 10, 10, 20, 20, 40, 40]
    assert [row.score is None for row in told.weak_per_class.predictions] == [False, False, True, True]
    assert Curves.read(mail / "reports/mail/curves.json") == told
    assert (mail / "reports/mail/curves.png").read_bytes().startswith(b"\x89PNG")


def test_a_class_of_few_rows_ends_the_curve_and_says_so(mail, heads):
    for file in (mail / "data/mail/dev").iterdir():
        pl.read_parquet(file).with_columns(gold=pl.lit(-1, dtype=pl.Int16)).write_parquet(file)
    for file in (mail / "data/mail/train_gold").iterdir():
        table = pl.read_parquet(file)
        some = table.join(pl.read_parquet(mail / "data/mail/votes.parquet").select("row_id", "split"), on="row_id")
        rare = (some["gold"] == 1) & (some["split"] == "train")
        hidden = (rare & (rare.cum_sum() > 11)).to_list()
        table.with_columns(gold=pl.when(pl.Series(hidden)).then(-1).otherwise("gold").cast(pl.Int16)).write_parquet(
            file
        )
    told = learning_curves.fit_learning_curves(Project.open(Path()), "mail")
    # 11 of each of two batches: 5, 10, 20 rows of each class, and no 22 for that is hardly more
    assert told.gold_per_class.reason == "class spam has 22 rows: 3 sizes are no curve, 4 are"
    assert max(heads) == 80
    assert (mail / "reports/mail/curves.png").exists()


def test_without_gold_to_score_by_there_is_no_curve(mail, heads):
    for file in (mail / "data/mail/gold").iterdir():
        pl.read_parquet(file).with_columns(gold=pl.lit(-1, dtype=pl.Int16)).write_parquet(file)
    with pytest.raises(DataError, match="mail: no row of the test split has gold to score a curve by"):
        learning_curves.fit_learning_curves(Project.open(Path()), "mail")
    assert heads == []


def test_labels_that_the_features_deny_are_ranked_with_their_text(mail, monkeypatch):
    labels = pl.read_parquet(mail / "data/mail/labels.parquet")
    votes = pl.read_parquet(mail / "data/mail/votes.parquet")
    heard = votes.select(pl.any_horizontal(pl.col(project.FUNCTIONS) != -1)).to_series()
    teaches = votes["split"].is_in(["train", "dev"]) & heard
    spoiled = votes.filter(teaches)["row_id"][:20]
    swapped = pl.col("row_id").is_in(spoiled.to_list())
    truth = labels.clone()
    labels.with_columns(
        p_ham=pl.when(swapped).then("p_spam").otherwise("p_ham"),
        p_spam=pl.when(swapped).then("p_ham").otherwise("p_spam"),
    ).write_parquet(mail / "data/mail/labels.parquet")

    def unseen(features, *_):
        place = {row.tobytes(): k for k, row in enumerate(everything)}
        return truth.select("p_ham", "p_spam").to_numpy()[[place[row.tobytes()] for row in features]]

    everything = study(Project.open(Path()), "mail").features
    monkeypatch.setattr(label_errors, "out_of_fold_predictions", unseen)
    found, words = label_errors.suspected_errors(Project.open(Path()), "mail")
    sure = truth.filter(truth["row_id"].is_in(spoiled.to_list()))
    clear = sure.filter(pl.max_horizontal("p_ham", "p_spam") > 0.9)["row_id"].to_list()
    assert len(clear) > 5
    assert set(clear) <= set(found["row_id"])
    assert (np.diff(found["quality"].to_numpy()) >= 0).all()
    table = pl.read_csv(mail / "reports/mail/label_errors.csv")
    assert table.columns == ["row_id", "batch", "label", "suggested", "quality", "gold", "text"]
    wrong = table.filter(table["label"] != table["gold"]).height
    assert f"of the suspect ones {wrong} of {found.height}" in words
    told = (mail / "reports/mail/label_errors.html").read_text()
    assert "<td>x</td>" in told
    assert words in told


def test_a_page_shows_thumbnails_and_escapes_what_comes_from_data():
    table = pl.DataFrame({"label": ["<b>"], "quality": [0.25], "image": [b"\x89PNG"]})
    told = label_errors.page(table, "a & b", "1 < 2")
    assert "&lt;b&gt;" in told
    assert "a &amp; b" in told
    assert "1 &lt; 2" in told
    assert 'style="width:30px"></span> 0.250' in told
    assert 'src="data:image/png;base64,iVBORw=="' in told
