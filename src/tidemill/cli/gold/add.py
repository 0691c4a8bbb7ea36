"""`tidemill gold add`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from tidemill.cli.options import AsJson, Delimiter, Encoding, Header, ProblemName, path_or_standard
from tidemill.cli.output import answering
from tidemill.cli.project import open_for_rows
from tidemill.common.spelling import counted


def add(
    problem: ProblemName,
    file: Annotated[
        Path, Argument(metavar="FILE", parser=path_or_standard, help="rows and labels: CSV, JSON, Parquet, Excel …")
    ],
    *,
    label: Annotated[str | None, Option(metavar="COLUMN", help="column of the labels (default: label)")] = None,
    rows: Annotated[
        str | None,
        Option(
            metavar="COLUMN", help="column that names the rows, by row_id, key or file (default: the first of these)"
        ),
    ] = None,
    batch: Annotated[
        str | None, Option(metavar="BATCH", help="batch of all rows, where a key is in several and no column says")
    ] = None,
    who: Annotated[
        str | None,
        Option(metavar="ID", help="who labeled: an id, never a name (default: column who, or an id of this checkout)"),
    ] = None,
    dry_run: Annotated[bool, Option("--dry-run", help="say what would be added, and write nothing")] = False,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    header: Header = None,
    as_json: AsJson = False,
) -> None:
    """Add labels of rows that are there.

    The newest label of a row counts, whatever it came with. A row that is unknown or ambiguous or a label that is no class refuses the
    file. Rows without a label are left out, so a file of `tidemill gold sample` may be filled in bit by bit. Labels are kept in data/PROBLEM/gold_history.jsonl; commit it.

    Examples
    --------
    tidemill gold add spam labels.csv
    tidemill gold add spam labels.csv --rows id --label verdict --who r07 --dry-run
    """
    from tidemill.apps.gold.add import FileOptions, add_labels
    from tidemill.readers.options import ReadOptions
    from tidemill.readers.read import report_reading

    with answering(as_json=as_json) as answer:
        reading = ReadOptions(encoding, delimiter, header)
        options = FileOptions(label=label, rows=rows, batch=batch, who=who, reading=reading)
        done = add_labels(open_for_rows(problem), problem, file, options, dry_run=dry_run)
        report_reading(done.notes)
        content = {"problem": problem, "dry_run": dry_run, **asdict(done), "answers": len(done.answers)}
        answer(content, _lines(problem, done.counts, done.splits, dry_run=dry_run))


def _lines(problem: str, counts: Mapping[str, int], splits: Mapping[str, int], *, dry_run: bool) -> list[str]:
    number = {name: counts.get(name, 0) for name in ("new", "changed", "same", "known", "blank")}
    would = " (dry run: nothing is written)" if dry_run else ""
    summary = (
        f"{problem}: {counted(number['new'], 'label is', 'labels are')} new, {counted(number['changed'], 'changes', 'change')} one, {counted(number['same'], 'agrees', 'agree')} with the one there is, "
        f"{counted(number['known'], 'is', 'are')} known already; {counted(number['blank'], 'row has', 'rows have')} none{would}"
    )
    lines = [summary]
    if number["new"] + number["changed"]:
        parts = ", ".join(f"{count} {name}" for name, count in splits.items() if count)
        lines.append(f"  of the splits: {parts} (train and dev teach, valid and test judge)")
    if not dry_run and number["new"] + number["changed"] + number["same"]:
        lines.append(
            f"next: git commit -m 'Labels of {problem}' data/{problem}, then: tidemill run problem={problem}, or tidemill "
            f"monitor problem={problem} where they decide harm"
        )
    return lines
