"""Labels that models of other rows contradict, the worst first, with texts or thumbnails to look at."""

from __future__ import annotations

import base64
import html
from typing import Any

import numpy as np
import polars as pl

from tidemill.apps.studies.study import Study, study
from tidemill.common.files import atomic_write
from tidemill.contracts import NO_GOLD
from tidemill.evaluate.label_errors import rank_label_errors
from tidemill.project.contents import contents_of
from tidemill.project.project import Project
from tidemill.project.tables import batch_names
from tidemill.train.recipes.recipe import out_of_fold_predictions
from tidemill.train.row_weights import row_weights

_STYLE = (
    "body{font:14px/1.4 system-ui,sans-serif;margin:2em;max-width:70em;color:#222}td,th{text-align:left;"
    "vertical-align:top;padding:.4em .8em;border-bottom:1px solid #e5e5e5}th{position:sticky;top:0;background:#fff}"
    "table{border-collapse:collapse}td:last-child{overflow-wrap:anywhere}td.q{white-space:nowrap}.bar{display:inline-block;height:.6em;background:#d1495b}"
)


def suspected_errors(project: Project, name: str) -> tuple[pl.DataFrame, str]:
    """Rank suspect labels, and write reports/<problem>/label_errors.csv and .html.

    Labels are those of denoise for covered training rows; each is compared with a model of
    the other rows, trained without any defense against noise.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.

    Returns
    -------
    table : polars.DataFrame
        Columns ``row_id``, ``batch``, ``label``, ``suggested``, ``quality`` and ``gold``; the worst rows first.
    words : str
        A sentence on how many of the labels are wrong by gold.
    """
    request = study(project, name)
    rows = np.flatnonzero(request.training_rows & request.covered)
    plain, own = request.train.plain(), request.evaluate.errors
    features, targets = request.features[rows], request.targets[rows]
    weights = row_weights(targets, request.covered[rows], plain)
    result = rank_label_errors(targets.argmax(axis=1), out_of_fold_predictions(features, targets, weights, plain), own)
    names = np.array([*request.problem.classes, ""])  # the last one, which -1 picks, is no gold
    at = rows[result["row"].to_numpy()]
    summary: pl.DataFrame = request.rows[at.tolist()].select("row_id", "batch")
    summary = summary.with_columns(
        pl.Series("label", names[result["label"].to_numpy()], dtype=pl.String),
        pl.Series("suggested", names[result["suggested"].to_numpy()], dtype=pl.String),
        result["quality"],
        pl.Series("gold", names[request.gold[at]], dtype=pl.String),
    )
    words = label_errors_on_gold(request, rows, at)
    read = contents_of(request.paths, batch_names(request.paths.manifest), request.problem.modality)
    contents = summary.join(read, on="row_id", how="left", maintain_order="left")
    with atomic_write(request.paths.reports / "label_errors.csv") as path:
        contents.drop("image", strict=False).write_csv(path)
    with atomic_write(request.paths.reports / "label_errors.html") as path:
        title = f"{name}: {summary.height:,} labels to look at"
        path.write_text(page(contents.head(own.page_rows), title, words), encoding="utf-8")
    return summary, words


def label_errors_on_gold(request: Study, rows: Any, suspect: Any) -> str:
    """Count how many suspect labels are wrong by gold, where there is gold.

    Parameters
    ----------
    request
        Rows of the problem.
    rows : (n_training,)
        Indices of the rows whose labels were checked.
    suspect : (n_suspect,)
        Indices of the rows whose labels are suspect.

    Returns
    -------
    str
        A sentence, also where there is no gold.
    """
    wrong = request.targets.argmax(axis=1) != request.gold
    parts = []
    for which, some in (("of the training labels", rows), ("of the suspect ones", suspect)):
        labeled = some[request.gold[some] != NO_GOLD]
        if len(labeled):
            parts.append(f"{which} {wrong[labeled].sum():,} of {len(labeled):,} ({wrong[labeled].mean():.1%})")
    return (
        f"Wrong by gold, where there is gold: {', '.join(parts)}."
        if parts
        else "There is no gold to count how many are wrong."
    )


def page(table: pl.DataFrame, title: str, words: str) -> str:
    """Write a table of suspects as a page that needs neither network nor scripts.

    Parameters
    ----------
    table
        Suspect rows with their labels, quality and contents, the worst first.
    title
        Heading of the page.
    words
        Sentence below the heading.

    Returns
    -------
    str
        HTML document.
    """
    shown = table.drop("row_id", "batch", strict=False)
    lines = [
        "<tr>" + "".join(_cell(name, value) for name, value in row.items()) + "</tr>"
        for row in shown.iter_rows(named=True)
    ]
    heads = "".join(f"<th>{html.escape(name)}</th>" for name in shown.columns)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style><h1>{html.escape(title)}</h1><p>{html.escape(words)} Quality: 0, certainly wrong, to 1; "
        f"all rows with their ids are in label_errors.csv.</p><table><tr>{heads}</tr>{''.join(lines)}</table></html>\n"
    )


def _cell(name: str, value: Any) -> str:
    if name == "image" and isinstance(value, bytes):
        kind = "png" if value.startswith(b"\x89PNG") else "jpeg"
        return f'<td><img alt="" width="160" src="data:image/{kind};base64,{base64.b64encode(value).decode()}"></td>'
    if name == "quality":
        return f'<td class="q"><span class="bar" style="width:{40 * (1 - value):.0f}px"></span> {value:.3f}</td>'
    return f"<td>{html.escape(str(value)[:500])}</td>"
