"""texts -> probabilities: multinomial naive Bayes on n-grams of words, each counted once per text.

Counting once does better on long texts (Wang and Manning, "Baselines and Bigrams: Simple, Good Sentiment and Topic
Classification", ACL 2012). A row counts for each class as much as it is likely, times the row's weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from tidemill.contracts import Probabilities
from tidemill.train.members.base import Array, Material, restored, saved, taught
from tidemill.train.members.logistic import Logistic
from tidemill.train.members.terms import Grams, Vocabulary
from tidemill.train.settings import BayesSettings


@dataclass(frozen=True)
class NaiveBayes:
    """Vocabulary, log probabilities of each n-gram given each class, and of each class."""

    vocabulary: Vocabulary
    model: Logistic

    needs_text: ClassVar[bool] = True

    @classmethod
    def fit(
        cls, material: Material, targets: Probabilities, weights: Array, settings: BayesSettings, seed: int
    ) -> Self:
        """Rows, labels and weights -> the member; nothing in it is left to chance."""
        del seed
        rows, targets, weights = taught(material, targets, weights)
        vocabulary, held = Vocabulary.of(rows.read(), Grams(settings.words), least=settings.least, most=settings.most)
        held.data[:] = 1.0
        shares = weights[:, None] * targets
        counted = np.asarray(held.T @ shares) + settings.smoothing
        likely = np.log(counted / counted.sum(axis=0))
        prior = np.log(np.maximum(shares.sum(axis=0) / shares.sum(), 1e-12))
        return cls(vocabulary, Logistic(likely.astype(np.float32), prior.astype(np.float32)))

    def predict_proba(self, material: Material) -> Probabilities:
        """Rows -> (rows, classes)."""
        held = self.vocabulary.counts(material.read())
        held.data[:] = 1.0
        return self.model.predict_proba(held)

    def files(self) -> dict[str, bytes]:
        """Nothing -> its files."""
        return saved({"likely": self.model.weight, "prior": self.model.bias}, self.vocabulary.notes())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Folder -> the member."""
        kept, notes = restored(folder)
        return cls(Vocabulary.from_notes(notes), Logistic(kept["likely"], kept["prior"]))
