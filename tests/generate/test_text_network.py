"""Networks on words: who bites whom is told by the order of words alone."""

import numpy as np
import pytest

from tests.generate.factories import function, rows_of, storage
from tidemill.generate.learners import LEARNERS, Lesson
from tidemill.generate.run import generate
from tidemill.generate.text_network import TextNetwork
from tidemill.label.conditions.generated import Model
from tidemill.train.classical.base import ModelInputs

pytestmark = pytest.mark.slow


def bitten(n, seed):
    chance, truth = np.random.default_rng(seed), np.arange(n) % 2
    fill = [" ".join(chance.choice(["today", "again", "they", "say", "here"], chance.integers(0, 4))) for _ in range(n)]
    texts = [f"{more} {'man bites dog' if k else 'dog bites man'} {more}" for k, more in zip(truth, fill, strict=True)]
    return ModelInputs(np.zeros((n, 1), dtype=np.float32), texts), truth


@pytest.mark.parametrize("learner", ["text_cnn", "cnn_lstm"])
def test_the_order_of_words_is_learned_and_a_prediction_depends_on_its_row_alone(learner, tmp_path):
    inputs, truth = bitten(60, seed=1)
    condition = Model.model_validate({"kind": "model", "learner": learner, "steps": 100})
    lesson = Lesson(inputs, np.eye(2)[truth], None, condition, seed=1)
    network, _ = LEARNERS[learner].fit(lesson)
    others, other_truth = bitten(80, seed=2)
    said = network.predict_proba(others)
    assert (said.argmax(axis=1) == other_truth).mean() > 0.95
    for name, content in network.files().items():
        (tmp_path / name).write_bytes(content)
    again = TextNetwork.load(tmp_path)
    assert (again.predict_proba(others) == said).all()
    for row in (0, 7):
        assert (again.predict_proba(others.part([row])) == said[row]).all()
    assert again.predict_proba(others.part([])).shape == (0, 2)
    twin, _ = LEARNERS[learner].fit(lesson)
    assert (twin.predict_proba(others) == said).all()


def test_a_text_network_votes_as_any_model(tmp_path):
    truth = np.random.default_rng(8).integers(0, 2, 120)
    fields = {"kind": "model", "learner": "text_cnn", "steps": 60, "folds": 2}
    made = generate([function("words", **fields)], rows_of(truth, gold=20, apart=0), storage(tmp_path))
    voted = made.votes[:, 0] >= 0
    assert voted.mean() > 0.8
    assert (made.votes[voted, 0] == truth[voted]).mean() > 0.95
