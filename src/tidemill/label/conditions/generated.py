"""Conditions whose votes are generated for all rows of a problem at once: by a model, by descriptions of classes, by a prompt.

Here stands what a person writes. ``tidemill.generate`` makes the votes, which reach the condition as a column of the table,
named after all that the condition says.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, ClassVar, Final, Literal

import polars as pl
from pydantic import Field, StringConstraints, ValidationInfo, model_validator

from tidemill.common.spelling import did_you_mean
from tidemill.contracts import ABSTAIN
from tidemill.label.conditions.base import Condition

GENERATED: Final = "generated "
"""How the columns of generated votes begin."""
DESCRIPTION: Final = "{}"
"""What a hypothesis has in place of the description of a class."""
_Line = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class Generated(Condition):
    """A condition whose votes are generated for all rows at once.

    ``precision`` is what votes for a class have to reach on gold of dev that was held out; from which probability on they do is
    chosen on other folds. Where too few rows have gold, ``at_least`` is that probability.
    """

    votes_itself: ClassVar[bool] = True
    precision: Annotated[float, Field(gt=0, lt=1)] = 0.9
    at_least: Annotated[float, Field(gt=0, le=1)] = 0.8

    @property
    def column(self) -> str:
        """Name of the column of its votes: a hash of all that it says."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return GENERATED + hashlib.blake2b(content.encode(), digest_size=12).hexdigest()

    def expression(self) -> pl.Expr:
        """Build the expression that is true where a vote was generated.

        Returns
        -------
        polars.Expr
            Boolean per row.
        """
        return self.cast(ABSTAIN) != ABSTAIN

    def cast(self, vote: int) -> pl.Expr:  # noqa: ARG002 - what is generated are votes
        """Build the expression of the generated votes.

        Parameters
        ----------
        vote
            Not read: the condition votes itself.

        Returns
        -------
        polars.Expr
            int16 vote per row.
        """
        return pl.col(self.column).fill_null(ABSTAIN).cast(pl.Int16)


class ZeroShot(Generated):
    """A description of each class in a sentence or several, held against the row by a backbone's embeddings.

    ``model`` names another model on the hub, for whoever has a network, or a folder: of texts a sentence encoder, of images CLIP.
    With ``hypothesis`` it is a model of natural language inference, which tells whether a text entails ``hypothesis`` with the
    description in place of ``{}``. A class that is not described is never voted for. With ``sample: uncertain`` it votes only where
    the other functions are silent or disagree.
    """

    kind: Literal["zero_shot"]
    describe: dict[str, _Line | Annotated[tuple[_Line, ...], Field(min_length=1)]]
    model: str | None = None
    hypothesis: _Line | None = None
    sample: Literal["all", "uncertain"] = "all"

    @model_validator(mode="after")
    def _asks_a_model(self) -> ZeroShot:
        if self.hypothesis is not None and DESCRIPTION not in self.hypothesis:
            raise ValueError(
                f"hypothesis: {self.hypothesis!r} has no {DESCRIPTION}, where the description of a class goes"
            )
        if self.hypothesis is not None and self.model is None:
            raise ValueError("hypothesis: name a model of natural language inference, such as `model: NAME`")
        return self

    @model_validator(mode="after")
    def _describes_classes(self, info: ValidationInfo) -> ZeroShot:
        classes = (info.context or {}).get("classes", ())
        if unknown := [name for name in self.describe if classes and name not in classes]:
            raise ValueError(f"describe: there is no class {unknown[0]!r}{did_you_mean(unknown[0], classes)}")
        if len(self.describe) < 2:  # noqa: PLR2004 - one class leaves nothing to compare with
            raise ValueError("describe: describe at least two classes, each in a sentence")
        return self

    def sentences(self, name: str) -> tuple[str, ...]:
        """List the sentences that describe a class.

        Parameters
        ----------
        name
            Name of the class.

        Returns
        -------
        tuple of str
            Empty where the class is not described.
        """
        given = self.describe.get(name, ())
        return (given,) if isinstance(given, str) else given


class Model(Generated):
    """A model that is trained on the gold rows of dev, out of fold, or on rows of which the label model is sure.

    ``learner`` is ``linear`` (a logistic regression on the backbone's features), ``ngrams``, ``lstm``,
    ``text_cnn`` or ``cnn_lstm`` (texts; the networks from scratch), ``cnn`` or ``gan`` (images, from scratch; the second uses images without labels too), or ``feature_gan`` (the same on features). With ``learns_from: labels`` the model is self-trained: it
    learns from rows of which the label model of the other functions is at least so ``sure``, and votes where none of them does.
    With ``sample: uncertain`` it votes only where the other functions are silent or disagree.
    """

    kind: Literal["model"]
    learner: Literal["linear", "ngrams", "lstm", "text_cnn", "cnn_lstm", "cnn", "gan", "feature_gan"] = "linear"
    learns_from: Literal["gold", "labels"] = "gold"
    folds: Annotated[int, Field(ge=2, le=20)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1
    steps: Annotated[int, Field(ge=1)] = 600
    size: Annotated[int, Field(ge=16, le=256)] = 32
    sure: Annotated[float, Field(gt=0, lt=1)] = 0.95
    sample: Literal["all", "uncertain"] = "all"


class Prompt(Generated):
    """A language model behind an endpoint that ``label.endpoints`` allows by its name.

    The template may name columns of the row and ``{classes}``, in braces. With ``examples`` so many gold rows of dev of each class
    are shown before it; these rows get no vote. ``samples`` answers to each row, or ``logprobs``, are probabilities of the
    classes. ``sample: uncertain`` asks only where the other functions are silent or disagree, at most ``rows`` of these.
    """

    kind: Literal["prompt"]
    endpoint: _Line
    model: _Line
    template: _Line
    system: str | None = None
    examples: Annotated[int, Field(ge=0)] = 0
    samples: Annotated[int, Field(ge=1, le=64)] = 1
    logprobs: bool = False
    temperature: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    structured: bool = True
    max_tokens: Annotated[int, Field(ge=1)] = 16
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1
    sample: Literal["all", "uncertain"] = "all"
    rows: Annotated[int, Field(ge=1)] | None = None
    budget: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _samples_differ(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("samples", 1) != 1 and not data.get("temperature"):
            raise ValueError("samples: several answers at temperature 0 are one answer; give a temperature above 0")
        return data


def generated_within(condition: Condition) -> Generated | None:
    """Find a condition of this kind inside another one.

    Parameters
    ----------
    condition
        Any condition.

    Returns
    -------
    Generated or None
        The first within, not the condition itself.
    """
    parts = getattr(condition, "of", ())
    for part in (parts,) if isinstance(parts, Condition) else parts if isinstance(parts, tuple) else ():
        inner = getattr(part, "when", part)
        if isinstance(inner, Generated):
            return inner
        if isinstance(inner, Condition) and (found := generated_within(inner)):
            return found
    return None
