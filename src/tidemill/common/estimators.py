"""scikit-learn's conventions without scikit-learn: parameters, clones, pipelines, and what is fitted."""

from __future__ import annotations

import inspect
import sys
from typing import Any, Self

from tidemill.common.spelling import did_you_mean
from tidemill.contracts import InputError, NotFittedError


class Estimator:
    """Base of what is constructed with parameters and fitted to data.

    The constructor stores its parameters as they are; ``fit`` sets attributes whose names end with an underscore. So
    ``sklearn.base.clone``, ``sklearn.pipeline.Pipeline`` and a search over parameters take it for one of their own.

    Examples
    --------
    >>> class Bar(Estimator):
    ...     def __init__(self, height=1.0):
    ...         self.height = height
    >>> Bar(2.0).get_params(), Bar().set_params(height=3.0)
    ({'height': 2.0}, Bar(height=3.0))
    """

    @classmethod
    def _parameter_defaults(cls) -> dict[str, Any]:
        signature = inspect.signature(cls.__init__)
        return {name: parameter.default for name, parameter in signature.parameters.items() if name != "self"}

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: FBT001, FBT002 - scikit-learn's signature
        """Give the parameters by their names.

        Parameters
        ----------
        deep
            Give the parameters of estimators among them too, as ``name__parameter``.

        Returns
        -------
        dict
            Value by name of the parameter.
        """
        own = {name: getattr(self, name) for name in sorted(self._parameter_defaults())}
        if not deep:
            return own
        nested = [(name, value) for name, value in own.items() if isinstance(value, Estimator)]
        return own | {f"{name}__{key}": item for name, value in nested for key, item in value.get_params().items()}

    def set_params(self, **parameters: Any) -> Self:
        """Set parameters by their names.

        Parameters
        ----------
        parameters
            Their values; ``name__parameter`` sets one of an estimator among them.

        Returns
        -------
        Estimator
            Itself.

        Raises
        ------
        InputError
            There is no such parameter.
        """
        for key, value in parameters.items():
            name, _, inner = key.partition("__")
            if name not in self._parameter_defaults():
                hint = did_you_mean(name, self._parameter_defaults())
                raise InputError(f"{type(self).__name__} has no parameter {name!r}{hint}")
            if inner:
                getattr(self, name).set_params(**{inner: value})
            else:
                setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = self._parameter_defaults()
        values = {name: getattr(self, name) for name in defaults}
        shown = [f"{name}={value!r:.60}" for name, value in values.items() if value is not defaults[name]]
        return f"{type(self).__name__}({', '.join(shown)})"

    def __sklearn_is_fitted__(self) -> bool:
        """Tell scikit-learn whether the estimator is fitted."""
        return any(name.endswith("_") and not name.startswith("_") for name in vars(self))

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn, which alone calls it, what the estimator takes."""
        from sklearn.utils import Tags, TargetTags

        return Tags(estimator_type=None, target_tags=TargetTags(required=False))

    def _check_is_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise _not_fitted_error()(f"this {type(self).__name__} is not fitted yet: call fit first")


def _not_fitted_error() -> type[NotFittedError]:
    """Give an error that scikit-learn catches as its own where it is in use; nobody else could be catching that."""
    sklearn = sys.modules.get("sklearn.exceptions")
    if sklearn is None:
        return NotFittedError
    return type("NotFittedError", (NotFittedError, sklearn.NotFittedError), {})
