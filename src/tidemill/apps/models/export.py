"""A problem's model as a folder that other programs can use: ONNX graphs, the model card, the tokenizer, compared with Tidemill."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.apps.models.engines import raw_rows
from tidemill.apps.models.int8_graph import Int8Cost, int8_cost, int8_graph
from tidemill.apps.models.model import Model, find_model
from tidemill.apps.models.onnx_backbone import inference_session
from tidemill.common.files import atomic_write
from tidemill.contracts import ConfigError, DataError
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.runs.model_registry import file_at_version, read_registry
from tidemill.train.end_model.model import EndModel
from tidemill.train.end_model.onnx_ensemble import TERMS, term_counts, vocabularies
from tidemill.train.end_model.onnx_graph import FILE, OPSET, PROBABILITIES, model_graph, to_bytes, whole_graph
from tidemill.train.head.head import CONFIG, WEIGHTS
from tidemill.train.run import CARD, LABEL_CARD

WHOLE: Final = "model.onnx"
INT8: Final = "model.int8.onnx"
TOLERANCE: Final = 1e-4
"""How far a probability that ONNX Runtime gives may be from Tidemill's own."""
_ASKED: Final = 64  # rows on which the two are compared
_ASKED_INT8: Final = 512


@dataclass(frozen=True)
class Exported:
    """What was written, how far its probabilities were from Tidemill's on how many rows, and what 8-bit integers cost."""

    files: tuple[Path, ...]
    rows: int
    difference: float
    int8: Int8Cost | None = None


def export(
    project: Project, problem: str, version: str | None, out: Path, *, head_only: bool, int8: bool = False
) -> Exported:
    """Export a model, and check that ONNX Runtime predicts what Tidemill does.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    version
        None: the champion.
    out
        The folder.
    head_only
        The backbone is left out, and not loaded.
    int8
        Also write the whole model with 8-bit integers as weights.

    Returns
    -------
    Exported
        The files written, and the largest difference of probabilities on a sample of rows.

    Raises
    ------
    ConfigError
        A member of the ensemble cannot be written as ONNX, or 8-bit integers are asked of a model of images or of a head.
    DataError
        The backbone cannot be written as ONNX, or ONNX Runtime gives other probabilities than Tidemill.
    """
    model = find_model(project, problem, version)
    files: dict[str, bytes] = {f"{TERMS}.{name}.json": notes for name, notes in vocabularies(model.end).items()}
    files, rows, difference = files | {FILE: to_bytes(model_graph(model.end))}, 0, 0.0
    cost = None
    if int8 and head_only:
        raise ConfigError("--int8 makes the backbone smaller, which --head-only leaves out: choose one of them")
    if not head_only:
        sample = raw_rows(project.paths(problem), model.head.about.modality, _ASKED)
        files[WHOLE] = _whole(model)
        rows, difference = sample.height, _difference(files[WHOLE], model, sample)
    if int8:
        files[INT8] = int8_graph(files[WHOLE], model.head.about.modality)
        cost = _int8_cost(files, model, raw_rows(project.paths(problem), model.head.about.modality, _ASKED_INT8))
    written = [_write(out / name, data) for name, data in files.items()]
    copied = [model.folder / name for name in (WEIGHTS, CONFIG, CARD, LABEL_CARD)]
    copied += [] if head_only else _tokenizer(model)
    written += [_copy(path, out / path.name) for path in copied if path.exists()]
    commit = read_registry(project, problem).versions.get(model.version)
    card = file_at_version(project, Paths.within(problem).reports / "model_card.md", commit)
    if card is not None:  # the one with scores, where evaluate has written it
        _write(out / CARD, card.encode())
    return Exported(tuple(written), rows, difference, cost)


def _whole(model: Model) -> bytes:
    from tidemill.embed.onnx_export import features_graph, preparation

    backbone: Any = model.embedder.backbone
    return to_bytes(whole_graph(features_graph(backbone, opset=OPSET), model.end, preparation(backbone)))


def _difference(content: bytes, model: Model, rows: pl.DataFrame) -> float:
    if not rows.height:
        return 0.0
    asked, contents = inference_session(content, threads=model.threads), rows[model.embedder.modality].to_list()
    predicted = ask_graph(asked, model.embedder.backbone, contents, model.end)
    differences = np.abs(predicted - model.say(rows, name="export").probabilities).max(axis=1)
    worst = int(differences.argmax())
    if differences[worst] > TOLERANCE:
        raise DataError(
            f"row {rows['row_id'][worst]}: ONNX Runtime's probabilities are {differences[worst]:.2g} off, "
            f"{TOLERANCE:g} is promised; nothing was written: `--head-only` exports the head alone"
        )
    return float(differences[worst])


def _int8_cost(files: Mapping[str, bytes], model: Model, rows: pl.DataFrame) -> Int8Cost | None:
    if not rows.height:
        return None
    contents = rows[model.embedder.modality].to_list()
    answers = [
        ask_graph(inference_session(files[name], threads=model.threads), model.embedder.backbone, contents, model.end)
        for name in (WHOLE, INT8)
    ]
    return int8_cost(*answers)


def ask_graph(asked: Any, backbone: Any, contents: list[Any], model: EndModel) -> Any:
    """Predict by ONNX Runtime.

    Parameters
    ----------
    asked : onnxruntime.InferenceSession
        Of a whole model.
    backbone
        Its backbone.
    contents
        Texts, or bytes of images.
    model
        The exported model, which counts the terms of texts.

    Returns
    -------
    (n_rows, n_classes)
    """
    from tidemill.embed.onnx_export import feeds

    parts = []
    for rows, feed in feeds(backbone, contents):
        terms = term_counts(model, [contents[row] for row in rows])
        parts.append((rows, asked.run([PROBABILITIES], {**feed, **terms})[0]))
    predicted = np.zeros((len(contents), parts[0][1].shape[1]))
    for rows, part in parts:
        predicted[rows] = part
    return predicted


def _tokenizer(model: Model) -> list[Path]:
    path = model.embedder.path
    return [path / "tokenizer.json"] if path is not None and path.is_dir() else []


def _write(path: Path, content: bytes) -> Path:
    with atomic_write(path) as file:
        file.write_bytes(content)
    return path


def _copy(source: Path, target: Path) -> Path:
    with atomic_write(target) as file:
        shutil.copyfile(source, file)
    return target
