"""texts -> probabilities: logistic regression on TF-IDF of n-grams of words and of characters.

A second view of a row: a backbone reads its meaning, this its wording.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from tidemill.contracts import Probabilities
from tidemill.train.members.base import Array, Material, restored, saved, taught
from tidemill.train.members.logistic import Logistic, fit_logistic
from tidemill.train.members.terms import Grams, Vocabulary, inverse_frequency, weighed
from tidemill.train.settings import NgramSettings


@dataclass(frozen=True)
class Ngrams:
    """Vocabulary, inverse frequencies and logistic regression, all learned of the rows that teach."""

    vocabulary: Vocabulary
    idf: Any
    model: Logistic

    needs_text: ClassVar[bool] = True

    @classmethod
    def fit(
        cls, material: Material, targets: Probabilities, weights: Array, settings: NgramSettings, seed: int
    ) -> Self:
        """Rows, labels and weights -> the member; nothing in it is left to chance."""
        del seed
        rows, targets, weights = taught(material, targets, weights)
        grams = Grams(settings.words, *settings.characters)
        vocabulary, counts = Vocabulary.of(rows.read(), grams, least=settings.least, most=settings.most)
        idf = inverse_frequency(counts).astype("float32")
        model = fit_logistic(weighed(counts, idf), targets, weights, penalty=settings.penalty)
        return cls(vocabulary, idf, model)

    def predict_proba(self, material: Material) -> Probabilities:
        """Rows -> (rows, classes)."""
        return self.model.predict_proba(weighed(self.vocabulary.counts(material.read()), self.idf))

    def files(self) -> dict[str, bytes]:
        """Nothing -> its files."""
        own = {"idf": self.idf, "weight": self.model.weight, "bias": self.model.bias}
        return saved(own, self.vocabulary.notes())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Folder -> the member."""
        kept, notes = restored(folder)
        return cls(Vocabulary.from_notes(notes), kept["idf"], Logistic(kept["weight"], kept["bias"]))
