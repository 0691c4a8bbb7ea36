"""Weights of EfficientNet-Lite under timm's names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

STEM: Final = "_conv_stem.weight"
"""A key that only weights in the other naming have."""

_DEPTHS: Final = (1, 2, 2, 3, 3, 4, 1)  # blocks in each stage of Lite0
_TOP: Final = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
_FIRST: Final = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
_OTHERS: Final = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}


def to_timm_names(state: Mapping[str, Any]) -> dict[str, Any]:
    """Rename the entries of a state dict to timm's names.

    Parameters
    ----------
    state
        State dict in either naming.

    Returns
    -------
    dict
        The same tensors; a state dict in timm's naming is unchanged.

    Examples
    --------
    >>> list(to_timm_names({"_conv_stem.weight": 0, "_blocks.1._bn0.bias": 1, "_bn1.weight": 2}))
    ['conv_stem.weight', 'blocks.1.0.bn1.bias', 'bn2.weight']
    """
    if STEM not in state:
        return dict(state)
    return {_name(key): value for key, value in state.items()}


def _name(key: str) -> str:
    first, *rest = key.split(".")
    if first != "_blocks":
        return ".".join([_TOP[first], *rest])
    stage, place = _places()[int(rest[0])]
    names = _OTHERS if stage else _FIRST
    return ".".join(["blocks", str(stage), str(place), names[rest[1]], *rest[2:]])


def _places() -> list[tuple[int, int]]:
    return [(stage, place) for stage, depth in enumerate(_DEPTHS) for place in range(depth)]
