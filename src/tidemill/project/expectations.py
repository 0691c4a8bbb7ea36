"""Great Expectations suites from contracts: a table's verdict and its Data Docs page."""

from __future__ import annotations

import json
import os
import shutil
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import polars as pl

from tidemill.common.files import atomic_write
from tidemill.contracts import Column, Contract, DataError, SuiteError, check
from tidemill.project.layout import Paths
from tidemill.reports.project import SuiteResult

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 5


def guard(table: pl.DataFrame, contract: Contract, paths: Paths, table_name: str) -> None:
    """Run the suite of a finished table; Data Docs and the result are kept whether it passes or fails.

    Parameters
    ----------
    table
        The finished table.
    contract
        What it promises.
    paths
        Paths of the problem.
    table_name
        Name by which the result and the page are kept.

    Raises
    ------
    SuiteError
        Names the column, the rows and the Data Docs page. The caller has not written the table yet, so nothing
        downstream sees it.
    """
    _judge(table, _expectations(table, contract), paths, table_name)


def _judge(table: pl.DataFrame, expectations: list[tuple[str, dict[str, Any]]], paths: Paths, table_name: str) -> None:
    docs, page = paths.data_docs(table_name), paths.data_docs_page(table_name)
    result = _validate(_measured(table).to_pandas(), expectations, f"{paths.name}_{table_name}", docs)
    _lead(page, next(docs.glob("validations/**/*.html")))
    SuiteResult.of(result).write(paths.suite_result(table_name))
    failed = [item for item in result["results"] if not item["success"]]
    if failed:
        raise SuiteError(_message(failed, f"{paths.name}/{table_name}", page))


def check_expectations(table: pl.DataFrame, contract: Contract, paths: Paths, table_name: str) -> None:
    """Check that a finished table keeps its contract: what ``guard`` checks, in milliseconds.

    Great Expectations takes seconds to start. It is asked only where the contract is broken, to show all that is wrong;
    where it is kept, ``defer_pages`` leaves the page to a later stage that starts it anyway.

    Parameters
    ----------
    table
        The finished table.
    contract
        What it promises.
    paths
        Paths of the problem.
    table_name
        Name by which the result and the page are kept.

    Raises
    ------
    SuiteError
        As ``guard``.
    """
    try:
        check(table, contract, where=f"{paths.name}/{table_name}")
    except DataError:
        guard(table, contract, paths, table_name)
        raise


def defer_pages(file: Path, contract: Contract, paths: Paths, table_name: str) -> None:
    """Leave a note by which ``write_pages`` runs the suite of a Parquet file and renders its page.

    Parameters
    ----------
    file
        The Parquet file, as it was written.
    contract
        What its table promises.
    paths
        Paths of the problem.
    table_name
        Name by which the result and the page are kept.
    """
    _leave_note(file, _expectations(pl.read_parquet(file, n_rows=1, glob=False), contract), paths, table_name)


def defer_page_of(table: pl.DataFrame, contract: Contract, paths: Paths, table_name: str) -> None:
    """Do what ``defer_pages`` does for a table that is no file of its own; what its suite looks at is kept until then.

    Parameters
    ----------
    table
        The table.
    contract
        What it promises.
    paths
        Paths of the problem.
    table_name
        Name by which the result and the page are kept.
    """
    file = _kept_table(paths, table_name)
    with atomic_write(file) as path:
        _measured(table).write_parquet(path)
    _leave_note(file, _expectations(table, contract), paths, table_name)


def write_pages(paths: Paths) -> None:
    """Render the pages that were left to this stage.

    Parameters
    ----------
    paths
        Paths of the problem.

    Raises
    ------
    SuiteError
        As ``guard``.
    """
    for note in sorted(_note(paths, "").parent.glob("*.note")):
        predicted = json.loads(note.read_text(encoding="utf-8"))
        file = paths.root / predicted["file"]
        if file.exists():
            expectations = [(kind, arguments) for kind, arguments in predicted["expectations"]]
            _judge(pl.read_parquet(file, glob=False), expectations, paths, note.stem)
        _kept_table(paths, note.stem).unlink(missing_ok=True)
        note.unlink(missing_ok=True)


def _leave_note(file: Path, expectations: list[tuple[str, dict[str, Any]]], paths: Paths, table_name: str) -> None:
    with atomic_write(_note(paths, table_name)) as path:
        path.write_text(json.dumps({"file": _within(file, paths), "expectations": expectations}), encoding="utf-8")


def _kept_table(paths: Paths, table_name: str) -> Path:
    return paths.suite_result(table_name).with_suffix(".parquet")


def _note(paths: Paths, table_name: str) -> Path:
    return paths.suite_result(table_name).with_suffix(".note")


def _within(file: Path, paths: Paths) -> str:
    """Name a file of the checkout relative to it: the note may be read by a run in another worktree."""
    return str(file.relative_to(paths.root) if file.is_relative_to(paths.root) else file.resolve())


def _lead(page: Path, target: Path) -> None:
    """The result's name holds the time, and GX's own index needs a network."""
    link = quote(target.relative_to(page.parent).as_posix())
    page.write_text(
        f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={link}">'
        f'<title>Data Docs</title><a href="{link}">Data Docs</a>\n',
        encoding="utf-8",
    )


def _measured(table: pl.DataFrame) -> pl.DataFrame:
    """What a suite looks at: the lengths of bytes, and no vectors."""
    lengths = [pl.col(name).bin.size() for name, dtype in table.schema.items() if dtype == pl.Binary]
    vectors = [name for name, dtype in table.schema.items() if dtype.base_type() == pl.Array]
    return table.drop(vectors).with_columns(lengths)


def _expectations(table: pl.DataFrame, contract: Contract) -> list[tuple[str, dict[str, Any]]]:
    """In the table's column order."""
    results: list[tuple[str, dict[str, Any]]] = [
        ("ExpectTableRowCountToBeBetween", {"min_value": contract.min_rows}),
        ("ExpectTableColumnsToMatchOrderedList", {"column_list": _kept(table)}),
    ]
    for name in _kept(table):
        column = contract.column(name)
        if column is not None:
            results += _column_expectations(name, column)
    return results


def _kept(table: pl.DataFrame) -> list[str]:
    return [name for name, dtype in table.schema.items() if dtype.base_type() != pl.Array]


def _column_expectations(name: str, column: Column) -> list[tuple[str, dict[str, Any]]]:
    results: list[tuple[str, dict[str, Any]]] = []
    if not column.nullable:
        results.append(("ExpectColumnValuesToNotBeNull", {"column": name}))
    if column.unique:
        results.append(("ExpectColumnValuesToBeUnique", {"column": name}))
    if column.values is not None:
        results.append(("ExpectColumnValuesToBeInSet", {"column": name, "value_set": list(column.values)}))
    if column.minimum is not None and column.maximum is not None:
        limits = {"min_value": column.minimum, "max_value": column.maximum}
        results.append(("ExpectColumnValuesToBeBetween", {"column": name, **limits}))
    if column.dtype == pl.Binary:
        results.append(("ExpectColumnValuesToBeBetween", {"column": name, "min_value": 1}))
    return results


def _validate(frame: pd.DataFrame, expectations: list[tuple[str, dict[str, Any]]], name: str, docs: Path) -> Any:
    """The Data Docs are written to ``docs``."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # great_expectations 1.24 warns of its own use of marshmallow and pandas
        import great_expectations as gx

        shutil.rmtree(docs, ignore_errors=True)
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        for site in list(context.get_site_names()):
            context.delete_data_docs_site(site)
        context.add_data_docs_site(site_name="local", site_config=_site(docs))
        suite = gx.ExpectationSuite(name)
        for kind, arguments in expectations:
            suite.add_expectation(getattr(gx.expectations, kind)(**arguments))
        return _run(gx, context, context.suites.add(suite), frame, name)


def _run(gx: Any, context: Any, suite: Any, frame: pd.DataFrame, name: str) -> Any:
    asset = context.data_sources.add_pandas("tidemill").add_dataframe_asset(name)
    definition = gx.ValidationDefinition(
        name=name, data=asset.add_batch_definition_whole_dataframe("table"), suite=suite
    )
    checkpoint = gx.Checkpoint(
        name=name,
        validation_definitions=[context.validation_definitions.add(definition)],
        actions=[gx.checkpoint.UpdateDataDocsAction(name="docs")],
        result_format={"result_format": "SUMMARY", "unexpected_index_column_names": [frame.columns[0]]},
    )
    outcome = context.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": frame})
    return next(iter(outcome.run_results.values())).to_json_dict()


def _site(docs: Path) -> dict[str, Any]:
    folder = str(docs).replace("$", r"\$")  # else it is the name of a variable
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": folder},
    }


def _message(failed: list[Any], where: str, page: Path) -> str:
    first = failed[0]
    config, result = first["expectation_config"], first.get("result", {})
    column = config["kwargs"].get("column", "the table")
    rows = [str(row.get("row_id", row)) for row in (result.get("partial_unexpected_index_list") or [])[:_SHOWN]]
    seen = f"rows {', '.join(rows)}" if rows else "no single row"
    raised = next(iter((first.get("exception_info") or {}).values()), None) if not result else None
    values = (
        f", values {list(dict.fromkeys(map(str, result['partial_unexpected_list'])))[:_SHOWN]}"
        if result.get("partial_unexpected_list")
        else ""
    )
    count = result.get("unexpected_count", result.get("observed_value", raised))
    return (
        f"{where}: {config['type']} failed on {column!r} ({count} unexpected{values}; {seen}); "
        f"{len(failed)} expectations failed, nothing was written. See {page}"
    )
