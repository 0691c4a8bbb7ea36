import json

import numpy as np
import polars as pl
import pytest

from tests.evaluate import project
from tidemill.adapters import studies


@pytest.fixture
def mail(inside, monkeypatch):
    project.build(inside)
    monkeypatch.setattr(studies, "SEEDS", 1)
    monkeypatch.setattr(studies, "SIZES", (5, 10, 20, 40))
    monkeypatch.setattr(studies, "DRAWS", 20)
    return inside


@pytest.fixture
def heads(monkeypatch):
    """How many rows each head was taught; the head itself needs no torch."""
    taught = []

    def fit(rows, *_, **__):
        taught.append(len(getattr(rows, "features", rows)))
        return project.head([0.05 * taught[-1], 0.05 * taught[-1]], ["sms-1"])

    monkeypatch.setattr(studies, "fit_head", fit)
    monkeypatch.setattr(studies, "learn", fit)
    return taught


def test_curves_are_measured_at_every_size_and_refuse_ten_million(mail, heads):
    told = studies.curves("mail")
    assert heads == [10, 20, 40, 80] * 2  # two classes; gold, then weak labels
    assert [row["rows"] for row in told["gold_per_class"]["points"]] == [5, 10, 20, 40]
    assert [("refused" in row) for row in told["weak_per_class"]["predictions"]] == [False, False, True, True]
    assert json.loads((mail / "reports/mail/curves.json").read_text()) == told
    assert (mail / "reports/mail/curves.png").read_bytes().startswith(b"\x89PNG")


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

    everything = studies.study("mail").features
    monkeypatch.setattr(studies, "out_of_fold", unseen)
    found = studies.suspects("mail")
    sure = truth.filter(truth["row_id"].is_in(spoiled.to_list()))
    clear = sure.filter(pl.max_horizontal("p_ham", "p_spam") > 0.9)["row_id"].to_list()
    assert len(clear) > 5
    assert set(clear) <= set(found["row_id"])
    assert (np.diff(found["margin"].to_numpy()) <= 0).all()
    table = pl.read_csv(mail / "reports/mail/label_errors.csv")
    assert table.columns == ["row_id", "batch", "label", "suggested", "margin", "text"]
    assert "<td>x</td>" in (mail / "reports/mail/label_errors.html").read_text()


def test_a_page_shows_thumbnails_and_escapes_what_comes_from_data():
    table = pl.DataFrame({"row_id": ["<b>"], "image": [b"\x89PNG"]})
    told = studies.page(table, "a & b")
    assert "&lt;b&gt;" in told
    assert "a &amp; b" in told
    assert 'src="data:image/png;base64,iVBORw=="' in told
