"""Scores of predictions next to baselines, and the verdict on the candidate."""

from typing import TYPE_CHECKING, Any, Final

from tidemill.common.lazy import exported_names, load_export

if TYPE_CHECKING:
    from tidemill.evaluate.label_issues import find_label_errors

__all__ = ["find_label_errors"]

_HOMES: Final = {"find_label_errors": "tidemill.evaluate.label_issues"}

_NEEDS: Final = {"find_label_errors": "cleanlab"}


def __getattr__(name: str) -> Any:
    return load_export(__name__, name, _HOMES, _NEEDS)


def __dir__() -> list[str]:
    return exported_names(__name__, _HOMES)
