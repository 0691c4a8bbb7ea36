"""Plots of fitted labels."""

import numpy as np
import pytest

from tidemill.denoise.models import create
from tidemill.denoise.report.explain import explain
from tidemill.denoise.report.plots import draw

VOTES = np.array([[0, 0, 1], [0, 0, -1], [1, 1, 1], [1, 1, -1]] * 25, dtype=np.int16)


def told_of(model):
    return explain(model, VOTES, names=["a", "b", "c"], classes=["no", "yes"])


@pytest.mark.slow
def test_plots_are_the_same_bytes_twice(tmp_path):
    model = create("majority", 2).fit(VOTES)
    told = told_of(model)
    gold = VOTES[:, 0].astype(int)
    first, second = (
        draw(tmp_path / name, told, VOTES, model.predict_proba(VOTES), gold=gold) for name in ("one", "two")
    )
    assert [path.name for path in first] == ["accuracies.png", "agreement.png", "posteriors.png", "calibration.png"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


@pytest.mark.slow
def test_names_with_dollars_are_no_formulas(tmp_path):
    model = create("majority", 2).fit(VOTES)
    told = explain(model, VOTES, names=["$", "a_$b$_{", "c"], classes=["$", "$$"])
    assert len(draw(tmp_path, told, VOTES, model.predict_proba(VOTES), gold=VOTES[:, 0].astype(int))) == 4
