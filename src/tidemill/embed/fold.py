"""a frozen convolutional network -> the same function, a third faster: batch normalisation folded into convolutions."""

from __future__ import annotations

import copy
import itertools
from typing import Any, Final

_TOLERANCE: Final = 1e-4  # of the largest output; the fold only reorders float32 sums


def folded(model: Any, probe: Any) -> Any:
    """Model in eval mode and an input (1, channels, height, width) -> the folded model, or the model as it was.

    Modules say in which order they were registered, not in which they run; so the fold is tried on the probe, and
    given up where the outputs differ.
    """
    import torch

    changed = copy.deepcopy(model)
    if not _fold(changed):
        return model
    with torch.inference_mode():
        before, after = model(probe), changed(probe)
    close = (before - after).abs().max() <= _TOLERANCE * before.abs().max()
    return changed if bool(close) else model


def _fold(module: Any) -> int:
    """Module -> how many pairs of neighbours in it were folded, in place."""
    from torch import nn
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    count = sum(_fold(child) for child in module.children())
    children = [(name, child) for name, child in module.named_children() if not isinstance(child, nn.Identity)]
    for (name, first), (norm_name, norm) in itertools.pairwise(children):
        if isinstance(first, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            setattr(module, name, fuse_conv_bn_eval(first, norm))
            setattr(module, norm_name, getattr(norm, "act", nn.Identity()))  # timm's norms carry the activation
            count += 1
    return count
