"""`tidemill label`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from tidemill.cli.options import AsJson, Delimiter, Encoding, Header
from tidemill.cli.output import answering


def label(
    rows: Annotated[
        Path,
        Argument(
            metavar="ROWS",
            help="CSV, TSV, JSON, Parquet, Arrow or Excel, packed or not, or - for standard input; row_id names rows",
        ),
    ],
    *,
    functions: Annotated[Path, Option(metavar="FILE", help="a .py or .yaml file, or a folder of them")],
    out: Annotated[
        Path,
        Option(
            metavar="FILE",
            help="votes.parquet, .csv or .jsonl, or - for standard output: row_id, and a column per function",
        ),
    ],
    classes: Annotated[
        list[str] | None,
        Option(
            metavar="NAMES",
            help="their names in the order of their numbers: ham,spam, @FILE, or the option once for each "
            "(default: as YAML names them)",
            show_default=False,
        ),
    ] = None,
    quarantine: Annotated[
        int | None, Option(metavar="N", min=0, help="bear N failures of a function (default: stop at one)")
    ] = None,
    cache: Annotated[
        Path | None, Option(metavar="FOLDER", help="keep votes there, and next time compute only what changed")
    ] = None,
    recheck: Annotated[int, Option(metavar="N", min=0, help="rows on which Python functions are called twice")] = 32,
    seconds: Annotated[float, Option(min=0.01, help="longest that a Python function may take for a row")] = 10.0,
    megabytes: Annotated[
        int,
        Option(min=1, help="most memory that a Python function may take beyond what its file takes as it is loaded"),
    ] = 2000,
    processes: Annotated[int, Option(min=0, help="worker processes for Python functions (0: one per core)")] = 0,
    readable: Annotated[
        list[Path] | None,
        Option(metavar="PATH", help="what Python functions may read besides their own folder, such as a model"),
    ] = None,
    confined: Annotated[
        bool,
        Option(
            help="keep Python functions from other files, the network and processes of their own", show_default=True
        ),
    ] = True,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    header: Header = None,
    as_json: AsJson = False,
) -> None:
    """Apply labeling functions to a file of rows.

    Needs no project.

    Examples
    --------
    tidemill label rows.csv --functions spam.yaml --out votes.parquet
    tidemill label rows.parquet --functions spam.py --classes ham,spam --out votes.parquet --cache votes/
    tidemill label - --functions spam.yaml --out -
    """
    from tidemill.label.command import Request, cast
    from tidemill.readers.options import ReadOptions

    with answering(as_json=as_json, table=out) as answer:
        request = Request(
            rows=rows,
            functions=functions,
            out=out,
            classes=classes or None,
            quarantine=quarantine,
            cache=cache,
            recheck=recheck,
            seconds=seconds,
            megabytes=megabytes,
            processes=processes,
            readable=readable or (),
            confined=confined,
            reading=ReadOptions(encoding, delimiter, header),
        )
        votes = cast(request)
        answer(votes.content(), votes.lines())
