"""end model -> the same function as an ONNX graph, for whoever asks it without Tidemill. The same model gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from tidemill import __version__
from tidemill.contracts import DataError
from tidemill.train.export_ensemble import FEATURES, Parts, add_combination, add_member
from tidemill.train.head import Head
from tidemill.train.model import EndModel

FILE: Final = "head.onnx"
PROBABILITIES: Final = "probabilities"
OPSET: Final = 20
"""Version of ONNX's operators; ONNX Runtime reads it since 1.17."""
IR: Final = 10


def model_graph(model: EndModel) -> Any:
    """End model -> ONNX model: float32 ``features`` (rows, dimensions) in, ``probabilities`` (rows, classes) out.

    An ensemble with members that read texts wants ``terms.<member>`` too, float32 (rows, terms): how often each term of
    the member's vocabulary is in the text.

    Raises
    ------
    ConfigError
        A member cannot be written.
    """
    from onnx import TensorProto, helper, numpy_helper

    parts, head = Parts(inputs={FEATURES: len(model.head.mean)}), model.head
    if model.ensemble is None:
        _add_head(parts, head, PROBABILITIES)
    else:
        said = [_add_head(parts, head, "head.probabilities")]
        said += [add_member(parts, name, member) for name, member in model.ensemble.members.items()]
        add_combination(parts, said, model.ensemble.combination, PROBABILITIES)
    kept = [numpy_helper.from_array(tensor, name) for name, tensor in parts.tensors.items()]
    made = [helper.make_node(kind, inputs, [name], name=name, **how) for kind, inputs, name, how in parts.nodes]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", width]) for name, width in parts.inputs.items()
    ]
    outputs = [helper.make_tensor_value_info(PROBABILITIES, TensorProto.FLOAT, ["rows", len(head.layers[-1][1])])]
    graph = helper.make_graph(made, "head", inputs, outputs, kept)
    written = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    return described(written, head, {"inputs": list(parts.inputs)})


def _add_head(parts: Parts, head: Head, output: str) -> str:
    """Parts of a graph and a head -> the name of its probabilities in the graph."""
    last = parts.add("Sub", [FEATURES, parts.keep("head.mean", head.mean)], "head.centred")
    last = parts.add("Div", [last, parts.keep("head.scale", head.scale)], "head.scaled")
    for place, (weight, bias) in enumerate(head.layers):
        if place:
            last = parts.add("Relu", [last], f"head.relu.{place}")
        names = [parts.keep(f"head.layers.{place}.{part}", one) for part, one in (("weight", weight), ("bias", bias))]
        last = parts.add("Gemm", [last, *names], f"head.layers.{place}", transB=1)
    return parts.add("Softmax", [last], output, axis=1)


def whole_graph(backbone: Any, model: EndModel, how: Mapping[str, Any]) -> Any:
    """ONNX model of a backbone with output ``features``, the end model on it, what callers must know -> both as one model.

    Raises
    ------
    ConfigError
        A member cannot be written.
    DataError
        The backbone makes features of another size than the head reads.
    """
    from onnx import compose

    made, head = backbone.graph.output[0].type.tensor_type.shape.dim[1].dim_value, model.head
    if made != len(head.mean):
        raise DataError(f"the backbone makes features of {made} dimensions, the head reads {len(head.mean)}")
    both = compose.merge_models(backbone, model_graph(model), io_map=[(FEATURES, FEATURES)], name="model")
    return described(both, head, {"inputs": [one.name for one in both.graph.input], **how})


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
