"""`tidemill export`."""

from __future__ import annotations

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
    as_json: AsJson = False,
) -> None:
    """Write a model as ONNX, for programs without Tidemill.

    Examples
    --------
    tidemill export spam --out exported/
    """
    from tidemill.apps.models.export import export as write_model

    with answering(as_json=as_json) as answer:
        done = write_model(open_project(problem), problem, version, out, head_only=head_only)
        lines = [f"{out}: {', '.join(path.name for path in done.files)}"]
        if done.rows:
            lines.append(f"{problem}: probabilities of {done.rows} rows differ by {done.difference:.1e} at most")
        elif not head_only:
            lines.append(f"{problem}: no raw rows here on which ONNX could be compared with Tidemill")
        content = {"files": done.files, "compared_rows": done.rows, "largest_difference": done.difference}
        answer(content, lines)
