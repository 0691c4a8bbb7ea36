"""The features of a frozen backbone by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tidemill.common.progress import progress
from tidemill.contracts import Features


class OnnxBackbone:
    """A backbone whose features are computed by an ONNX graph, rounded to as many bits as those of torch."""

    def __init__(self, backbone: Any, content: bytes, *, threads: int) -> None:
        self.backbone, self.session = backbone, inference_session(content, threads=threads)

    def embed(self, contents: Sequence[Any], *, name: str) -> Features:
        """Compute features.

        Parameters
        ----------
        contents
            Texts, or bytes of images.
        name
            What progress calls it.

        Returns
        -------
        (n_rows, n_dimensions)
            In the order of the contents.
        """
        from tidemill.embed.onnx_export import FEATURES, feeds

        parts = [
            (rows, self.session.run([FEATURES], dict(feed))[0])
            for rows, feed in progress(feeds(self.backbone, contents), total=len(contents), name=name, unit="steps")
        ]
        result: Features = np.zeros((len(contents), parts[0][1].shape[1]), dtype=np.float32)
        for rows, part in parts:
            result[rows] = part
        return result


def inference_session(content: bytes, *, threads: int) -> Any:
    """Make an ONNX Runtime session on the CPU, without telemetry.

    Parameters
    ----------
    content
        Bytes of an ONNX graph.
    threads
        Threads within one operator; operators run one after the other.

    Returns
    -------
    onnxruntime.InferenceSession
        Ready to run.
    """
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def largest_difference(ours: Features, theirs: Features) -> float:
    """Compute the greatest distance between two computations of the features of the same rows.

    Parameters
    ----------
    ours, theirs : (n_rows, n_dimensions)

    Returns
    -------
    float
        As a share of the length of the row's features.

    Examples
    --------
    >>> largest_difference(np.array([[3.0, 4.5]]), np.array([[3.0, 4.0]]))
    0.1
    """
    lengths = np.maximum(np.linalg.norm(theirs, axis=1), 1e-12)
    return float((np.linalg.norm(ours - theirs, axis=1) / lengths).max())
