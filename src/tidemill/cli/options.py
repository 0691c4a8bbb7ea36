"""Arguments and options that several commands have."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from typer import Argument, Option

from tidemill.cli.project import complete_problem, complete_setting

Engine = Literal["auto", "torch", "onnx"]

ProblemName = Annotated[
    str, Argument(metavar="PROBLEM", help="a problem of the project", autocompletion=complete_problem)
]
AnyProblem = Annotated[
    str | None,
    Argument(
        metavar="[PROBLEM]",
        help="a problem of the project (default: all)",
        autocompletion=complete_problem,
        show_default=False,
    ),
]
OneProblem = Annotated[
    str | None, Option("--problem", help="where more than one problem has it", autocompletion=complete_problem)
]
Overrides = Annotated[
    list[str] | None,
    Argument(
        metavar="[KEY=VALUE]...",
        help="such as problem=spam denoise=majority train.optimizer.max_epochs=3",
        autocompletion=complete_setting,
        show_default=False,
    ),
]
AsJson = Annotated[bool, Option("--json", help="print JSON, for programs")]
OutFile = Annotated[
    Path | None, Option("--out", metavar="FILE", resolve_path=True, help="write there in place of printing")
]
ModelVersion = Annotated[
    str | None, Option("--version", metavar="VERSION", help="such as v1.0.0, or candidate (default: the champion)")
]
EngineName = Annotated[Engine, Option("--engine", help="what runs the backbone; auto: the faster")]
AbstainBelow = Annotated[
    float,
    Option("--abstain-below", metavar="P", min=0, max=1, help="no prediction where no class has a probability of P"),
]
SampleSize = Annotated[
    int | None, Option("--rows", metavar="N", min=1, help="size of the sample (5000 texts, 400 images; dev first)")
]
Encoding = Annotated[
    str | None, Option("--encoding", metavar="NAME", help="of text files (default: detected, and printed)")
]
Delimiter = Annotated[
    str | None,
    Option(
        "--delimiter",
        metavar="CHARACTER",
        help=r"between cells of CSV, also as tab or '\x01' (default: detected, and printed)",
    ),
]
Header = Annotated[
    bool | None,
    Option("--header/--no-header", help="whether the first line names the columns (default: detected, and printed)"),
]
BadRowsPolicy = Annotated[
    Literal["refuse", "quarantine"],
    Option("--bad-rows", help="rows that cannot be taken refuse the file, or are set aside with their reasons"),
]


def path_or_standard(text: str) -> Path:
    """Read a path of the command line, relative to where the person stands.

    Parameters
    ----------
    text
        The path; ``-`` is standard input or output.

    Returns
    -------
    pathlib.Path
        Absolute, with links followed; ``-`` as it is, which Typer's ``allow_dash`` takes for a file of that name, and a pipe
        of the shell, which has no other name.
    """
    return Path(text) if text == "-" or Path(text).is_fifo() else Path(os.path.realpath(text))
