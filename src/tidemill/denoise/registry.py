"""Name of a label model -> the model: the one list that config, tests and benchmarks go by."""

from __future__ import annotations

from typing import Any, Final

from tidemill.contracts import ConfigError
from tidemill.denoise.auto import Auto
from tidemill.denoise.base import LabelModel
from tidemill.denoise.crowd import Crowd
from tidemill.denoise.dawid_skene import DawidSkene
from tidemill.denoise.generative import Generative
from tidemill.denoise.joint import Joint
from tidemill.denoise.lifts import PairLifts
from tidemill.denoise.majority import MajorityVote
from tidemill.denoise.neighbours import Neighbours
from tidemill.denoise.one_coin import OneCoin
from tidemill.denoise.smoothed import SmoothedVote
from tidemill.denoise.spoken import SpokenConfusions
from tidemill.denoise.triplets import Triplets
from tidemill.denoise.weighted import WeightedVote

_ALL: Final[tuple[type[LabelModel], ...]] = (
    MajorityVote,
    WeightedVote,
    OneCoin,
    Triplets,
    DawidSkene,
    SpokenConfusions,
    Crowd,
    PairLifts,
    Generative,
    SmoothedVote,
    Neighbours,
    Joint,
    Auto,
)
MODELS: Final[dict[str, type[LabelModel]]] = {model.name: model for model in _ALL}


def create(name: str, n_classes: int, **parameters: Any) -> LabelModel:
    """Name, number of classes and the model's parameters -> an unfitted label model.

    Raises
    ------
    ConfigError
        There is no such model, or it has no such parameter.
    """
    model = _model(name)
    unknown = [key for key in parameters if key not in model.parameters]
    if unknown:
        raise ConfigError(f"label model {name} has no parameter {unknown[0]!r}; it has {', '.join(model.parameters)}")
    return model(n_classes, **parameters)


def from_dict(content: dict[str, Any]) -> LabelModel:
    """What a label model's ``to_dict`` gave -> the fitted model."""
    return _model(content["model"]).from_dict(content)


def _model(name: str) -> type[LabelModel]:
    if name not in MODELS:
        raise ConfigError(f"unknown label model {name!r}; valid are {', '.join(sorted(MODELS))}")
    return MODELS[name]
