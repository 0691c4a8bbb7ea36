"""Multinomial naive Bayes on n-grams of words, each counted once per text.

Counting once does better on long texts (Wang and Manning, "Baselines and Bigrams: Simple, Good Sentiment and Topic
Classification", ACL 2012). A row counts for each class as much as it is likely, times the row's weight.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from tidemill.contracts import Probabilities
from tidemill.train.classical.base import Array, ModelInputs, from_files, rows_with_weight, to_files
from tidemill.train.classical.logistic import Logistic
from tidemill.train.classical.vocabulary import Grams, Vocabulary
from tidemill.train.settings import BayesSettings


@dataclass(frozen=True)
class NaiveBayes:
    """Vocabulary, log probabilities of each n-gram given each class, and of each class."""

    vocabulary: Vocabulary
    model: Logistic

    needs_text: ClassVar[bool] = True

    @classmethod
    def fit(
        cls, inputs: ModelInputs, targets: Probabilities, weights: Array, settings: BayesSettings, seed: int
    ) -> Self:
        """Count n-grams by class; nothing in it is random.

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
        NaiveBayes
            Fitted.

        Raises
        ------
        DataError
            No row has weight, there are no texts, or no n-gram is in enough of them.
        """
        del seed
        rows, targets, weights = rows_with_weight(inputs, targets, weights)
        vocabulary, occurrences = Vocabulary.of(
            rows.read(), Grams(settings.word_ngrams), min_df=settings.min_df, max_features=settings.max_features
        )
        occurrences.data[:] = 1.0
        shares = weights[:, None] * targets
        counted = np.asarray(occurrences.T @ shares) + settings.alpha
        likely = np.log(counted / counted.sum(axis=0))
        prior = np.log(np.maximum(shares.sum(axis=0) / shares.sum(), 1e-12))
        return cls(vocabulary, Logistic(likely.astype(np.float32), prior.astype(np.float32)))

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
        occurrences = self.vocabulary.counts(inputs.read())
        occurrences.data[:] = 1.0
        return self.model.predict_proba(occurrences)

    def files(self) -> dict[str, bytes]:
        """Serialize the member; ``load`` reads these files.

        Returns
        -------
        dict of str to bytes
            Content by file name.
        """
        return to_files({"likely": self.model.weight, "prior": self.model.bias}, self.vocabulary.to_json())

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
        return cls(Vocabulary.from_json(values), Logistic(tensors["likely"], tensors["prior"]))
