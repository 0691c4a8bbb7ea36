"""what a search may change of the settings of embed and train, as Optuna's distributions, and back into settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tidemill.train.search_settings import HERE, Range, SearchSettings
from tidemill.train.settings import TrainSettings

BACKBONE: Final = "backbone"
VERSION: Final = 4
"""Raised when places in the space mean something else, so that trials in another one are not gone on with."""
_OWN: Final = (BACKBONE, "depth", "width_")
"""How names begin that are no setting by themselves."""


def space(how: SearchSettings, backbones: Sequence[str]) -> dict[str, Any]:
    """Settings of the search and names of the backbones -> name of each setting -> Optuna's distribution of it."""
    from optuna.distributions import CategoricalDistribution

    several = {_name(backbones): CategoricalDistribution(list(backbones))} if len(backbones) > 1 else {}
    return several | {
        name: _distribution(how.space["width" if name.startswith("width_") else name]) for name in _names(how)
    }


def _names(how: SearchSettings) -> list[str]:
    """Settings of the search -> names of the distributions: the width of each layer there can be is one."""
    names = [name for name in how.space if name != "width"]
    return names + [f"width_{k}" for k in range(_deepest(how))]


def _deepest(how: SearchSettings) -> int:
    depth = how.space.get("depth", (0,))
    return int(depth.high if isinstance(depth, Range) else max(map(int, depth)))


def _distribution(one: Range | tuple[Any, ...]) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if not isinstance(one, Range):
        return CategoricalDistribution(one)
    kind = IntDistribution if isinstance(one.low, int) else FloatDistribution
    return kind(one.low, one.high, log=one.log)


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
            found[name] = trial.suggest_int(name, one.low, one.high, log=one.log)
        else:
            found[name] = trial.suggest_float(name, one.low, one.high, log=one.log)
    return found


def point(settings: TrainSettings, backbone: str, backbones: Sequence[str], how: SearchSettings) -> dict[str, Any]:
    """Settings and a backbone -> where they lie in the space; {} where they lie outside of it."""
    known = space(how, backbones)
    found: dict[str, Any] = {}
    for name in known:
        if name.startswith(f"{BACKBONE}:"):
            found[name] = backbone
        elif name == "depth":
            found[name] = len(settings.hidden)
        elif name.startswith("width_"):
            layer = int(name.removeprefix("width_"))
            found[name] = settings.hidden[layer] if layer < len(settings.hidden) else known[name].choices[0]
        else:
            found[name] = getattr(settings, name)
    return found if all(_holds(known[name], value) for name, value in found.items()) else {}


def _holds(distribution: Any, value: Any) -> bool:
    if hasattr(distribution, "choices"):
        return value in distribution.choices
    return bool(distribution.low <= value <= distribution.high)


def changes(params: Mapping[str, Any], settings: TrainSettings, how: SearchSettings) -> dict[str, Any]:
    """Place in the space and the settings there are -> what of them is another: values as Hydra takes them.

    Numbers of a range are rounded, to two digits where it goes by order of magnitude, so that a person can type them.
    """
    found = {name: _rounded(value, how.space[name]) for name, value in params.items() if not name.startswith(_OWN)}
    if "depth" in params:
        found["hidden"] = [params[f"width_{k}"] for k in range(params["depth"])]
    there = settings.model_dump(mode="json")
    return {name: found[name] for name in sorted(found) if found[name] != there[name]}


def _rounded(value: Any, one: Range | tuple[Any, ...]) -> Any:
    if not isinstance(one, Range) or isinstance(value, int):
        return value
    return float(f"{value:.2g}") if one.log else round(value, 2)


def backbone_of(params: Mapping[str, Any]) -> str:
    """Place in the space -> its backbone."""
    return str(next((value for name, value in params.items() if name.startswith(BACKBONE)), HERE))


def changed(settings: TrainSettings, found: Mapping[str, Any]) -> TrainSettings:
    """Settings and what is another -> the settings of a trial; recipes are set aside, and all stays typed."""
    return TrainSettings.model_validate(settings.model_dump() | {"recipes": (), "mode": "head"} | dict(found))


def tried(how: SearchSettings) -> dict[str, tuple[Any, ...]]:
    """Settings of the search -> setting of train -> values that show whether all that may be tried can be."""
    ends = {name: (one.low, one.high) if isinstance(one, Range) else one for name, one in how.space.items()}
    widths, depths = ends.pop("width", ()), ends.pop("depth", ())
    shapes = tuple((int(width),) * int(depth) for width in widths for depth in depths)
    return ends | ({"hidden": shapes} if shapes else {})
