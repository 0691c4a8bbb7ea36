"""Labels of a label model and answers of people, combined in one model: ``denoise.use_answers``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from tidemill.contracts import probability_columns
from tidemill.reports.denoise import PeopleInLabels
from tidemill.review.aggregation.label_models import crowd_and_functions
from tidemill.review.answers import Answers

_DIGITS: Final = 6


def combined_labels(
    labels: pl.DataFrame, answers: pl.DataFrame, classes: Sequence[str]
) -> tuple[pl.DataFrame, PeopleInLabels | None]:
    """Combine what a label model says of all rows with what people answered.

    Parameters
    ----------
    labels
        Table of ``labels_contract``, by a label model of the functions' votes.
    answers
        Table of ``answers_contract``; answers to rows without a label are left out.
    classes
        Names of the classes in the order of their indices.

    Returns
    -------
    labels : polars.DataFrame
        Of the same rows in the same order. Where nobody has answered it is what the functions say, as far as the answers to other rows speak for believing them.
    people : PeopleInLabels or None
        What was learned of people; None where there are no answers, and the labels are as they were.
    """
    places = labels.select("row_id").with_row_index("place")
    known = answers.join(places, on="row_id", how="inner", maintain_order="left")
    if known.is_empty():
        return labels, None
    people = known["who"].unique().sort().to_list()
    given = Answers(
        row=known["place"].to_numpy().astype(np.int64),
        annotator=np.searchsorted(people, known["who"].to_list()).astype(np.int64),
        label=known["label"].to_numpy().astype(np.int64),
        n_rows=labels.height,
        n_annotators=len(people),
        n_classes=len(classes),
    )
    columns = probability_columns(classes)
    before = labels.select(columns).to_numpy()
    fitted = crowd_and_functions(given, before)
    answered = np.unique(given.row)
    agreed = fitted.probabilities[given.row, given.label]
    right = np.bincount(given.annotator, weights=agreed) / np.bincount(given.annotator)
    changed = before[answered].argmax(axis=1) != fitted.probabilities[answered].argmax(axis=1)
    named = given.counts() > 0
    agree = (named.sum(axis=1) == 1) & (given.counts().sum(axis=1) > 1)
    overruled = agree & (named.argmax(axis=1) != fitted.probabilities.argmax(axis=1))
    about = PeopleInLabels(
        people=len(people),
        answers=len(given.row),
        rows=len(answered),
        changed=int(changed.sum()),
        overruled=int(overruled.sum()),
        accuracy={who: round(float(share), _DIGITS) for who, share in zip(people, right, strict=True)},
        slope=round(fitted.slope, _DIGITS),
    )
    new = [pl.Series(name, fitted.probabilities[:, place]) for place, name in enumerate(columns)]
    return labels.with_columns(new), about
