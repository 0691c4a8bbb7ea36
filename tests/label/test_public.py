"""What `tidemill.label` exports, and when it is loaded."""

import subprocess
import sys
from importlib import import_module

import pytest

from tidemill import label


@pytest.mark.parametrize("name", label.__all__)
def test_a_name_that_is_exported_is_the_one_of_its_home(name: str):
    assert getattr(label, name) is getattr(import_module(label._HOMES[name]), name)


def test_exported_and_loadable_names_are_the_same():
    assert sorted(label.__all__) == sorted(label._HOMES)
    assert set(label.__all__) <= set(dir(label))


def test_a_name_that_is_not_exported_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'labelling_function'"):
        _ = label.labelling_function


def test_a_worker_can_be_started_before_numpy_and_polars_are_imported():
    code = (
        "import sys, tidemill.label.engine.process; print(sorted({'numpy', 'polars', 'pydantic'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
