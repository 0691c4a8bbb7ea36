"""What computes a backbone's features: torch, or ONNX Runtime on a graph kept in .tidemill/onnx/."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from typing import Any, Final, Literal

import numpy as np
import polars as pl

from tidemill.apps.models.onnx_backbone import OnnxBackbone, largest_difference
from tidemill.common.files import atomic_write
from tidemill.contracts import DataError
from tidemill.embed.backbone import Backbone
from tidemill.embed.embedder import Embedder
from tidemill.project.layout import Paths
from tidemill.train.end_model.onnx_graph import OPSET, to_bytes

Engine = Literal["auto", "torch", "onnx"]
TOLERANCE: Final = 1e-4
"""How far features of a graph may be from torch's, as a share of their length."""
WORTH: Final = 1000
"""Images from which on a file is predicted by ONNX Runtime: to write the graph takes as long as it saves on these."""
_SAMPLE: Final = 32
_TEXTS: Final = ("See you at six.", "WINNER! Claim your prize now: http://a.example", "?", "It rained all day. " * 40)


def resolve_engine(engine: Engine, modality: str, rows: int | None) -> Engine:
    """Choose the engine.

    Texts in batches are matrix products, which neither does faster (docs/serve.md).

    Parameters
    ----------
    engine
        ``auto``, ``torch`` or ``onnx``.
    modality
        ``text`` or ``image``.
    rows
        How many there are; None: they come one by one.

    Returns
    -------
    str
        ``torch`` or ``onnx``.

    Examples
    --------
    >>> [resolve_engine("auto", "image", 5000), resolve_engine("auto", "text", 5000), resolve_engine("auto", "text", None)]
    ['onnx', 'torch', 'onnx']
    """
    if engine != "auto":
        return engine
    return "onnx" if rows is None or (modality == "image" and rows >= WORTH) else "torch"


def use_engine(engine: Engine, embedder: Embedder, paths: Paths, *, must: bool) -> None:
    """Make an embedder use an engine from now on.

    Parameters
    ----------
    engine
        ``torch`` or ``onnx``.
    embedder
        Embedder whose backbone computes the features.
    paths
        Paths of the problem.
    must
        Fail where ONNX cannot be used.

    Raises
    ------
    DataError
        ``must``, and the backbone cannot be written as ONNX or gives other features there; otherwise torch is kept,
        and a line reports why.
    """
    if engine == "torch":
        return
    try:
        embedder.backbone = _onnx(embedder, paths)
    except DataError as error:
        if must:
            raise
        print(f"torch is used, not ONNX Runtime: {error}", file=sys.stderr, flush=True)


def _onnx(embedder: Embedder, paths: Paths) -> Backbone:
    """The graph is written and compared with torch when there is none yet, or the one that is there is damaged."""
    backbone: Any = embedder.backbone
    folder, key = paths.state / "onnx", engine_key(embedder)
    for file in folder.glob(f"{key}.*.onnx"):
        kept = file.read_bytes()
        if file.name == _named(key, kept):
            return OnnxBackbone(backbone, kept, threads=embedder.settings.threads)
        file.unlink(missing_ok=True)
    content = _graph(backbone)
    made = OnnxBackbone(backbone, content, threads=embedder.settings.threads)
    _compared(made, backbone, comparison_rows(paths, embedder.modality, _SAMPLE)[embedder.modality].to_list())
    with atomic_write(folder / _named(key, content)) as path:
        path.write_bytes(content)
    return made


def _named(key: str, content: bytes) -> str:
    """Name of the file: its content is known by it."""
    return f"{key}.{hashlib.sha256(content).hexdigest()[:16]}.onnx"


def _graph(backbone: Any) -> bytes:
    from tidemill.embed.onnx_export import features_graph

    return to_bytes(features_graph(backbone, opset=OPSET))


def _compared(made: Any, backbone: Any, contents: list[Any]) -> None:
    far = largest_difference(made.embed(contents, name="onnx"), backbone.embed(contents, name="torch"))
    if not far <= TOLERANCE:
        raise DataError(
            f"features of {len(contents)} rows are {far:.2g} of their length off, {TOLERANCE:g} is promised"
        )


def engine_key(embedder: Embedder) -> str:
    """Name the graph of an embedder: another backbone, exporter or torch has another name.

    Parameters
    ----------
    embedder
        Embedder with its backbone's record.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    import torch

    summary = json.dumps([embedder.about.model_dump(), OPSET, torch.__version__], sort_keys=True)
    return hashlib.sha256(summary.encode()).hexdigest()[:16]


def comparison_rows(paths: Paths, modality: str, rows: int) -> pl.DataFrame:
    """Read some of a problem's raw rows, or make up rows where it has none on this machine.

    Parameters
    ----------
    paths
        Paths of the problem.
    modality
        ``text`` or ``image``, also the name of the column of contents.
    rows
        Rows at most.

    Returns
    -------
    polars.DataFrame
        Columns ``row_id`` and the modality's.
    """
    result = raw_rows(paths, modality, rows)
    if result.height:
        return result
    contents: list[Any] = list(_TEXTS) if modality == "text" else [_noise(seed) for seed in range(4)]
    return pl.DataFrame({"row_id": [f"made up {place}" for place in range(len(contents))], modality: contents})


def raw_rows(paths: Paths, modality: str, rows: int) -> pl.DataFrame:
    """Read a problem's first raw rows, batch by batch.

    Parameters
    ----------
    paths
        Paths of the problem.
    modality
        ``text`` or ``image``, also the name of the column of contents.
    rows
        Rows at most.

    Returns
    -------
    polars.DataFrame
        Columns ``row_id`` and the modality's; empty where there is no raw data.
    """
    files = sorted(paths.raw.glob("*.parquet"))
    schema = {"row_id": pl.String, modality: pl.Binary if modality == "image" else pl.String}
    tables = [pl.scan_parquet(file, glob=False).select("row_id", modality).head(rows).collect() for file in files]
    return pl.concat([pl.DataFrame(schema=schema), *tables]).head(rows)


def _noise(seed: int) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    grey = np.random.default_rng(seed).integers(0, 256, size=(64, 64, 3), dtype=np.uint8)
    Image.fromarray(grey).save(buffer, "PNG")
    return buffer.getvalue()
