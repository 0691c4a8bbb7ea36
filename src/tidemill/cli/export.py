"""`tidemill export`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from typer import Option

from tidemill.cli.options import AsJson, ModelVersion, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def export(
    problem: ProblemName,
    *,
    out: Annotated[Path, Option(metavar="FOLDER", resolve_path=True, help="folder to write, made where it is missing")],
    version: ModelVersion = None,
    head_only: Annotated[
        bool, Option("--head-only", help="without the backbone: features in, probabilities out")
    ] = False,
    int8: Annotated[
        bool, Option("--int8", help="also with 8-bit weights: a quarter of the size, about twice as fast on texts")
    ] = False,
    force: Annotated[
        bool, Option("--force", help="replace files of the same names that are of no earlier export")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write a model as ONNX, for programs without Tidemill.

    Examples
    --------
    tidemill export spam --out exported/
    """
    from tidemill.apps.models.export import export as write_model
    from tidemill.apps.models.export import refuse_other_files

    with answering(as_json=as_json) as answer:
        if not force:
            refuse_other_files(out)
        done = write_model(open_project(problem), problem, version, out, head_only=head_only, int8=int8)
        lines = [f"{out}: {', '.join(path.name for path in done.files)}"]
        if done.rows:
            lines.append(f"{problem}: probabilities of {done.rows} rows differ by {done.difference:.1e} at most")
        elif not head_only:
            lines.append(f"{problem}: no raw rows here: ONNX was compared with Tidemill on made-up rows alone")
        if not head_only:
            lines.append(f"without Tidemill: python {out / 'predict.py'} --check; check.json holds rows of your data")
        if done.int8 is not None:
            lines.append(
                f"{problem}: with 8-bit weights the answer is another on {done.int8.changed:.2%} of {done.int8.rows} rows, "
                f"and a probability differs by {done.int8.difference:.2f} at most"
            )
        content = {
            "files": done.files,
            "compared_rows": done.rows,
            "largest_difference": done.difference,
            "int8": None if done.int8 is None else asdict(done.int8),
        }
        answer(content, lines)
