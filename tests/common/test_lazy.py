import sys
import types

import pytest

from tidemill.common.lazy import exported_names, load_export

HOMES = {"closest": "tidemill.common.spelling"}


@pytest.fixture
def package(monkeypatch):
    module = types.ModuleType("lazy_for_a_test")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def test_what_was_loaded_is_bound_in_the_package(package):
    assert load_export(package.__name__, "closest", HOMES) is package.closest


def test_a_name_that_is_not_exported_is_an_attribute_error(package):
    with pytest.raises(AttributeError, match="module 'lazy_for_a_test' has no attribute 'farthest'"):
        load_export(package.__name__, "farthest", HOMES)


def test_a_missing_library_is_named_before_anything_is_loaded(package, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModuleNotFoundError, match="this needs torch"):
        load_export(package.__name__, "closest", HOMES, {"closest": "torch"})
    assert not hasattr(package, "closest")


def test_names_are_listed_before_they_are_loaded(package):
    assert "closest" in exported_names(package.__name__, HOMES)
