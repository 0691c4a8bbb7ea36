"""Files of rows that a person fills in: they are not written over what somebody has typed."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tidemill.apps.gold.rows import ProblemRows
from tidemill.common.class_names import class_indices
from tidemill.common.spelling import counted
from tidemill.contracts import ConfigError, DataError
from tidemill.ingest.values import is_missing
from tidemill.readers.cell_text import as_string
from tidemill.readers.read import read_file
from tidemill.readers.write import write_frame


def write_sample(sample: pl.DataFrame, out: Path, rows: ProblemRows) -> None:
    """Write rows to label, unless the file is there and holds anything else than a sample whose labels have been added.

    Parameters
    ----------
    sample
        Rows, with an empty column ``label``.
    out
        ``.csv``, ``.jsonl`` or ``.parquet``.
    rows
        Of the problem, with the labels that count.

    Raises
    ------
    ConfigError
        The file holds labels that have not been added, or other content; nothing is written.
    """
    if out.exists():
        _refuse_loss(out, rows)
    write_frame(sample, out)


def _refuse_loss(out: Path, rows: ProblemRows) -> None:
    try:
        columns = read_file(out).columns
    except DataError:
        columns = {}
    if not {"row_id", "label"} <= set(columns):
        raise ConfigError(f"{out} is there and is no sample of rows: name another file with --out, or remove it")
    known = dict(zip(rows.table["row_id"], rows.table["gold"], strict=True))
    find = class_indices(rows.problem.classes)
    filled = [pair for pair in zip(columns["row_id"], columns["label"], strict=True) if not is_missing(pair[1])]
    lost = [label for row_id, label in filled if known.get(row_id) is None or known[row_id] != find(as_string(label))]
    if lost:
        raise ConfigError(
            f"{out} holds {counted(len(lost), 'label that has', 'labels that have')} not been added: `tidemill gold add {rows.problem.name} {out}` does; "
            "or name another file with --out, or remove it"
        )
