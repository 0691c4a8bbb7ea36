"""Equality with Snorkel's own table; `snorkel.json` holds the votes and its figures, computed once."""

import json
from pathlib import Path

import numpy as np
import pytest

from tidemill.label.analysis.summary import lf_summary

PEER = json.loads(Path(__file__).with_name("snorkel.json").read_text(encoding="utf-8"))


def test_the_table_is_snorkels():
    votes, gold = np.array(PEER["votes"], dtype=np.int16), np.array(PEER["gold"], dtype=np.int16)
    names = [f"f{j}" for j in range(votes.shape[1])]
    table = lf_summary(votes, names, n_classes=3, gold=gold)
    assert table.columns == ["function", "j", *PEER["summary"]]  # Snorkel numbers the functions from names alone
    for column, expected in PEER["summary"].items():
        found = table[column].to_list()
        assert found == (expected if column == "Polarity" else pytest.approx(expected)), column
