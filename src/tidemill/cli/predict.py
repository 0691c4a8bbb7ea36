"""`tidemill predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from tidemill.cli.options import AbstainBelow, AsJson, EngineName, ModelVersion, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def predict(
    problem: ProblemName,
    sources: Annotated[
        list[Path],
        Argument(
            metavar="SOURCE...",
            resolve_path=True,
            help="CSV, JSONL or Parquet as the problem's batches are, a folder of them, or a folder of images",
        ),
    ],
    *,
    out: Annotated[
        Path,
        Option(
            metavar="FILE",
            resolve_path=True,
            help="CSV, JSONL or Parquet file to write: source, key, row_id, prediction, a probability per class",
        ),
    ],
    abstain_below: AbstainBelow = 0.0,
    version: ModelVersion = None,
    engine: EngineName = "auto",
    as_json: AsJson = False,
) -> None:
    """Label new rows with the champion.

    Examples
    --------
    tidemill predict spam new.csv --out predictions.csv
    tidemill predict solar photographs/ --out predictions.parquet --version v1.0.0 --abstain-below 0.8
    """
    from tidemill.apps.predict.prediction import predict_files

    with answering(as_json=as_json) as answer:
        project = open_project(problem)
        done = predict_files(
            project, problem, sources, out, version=version, abstain_below=abstain_below, engine=engine
        )
        counts = {
            name or "no prediction": count for name, count in sorted(done.counts.items(), key=lambda one: -one[1])
        }
        said = ", ".join(f"{name} {count:,}" for name, count in counts.items())
        content = {"out": out, "version": done.version, "rows": done.rows, "predictions": counts}
        answer(content, [f"{out}, by {done.version}: {done.rows:,} rows: {said}"])
