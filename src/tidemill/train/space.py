"""what a search may change of the settings of embed and train, as Optuna's distributions, and back into settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tidemill.train.search_settings import HERE
from tidemill.train.settings import TrainSettings

BACKBONE: Final = "backbone"
VERSION: Final = 2
"""Raised when the space changes, so that trials in another one are not gone on with."""
_WIDTHS: Final = (32, 64, 128, 256, 512)
_DEPTH: Final = 2


def space(backbones: Sequence[str]) -> dict[str, Any]:
    """Names of the backbones -> name of each setting -> Optuna's distribution of it."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    several = {_name(backbones): CategoricalDistribution(list(backbones))} if len(backbones) > 1 else {}
    return several | {
        "depth": IntDistribution(0, _DEPTH),
        **{f"width_{k}": CategoricalDistribution(_WIDTHS) for k in range(_DEPTH)},
        "dropout": FloatDistribution(0.0, 0.6),
        "learning_rate": FloatDistribution(1e-4, 1e-2, log=True),
        "weight_decay": FloatDistribution(1e-4, 1.0, log=True),
        "loss": CategoricalDistribution(["soft_cross_entropy", "generalised_cross_entropy"]),
        "mixup": CategoricalDistribution([0.0, 0.2, 1.0]),
        "noise": CategoricalDistribution([0.0, 0.1, 0.3]),
        "select": CategoricalDistribution([1.0, 0.5, 0.25]),
        "subset": CategoricalDistribution([1.0, 0.8, 0.6]),
        "self_training": IntDistribution(0, 1),
        "confidence_weighting": CategoricalDistribution([False, True]),
        "uncovered": CategoricalDistribution(["drop", "keep"]),
    }


def _name(backbones: Sequence[str]) -> str:
    """Backbones there are -> name of the choice between them: another one when there are more, for Optuna lets none grow."""
    return f"{BACKBONE}: {', '.join(backbones)}"


def suggested(trial: Any, known: Mapping[str, Any]) -> dict[str, Any]:
    """Optuna's trial and distributions -> the place in the space that the sampler, or whoever enqueued the trial, names."""
    found: dict[str, Any] = {}
    for name, one in known.items():
        if hasattr(one, "choices"):
            found[name] = trial.suggest_categorical(name, one.choices)
        elif isinstance(one.low, int):
            found[name] = trial.suggest_int(name, one.low, one.high)
        else:
            found[name] = trial.suggest_float(name, one.low, one.high, log=one.log)
    return found


def point(settings: TrainSettings, backbone: str, backbones: Sequence[str]) -> dict[str, Any]:
    """Settings and a backbone -> where they lie in the space; {} where they lie outside of it."""
    hidden = dict(zip([f"width_{k}" for k in range(_DEPTH)], [*settings.hidden, *[_WIDTHS[0]] * _DEPTH], strict=False))
    several = {_name(backbones): backbone} if len(backbones) > 1 else {}
    found = several | {"depth": len(settings.hidden), **hidden}
    known = space(backbones)
    found |= {name: getattr(settings, name) for name in known if name not in found}
    return found if all(_holds(known[name], value) for name, value in found.items()) else {}


def _holds(distribution: Any, value: Any) -> bool:
    if hasattr(distribution, "choices"):
        return value in distribution.choices
    return bool(distribution.low <= value <= distribution.high)


def changes(params: Mapping[str, Any], settings: TrainSettings) -> dict[str, Any]:
    """Place in the space and the settings there are -> what of them is another: values as Hydra takes them.

    Rates are rounded to two digits, so that a person can type them.
    """
    shape = (BACKBONE, "depth", "width_")
    found = {name: value for name, value in params.items() if not name.startswith(shape)}
    for name in ("learning_rate", "weight_decay"):
        found[name] = float(f"{found[name]:.2g}")
    found["dropout"] = round(found["dropout"], 2)
    found["hidden"] = [params[f"width_{k}"] for k in range(params["depth"])]
    there = settings.model_dump(mode="json")
    return {name: found[name] for name in sorted(found) if found[name] != there[name]}


def backbone_of(params: Mapping[str, Any]) -> str:
    """Place in the space -> its backbone."""
    return str(next((value for name, value in params.items() if name.startswith(BACKBONE)), HERE))


def changed(settings: TrainSettings, found: Mapping[str, Any]) -> TrainSettings:
    """Settings and what is another -> the settings of a trial; recipes are set aside, and all stays typed."""
    return TrainSettings.model_validate(settings.model_dump() | {"recipes": (), "mode": "head"} | dict(found))
