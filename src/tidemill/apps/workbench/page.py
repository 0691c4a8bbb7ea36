"""What `tidemill lf` finds of a problem on one HTML page, with plots and rows or thumbnails; no network, no scripts."""

from __future__ import annotations

import base64
import io
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.apps.reports.index_page import template
from tidemill.apps.reports.problem_report import data_uri
from tidemill.apps.workbench.formatting import content
from tidemill.apps.workbench.list_functions import function_table
from tidemill.apps.workbench.problem_view import ProblemView
from tidemill.apps.workbench.suggest_functions import entry_lines, suggest_functions
from tidemill.apps.workbench.try_function import nearly, spread, weaker, worth_reading
from tidemill.common.files import atomic_write
from tidemill.contracts import ABSTAIN, DataError, Votes
from tidemill.denoise.report.explain import explain
from tidemill.denoise.report.plots import draw
from tidemill.label.analysis.disagreements import disagreements, plurality
from tidemill.label.engine.load import LoadedFunction
from tidemill.label.functions.declared import DeclaredLabelingFunction
from tidemill.reports.workbench import CandidateFunction, Row

TEMPLATE: Final = "lf.html.j2"
PICTURES: Final = {
    "accuracies.png": "Learned accuracy with 90% intervals, those that vote most first",
    "agreement.png": "Agreement of functions where both vote",
    "posteriors.png": "What the label model makes of the rows",
    "calibration.png": "Its probabilities against gold of dev",
}
_THUMBNAIL: Final = 112
_SHOWN: Final = 4


def page(view: ProblemView, *, size: int | None = None, most: int = 8) -> Path:
    """Write reports/<problem>/lf.html anew.

    Parameters
    ----------
    view
        View of the problem.
    size
        Rows of the sample.
    most
        Rows shown per function and kind.

    Returns
    -------
    Path
        The page.
    """
    view.check()
    rows = view.sample(size)
    summary = function_table(view)
    read = _read(view, rows)
    text = template(TEMPLATE).render(
        summary=summary,
        read=read,
        pictures=_pictures(view),
        suggested=_suggested(view, most, size),
        content=content,
        rows=len(rows),
    )
    with atomic_write(view.paths.reports / "lf.html") as path:
        path.write_text(text, encoding="utf-8")
    return view.paths.reports / "lf.html"


def _suggested(view: ProblemView, most: int, size: int | None) -> list[tuple[CandidateFunction, str, tuple[Row, ...]]]:
    """Each with its entry as YAML and examples with thumbnails."""
    try:
        result = suggest_functions(view, most=most, size=size).candidates
    except DataError:
        return []
    return [(item, "\n".join(entry_lines(item.entry)), _pictured(view, item.examples)) for item in result]


def _read(view: ProblemView, rows: npt.NDArray[np.intp]) -> dict[str, dict[str, tuple[Row, ...]]]:
    """Rows on which each fires, is outvoted and nearly fires, as the votes table has them."""
    answer = (
        plurality(view.votes[rows], n_classes=len(view.classes))
        if view.model is None
        else view.probabilities(view.votes[rows], rows).argmax(axis=1).astype(np.int16)
    )
    answer = np.where((view.votes[rows] == ABSTAIN).all(axis=1), np.int16(ABSTAIN), answer)
    weak, functions = _weak(view, rows), {function.name: function for function in view.functions}
    return {
        name: _of_one(view, functions.get(name), rows, view.votes[rows, j], answer, weak.get(name))
        for j, name in enumerate(view.names)
    }


def _weak(view: ProblemView, rows: npt.NDArray[np.intp]) -> dict[str, Votes]:
    """Declared functions only, all at once."""
    functions = [weak for item in view.functions if (weak := weaker(item)) is not None]
    votes, _ = view.votes_of(functions, rows)
    return {function.name: votes[:, j] for j, function in enumerate(functions)}


def _of_one(
    view: ProblemView,
    function: LoadedFunction | None,
    rows: npt.NDArray[np.intp],
    votes: Votes,
    answer: npt.NDArray[np.int16],
    weak: Votes | None,
) -> dict[str, tuple[Row, ...]]:
    lost = disagreements(votes[:, None], answer)[:, 0] & (answer != ABSTAIN)
    gold = view.gold[rows]
    parts = {
        "fires_on": spread(np.flatnonzero((votes != ABSTAIN) & ~lost), gold, _SHOWN),
        "outvoted_on": spread(np.flatnonzero(lost), gold, _SHOWN),
        "nearly_on": nearly(view, votes, rows, answer, _weak_or_own(function, votes, weak))[:_SHOWN],
    }
    return {
        name: _pictured(view, worth_reading(view, function, rows, places, votes, answer))
        for name, places in parts.items()
    }


def _weak_or_own(function: LoadedFunction | None, votes: Votes, weak: Votes | None) -> Votes | None:
    """Near misses are sought by a weaker form's votes; of a Python function by its own."""
    return weak if isinstance(function, DeclaredLabelingFunction) else votes


def _pictured(view: ProblemView, rows: tuple[Row, ...]) -> tuple[Row, ...]:
    if view.problem.modality != "image" or not rows:
        return rows
    images = view.raw.filter(pl.col("row_id").is_in([row["row_id"] for row in rows])).select("row_id", "image")
    by_id = dict(images.iter_rows())
    return tuple(row | {"thumbnail": thumbnail(by_id[row["row_id"]])} for row in rows)


def thumbnail(data: bytes) -> str:
    """Encode a small JPEG of an image as an address that holds it.

    Parameters
    ----------
    data
        Bytes of an image file.

    Returns
    -------
    str
        ``data:`` address for the attribute ``src``.
    """
    from tidemill.readers.image_decoder import decode_image

    image, small = decode_image(data).rgb(), io.BytesIO()
    image.thumbnail((_THUMBNAIL, _THUMBNAIL))
    image.save(small, format="JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(small.getvalue()).decode("ascii")


def _pictures(view: ProblemView) -> list[tuple[str, str]]:
    """None before the label model was fitted."""
    if view.model is None or view.labels is None:
        return []
    features = view.features if view.model.uses_features else None
    summary = explain(view.model, view.votes, names=view.names, classes=view.classes, features=features)
    with tempfile.TemporaryDirectory() as folder:
        paths = draw(Path(folder), summary, view.votes, view.labels, gold=view.gold)
        return [(PICTURES.get(path.name, path.stem), data_uri(path.read_bytes())) for path in paths]
