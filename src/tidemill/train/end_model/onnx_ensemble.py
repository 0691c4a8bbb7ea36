"""Nodes of an ONNX graph that predict as an ensemble does, of members that are linear in what they read.

The head reads features and so does the member `linear`; `ngrams` and `naive_bayes` read how often each term of their
vocabulary is in a text, which the caller counts: the graph weighs and scales the counts itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from tidemill.contracts import ConfigError
from tidemill.train.classical.linear import Linear
from tidemill.train.classical.naive_bayes import NaiveBayes
from tidemill.train.classical.ngrams import Ngrams
from tidemill.train.end_model.model import EndModel
from tidemill.train.end_model.stacking import MIN_PROBABILITY, Blend, Combination

Node = tuple[str, list[str], str, dict[str, Any]]

FEATURES: Final = "features"
TERMS: Final = "terms"
"""Input of a member that reads texts is called ``terms.<member>``: float32 (rows, terms) counts."""


@dataclass
class GraphBuilder:
    """Parts of a graph.

    Parameters
    ----------
    tensors
        Constants by name.
    nodes
        (operator, inputs, output, attributes), in the order they run.
    inputs
        Widths of the graph's inputs, by name.
    """

    tensors: dict[str, Any] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    inputs: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        """Add a node.

        Parameters
        ----------
        kind
            Operator of ONNX, such as ``MatMul``.
        inputs
            Names of tensors, inputs or outputs of earlier nodes.
        name
            Name of the node's output.
        **attributes
            Attributes of the operator.

        Returns
        -------
        str
            The name of the output.
        """
        self.nodes.append((kind, inputs, name, attributes))
        return name

    def keep(self, name: str, tensor: Any) -> str:
        """Add a constant to the graph, as float32.

        Parameters
        ----------
        name
            Name of the constant.
        tensor
            Array of any shape.

        Returns
        -------
        str
            The name of the constant.
        """
        self.tensors[name] = np.asarray(tensor, dtype=np.float32)
        return name


def vocabularies(model: EndModel) -> dict[str, bytes]:
    """Write what each member that reads texts counts: lengths of n-grams, and terms in their order.

    Parameters
    ----------
    model
        End model; without an ensemble no member reads texts.

    Returns
    -------
    dict of str to bytes
        JSON by name of the member.
    """
    return {
        name: (json.dumps(member.vocabulary.to_json(), ensure_ascii=False, sort_keys=True) + "\n").encode()
        for name, member in _reading(model).items()
    }


def _reading(model: EndModel) -> dict[str, Ngrams | NaiveBayes]:
    members = {} if model.ensemble is None else model.ensemble.members
    return {name: member for name, member in members.items() if isinstance(member, Ngrams | NaiveBayes)}


def add_member(parts: GraphBuilder, name: str, member: Any) -> str:
    """Add the nodes of a member.

    Parameters
    ----------
    parts
        The graph.
    name
        Name of the member.
    member
        The member.

    Returns
    -------
    str
        Name of its probabilities in the graph.

    Raises
    ------
    ConfigError
        The member is no linear one: trees and recurrent networks cannot be written.
    """
    if isinstance(member, Linear):
        centred = parts.add("Sub", [FEATURES, parts.keep(f"{name}.mean", member.mean)], f"{name}.centred")
        inputs = parts.add("Div", [centred, parts.keep(f"{name}.scale", member.scale)], f"{name}.scaled")
    elif isinstance(member, Ngrams | NaiveBayes):
        parts.inputs[f"{TERMS}.{name}"] = len(member.vocabulary.columns)
        inputs = _weighed(parts, name, member) if isinstance(member, Ngrams) else _occurrences(parts, name)
    else:
        raise ConfigError(
            f"train.ensemble.members: {name} cannot be written as ONNX; train without it, or ask the ensemble itself by "
            "`tidemill serve`"
        )
    weight, bias = (
        parts.keep(f"{name}.{part}", numbers)
        for part, numbers in (("weight", member.model.weight), ("bias", member.model.bias))
    )
    logits = parts.add("Gemm", [inputs, weight, bias], f"{name}.logits")
    return parts.add("Softmax", [logits], f"{name}.probabilities", axis=1)


def _occurrences(parts: GraphBuilder, name: str) -> str:
    return parts.add("Min", [f"{TERMS}.{name}", parts.keep(f"{name}.one", 1.0)], f"{name}.held")


def _weighed(parts: GraphBuilder, name: str, member: Ngrams) -> str:
    """TF-IDF of length one, as ``vocabulary.tf_idf``."""
    counted = parts.add("Max", [f"{TERMS}.{name}", parts.keep(f"{name}.once", 1.0)], f"{name}.counted")
    raised = parts.add("Log", [counted], f"{name}.logs")
    raised = parts.add("Add", [raised, f"{name}.once"], f"{name}.raised")
    present = parts.add("Mul", [raised, _occurrences(parts, name)], f"{name}.there")
    weighed = parts.add("Mul", [present, parts.keep(f"{name}.idf", member.idf)], f"{name}.weighed")
    axes = f"{name}.axes"
    parts.tensors[axes] = np.array([1], dtype=np.int64)
    length = parts.add("ReduceL2", [weighed, axes], f"{name}.length", keepdims=1)
    length_or_one = parts.add("Max", [length, parts.keep(f"{name}.little", 1e-12)], f"{name}.some")
    return parts.add("Div", [weighed, length_or_one], f"{name}.unit")


def add_combination(parts: GraphBuilder, predictions: list[str], combination: Combination, output: str) -> None:
    """Add the nodes that combine predictions.

    Parameters
    ----------
    parts
        The graph.
    predictions
        Names of the probabilities of head and members.
    combination
        How they are combined.
    output
        Name of the combined probabilities.
    """
    if isinstance(combination, Blend):
        shared = [
            parts.add("Mul", [name, parts.keep(f"share.{index}", share)], f"shared.{index}")
            for index, (name, share) in enumerate(zip(predictions, combination.shares, strict=True))
        ]
        parts.add("Sum", shared, output)
        return
    least = parts.keep("least", MIN_PROBABILITY)
    parts.tensors["classes.axis"] = np.array([1], dtype=np.int64)
    centred = []
    for index, name in enumerate(predictions):
        logs = parts.add("Log", [parts.add("Max", [name, least], f"at_least.{index}")], f"logs.{index}")
        mean = parts.add("ReduceMean", [logs, "classes.axis"], f"mean.{index}", keepdims=1)
        centred.append(parts.add("Sub", [logs, mean], f"centred.{index}"))
    joined = parts.add("Concat", centred, "joined", axis=1)
    weight, bias = (
        parts.keep("stack.weight", combination.model.weight),
        parts.keep("stack.bias", combination.model.bias),
    )
    parts.add("Softmax", [parts.add("Gemm", [joined, weight, bias], "stack.logits")], output, axis=1)
