import json

import numpy as np
import polars as pl
import pytest

from tests.train.conftest import BACKBONE, PROBLEM, tables
from tidemill.contracts import DataError, check, predictions_contract
from tidemill.train.end_model.model import EndModel
from tidemill.train.end_model.reference import reference, reference_contract
from tidemill.train.head.head import Head
from tidemill.train.run import Tables, train


def trained(settings, features, labels, votes):
    return train(Tables(features, labels, votes), problem=PROBLEM, settings=settings, backbone=BACKBONE)


@pytest.fixture
def folder(settings, tmp_path):
    for name, content in trained(settings, *tables()).files.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_a_saved_model_says_the_same(settings, folder):
    features, _, _ = tables()
    done = trained(settings, *tables())
    loaded = Head.load(folder)
    assert loaded.classes == PROBLEM.classes
    assert loaded.backbone == BACKBONE
    said = loaded.predict_proba(features["feature"].to_numpy())
    assert (said == done.predictions.select("p_low", "p_high").to_numpy()).all()
    assert loaded.files() == done.head.files()


def test_labels_and_features_of_valid_and_test_do_not_reach_the_weights(settings):
    features, labels, votes = tables()
    apart = pl.Series(votes["split"].is_in(["valid", "test"]))
    flipped = labels.with_columns(
        p_low=pl.when(apart).then("p_high").otherwise("p_low"), p_high=pl.when(apart).then("p_low").otherwise("p_high")
    )
    moved = np.where(apart.to_numpy()[:, None], 99.0, features["feature"].to_numpy()).astype(np.float32)
    other = features.with_columns(feature=pl.Series(moved, dtype=features.schema["feature"]))
    before = trained(settings, features, labels, votes).head.files()
    assert trained(settings, other, flipped, votes).head.files() == before


def test_everything_written_is_the_same_twice(settings):
    once, again = (trained(settings, *tables()) for _ in range(2))
    assert once.files == again.files
    assert once.predictions.equals(again.predictions)
    assert once.reference.equals(again.reference)


def test_the_order_of_features_and_labels_does_not_matter(settings):
    features, labels, votes = tables()
    once = trained(settings, features, labels, votes)
    assert (
        trained(settings, features.reverse(), labels.sample(fraction=1, shuffle=True, seed=1), votes).files
        == once.files
    )


def test_predictions_hold_every_row_and_the_truth(settings):
    features, labels, votes = tables()
    table = check(
        trained(settings, features, labels, votes).predictions, predictions_contract(PROBLEM.classes), where="t"
    )
    assert table["row_id"].to_list() == votes["row_id"].to_list()
    assert ((table["p_high"] > 0.5) == (labels["p_high"] > 0.5)).all()  # the clouds are ten deviations apart


def test_the_config_tells_batches_priors_and_backbone(settings):
    features, labels, votes = tables()
    silent = votes.with_columns(side=pl.when(pl.col("batch") == "two").then(-1).otherwise("side").cast(pl.Int16))
    config = json.loads(trained(settings, features, labels, silent).files["config.json"])
    taught = silent.filter(pl.col("split").is_in(["train", "dev"]), batch="one")
    assert config["batches"] == {"one": taught.height, "two": 0}
    mean = labels.join(taught, on="row_id", how="semi")["p_high"].mean()
    assert config["class_priors"]["high"] == pytest.approx(mean, abs=1e-6)
    assert config["backbone"] == BACKBONE.model_dump()
    assert config["dimensions"] == 6


def test_the_card_names_classes_backbone_and_batches(settings):
    card = trained(settings, *tables()).files["README.md"].decode()
    assert "low, high" in card
    assert "labeling functions, and no others." in card
    assert all(f"## {part}" in card for part in ("What it is for", "What it was trained on", "Limits", "Lineage"))
    assert "`cloud`" in card
    assert "| two |" in card


def test_the_label_card_counts_coverage_and_conflicts(settings):
    features, labels, votes = tables()
    third = votes.with_columns(
        against=pl.when(pl.col("batch") == "two").then(1 - pl.col("side")).otherwise(-1).cast(pl.Int16)
    )
    card = trained(settings, features, labels, third).files["LABELS.md"].decode()
    taught = third.filter(pl.col("split").is_in(["train", "dev"]))
    share = (taught["batch"] == "two").mean()
    assert f"| training rows (splits train and dev) | {taught.height} |" in card
    assert "| coverage: a function votes on them | 100.0% |" in card
    assert f"| conflicts: their votes name different classes | {float(share):.1%} |" in card
    assert f"| against | {float(share):.1%} |" in card
    assert "| silent | 0.0% |" in card
    entropy = -(0.9 * np.log2(0.9) + 0.1 * np.log2(0.1))
    assert f"1: certain) | {1 - entropy:.3f} |" in card


def test_a_row_without_features_is_named(settings):
    features, labels, votes = tables()
    with pytest.raises(DataError, match="row 0003 has votes but no features; 1 such"):
        trained(settings, features.filter(pl.col("row_id") != "0003"), labels, votes)


def test_the_reference_is_a_sample_that_later_rows_do_not_reshuffle():
    features, labels, votes = tables()
    rows = votes.join(features, on="row_id", maintain_order="left")
    kept = check(reference(rows, labels, 50), reference_contract(PROBLEM.classes), where="test")
    assert kept.columns == ["row_id", "batch", "feature", "p_low", "p_high", "side", "silent"]
    assert kept.height == 50
    taught = votes.filter(pl.col("split").is_in(["train", "dev"]))
    assert not set(kept["row_id"]) & set(taught["row_id"])
    fewer = reference(rows.head(300), labels, 50)["row_id"]
    assert set(kept["row_id"]) & set(rows.head(300)["row_id"]) <= set(fewer)


def test_a_function_that_is_called_as_a_class_is_refused():
    features, labels, votes = tables()
    rows = votes.rename({"side": "p_high"}).join(features, on="row_id", maintain_order="left")
    with pytest.raises(DataError, match=r"'p_high'.*rename it"):
        reference(rows, labels, 50)


def test_features_of_another_backbone_are_refused(folder):
    with pytest.raises(DataError, match=r"\(2, 3\), the model reads \(rows, 6\)"):
        Head.load(folder).predict_proba(np.zeros((2, 3), dtype=np.float32))


def test_a_torn_model_is_refused(folder):
    (folder / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(DataError, match="is not a whole model"):
        Head.load(folder)


@pytest.mark.slow
def test_asking_a_head_needs_no_torch(folder):
    import subprocess
    import sys

    code = f"import sys, pathlib; from tidemill.train.head.head import Head; Head.load(pathlib.Path({str(folder)!r})); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_labels_by_people_are_mixed_in_named_on_the_card_and_saved_with_the_model(settings, tmp_path):
    features, labels, votes = tables()
    teaching = votes.filter(pl.col("split").is_in(["train", "dev"])).head(60)
    gold = teaching.select("row_id", gold="side")
    texts = features.select("row_id", text=pl.concat_str(pl.lit("a text of row "), "row_id"))
    known = Tables(features, labels, votes, gold, texts)
    own = settings.with_changes({"gold.use": "auto", "optimizer.max_epochs": 3})
    done = train(known, problem=PROBLEM, settings=own, backbone=BACKBONE)
    mix = done.model.config.gold_mix
    assert mix.rows == 60
    assert mix.chosen in ("weak", "gold", "weak and gold")
    assert mix.reason.split(": ")[0] == "squared error on gold held out"
    assert mix.reason[1:] in done.files["README.md"].decode()
    for name, content in done.files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    loaded = EndModel.load(tmp_path)
    said = loaded.predict_proba(features["feature"].to_numpy(), texts["text"].to_list())
    assert np.allclose(said, done.predictions.select("p_low", "p_high").to_numpy(), atol=1e-9)
    assert (loaded.ensemble is not None) == bool(mix.shares)
