"""A problem's model as a folder that other programs can use: ONNX graphs, what prepares rows for them, cards, rows to check."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.apps.models import export_check as check_rows
from tidemill.apps.models import standalone_predict
from tidemill.apps.models.engines import raw_rows
from tidemill.apps.models.int8_graph import Int8Cost, int8_cost, int8_graph
from tidemill.apps.models.model import Model, find_model
from tidemill.apps.models.standalone_predict import Predictor
from tidemill.common.files import atomic_write
from tidemill.contracts import ConfigError, DataError
from tidemill.ingest.settings import IngestSettings
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.runs.model_registry import file_at_version, read_registry
from tidemill.train.end_model.onnx_ensemble import TERMS, vocabularies
from tidemill.train.end_model.onnx_graph import FILE, OPSET, model_graph, to_bytes, whole_graph
from tidemill.train.head.head import CONFIG, WEIGHTS
from tidemill.train.run import CARD, LABEL_CARD

WHOLE: Final = "model.onnx"
INT8: Final = "model.int8.onnx"
PREDICT: Final = "predict.py"
TOLERANCE: Final = 1e-4
"""How far a probability that ONNX Runtime gives may be from Tidemill's own."""
_ASKED: Final = 64  # rows on which the two are compared
_ASKED_INT8: Final = 512


@dataclass(frozen=True)
class Exported:
    """What was written, how far its probabilities were from Tidemill's on how many own rows, and what 8-bit integers cost."""

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
    files[FILE] = to_bytes(model_graph(model.end))
    if int8 and head_only:
        raise ConfigError("--int8 makes the backbone smaller, which --head-only leaves out: choose one of them")
    rows, difference, cost = 0, 0.0, None
    if not head_only:
        settings = project.load(problem, "ingest", IngestSettings)[1]
        files |= _whole(model, settings)
        sample = raw_rows(project.paths(problem), model.head.about.modality, _ASKED)
        files[check_rows.FILE] = _check_file(model, sample)
        if int8:
            files[INT8] = int8_graph(files[WHOLE], model.head.about.modality)
        with _staged(files) as folder:
            rows, difference = sample.height, _difference(folder, model, sample)
            more = raw_rows(project.paths(problem), model.head.about.modality, _ASKED_INT8)
            cost = _int8_cost(folder, model, more) if int8 else None
    written = [_write(out / name, data) for name, data in files.items()]
    copied = [model.folder / name for name in (WEIGHTS, CONFIG, CARD, LABEL_CARD)]
    written += [_copy(path, out / path.name) for path in copied if path.exists()]
    commit = read_registry(project, problem).versions.get(model.version)
    card = file_at_version(project, Paths.within(problem).reports / "model_card.md", commit)
    if card is not None:  # the one with scores, where evaluate has written it
        _write(out / CARD, card.encode())
    return Exported(tuple(written), rows, difference, cost)


def refuse_other_files(out: Path) -> None:
    """Refuse a folder in which ``export`` would replace files that are of no earlier export.

    Parameters
    ----------
    out
        The folder.

    Raises
    ------
    ConfigError
        Names the first such file. An earlier export is known by the graph of a head.
    """
    names = (WHOLE, PREDICT, check_rows.FILE, INT8, WEIGHTS, CONFIG, CARD, LABEL_CARD)
    there = [name for name in names if (out / name).exists()]
    if there and not (out / FILE).exists():
        raise ConfigError(
            f"{out / there[0]} is there, and of no earlier export: name another folder with --out, or replace what has the names of its files with --force"
        )


def _whole(model: Model, settings: IngestSettings) -> dict[str, bytes]:
    from tidemill.embed.onnx_export import features_graph, preparation, tokenizer_file

    backbone: Any = model.embedder.backbone
    told = preparation(backbone)
    if settings.modality == "image":
        told |= {"background": settings.image_background, "bits": settings.image_bits}
    graph = to_bytes(whole_graph(features_graph(backbone, opset=OPSET), model.end, told))
    return {WHOLE: graph, PREDICT: Path(standalone_predict.__file__).read_bytes()} | tokenizer_file(backbone)


def _check_file(model: Model, sample: pl.DataFrame) -> bytes:
    made_up = check_rows.made_up_rows(model.embedder.modality)
    return check_rows.check_file(model, pl.concat([made_up, sample.head(check_rows.OWN_ROWS)]), TOLERANCE)


@contextlib.contextmanager
def _staged(files: Mapping[str, bytes]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tidemill-") as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        yield Path(folder)


def _difference(folder: Path, model: Model, sample: pl.DataFrame) -> float:
    rows = pl.concat([check_rows.made_up_rows(model.embedder.modality), sample])
    predictor = Predictor(folder, threads=model.threads)
    predicted = predictor.predict_proba(rows[model.embedder.modality].to_list())
    differences = np.abs(predicted - model.say(rows, name="export").probabilities).max(axis=1)
    worst = int(differences.argmax())
    if not differences[worst] <= TOLERANCE:
        raise DataError(
            f"row {rows['row_id'][worst]}: ONNX Runtime's probabilities are {differences[worst]:.2g} off, "
            f"{TOLERANCE:g} is promised; nothing was written: `--head-only` exports the head alone"
        )
    return float(differences[worst])


def _int8_cost(folder: Path, model: Model, rows: pl.DataFrame) -> Int8Cost | None:
    if not rows.height:
        return None
    contents = rows[model.embedder.modality].to_list()
    answers = [Predictor(folder, name, threads=model.threads).predict_proba(contents) for name in (WHOLE, INT8)]
    return int8_cost(*answers)


def _write(path: Path, content: bytes) -> Path:
    with atomic_write(path) as file:
        file.write_bytes(content)
    return path


def _copy(source: Path, target: Path) -> Path:
    with atomic_write(target) as file:
        shutil.copyfile(source, file)
    return target
