"""What a model of kind ``model`` learns with, by name; a new learner is a function here and a line of ``LEARNERS``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import numpy as np

from tidemill.contracts import Probabilities
from tidemill.generate.gan import FeatureNetwork, fit_feature_gan, fit_image_gan
from tidemill.generate.image_network import ImageNetwork, fit_image_network
from tidemill.generate.rows import Indices, Rows
from tidemill.generate.text_network import Form, TextNetwork, fit_text_network
from tidemill.label.conditions.generated import Model
from tidemill.train.classical.base import ModelInputs
from tidemill.train.classical.linear import Linear
from tidemill.train.classical.lstm import Lstm
from tidemill.train.classical.ngrams import Ngrams
from tidemill.train.settings import LinearSettings, LstmSettings, NgramSettings

_LINEAR: Final = LinearSettings(l2=10.0)
_NGRAMS: Final = NgramSettings(word_ngrams=2, char_ngrams=(0, 0), min_df=2, max_features=50_000, l2=0.1)
_LSTM_BATCH: Final = 16


class Member(Protocol):
    """A fitted model of one fold."""

    def predict_proba(self, inputs: Any, /) -> Probabilities:
        """Predict class probabilities.

        Parameters
        ----------
        inputs
            Rows, as ``Learner.read`` gives them.

        Returns
        -------
        (n_rows, n_classes)
        """

    def files(self) -> dict[str, bytes]:
        """Serialize the member.

        Returns
        -------
        dict of str to bytes
            Content by file name.
        """


@dataclass(frozen=True)
class Lesson:
    """What a model is fitted on.

    Parameters
    ----------
    inputs
        Rows with labels, as ``Learner.read`` gives them.
    targets : (n_rows, n_classes)
        Probabilistic labels.
    unlabeled
        All rows to learn from, where the learner uses them.
    condition
        Settings.
    seed
        Of whatever it draws.
    """

    inputs: Any
    targets: Probabilities
    unlabeled: Any
    condition: Model
    seed: int


@dataclass(frozen=True)
class Learner:
    """A way to learn.

    Parameters
    ----------
    reads
        What of a row.
    fit
        Fits a member; images that a generator draws come with it, None without a generator.
    load
        Loads a member from its folder.
    folds
        Into how many parts gold is dealt where the condition names no number.
    uses_unlabeled
        Whether it learns from rows without labels.
    """

    reads: Literal["features", "texts", "images"]
    fit: Callable[[Lesson], tuple[Member, Any]]
    load: Callable[[Path], Member]
    folds: int = 5
    uses_unlabeled: bool = False

    def read(self, rows: Rows, where: Indices, size: int) -> Any:
        """Read what the learner learns from.

        Parameters
        ----------
        rows
            Rows of a problem.
        where : (n_some,)
            Indices of rows.
        size
            Pixels of a side of a thumbnail.

        Returns
        -------
        object
            Features (n_some, n_dimensions), texts with them, or thumbnails (n_some, 3, size, size).
        """
        if self.reads == "images":
            return rows.thumbnails(where, size)
        if self.reads == "texts":
            return ModelInputs(np.zeros((len(where), 1), dtype=np.float32), rows.texts(where))
        return ModelInputs(rows.features[where])


def part(inputs: Any, where: Any) -> Any:
    """Select rows of what a learner read.

    Parameters
    ----------
    inputs
        As ``Learner.read`` gives it.
    where
        Indices, or a mask.

    Returns
    -------
    object
        Of the same kind.
    """
    return inputs.part(where) if isinstance(inputs, ModelInputs) else inputs[where]


def _lstm_settings(condition: Model, n_rows: int) -> LstmSettings:
    epochs = max(1, round(condition.steps * _LSTM_BATCH / max(n_rows, 1)))
    return LstmSettings(
        min_df=2,
        max_features=20_000,
        max_length=100,
        embedding_size=64,
        hidden_size=48,
        dropout=0.4,
        epochs=epochs,
        learning_rate=0.004,
        weight_decay=0.01,
        batch_size=_LSTM_BATCH,
    )


def _ones(lesson: Lesson) -> Any:
    return np.ones(len(lesson.targets))


def _linear(lesson: Lesson) -> tuple[Member, Any]:
    return Linear.fit(lesson.inputs, lesson.targets, _ones(lesson), _LINEAR, lesson.seed), None


def _ngrams(lesson: Lesson) -> tuple[Member, Any]:
    return Ngrams.fit(lesson.inputs, lesson.targets, _ones(lesson), _NGRAMS, lesson.seed), None


def _lstm(lesson: Lesson) -> tuple[Member, Any]:
    settings = _lstm_settings(lesson.condition, len(lesson.targets))
    return Lstm.fit(lesson.inputs, lesson.targets, _ones(lesson), settings, lesson.seed), None


def _on_words(lesson: Lesson, form: Form) -> tuple[Member, Any]:
    settings = _lstm_settings(lesson.condition, len(lesson.targets))
    how = {"steps": lesson.condition.steps, "seed": lesson.seed}
    return fit_text_network(lesson.inputs.read(), lesson.targets, form, settings, **how), None


def _cnn(lesson: Lesson) -> tuple[Member, Any]:
    return fit_image_network(lesson.inputs, lesson.targets, steps=lesson.condition.steps, seed=lesson.seed), None


def _gan(lesson: Lesson) -> tuple[Member, Any]:
    how = {"steps": lesson.condition.steps, "seed": lesson.seed}
    return fit_image_gan(lesson.inputs, lesson.targets, lesson.unlabeled, **how)


def _feature_gan(lesson: Lesson) -> tuple[Member, Any]:
    how = {"steps": lesson.condition.steps, "seed": lesson.seed}
    features, unlabeled = lesson.inputs.features, lesson.unlabeled.features
    return fit_feature_gan(features, lesson.targets, unlabeled, **how), None


LEARNERS: Final[dict[str, Learner]] = {
    "linear": Learner("features", _linear, Linear.load),
    "ngrams": Learner("texts", _ngrams, Ngrams.load),
    "lstm": Learner("texts", _lstm, Lstm.load),
    "text_cnn": Learner("texts", functools.partial(_on_words, form="cnn"), TextNetwork.load),
    "cnn_lstm": Learner("texts", functools.partial(_on_words, form="cnn_lstm"), TextNetwork.load),
    "cnn": Learner("images", _cnn, ImageNetwork.load, folds=3),
    "gan": Learner("images", _gan, ImageNetwork.load, folds=2, uses_unlabeled=True),
    "feature_gan": Learner("features", _feature_gan, FeatureNetwork.load, folds=3, uses_unlabeled=True),
}
