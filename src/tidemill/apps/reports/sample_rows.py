"""A few rows of the newest batch with the candidate's predictions: those it is least sure of, and the surest of each class."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

import polars as pl

from tidemill.apps.reports.problem_report import data_uri
from tidemill.contracts import Problem, probability_columns
from tidemill.project.project import Project
from tidemill.project.tables import batch_names

UNSURE: Final = 4
CHARACTERS: Final = 200
PIXELS: Final = 96


@dataclass(frozen=True)
class SampleRow:
    """One row: its key, the predicted class with its probability, and the text or a picture as an address."""

    key: str
    prediction: str
    probability: float
    text: str | None
    picture: str | None


def sample_rows(project: Project, name: str) -> list[SampleRow]:
    """Choose the rows.

    Parameters
    ----------
    project
        The project, or the checkout of a run.
    name
        Name of the problem.

    Returns
    -------
    list of SampleRow
        The least sure first.
    """
    paths, problem = project.paths(name), project.problem(name)
    batch = batch_names(paths.manifest)[-1]
    predicted = pl.read_parquet(paths.predictions, glob=False)
    file = paths.raw / f"{batch}.parquet"
    ids = pl.scan_parquet(file, glob=False).select("row_id").collect()
    chosen = _chosen(ids.join(predicted, on="row_id", maintain_order="left"), problem)
    rows = pl.scan_parquet(file, glob=False).filter(pl.col("row_id").is_in(chosen["row_id"].implode())).collect()
    return [_row(line) for line in chosen.join(rows, on="row_id", maintain_order="left").iter_rows(named=True)]


def _chosen(table: pl.DataFrame, problem: Problem) -> pl.DataFrame:
    columns = probability_columns(problem.classes)
    names = pl.Series(problem.classes)
    likely = table.select(columns).to_numpy().argmax(axis=1)
    ranked = table.select(
        "row_id",
        pl.max_horizontal(columns).alias("probability"),
        pl.Series("prediction", names.gather(likely.tolist())),
    ).sort("probability", "row_id")
    surest = ranked.group_by("prediction", maintain_order=True).last().select(ranked.columns)
    return pl.concat([ranked.head(UNSURE), surest]).unique("row_id", keep="first", maintain_order=True)


def _row(line: dict[str, object]) -> SampleRow:
    text, image = line.get("text"), line.get("image")
    return SampleRow(
        key=str(line.get("key") or line["row_id"]),
        prediction=str(line["prediction"]),
        probability=float(str(line["probability"])),
        text=None if text is None else " ".join(str(text).split())[:CHARACTERS],
        picture=_thumbnail(image) if isinstance(image, bytes) else None,
    )


def _thumbnail(content: bytes) -> str:
    from PIL import Image

    with Image.open(io.BytesIO(content)) as image:
        small = image.convert("RGB")
        small.thumbnail((PIXELS, PIXELS))
        out = io.BytesIO()
        small.save(out, format="PNG")
    return data_uri(out.getvalue())
