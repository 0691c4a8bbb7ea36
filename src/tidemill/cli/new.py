"""`tidemill new`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from tidemill.cli.options import AsJson
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def new(
    name: Annotated[str, Argument(metavar="NAME", help="name of the problem, such as reviews")],
    *,
    source: Annotated[
        Path | None,
        Option("--from", metavar="FILE", resolve_path=True, help="CSV, JSONL or Parquet with a text column"),
    ] = None,
    text: Annotated[str | None, Option(metavar="COLUMN", help="the column that holds the text")] = None,
    label: Annotated[str | None, Option(metavar="COLUMN", help="the column that holds labels from people")] = None,
    images: Annotated[
        Path | None,
        Option(metavar="FOLDER", resolve_path=True, help="a folder of images; subfolders are classes"),
    ] = None,
    classes: Annotated[
        str | None, Option(metavar="NAMES", help="class names, comma-separated, where there are no labels")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a problem of your own from a file or a folder.

    Examples
    --------
    tidemill new reviews --from reviews.csv --text body --label stars
    tidemill new cells --images photographs/ --classes good,bad
    """
    from tidemill.apps.onboarding.scaffold import NewProblem, scaffold

    with answering(as_json=as_json) as answer:
        wanted = NewProblem(name, source=source, text=text, label=label, images=images, classes=classes)
        made = scaffold(wanted, open_project())
        answer({"problem": name, "rows": made.rows, "classes": made.classes}, made.lines)
