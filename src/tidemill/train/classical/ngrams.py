"""Logistic regression on TF-IDF of n-grams of words and of characters.

A second view of a row: a backbone reads its meaning, this its wording.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from tidemill.contracts import Probabilities
from tidemill.train.classical.base import Array, ModelInputs, from_files, rows_with_weight, to_files
from tidemill.train.classical.logistic import Logistic, fit_logistic
from tidemill.train.classical.vocabulary import Grams, Vocabulary, inverse_frequency, tf_idf
from tidemill.train.settings import NgramSettings


@dataclass(frozen=True)
class Ngrams:
    """Vocabulary, inverse document frequencies and logistic regression, all fitted on the training rows."""

    vocabulary: Vocabulary
    idf: Any
    model: Logistic

    needs_text: ClassVar[bool] = True

    @classmethod
    def fit(
        cls, inputs: ModelInputs, targets: Probabilities, weights: Array, settings: NgramSettings, seed: int
    ) -> Self:
        """Build the vocabulary and fit logistic regression on TF-IDF; nothing in it is random.

        Parameters
        ----------
        inputs
            Rows with their texts.
        targets : (n_rows, n_classes)
            Probabilistic labels.
        weights : (n_rows,)
            Weight of each row, at least 0.
        settings
            Settings of this member.
        seed
            Not used.

        Returns
        -------
        Ngrams
            Fitted.

        Raises
        ------
        DataError
            No row has weight, there are no texts, or no n-gram is in enough of them.
        """
        del seed
        rows, targets, weights = rows_with_weight(inputs, targets, weights)
        grams = Grams(settings.word_ngrams, *settings.char_ngrams)
        vocabulary, counts = Vocabulary.of(
            rows.read(), grams, min_df=settings.min_df, max_features=settings.max_features
        )
        idf = inverse_frequency(counts).astype("float32")
        model = fit_logistic(tf_idf(counts, idf), targets, weights, l2=settings.l2)
        return cls(vocabulary, idf, model)

    def predict_proba(self, inputs: ModelInputs) -> Probabilities:
        """Predict class probabilities.

        Parameters
        ----------
        inputs
            Rows with their texts.

        Returns
        -------
        (n_rows, n_classes)
            Rounded to nine decimals.

        Raises
        ------
        DataError
            The rows have no texts.
        """
        return self.model.predict_proba(tf_idf(self.vocabulary.counts(inputs.read()), self.idf))

    def files(self) -> dict[str, bytes]:
        """Serialize the member; ``load`` reads these files.

        Returns
        -------
        dict of str to bytes
            Content by file name.
        """
        own = {"idf": self.idf, "weight": self.model.weight, "bias": self.model.bias}
        return to_files(own, self.vocabulary.to_json())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Load the member from its folder.

        Parameters
        ----------
        folder
            Folder with the files that ``files`` gives.

        Returns
        -------
        Self
            The fitted member.

        Raises
        ------
        DataError
            A file is missing or damaged.
        """
        tensors, values = from_files(folder)
        return cls(Vocabulary.from_json(values), tensors["idf"], Logistic(tensors["weight"], tensors["bias"]))
