"""`tidemill lf …`: its command line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tidemill.apps.workbench.formatting import as_json
from tidemill.common.files import atomic_write

Told = tuple[Any, list[str]]
"""What was found, and the lines that tell it."""


def command(arguments: list[str]) -> None:
    """Command line → what it asks for, printed."""
    asked = parser().parse_args(arguments)
    found, lines = asked.run(asked)
    text = as_json(found) if asked.json else "\n".join(lines)
    if asked.out is None:
        _print(text)
        return
    with atomic_write(asked.out) as path:
        path.write_text(text + "\n", encoding="utf-8")


def _print(text: str) -> None:
    """Text → standard output; a reader that has seen enough, such as head, is no error."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def parser() -> argparse.ArgumentParser:
    """Nothing → the parser of every `tidemill lf` command."""
    top = argparse.ArgumentParser(
        prog="tidemill lf", description="Look at labeling functions while you write them. Gold is dev's alone."
    )
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    one = _add(commands, "list", _list, "the analysis table: how each function does, and what it is worth")
    _problem(one)
    one.add_argument(
        "--sort", default="name", help="name, coverage, conflicts, dev, learned, acts, lost, cost or worth"
    )
    one.add_argument("--no-cost", action="store_true", help="do not run the functions to see what they cost")
    one = _add(
        commands, "try", _try, "apply one function to a sample: rows it fires on, is outvoted on, nearly fires on"
    )
    one.add_argument("name", help="the labeling function, as it stands in its file now")
    one.add_argument("--problem", help="where more than one problem has such a function")
    _sampled(one, 5)
    one = _add(commands, "diff", _diff, "which functions' votes changed since a version, and on which rows")
    _problem(one)
    one.add_argument("--against", default="HEAD", metavar="REV", help="a git revision or a version, v1.0.0 (HEAD)")
    _sampled(one, 3)
    one = _add(commands, "explain", _explain, "every vote on a row, how far each moved its label, what would flip it")
    one.add_argument("row", help="row_id, or the beginning of one")
    one.add_argument("--problem", help="where more than one problem has such a row")
    one = _add(
        commands, "suggest", _suggest, "candidates that would speak where no function does, or where they disagree"
    )
    _problem(one)
    one.add_argument("--most", type=int, default=10, metavar="N", help="candidates to give (10)")
    _sampled(one, 2)
    one = _add(commands, "report", _report, "all of this as an HTML page with plots and rows or thumbnails")
    _problem(one)
    one.add_argument("--rows", type=int, metavar="N", help="size of the sample (5000 texts, 400 images; dev first)")
    one = _add(commands, "examples", _examples, "write rows and their features to a file, for prototype and neighbours")
    one.add_argument("problem")
    one.add_argument("file", help="such as scams.jsonl, in the folder of the problem's functions")
    one.add_argument("--class", dest="of", required=True, help="the class that these rows are examples of")
    one.add_argument("row", nargs="+", help="row_id, or the beginning of one")
    one = _add(commands, "schema", _schema, "JSON Schema of YAML files of labeling functions, for your editor")
    _problem(one)
    return top


def _add(commands: Any, name: str, run: Callable[[argparse.Namespace], Told], text: str) -> argparse.ArgumentParser:
    sub: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    sub.add_argument("--json", action="store_true", help="print JSON, for programs")
    sub.add_argument("--out", type=Path, metavar="FILE", help="write there instead of printing")
    sub.set_defaults(run=run)
    return sub


def _sampled(sub: argparse.ArgumentParser, shown: int) -> None:
    sub.add_argument("--rows", type=int, metavar="N", help="size of the sample (5000 texts, 400 images; dev first)")
    sub.add_argument("--show", type=int, default=shown, metavar="N", help=f"rows to show of each kind ({shown})")


def _problem(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("problem", nargs="?", help="a problem of the project (default: all)")


def _problems(asked: argparse.Namespace) -> list[str]:
    from tidemill.apps.workbench.problem_view import problems

    return [asked.problem] if asked.problem else problems()


def _list(asked: argparse.Namespace) -> Told:
    from tidemill.apps.workbench.list_functions import listing, printed
    from tidemill.apps.workbench.problem_view import Look

    told = [listing(Look(name), sort=asked.sort, cost=not asked.no_cost) for name in _problems(asked)]
    return told, _apart([printed(one) for one in told])


def _apart(parts: list[list[str]]) -> list[str]:
    """Lines of each problem → all lines, with an empty one between."""
    return [line for place, lines in enumerate(parts) for line in ([""] * bool(place) + lines)]


def _try(asked: argparse.Namespace) -> Told:
    from tidemill.apps.workbench.problem_view import problem_with
    from tidemill.apps.workbench.try_function import printed, trying

    told = trying(problem_with(asked.name, asked.problem), asked.name, size=asked.rows, shown=asked.show)
    return told, printed(told)


def _diff(asked: argparse.Namespace) -> Told:
    from tidemill.apps.workbench.diff import diff, printed
    from tidemill.apps.workbench.problem_view import Look

    told = [diff(Look(name), against=asked.against, size=asked.rows, shown=asked.show) for name in _problems(asked)]
    return told, _apart([printed(one) for one in told])


def _explain(asked: argparse.Namespace) -> Told:
    from tidemill.apps.workbench.explain_row import explained, printed

    told = explained(asked.row, asked.problem)
    return told, printed(told)


def _suggest(asked: argparse.Namespace) -> Told:
    from tidemill.apps.workbench.problem_view import Look
    from tidemill.apps.workbench.suggest_functions import printed, suggesting

    told = [suggesting(Look(name), most=asked.most, size=asked.rows, shown=asked.show) for name in _problems(asked)]
    return told, _apart([printed(one) for one in told])


def _report(asked: argparse.Namespace) -> Told:
    from tidemill.apps.workbench.page import page
    from tidemill.apps.workbench.problem_view import Look

    written = [str(page(Look(name), size=asked.rows)) for name in _problems(asked)]
    return written, written


def _examples(asked: argparse.Namespace) -> Told:
    from tidemill.apps.workbench.examples import examples, printed
    from tidemill.apps.workbench.problem_view import Look

    told = examples(Look(asked.problem), asked.file, of=asked.of, rows=asked.row)
    return told, printed(told)


def _schema(asked: argparse.Namespace) -> Told:
    from tidemill.label.functions.json_schema import json_schema

    classes: tuple[str, ...] = ()
    if asked.problem:
        from tidemill.apps.workbench.problem_view import Look

        classes = Look(asked.problem).classes
    schema = json_schema(classes)
    return schema, [as_json(schema)]
