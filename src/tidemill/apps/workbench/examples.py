"""A file of labeled examples, for functions of the kinds prototype and neighbours, from rows that the user names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from tidemill.apps.workbench.formatting import content, short
from tidemill.apps.workbench.problem_view import ProblemView
from tidemill.common.files import atomic_write
from tidemill.common.spelling import counted, did_you_mean
from tidemill.contracts import ConfigError, DataError
from tidemill.project.row_names import RowNames
from tidemill.reports.workbench import ExamplesAdded


def examples(view: ProblemView, file: str, *, of: str, rows: Sequence[str]) -> ExamplesAdded:
    """Add rows to a file of examples in the problem's folder; a row that the file has already gets the new class.

    Parameters
    ----------
    view
        View of the problem.
    file
        Name of the file, ending in ``.jsonl``.
    of
        Class of the rows.
    rows
        Beginnings of row_ids, keys, or names of image files.

    Returns
    -------
    ExamplesAdded
        The file, the rows added and how many examples it has now.

    Raises
    ------
    ConfigError
        There is no such class, or the file has another suffix.
    DataError
        Features are missing or are of other rows.
    """
    if of not in view.classes:
        raise ConfigError(f"--class {of}: there is no such class{did_you_mean(of, list(view.classes))}")
    if not file.endswith(".jsonl"):
        raise ConfigError(f"{file}: examples are written as .jsonl")
    if view.features is None:
        raise DataError(f"{view.paths.features} is missing or of other rows: run `dvc repro embed@{view.name}`")
    path = view.paths.functions / file
    known = {item["row_id"]: item for item in _examples(path)}
    names = RowNames(view.raw.select("row_id", "key", "batch"), view.ingest, view.paths)
    added = [_example(view, names, row, of) for row in rows]
    known |= {item["row_id"]: item for item in added}
    with atomic_write(path) as temporary:
        temporary.write_text(
            "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in known.values()), encoding="utf-8"
        )
    ids = tuple(item["row_id"] for item in added)
    scored_by = set(view.raw.filter(pl.col("split").is_in(["valid", "test"]))["row_id"])
    return ExamplesAdded(
        file=str(path), examples=len(known), added=ids, held_out=tuple(row_id for row_id in ids if row_id in scored_by)
    )


def _examples(path: Path) -> Iterator[dict[str, Any]]:
    """Those of a file that is there."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines() if path.exists() else (), start=1):
        try:
            item = json.loads(line)
        except ValueError:
            item = None
        if not isinstance(item, dict) or "row_id" not in item:
            raise DataError(
                f"{path}, line {number}: {line[:40]!r} is no example, which has a row_id: name another file for examples"
            )
        yield item


def _example(view: ProblemView, names: RowNames, row: str, of: str) -> dict[str, Any]:
    places = view.voted["row_id"].str.starts_with(row).arg_true()
    if len(places) > 1:
        raise DataError(f"{row!r} begins the id of {len(places)} rows; give the whole row_id")
    place = int(places[0]) if len(places) else names.find(row)
    row_id = str(view.voted["row_id"][place])
    about = short(content(view.raw.filter(row_id=row_id).drop("image", strict=False).to_dicts()[0]), 60)
    assert view.features is not None  # noqa: S101 - the caller has looked
    feature = [round(float(x), 5) for x in view.features[place]]
    return {"row_id": row_id, "class": of, "about": about, "feature": feature}


def printed(result: ExamplesAdded) -> list[str]:
    """Write what was added as a line.

    Parameters
    ----------
    result
        File, rows added and size of the file.

    Returns
    -------
    list of str
        One line, and another where rows of valid or test are among them.
    """
    done = f"{result.file}: {counted(len(result.added), 'row')} added, {counted(result.examples, 'example')} in all"
    if not result.held_out:
        return [done]
    count = counted(len(result.held_out), "row is", "rows are")
    caution = (
        f"caution: {count} of valid or test, such as {result.held_out[0]}: functions know them then, and scores on these splits are "
        "better than on new rows; take examples of dev or train"
    )
    return [done, caution]
