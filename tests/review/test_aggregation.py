"""One label of several answers: hand-counted shares, known skill, crowd-kit's labels, and crowd and functions together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.review.factories import answers_of, drawn
from tidemill.review.aggregation.glad import glad
from tidemill.review.aggregation.label_models import crowd_and_functions, dawid_skene
from tidemill.review.aggregation.mace import mace
from tidemill.review.aggregation.majority import majority
from tidemill.review.agreement import krippendorff_alpha
from tidemill.review.answers import Answers

PEERS: dict[str, Any] = json.loads((Path(__file__).parent / "peers.json").read_text(encoding="utf-8"))
TRUTH = np.array(PEERS["truth"])


@pytest.fixture(scope="module")
def answers() -> Answers:
    """Those of ``benchmarks/review_peers.py``."""
    row, who, label = (np.array(PEERS[name]) for name in ("row", "annotator", "label"))
    return Answers(row, who, label, len(TRUTH), int(who.max()) + 1, 3)


def test_shares_are_of_answers_or_of_trust_and_a_row_without_answers_has_all_classes_alike() -> None:
    three = answers_of([(0, 0, 1), (0, 1, 0), (0, 2, 0)], rows=2, people=3, classes=2)
    assert majority(three) == pytest.approx(np.array([[2 / 3, 1 / 3], [0.5, 0.5]]))
    assert majority(three, np.array([0.9, 0.3, 0.3]))[0] == pytest.approx([0.4, 0.6])


def test_alpha_is_crowd_kits(answers: Answers) -> None:
    assert krippendorff_alpha(answers, draws=100, seed=1).alpha == pytest.approx(PEERS["alpha"], abs=1e-12)


def test_the_majority_is_crowd_kits_where_there_is_no_tie(answers: Answers) -> None:
    counts = np.sort(answers.counts(), axis=1)
    clear = counts[:, -1] > counts[:, -2]
    assert clear.sum() > 100
    assert (majority(answers).argmax(axis=1)[clear] == np.array(PEERS["labels"]["majority"])[clear]).all()


@pytest.mark.parametrize("name", ["mace", "glad"])
def test_labels_are_nearly_crowd_kits_and_as_often_right(answers: Answers, name: str) -> None:
    """Priors and the last steps differ: one label in twenty at most does."""
    own = {"mace": mace, "glad": glad}[name](answers).probabilities.argmax(axis=1)
    peer = np.array(PEERS["labels"][name])
    assert (own == peer).mean() >= 0.95
    assert (own == TRUTH).mean() >= (peer == TRUTH).mean()


def test_who_guesses_is_found_and_labels_are_better_than_the_majoritys(answers: Answers) -> None:
    """The first five of twenty guess."""
    guesses = np.arange(answers.n_annotators) < 5
    for value in (mace(answers).competence, glad(answers).skill):
        assert value[guesses].max() < np.sort(value[~guesses])[3]
    by_majority = (majority(answers).argmax(axis=1) == TRUTH).mean()
    for found in (mace(answers).probabilities, glad(answers).probabilities, dawid_skene(answers)):
        assert (found.argmax(axis=1) == TRUTH).mean() > by_majority


def test_crowd_and_functions_together_are_better_than_either() -> None:
    """Functions are right in 85% and far too sure; three in ten rows have two answers of people who are right in 80%."""
    rng = np.random.default_rng(4)
    truth = rng.integers(2, size=2000)
    said = np.where(rng.random(2000) < 0.85, truth, 1 - truth)
    functions = np.where(said[:, None] == np.arange(2), 0.999, 0.001)
    asked = drawn(truth, np.full(20, 0.8), each=2, classes=2, seed=5)
    answers = asked.kept(asked.row < 600)
    found = crowd_and_functions(answers, functions)
    right = found.probabilities.argmax(axis=1) == truth
    alone = [(table.argmax(axis=1) == truth)[:600].mean() for table in (functions, majority(answers))]
    assert right[:600].mean() > max(alone) + 0.02
    assert (found.probabilities[600:].argmax(axis=1) == said[600:]).all()
    assert found.slope * np.log(999) == pytest.approx(np.log(0.85 / 0.15), rel=0.3)
    assert np.trace(found.confusion, axis1=1, axis2=2).mean() / 2 == pytest.approx(0.8, abs=0.05)


def test_without_answers_the_functions_decide() -> None:
    functions = np.array([[0.7, 0.3], [0.2, 0.8]])
    none = answers_of([], rows=2, people=1, classes=2)
    assert crowd_and_functions(none, functions).probabilities == pytest.approx(functions)
