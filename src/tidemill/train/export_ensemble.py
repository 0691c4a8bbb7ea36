"""end model -> nodes of an ONNX graph that answer as its ensemble does, of members that are linear in what they read.

The head reads features and so does the member `linear`; `ngrams` and `naive_bayes` read how often each term of their
vocabulary is in a text, which the caller counts: the graph weighs and scales the counts itself.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from tidemill.contracts import ConfigError
from tidemill.train.combine import LEAST, Blend, Combination
from tidemill.train.members.linear import Linear
from tidemill.train.members.naive_bayes import NaiveBayes
from tidemill.train.members.ngrams import Ngrams
from tidemill.train.model import EndModel

Node = tuple[str, list[str], str, dict[str, Any]]

FEATURES: Final = "features"
TERMS: Final = "terms"
"""Input of a member that reads texts is called ``terms.<member>``: float32 (rows, terms) counts."""


@dataclass
class Parts:
    """Tensors by name, nodes as (operator, inputs, output, attributes) in the order they run, and widths of inputs."""

    tensors: dict[str, Any] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    inputs: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, inputs: list[str], name: str, **how: Any) -> str:
        """Operator, its inputs and the name of its output -> that name, the node being added."""
        self.nodes.append((kind, inputs, name, how))
        return name

    def keep(self, name: str, tensor: Any) -> str:
        """Name and numbers -> the name, the numbers being kept as float32."""
        self.tensors[name] = np.asarray(tensor, dtype=np.float32)
        return name


def term_counts(model: EndModel, texts: Sequence[str]) -> dict[str, Any]:
    """End model and texts -> input of each member that reads texts, float32 (rows, terms) counts."""
    return {
        f"{TERMS}.{name}": member.vocabulary.counts(texts).toarray().astype(np.float32)
        for name, member in _reading(model).items()
    }


def vocabularies(model: EndModel) -> dict[str, bytes]:
    """End model -> JSON of what each member that reads texts counts: lengths of n-grams, and terms in their order."""
    return {
        name: (json.dumps(member.vocabulary.notes(), ensure_ascii=False, sort_keys=True) + "\n").encode()
        for name, member in _reading(model).items()
    }


def _reading(model: EndModel) -> dict[str, Ngrams | NaiveBayes]:
    members = {} if model.ensemble is None else model.ensemble.members
    return {name: member for name, member in members.items() if isinstance(member, Ngrams | NaiveBayes)}


def add_member(parts: Parts, name: str, member: Any) -> str:
    """Parts of a graph, a member and its name -> name of its probabilities in the graph.

    Raises
    ------
    ConfigError
        The member is no linear one: trees and recurrent networks are not written.
    """
    if isinstance(member, Linear):
        centred = parts.add("Sub", [FEATURES, parts.keep(f"{name}.mean", member.mean)], f"{name}.centred")
        read = parts.add("Div", [centred, parts.keep(f"{name}.scale", member.scale)], f"{name}.scaled")
    elif isinstance(member, Ngrams | NaiveBayes):
        parts.inputs[f"{TERMS}.{name}"] = len(member.vocabulary.columns)
        read = _weighed(parts, name, member) if isinstance(member, Ngrams) else _held(parts, name)
    else:
        raise ConfigError(
            f"train.ensemble.members: {name} cannot be written as ONNX; train without it, or ask the ensemble itself by "
            "`tidemill serve`"
        )
    weight, bias = (
        parts.keep(f"{name}.{part}", numbers)
        for part, numbers in (("weight", member.model.weight), ("bias", member.model.bias))
    )
    logits = parts.add("Gemm", [read, weight, bias], f"{name}.logits")
    return parts.add("Softmax", [logits], f"{name}.probabilities", axis=1)


def _held(parts: Parts, name: str) -> str:
    """Counts -> 1 where a term is in the text."""
    return parts.add("Min", [f"{TERMS}.{name}", parts.keep(f"{name}.one", 1.0)], f"{name}.held")


def _weighed(parts: Parts, name: str, member: Ngrams) -> str:
    """Counts -> TF-IDF of length one, as ``terms.weighed``."""
    counted = parts.add("Max", [f"{TERMS}.{name}", parts.keep(f"{name}.once", 1.0)], f"{name}.counted")
    raised = parts.add("Log", [counted], f"{name}.logs")
    raised = parts.add("Add", [raised, f"{name}.once"], f"{name}.raised")
    there = parts.add("Mul", [raised, _held(parts, name)], f"{name}.there")
    weighed = parts.add("Mul", [there, parts.keep(f"{name}.idf", member.idf)], f"{name}.weighed")
    axes = f"{name}.axes"
    parts.tensors[axes] = np.array([1], dtype=np.int64)
    length = parts.add("ReduceL2", [weighed, axes], f"{name}.length", keepdims=1)
    some = parts.add("Max", [length, parts.keep(f"{name}.little", 1e-12)], f"{name}.some")
    return parts.add("Div", [weighed, some], f"{name}.unit")


def add_combination(parts: Parts, said: list[str], combination: Combination, output: str) -> None:
    """Parts of a graph, names of all models' probabilities, how they are combined -> nodes up to ``output``."""
    if isinstance(combination, Blend):
        shared = [
            parts.add("Mul", [one, parts.keep(f"share.{place}", share)], f"shared.{place}")
            for place, (one, share) in enumerate(zip(said, combination.shares, strict=True))
        ]
        parts.add("Sum", shared, output)
        return
    least = parts.keep("least", LEAST)
    parts.tensors["classes.axis"] = np.array([1], dtype=np.int64)
    centred = []
    for place, one in enumerate(said):
        logs = parts.add("Log", [parts.add("Max", [one, least], f"at_least.{place}")], f"logs.{place}")
        mean = parts.add("ReduceMean", [logs, "classes.axis"], f"mean.{place}", keepdims=1)
        centred.append(parts.add("Sub", [logs, mean], f"centred.{place}"))
    joined = parts.add("Concat", centred, "joined", axis=1)
    weight, bias = (
        parts.keep("stack.weight", combination.model.weight),
        parts.keep("stack.bias", combination.model.bias),
    )
    parts.add("Softmax", [parts.add("Gemm", [joined, weight, bias], "stack.logits")], output, axis=1)
