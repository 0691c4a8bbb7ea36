"""torchvision beside a CPU build of torch: make ``import torchvision`` work, and change nothing where it does already.

torchvision's wheel for CUDA registers its operators from a shared library that a CPU build of torch cannot load; its
Python part then asks for the two operators by name and fails. timm, torchmetrics (so Lightning) and transformers import
torchvision but never call these operators.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

_KEPT: list[Any] = []  # a torch library is undone when its object is collected


def repair_torchvision() -> None:
    """Call before the first import of timm, Lightning or transformers."""
    if "torchvision" in sys.modules:
        return
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        _define_missing_operators()
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        importlib.import_module("torchvision")


def _define_missing_operators() -> None:
    from torch.library import Library

    library = Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # type: ignore[no-untyped-call]
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # type: ignore[no-untyped-call]
    _KEPT.append(library)
