"""`tidemill new`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from tidemill.cli.options import AsJson, BadRowsPolicy, Delimiter, Encoding, Header, path_or_standard
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def new(
    name: Annotated[str, Argument(metavar="NAME", help="name of the problem, such as reviews")],
    *,
    source: Annotated[
        Path | None,
        Option(
            "--from",
            metavar="FILE",
            parser=path_or_standard,
            help="table of rows: CSV, TSV, JSON, Parquet, Arrow or Excel, packed or not; - for standard input",
        ),
    ] = None,
    text: Annotated[str | None, Option(metavar="COLUMN", help="the column that holds the text")] = None,
    label: Annotated[str | None, Option(metavar="COLUMN", help="the column that holds labels from people")] = None,
    image: Annotated[
        str | None, Option(metavar="COLUMN", help="the column that holds images, or their paths beside the file")
    ] = None,
    images: Annotated[
        Path | None,
        Option(
            metavar="FOLDER",
            parser=path_or_standard,
            help="a folder of images; subfolders are classes, unless --from names the images",
        ),
    ] = None,
    documents: Annotated[
        Path | None,
        Option(
            metavar="FOLDER",
            parser=path_or_standard,
            help="documents in which relations are found: tables or .txt files",
        ),
    ] = None,
    knowledge: Annotated[
        Path | None,
        Option(
            metavar="FILE",
            parser=path_or_standard,
            help="known facts for --documents: subject, object, perhaps relation",
        ),
    ] = None,
    classes: Annotated[
        list[str] | None,
        Option(
            metavar="NAMES",
            help="class names, such as good,bad, @FILE, or the option once for each (default: the labels)",
            show_default=False,
        ),
    ] = None,
    meta: Annotated[
        list[str] | None,
        Option(
            metavar="COLUMNS",
            help="columns that labeling functions may ask, such as camera,year; of images also file_name, file_folder, exif_model …",
            show_default=False,
        ),
    ] = None,
    ignore_splits: Annotated[
        bool, Option("--ignore-splits", help="of --images: train/, val/ and the like are no classes, folders below are")
    ] = False,
    fetch: Annotated[bool, Option("--fetch", help="fetch images that --from names by URLs, up to 50 MB each")] = False,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    header: Header = None,
    bad_rows: BadRowsPolicy = "refuse",
    as_json: AsJson = False,
) -> None:
    """Make a problem of your own from a file or a folder.

    Examples
    --------
    tidemill new reviews --from reviews.csv --text body --label stars
    tidemill new cells --images photographs/ --classes good,bad
    tidemill new parts --from shots.csv --image file --label kind --meta camera,exif_iso
    tidemill new founded_by --documents articles/ --knowledge founders.csv
    """
    from tidemill.apps.onboarding.new_problem import NewProblem, create_problem
    from tidemill.apps.onboarding.new_relation import create_relation, new_relation
    from tidemill.readers.options import ReadOptions

    with answering(as_json=as_json) as answer:
        wanted = NewProblem(
            name,
            source=source,
            text=text,
            label=label,
            images=images,
            image=image,
            classes=classes or None,
            meta=meta or (),
            ignore_splits=ignore_splits,
            fetch=fetch,
            reading=ReadOptions(encoding, delimiter, header, bad_rows),
        )
        relation = new_relation(wanted, documents, knowledge)
        made = create_problem(wanted, open_project()) if relation is None else create_relation(relation, open_project())
        answer({"problem": name, "rows": made.rows, "classes": made.classes}, made.lines)
