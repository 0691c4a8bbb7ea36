"""What every score shares: its columns, fit and values, and the registry."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt

from tidemill.monitor.sequential.view import View

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

SCORES: Final[dict[str, type[Score]]] = {}
"""Every score by its name."""


@dataclass(frozen=True)
class Column:
    """One number per row that is watched.

    Attributes
    ----------
    name
        Such as ``firing:mentions_prize``; what is before the colon is the score.
    two_sided
        Whether small values are news as large ones are.
    across_strata
        Ranked among all rows, whatever their stratum.
    """

    name: str
    two_sided: bool = False
    across_strata: bool = False


class Score(ABC):
    """A family of columns that is computed of each row by itself, by what was fitted on half of the reference.

    A subclass names itself and its share of the evidence by the class attributes ``name`` and ``weight``, and is registered by
    being written. It implements ``_columns``, ``_values`` and ``_describe``, and ``_fit`` and ``_mask`` where it needs them. The value of a row may depend on that row and on what was fitted, on nothing else: then p-values are uniform.

    Parameters
    ----------
    half : View
        Rows that the score is fitted on.
    functions, classes : tuple of str
        Names of the labeling functions and classes.
    """

    name: ClassVar[str]
    weight: ClassVar[float]

    def __init_subclass__(cls) -> None:
        if "name" in cls.__dict__:
            SCORES[cls.name] = cls

    def __init__(self, half: View, functions: tuple[str, ...], classes: tuple[str, ...]) -> None:
        self.functions = functions
        self.classes = classes
        self._fit(half)

    def columns(self) -> tuple[Column, ...]:
        """Name what is watched.

        Returns
        -------
        tuple of Column
            None where rows do not have what the score needs.
        """
        return self._columns()

    def values(self, view: View) -> Array:
        """Compute the values of rows.

        Parameters
        ----------
        view : View
            The rows.

        Returns
        -------
        (n_rows, n_columns)
        """
        return self._values(view)

    def mask(self, view: View) -> Mask:
        """Find where rows have a value; everywhere, by default.

        Parameters
        ----------
        view : View
            The rows.

        Returns
        -------
        (n_rows, n_columns)
        """
        return self._mask(view)

    def describe(self, column: Column) -> str:
        """Say in words what has changed where a column alarms.

        Parameters
        ----------
        column
            One of the score's.

        Returns
        -------
        str
            Part of a sentence.
        """
        return self._describe(column)

    def _fit(self, half: View) -> None:  # noqa: B027 - a score may need nothing of the reference
        pass

    @abstractmethod
    def _columns(self) -> tuple[Column, ...]: ...

    @abstractmethod
    def _values(self, view: View) -> Array: ...

    def _mask(self, view: View) -> Mask:
        return np.ones((len(view), len(self.columns())), dtype=np.bool_)

    @abstractmethod
    def _describe(self, column: Column) -> str: ...
