"""`tidemill predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Exit, Option

from tidemill.cli.options import (
    AbstainBelow,
    AsJson,
    Delimiter,
    Encoding,
    EngineName,
    Header,
    ModelVersion,
    ProblemName,
    path_or_standard,
)
from tidemill.cli.output import answering
from tidemill.cli.project import open_project
from tidemill.common.spelling import counted

SOME_ERRORS = 3
"""Exit status where some rows could not be predicted."""
MOST_SHOWN = 12
"""Classes whose numbers of predictions are printed."""


def predict(
    problem: ProblemName,
    sources: Annotated[
        list[Path],
        Argument(
            metavar="SOURCE...",
            parser=path_or_standard,
            help="tables as the problem's batches are, a folder of them, of images or of .txt files, or - for standard input",
        ),
    ],
    *,
    out: Annotated[
        Path,
        Option(
            metavar="FILE",
            parser=path_or_standard,
            help="- for standard output, or file to write (.csv, .tsv, .jsonl, .parquet): source, key, row_id, error, prediction, a probability per class",
        ),
    ],
    abstain_below: AbstainBelow = 0.0,
    version: ModelVersion = None,
    engine: EngineName = "auto",
    strict: Annotated[
        bool, Option("--strict", help="one row that cannot be predicted refuses all (default: it gets the reason)")
    ] = False,
    force: Annotated[bool, Option("--force", help="the output may replace a source")] = False,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    header: Header = None,
    as_json: AsJson = False,
) -> None:
    """Label new rows with the champion.

    A row that cannot be predicted gets no prediction and the reason in the column error; the exit status is 3 then.

    Examples
    --------
    tidemill predict spam new.csv --out predictions.csv
    tidemill predict spam - --out - < new.jsonl
    tidemill predict solar photographs/ --out predictions.parquet --version v1.0.0 --abstain-below 0.8
    """
    from tidemill.apps.predict.prediction import predict_files
    from tidemill.readers.options import ReadOptions

    with answering(as_json=as_json, table=out) as answer:
        project = open_project(problem)
        done = predict_files(
            project,
            problem,
            sources,
            out,
            version=version,
            abstain_below=abstain_below,
            engine=engine,
            strict=strict,
            overwrite=force,
            reading=ReadOptions(encoding, delimiter, header),
        )
        counts = {
            name or "no prediction": count for name, count in sorted(done.counts.items(), key=lambda one: -one[1])
        }
        shown = list(counts.items())[:MOST_SHOWN]
        rest = len(counts) - len(shown)
        summary = ", ".join(f"{name} {count:,}" for name, count in shown) + (
            f" and {rest} more classes" if rest else ""
        )
        content = {"out": out, "version": done.version, "rows": done.rows, "predictions": counts, "errors": done.errors}
        lines = [f"{out}, by {done.version}: {counted(done.rows, 'row')}{f': {summary}' if summary else ''}"]
        if done.errors:
            lines.append(
                f"{counted(done.errors, 'row')} could not be predicted; the column 'error' says why (exit status {SOME_ERRORS})"
            )
        answer(content, lines)
    if done.errors:
        raise Exit(SOME_ERRORS)
