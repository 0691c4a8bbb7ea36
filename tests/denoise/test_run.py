"""Votes table -> labels table."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from tidemill.contracts import ABSTAIN, ConfigError, check, labels_contract
from tidemill.denoise.registry import MODELS, create, from_dict
from tidemill.denoise.run import denoise
from tidemill.denoise.settings import DenoiseSettings


def settings(model):
    with Path(f"conf/denoise/{model}.yaml").open(encoding="utf-8") as file:
        return DenoiseSettings.model_validate(yaml.safe_load(file))


def votes_table(rows=200):
    chance = np.random.default_rng(5)
    truth = chance.integers(0, 2, rows)
    votes = np.where(chance.random((rows, 4)) < 0.8, truth[:, None], 1 - truth[:, None]).astype(np.int8)
    votes[-3:] = ABSTAIN
    ids = {"row_id": [f"{i:016x}" for i in range(rows)], "batch": ["one"] * rows}
    split = ["train", "dev", "valid", "test"] * (rows // 4)
    return pl.DataFrame({**ids, "split": split, **{f"f{j}": votes[:, j] for j in range(4)}})


@pytest.mark.parametrize("model", sorted(set(MODELS) - {"joint", "neighbours"}))
def test_labels_of_every_row_keep_their_contract_and_silent_rows_get_the_prior(model):
    done = denoise(votes_table(), ("ham", "spam"), settings(model))
    check(done.labels, labels_contract(("ham", "spam")), where="labels")
    prior = from_dict(done.model).prior_
    assert done.labels.select("p_ham", "p_spam").to_numpy()[-1] == pytest.approx(prior)


def test_valid_and_test_rows_teach_nothing():
    table = votes_table()
    changed = table.with_columns(
        pl.when(pl.col("split").is_in(["valid", "test"])).then(pl.lit(1, pl.Int8)).otherwise(pl.col("f0")).alias("f0")
    )
    assert (
        denoise(table, ("a", "b"), settings("dawid_skene")).model
        == denoise(changed, ("a", "b"), settings("dawid_skene")).model
    )


def test_the_report_tells_what_majority_vote_would_have_given():
    report = denoise(votes_table(), ("ham", "spam"), settings("dawid_skene")).report
    assert report["model"] == "dawid_skene"
    assert set(report["functions"]) == {"f0", "f1", "f2", "f3"}
    assert set(report["majority_vote"]["label_shares"]) == {"ham", "spam"}


def test_an_unknown_model_is_named_with_the_valid_ones():
    with pytest.raises(ConfigError, match=r"unknown label model 'dawid'; valid are .*dawid_skene"):
        create("dawid", 2)
