"""head -> the same function as an ONNX graph, for whoever asks it without Tidemill. The same head gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from tidemill import __version__
from tidemill.contracts import DataError
from tidemill.train.head import Head

FILE: Final = "head.onnx"
FEATURES: Final = "features"
PROBABILITIES: Final = "probabilities"
OPSET: Final = 20
"""Version of ONNX's operators; ONNX Runtime reads it since 1.17."""
IR: Final = 10


def head_graph(head: Head) -> Any:
    """Head -> ONNX model: float32 ``features`` (rows, dimensions) in, ``probabilities`` (rows, classes) out."""
    from onnx import TensorProto, helper, numpy_helper

    tensors, nodes = _layers(head)
    kept = [numpy_helper.from_array(np.asarray(tensor, dtype=np.float32), name) for name, tensor in tensors.items()]
    made = [helper.make_node(kind, inputs, [name], name=name, **how) for kind, inputs, name, how in nodes]
    inputs = [helper.make_tensor_value_info(FEATURES, TensorProto.FLOAT, ["rows", len(head.mean)])]
    outputs = [helper.make_tensor_value_info(PROBABILITIES, TensorProto.FLOAT, ["rows", len(head.layers[-1][1])])]
    graph = helper.make_graph(made, "head", inputs, outputs, kept)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    return described(model, head, {"inputs": [FEATURES]})


def _layers(head: Head) -> tuple[dict[str, Any], list[tuple[str, list[str], str, dict[str, int]]]]:
    """Head -> its tensors by name, and its nodes as (operator, inputs, output, attributes), in the order they run."""
    tensors: dict[str, Any] = {"head.mean": head.mean, "head.scale": head.scale}
    nodes: list[tuple[str, list[str], str, dict[str, int]]] = [
        ("Sub", [FEATURES, "head.mean"], "head.centred", {}),
        ("Div", ["head.centred", "head.scale"], "head.scaled", {}),
    ]
    for place, (weight, bias) in enumerate(head.layers):
        if place:
            nodes.append(("Relu", [nodes[-1][2]], f"head.relu.{place}", {}))
        names = [f"head.layers.{place}.weight", f"head.layers.{place}.bias"]
        tensors |= dict(zip(names, (weight, bias), strict=True))
        nodes.append(("Gemm", [nodes[-1][2], *names], f"head.layers.{place}", {"transB": 1}))
    return tensors, [*nodes, ("Softmax", [nodes[-1][2]], PROBABILITIES, {"axis": 1})]


def whole_graph(backbone: Any, head: Head, how: Mapping[str, Any]) -> Any:
    """ONNX model of a backbone with output ``features``, the head on it, and what callers must know -> both as one model.

    Raises
    ------
    DataError
        The backbone makes features of another size than the head reads.
    """
    from onnx import compose

    made = backbone.graph.output[0].type.tensor_type.shape.dim[1].dim_value
    if made != len(head.mean):
        raise DataError(f"the backbone makes features of {made} dimensions, the head reads {len(head.mean)}")
    model = compose.merge_models(backbone, head_graph(head), io_map=[(FEATURES, FEATURES)], name="model")
    return described(model, head, {"inputs": [one.name for one in model.graph.input], **how})


def described(model: Any, head: Head, how: Mapping[str, Any]) -> Any:
    """ONNX model, its head and what callers must know -> the model, with that and its lineage in its metadata."""
    from onnx import helper

    told = {name: head.config[name] for name in ("problem", "modality", "classes", "backbone", "batches")}
    told |= {"outputs": [PROBABILITIES], "opset": OPSET, **how}
    texts = {name: one if isinstance(one, str) else json.dumps(one, sort_keys=True) for name, one in told.items()}
    del model.metadata_props[:]
    helper.set_model_props(model, {f"tidemill.{name}": texts[name] for name in sorted(texts)})
    model.producer_name, model.producer_version = "tidemill", __version__
    return model


def encoded(model: Any) -> bytes:
    """ONNX model -> its bytes, the same for the same model."""
    return bytes(model.SerializeToString(deterministic=True))
