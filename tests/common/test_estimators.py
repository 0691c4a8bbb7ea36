import pytest

from tidemill.common.estimators import Estimator
from tidemill.contracts import InputError, NotFittedError


class Inner(Estimator):
    def __init__(self, height=1.0):
        self.height = height


class Outer(Estimator):
    def __init__(self, inner=None, *, width=2):
        self.inner = inner
        self.width = width


def test_parameters_of_estimators_among_them_have_both_names():
    outer = Outer(Inner(3.0))
    assert outer.get_params() == {"inner": outer.inner, "inner__height": 3.0, "width": 2}
    assert outer.get_params(deep=False) == {"inner": outer.inner, "width": 2}
    assert outer.set_params(inner__height=4.0, width=5) is outer
    assert (outer.inner.height, outer.width) == (4.0, 5)


def test_an_unknown_parameter_is_named_with_the_nearest():
    with pytest.raises(InputError, match="Outer has no parameter 'widht'; did you mean width"):
        Outer().set_params(widht=1)


def test_its_repr_shows_what_is_not_the_default():
    assert (repr(Outer()), repr(Outer(width=3))) == ("Outer()", "Outer(width=3)")


def test_it_is_fitted_once_an_attribute_ends_with_an_underscore():
    inner = Inner()
    assert not inner.__sklearn_is_fitted__()
    with pytest.raises(NotFittedError, match="this Inner is not fitted yet"):
        inner._check_is_fitted()
    vars(inner)["weight_"] = 1
    inner._check_is_fitted()
