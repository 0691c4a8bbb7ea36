"""Labeling functions applied to a DataFrame of pandas or Polars, as Snorkel's appliers do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.common.arrays import MAX_CLASSES
from tidemill.common.estimators import Estimator
from tidemill.common.frames import is_pandas, like, to_polars
from tidemill.contracts import InputError, Votes
from tidemill.label.engine.apply import apply
from tidemill.label.engine.failures import Failure, OnError, Quarantine, fail
from tidemill.label.functions.declared import AnyFunction, DeclaredLabelingFunction
from tidemill.label.functions.loading import refuse_bad_names


class LFApplier(Estimator):
    """Applies labeling functions to the rows of a DataFrame.

    A row is what the functions see as ``row.column``. Progress is printed on standard error after two seconds.
    ``transform`` is ``apply`` under scikit-learn's name, so that an applier can be the first step of a pipeline that ends
    in a ``LabelModel``.

    Parameters
    ----------
    functions
        Labeling functions of any kind: decorated ones, declared ones, those that ``load_functions`` read from YAML.
    classes
        Names of the classes in the order of their indices, or how many there are. With names, functions may return names.
        None: any class that a vote can name.
    max_failures
        Failures of one function that are set aside, the vote an abstain; the next one raises. 0: the first one raises.

    Attributes
    ----------
    failures_ : list of Failure
        Those that the last ``apply`` has set aside: function, row and reason.

    Examples
    --------
    >>> import polars as pl
    >>> from tidemill.label import ABSTAIN, labeling_function
    >>> @labeling_function()
    ... def asks(row):
    ...     return "spam" if "?" in row.text else ABSTAIN
    >>> rows = pl.DataFrame({"text": ["Free?", "See you"]})
    >>> LFApplier([asks], classes=["ham", "spam"]).apply(rows)
    array([[ 1],
           [-1]], dtype=int16)
    """

    failures_: list[Failure]

    def __init__(
        self, functions: Sequence[AnyFunction], *, classes: Sequence[str] | int | None = None, max_failures: int = 0
    ) -> None:
        self.functions = functions
        self.classes = classes
        self.max_failures = max_failures

    @property
    def names(self) -> list[str]:
        """Names of the functions, in the order of the columns of the votes."""
        return [function.name for function in self.functions]

    def apply(self, rows: Any) -> Votes:
        """Vote on rows.

        Parameters
        ----------
        rows : (n_rows, …)
            DataFrame of pandas or Polars.

        Returns
        -------
        (n_rows, n_functions)
            int16: a class index, ``ABSTAIN`` (-1), or ``not_class(k)``.

        Raises
        ------
        FunctionError
            A function raised or returned a wrong vote; it and the row are named. Or two functions have one name.
        InputError
            The rows are no DataFrame.
        """
        refuse_bad_names(self.functions, Path("functions"))
        quarantine = Quarantine(limit=self.max_failures)
        on_error: OnError = quarantine if self.max_failures else fail
        votes = apply(_with_row_id(rows), self._named_functions(), n_classes=self._n_classes(), on_error=on_error)
        self.failures_ = quarantine.failures
        return votes

    def apply_table(self, rows: Any) -> Any:
        """Vote on rows and name the votes.

        Parameters
        ----------
        rows : (n_rows, …)
            DataFrame of pandas or Polars.

        Returns
        -------
        polars.DataFrame or pandas.DataFrame
            Of the library of the rows: an int16 column per function. The index of pandas is kept, and so is a column
            ``row_id``.

        Raises
        ------
        FunctionError, InputError
            As ``apply``.
        """
        votes = self.apply(rows)
        table = pl.DataFrame(
            {name: votes[:, j] for j, name in enumerate(self.names)}, schema=dict.fromkeys(self.names, pl.Int16)
        )
        if "row_id" in rows.columns:
            table = table.insert_column(0, to_polars(rows)["row_id"])
        return like(table, rows)

    def fit(self, rows: Any, y: Any = None) -> Self:  # noqa: ARG002 - scikit-learn's signature
        """Learn nothing: labeling functions are as they were written.

        Parameters
        ----------
        rows, y
            Not read; scikit-learn's pipelines give them.

        Returns
        -------
        Self
            The applier itself.
        """
        return self

    def transform(self, rows: Any) -> Votes:
        """Vote on rows, as ``apply``.

        Parameters
        ----------
        rows : (n_rows, …)
            DataFrame of pandas or Polars.

        Returns
        -------
        (n_rows, n_functions)
            int16: a class index, ``ABSTAIN`` (-1), or ``not_class(k)``.

        Raises
        ------
        FunctionError, InputError
            As ``apply``.
        """
        return self.apply(rows)

    def fit_transform(self, rows: Any, y: Any = None) -> Votes:  # noqa: ARG002 - scikit-learn's signature
        """Vote on rows, as ``apply``.

        Parameters
        ----------
        rows : (n_rows, …)
            DataFrame of pandas or Polars.
        y
            Not read; scikit-learn's pipelines give it.

        Returns
        -------
        (n_rows, n_functions)
            int16: a class index, ``ABSTAIN`` (-1), or ``not_class(k)``.

        Raises
        ------
        FunctionError, InputError
            As ``apply``.
        """
        return self.apply(rows)

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:  # noqa: ARG002 - scikit-learn's signature
        """List the names of the functions, as scikit-learn's pipelines require.

        Parameters
        ----------
        input_features
            Not read; scikit-learn's signature.

        Returns
        -------
        (n_functions,)
            Array of objects, in the order of the columns of the votes.
        """
        return np.array(self.names, dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        """Tell scikit-learn that there is nothing to fit."""
        return True

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that rows are no matrix of numbers, and that there is nothing to fit."""
        from sklearn.utils import TransformerTags

        tags = super().__sklearn_tags__()
        tags.transformer_tags = TransformerTags()
        tags.requires_fit = False
        tags.input_tags.two_d_array = False
        return tags

    def _named_functions(self) -> list[AnyFunction]:
        if self.classes is None or isinstance(self.classes, int | np.integer):
            return list(self.functions)
        classes = self.classes
        return [
            function if isinstance(function, DeclaredLabelingFunction) else function.with_classes(classes)
            for function in self.functions
        ]

    def _n_classes(self) -> int:
        if self.classes is None:
            return MAX_CLASSES
        count = int(self.classes) if isinstance(self.classes, int | np.integer) else len(self.classes)
        if not 2 <= count <= MAX_CLASSES:  # noqa: PLR2004 - fewer than two leave nothing to decide
            raise InputError(f"{count} classes: from 2 to {MAX_CLASSES} can be voted for")
        return count


def _with_row_id(rows: Any) -> pl.DataFrame:
    """Rows with the name that errors give a row: its ``row_id``, else its label in the index of pandas, else its number."""
    table = to_polars(rows)
    if "row_id" in table.columns:
        return table.with_columns(pl.col("row_id").cast(pl.String))
    labels = rows.index.tolist() if is_pandas(rows) else range(table.height)
    return (
        table.insert_column(0, pl.Series("row_id", [str(label) for label in labels], dtype=pl.String))
        if table.width
        else table
    )
