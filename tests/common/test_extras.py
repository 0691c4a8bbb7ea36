"""A missing library is named with the command that installs it, and every library that is imported can be installed so."""

import ast
import re
import sys
from importlib import metadata

import pytest

from tidemill.common.extras import extra_of, extras, remedy, require

BASE = {
    "PIL": "pillow",
    "yaml": "pyyaml",
    "pydantic_core": "pydantic",
    "python_calamine": "python-calamine",
}
INDIRECT = {
    "gto",  # a command for people
    "marshmallow",  # great-expectations'
    "onnxscript",  # torch.onnx'
    "python-multipart",  # fastapi's
    "pyyaml",  # imported as yaml
    "torchvision",  # timm's
    "socksio",  # httpx's
    "sqlalchemy",  # prefect's
    "xgboost-cpu",  # xgboost by another name
}


def imported(root):
    """Top modules that the package and the flows import, wherever in a file; what an export carries runs without Tidemill."""
    for folder in ("src/tidemill", "flows"):
        for file in (root / folder).rglob("*.py"):
            if file.name == "standalone_predict.py":
                continue
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    yield from (alias.name.partition(".")[0] for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module:
                    yield node.module.partition(".")[0]


ELSEWHERE = {"spacy", "gliner", "evidently"}
"""Taggers that a user installs by name, and what driftbench has in an environment of its own."""


def base():
    lines = [line for line in metadata.requires("tidemill") if "extra ==" not in line]
    return {re.match(r"[\w.-]+", line)[0].lower() for line in lines}


@pytest.mark.slow
def test_every_library_that_is_imported_is_in_the_base_or_in_an_extra(root):
    libraries = set(imported(root)) - set(sys.stdlib_module_names) - {"tidemill", "flows"} - ELSEWHERE
    lost = [name for name in libraries if BASE.get(name, name) not in base() and extra_of(name) is None]
    assert sorted(lost) == []
    assert {"numpy", "torch", "dvc"} <= libraries


@pytest.mark.slow
def test_every_library_that_is_installed_is_imported_or_another_ones(root):
    modules = set(imported(root))
    wanted = base().union(*extras().values()) - INDIRECT
    aliases = {"hydra-core": "hydra", "scikit-learn": "sklearn", "ruamel-yaml": "ruamel", "pillow": "PIL"}
    unused = [name for name in wanted if aliases.get(name, name.replace("-", "_")) not in modules]
    assert sorted(unused) == []
    assert {"numpy", "torch", "dvc"} <= wanted


@pytest.mark.parametrize(
    ("module", "extra"),
    [("matplotlib", "plots"), ("torch", "train"), ("sklearn", "train"), ("hydra", "pipeline"), ("uvicorn", "serve")],
)
def test_a_library_belongs_to_the_smallest_extra_that_installs_it(module, extra):
    assert extra_of(module) == extra


def test_a_missing_library_is_named_with_its_extra(monkeypatch):
    require("matplotlib")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ModuleNotFoundError) as error:
        require("matplotlib")
    told = "this needs matplotlib, which is not installed: pip install 'tidemill[plots]'"
    assert str(error.value) == told
    with pytest.raises(ModuleNotFoundError) as error:
        import matplotlib as mpl  # noqa: F401
    assert remedy(error.value) == told


def test_a_library_that_no_extra_has_keeps_its_own_error():
    assert remedy(ModuleNotFoundError("No module named 'mine'", name="mine")) is None
    assert remedy(ModuleNotFoundError("no name")) is None
    assert remedy(ModuleNotFoundError("No module named 'tidemill.mine'", name="tidemill.mine")) is None
