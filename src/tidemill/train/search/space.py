"""What a search may change of the settings of embed and train, as Optuna's distributions, and back into settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tidemill.common.nested import value_at
from tidemill.train.search.settings import CURRENT_BACKBONE, HIDDEN_SIZES, Range, SearchSettings
from tidemill.train.settings import TrainSettings

BACKBONE: Final = "backbone"
VERSION: Final = 5
"""Raised when places in the space mean something else, so that trials in another one are not gone on with."""
_OWN: Final = (BACKBONE, "depth", "width_")
"""How names begin that are no setting by themselves."""


def space(search: SearchSettings, backbones: Sequence[str]) -> dict[str, Any]:
    """Make Optuna's distribution of each setting that is searched.

    Parameters
    ----------
    search
        Settings of the search.
    backbones
        Names of the backbones.

    Returns
    -------
    dict
        Distributions by name.
    """
    from optuna.distributions import CategoricalDistribution

    several = {_name(backbones): CategoricalDistribution(list(backbones))} if len(backbones) > 1 else {}
    return several | {
        name: _distribution(search.space["width" if name.startswith("width_") else name]) for name in _names(search)
    }


def _names(search: SearchSettings) -> list[str]:
    """The width of each layer there can be is one of them."""
    names = [name for name in search.space if name != "width"]
    return names + [f"width_{k}" for k in range(_deepest(search))]


def _deepest(search: SearchSettings) -> int:
    depth = search.space.get("depth", (0,))
    return int(depth.high if isinstance(depth, Range) else max(map(int, depth)))


def _distribution(values: Range | tuple[Any, ...]) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if not isinstance(values, Range):
        return CategoricalDistribution(values)
    kind = IntDistribution if isinstance(values.low, int) else FloatDistribution
    return kind(values.low, values.high, log=values.log)


def _name(backbones: Sequence[str]) -> str:
    """Another name when there are more backbones, for Optuna lets no choice grow."""
    return f"{BACKBONE}: {', '.join(backbones)}"


def suggest(trial: Any, distributions: Mapping[str, Any]) -> dict[str, Any]:
    """Ask a trial for a point of the space.

    Parameters
    ----------
    trial
        Optuna's trial.
    distributions
        As ``space`` makes them.

    Returns
    -------
    dict
        Value of each name.
    """
    params: dict[str, Any] = {}
    for name, distribution in distributions.items():
        if hasattr(distribution, "choices"):
            params[name] = trial.suggest_categorical(name, distribution.choices)
        elif isinstance(distribution.low, int):
            params[name] = trial.suggest_int(name, distribution.low, distribution.high, log=distribution.log)
        else:
            params[name] = trial.suggest_float(name, distribution.low, distribution.high, log=distribution.log)
    return params


def point_of(
    settings: TrainSettings, backbone: str, backbones: Sequence[str], search: SearchSettings
) -> dict[str, Any]:
    """Find the point of the space where settings and a backbone lie.

    Parameters
    ----------
    settings
        Settings of train.
    backbone
        Its name.
    backbones
        Names of all backbones.
    search
        Settings of the search.

    Returns
    -------
    dict
        Value of each name; empty where they lie outside of the space.
    """
    distributions, values = space(search, backbones), settings.model_dump()
    params: dict[str, Any] = {}
    sizes = settings.head.hidden_sizes
    for name in distributions:
        if name.startswith(f"{BACKBONE}:"):
            params[name] = backbone
        elif name == "depth":
            params[name] = len(sizes)
        elif name.startswith("width_"):
            layer = int(name.removeprefix("width_"))
            params[name] = sizes[layer] if layer < len(sizes) else distributions[name].choices[0]
        else:
            params[name] = value_at(values, name)
    return params if all(_holds(distributions[name], value) for name, value in params.items()) else {}


def _holds(distribution: Any, value: Any) -> bool:
    if hasattr(distribution, "choices"):
        return value in distribution.choices
    return bool(distribution.low <= value <= distribution.high)


def changes_of(params: Mapping[str, Any], settings: TrainSettings, search: SearchSettings) -> dict[str, Any]:
    """List what a point changes of the current settings, values as Hydra takes them.

    Numbers of a range are rounded, to two digits where it goes by order of magnitude, so that they are easy to type.

    Parameters
    ----------
    params
        Point of the space.
    settings
        Current settings of train.
    search
        Settings of the search.

    Returns
    -------
    dict
        New value by dotted key, in alphabetical order.
    """
    values = {name: _rounded(value, search.space[name]) for name, value in params.items() if not name.startswith(_OWN)}
    if "depth" in params:
        values[HIDDEN_SIZES] = [params[f"width_{k}"] for k in range(params["depth"])]
    current = settings.model_dump(mode="json")
    return {name: values[name] for name in sorted(values) if values[name] != value_at(current, name)}


def _rounded(value: Any, values: Range | tuple[Any, ...]) -> Any:
    if not isinstance(values, Range) or isinstance(value, int):
        return value
    return float(f"{value:.2g}") if values.log else round(value, 2)


def backbone_of(params: Mapping[str, Any]) -> str:
    """Look up the backbone of a point of the space.

    Parameters
    ----------
    params
        Values of a trial by name.

    Returns
    -------
    str
        Name of the backbone; ``CURRENT_BACKBONE`` where backbones are not searched.
    """
    return str(next((value for name, value in params.items() if name.startswith(BACKBONE)), CURRENT_BACKBONE))


def apply_changes(settings: TrainSettings, changes: Mapping[str, Any]) -> TrainSettings:
    """Make the settings of a trial; recipes are set aside, and all stays typed.

    Parameters
    ----------
    settings
        Current settings of train.
    changes
        As ``changes_of`` lists them.

    Returns
    -------
    TrainSettings
        The settings with the changes.
    """
    return settings.with_changes({"recipes": (), "mode": "head", **changes})


def searched_values(search: SearchSettings) -> dict[str, tuple[Any, ...]]:
    """List values of each setting of train by which a search can be checked before it starts.

    Parameters
    ----------
    search
        Settings of the search.

    Returns
    -------
    dict of str to tuple
        Both ends of a range, or all choices, by key of the setting; ``hidden_sizes`` for width and depth together.
    """
    ends = {
        name: (values.low, values.high) if isinstance(values, Range) else values
        for name, values in search.space.items()
    }
    widths, depths = ends.pop("width", ()), ends.pop("depth", ())
    shapes = tuple((int(width),) * int(depth) for width in widths for depth in depths)
    return ends | ({HIDDEN_SIZES: shapes} if shapes else {})
