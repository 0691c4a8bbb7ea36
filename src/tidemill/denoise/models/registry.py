"""Label models by name: the one list that config, tests and benchmarks go by."""

from __future__ import annotations

from typing import Any, Final

from tidemill.contracts import ConfigError
from tidemill.denoise.models.auto import Auto
from tidemill.denoise.models.base import BaseLabelModel, from_dict, model_class
from tidemill.denoise.models.crowd import Crowd
from tidemill.denoise.models.dawid_skene import DawidSkene
from tidemill.denoise.models.dawid_skene_votes import DawidSkeneVotes
from tidemill.denoise.models.generative import Generative
from tidemill.denoise.models.joint import Joint
from tidemill.denoise.models.majority import MajorityVote
from tidemill.denoise.models.neighbours import Neighbours
from tidemill.denoise.models.one_coin import OneCoin
from tidemill.denoise.models.pairs import PairLifts
from tidemill.denoise.models.smoothed import SmoothedVote
from tidemill.denoise.models.triplets import Triplets
from tidemill.denoise.models.weighted import WeightedVote

__all__ = ["MODELS", "create", "from_dict"]

_ALL: Final[tuple[type[BaseLabelModel], ...]] = (
    MajorityVote,
    WeightedVote,
    OneCoin,
    Triplets,
    DawidSkene,
    DawidSkeneVotes,
    Crowd,
    PairLifts,
    Generative,
    SmoothedVote,
    Neighbours,
    Joint,
    Auto,
)
MODELS: Final[dict[str, type[BaseLabelModel]]] = {model.name: model for model in _ALL}


def create(name: str, n_classes: int, **parameters: Any) -> BaseLabelModel:
    """Create an unfitted label model.

    Parameters
    ----------
    name
        Its name.
    n_classes
        Number of classes.
    parameters
        Parameters of the model.

    Returns
    -------
    LabelModel

    Raises
    ------
    ConfigError
        There is no such model, or it has no such parameter.
    """
    model = model_class(name)
    unknown = [key for key in parameters if key not in model.parameters]
    if unknown:
        raise ConfigError(f"label model {name} has no parameter {unknown[0]!r}; it has {', '.join(model.parameters)}")
    return model(n_classes, **parameters)
