"""An exported text model whose matrices are 8-bit integers, and what that costs."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tidemill.contracts import ConfigError, Probabilities


@dataclass(frozen=True)
class Int8Cost:
    """How far the answers of an 8-bit model are from those of the exact one.

    Attributes
    ----------
    rows
        Rows on which both answered.
    changed
        Share of the rows whose most probable class is another.
    difference
        Largest difference of a probability.
    """

    rows: int
    changed: float
    difference: float


def int8_graph(graph: bytes, modality: str) -> bytes:
    """Store the matrices of a graph as 8-bit integers, with a scale for each column, and multiply in integers.

    Parameters
    ----------
    graph : bytes
        ONNX model.
    modality : str
        Of the problem.

    Returns
    -------
    bytes
        ONNX model with the same inputs and outputs, a quarter of the size.

    Raises
    ------
    ConfigError
        The model is of images: integer convolutions are slower than exact ones on a processor.

    Notes
    -----
    Dynamic quantisation, as Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
    Inference" (2018): weights once, activations as they come.
    """
    if modality != "text":
        raise ConfigError(
            "--int8 is for text models: integer convolutions are slower than exact ones on a processor; "
            "leave it out, or use an embed.backbone that is smaller"
        )
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory(prefix="tidemill-") as scratch:
        exact, smaller = Path(scratch) / "exact.onnx", Path(scratch) / "int8.onnx"
        exact.write_bytes(graph)
        logging.disable(logging.WARNING)  # it advises a preparation that changes nothing here
        try:
            quantize_dynamic(exact, smaller, weight_type=QuantType.QInt8, per_channel=True)
        finally:
            logging.disable(logging.NOTSET)
        return smaller.read_bytes()


def int8_cost(exact: Probabilities, smaller: Probabilities) -> Int8Cost:
    """Compare the answers of two models on the same rows.

    Parameters
    ----------
    exact, smaller : (n_rows, n_classes)
        Probabilities.

    Returns
    -------
    Int8Cost

    Examples
    --------
    >>> int8_cost(np.array([[0.9, 0.1], [0.5, 0.5]]), np.array([[0.8, 0.2], [0.4, 0.6]]))
    Int8Cost(rows=2, changed=0.5, difference=0.1)
    """
    changed = float((exact.argmax(axis=1) != smaller.argmax(axis=1)).mean())
    return Int8Cost(len(exact), changed, round(float(np.abs(exact - smaller).max()), 6))
