"""The end model as an ONNX graph, to predict without Tidemill. The same model gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import JsonValue

from tidemill import __version__
from tidemill.contracts import DataError
from tidemill.train.end_model.model import EndModel
from tidemill.train.end_model.onnx_ensemble import FEATURES, GraphBuilder, add_combination, add_member
from tidemill.train.head.head import Head

FILE: Final = "head.onnx"
PROBABILITIES: Final = "probabilities"
OPSET: Final = 20
"""Version of ONNX's operators; ONNX Runtime reads it since 1.17."""
IR: Final = 10


def model_graph(model: EndModel) -> Any:
    """Build the ONNX model of an end model.

    Float32 ``features`` (n_rows, n_dimensions) go in, ``probabilities`` (n_rows, n_classes) come out. An ensemble with members
    that read texts wants ``terms.<member>`` too, float32 (n_rows, n_terms): how often each term of the member's vocabulary is
    in the text.

    Parameters
    ----------
    model
        End model.

    Returns
    -------
    onnx.ModelProto
        With metadata on the classes and the inputs.

    Raises
    ------
    ConfigError
        A member cannot be written.
    """
    from onnx import TensorProto, helper, numpy_helper

    parts, head = GraphBuilder(inputs={FEATURES: len(model.head.mean)}), model.head
    if model.ensemble is None:
        _add_head(parts, head, PROBABILITIES)
    else:
        predictions = [_add_head(parts, head, "head.probabilities")]
        predictions += [add_member(parts, name, member) for name, member in model.ensemble.members.items()]
        add_combination(parts, predictions, model.ensemble.combination, PROBABILITIES)
    kept = [numpy_helper.from_array(tensor, name) for name, tensor in parts.tensors.items()]
    made = [
        helper.make_node(kind, inputs, [name], name=name, **attributes)
        for kind, inputs, name, attributes in parts.nodes
    ]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", width]) for name, width in parts.inputs.items()
    ]
    outputs = [helper.make_tensor_value_info(PROBABILITIES, TensorProto.FLOAT, ["rows", len(head.layers[-1][1])])]
    graph = helper.make_graph(made, "head", inputs, outputs, kept)
    written = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    return with_metadata(written, head, {"inputs": list(parts.inputs)})


def _add_head(parts: GraphBuilder, head: Head, output: str) -> str:
    last = parts.add("Sub", [FEATURES, parts.keep("head.mean", head.mean)], "head.centred")
    last = parts.add("Div", [last, parts.keep("head.scale", head.scale)], "head.scaled")
    for index, (weight, bias) in enumerate(head.layers):
        if index:
            last = parts.add("Relu", [last], f"head.relu.{index}")
        names = [
            parts.keep(f"head.layers.{index}.{part}", tensor) for part, tensor in (("weight", weight), ("bias", bias))
        ]
        last = parts.add("Gemm", [last, *names], f"head.layers.{index}", transB=1)
    return parts.add("Softmax", [last], output, axis=1)


def whole_graph(backbone: Any, model: EndModel, preparation: Mapping[str, JsonValue]) -> Any:
    """Join the graph of a backbone and that of the end model.

    Parameters
    ----------
    backbone
        ONNX model with output ``features``.
    model
        End model.
    preparation
        What callers must know of the inputs; it goes to the metadata.

    Returns
    -------
    onnx.ModelProto
        Contents in, probabilities out.

    Raises
    ------
    ConfigError
        A member cannot be written.
    DataError
        The backbone makes features of another size than the head reads.
    """
    from onnx import compose, helper

    size, head = backbone.graph.output[0].type.tensor_type.shape.dim[1].dim_value, model.head
    if size != len(head.mean):
        raise DataError(f"the backbone makes features of {size} dimensions, the head reads {len(head.mean)}")
    both = compose.merge_models(backbone, model_graph(model), io_map=[(FEATURES, FEATURES)], name="model")
    versions = {item.domain: item.version for item in both.opset_import}  # merging names a domain once a part
    del both.opset_import[:]
    both.opset_import.extend(helper.make_opsetid(domain, version) for domain, version in sorted(versions.items()))
    return with_metadata(both, head, {"inputs": [graph_input.name for graph_input in both.graph.input], **preparation})


def with_metadata(model: Any, head: Head, preparation: Mapping[str, JsonValue]) -> Any:
    """Write lineage and what callers must know into the metadata of an ONNX model.

    Parameters
    ----------
    model
        ONNX model; it is changed in place.
    head
        Head of the end model, whose config holds the lineage.
    preparation
        What callers must know of the inputs.

    Returns
    -------
    onnx.ModelProto
        ``model``.
    """
    from onnx import helper

    about = head.about.model_dump()
    values = {name: about[name] for name in ("problem", "modality", "classes", "backbone", "batches")}
    values |= {"outputs": [PROBABILITIES], "opset": OPSET, **preparation}
    texts = {
        name: value if isinstance(value, str) else json.dumps(value, sort_keys=True) for name, value in values.items()
    }
    del model.metadata_props[:]
    helper.set_model_props(model, {f"tidemill.{name}": texts[name] for name in sorted(texts)})
    model.producer_name, model.producer_version = "tidemill", __version__
    return model


def to_bytes(model: Any) -> bytes:
    """Serialize an ONNX model, the same bytes for the same model.

    Parameters
    ----------
    model
        ``onnx.ModelProto``.

    Returns
    -------
    bytes
        Content of an ``.onnx`` file.
    """
    return bytes(model.SerializeToString(deterministic=True))
