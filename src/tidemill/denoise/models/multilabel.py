"""Several labels that do not exclude one another: a binary label model for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from tidemill.contracts import DataError, Features, Votes
from tidemill.denoise.models.base import BaseLabelModel, Gold
from tidemill.denoise.models.registry import create, from_dict
from tidemill.denoise.statistics.votes import Array


class MultiLabel:
    """Probability that a row has each label.

    The same interface as a label model, with a mapping from label to votes (1 has it, 0 has not, ABSTAIN) in place of votes,
    and a column per label, in the labels' order, in place of one per class. Labels are taken to be independent.

    Parameters
    ----------
    model
        Name of the binary label model, from the registry.
    parameters
        Its parameters.

    Examples
    --------
    >>> votes = {"urgent": np.array([[1, 1], [0, 0]], dtype=np.int16), "sales": np.array([[0, -1], [1, 1]], dtype=np.int16)}
    >>> MultiLabel("majority").fit(votes).predict_proba(votes)
    array([[1., 0.],
           [0., 1.]])
    """

    models_: dict[str, BaseLabelModel]

    def __init__(self, model: str, **parameters: Any) -> None:
        self.model = model
        self.parameters = parameters

    def fit(
        self, votes: Mapping[str, Votes], *, features: Features | None = None, gold: Mapping[str, Gold] | None = None
    ) -> Self:
        """Fit a model for each label.

        Parameters
        ----------
        votes : mapping of str to (n_rows, n_functions)
            Votes on each label.
        features : (n_rows, n_dimensions), optional
            Features of the rows.
        gold : mapping of str to (n_rows,), optional
            1, 0 or ``NO_GOLD`` for each label that has any.

        Returns
        -------
        MultiLabel
            The model itself.

        Raises
        ------
        DataError
            There is no label.
        """
        if not votes:
            raise DataError("no label has votes: nothing to learn from")
        gold_by_label = gold or {}
        self.models_ = {
            label: create(self.model, 2, **self.parameters).fit(
                label_votes, features=features, gold=gold_by_label.get(label)
            )
            for label, label_votes in votes.items()
        }
        return self

    def predict_proba(self, votes: Mapping[str, Votes], *, features: Features | None = None) -> Array:
        """Predict the probability of each label.

        Parameters
        ----------
        votes : mapping of str to (n_rows, n_functions)
            Votes of the fitted functions on any rows.
        features : (n_rows, n_dimensions), optional
            Features of the rows, for label models that read them.

        Returns
        -------
        (n_rows, n_labels)
            Rows need not sum to 1.

        Raises
        ------
        DataError
            A label that the models were fitted with has no votes.
        """
        missing = [label for label in self.models_ if label not in votes]
        if missing:
            raise DataError(f"label {missing[0]!r} has no votes: it was fitted with {', '.join(self.models_)}")
        columns = [model.predict_proba(votes[label], features=features)[:, 1] for label, model in self.models_.items()]
        return np.stack(columns, axis=1)

    def to_dict(self) -> dict[str, Any]:
        """Save the models as JSON content.

        Returns
        -------
        dict
            JSON content, as ``from_dict`` takes it.
        """
        models = {label: model.to_dict() for label, model in self.models_.items()}
        return {"model": self.model, "parameters": self.parameters, "labels": models}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """Restore the models from what ``to_dict`` gave.

        Parameters
        ----------
        content
            Parsed JSON.

        Returns
        -------
        Self
            With a fitted label model per label.
        """
        made = cls(content["model"], **content["parameters"])
        made.models_ = {label: from_dict(model) for label, model in content["labels"].items()}
        return made
