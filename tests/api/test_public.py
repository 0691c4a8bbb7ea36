"""What `tidemill` exports, by name, and what importing it costs."""

import ast
import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import tidemill

NAMES = [
    "ABSTAIN",
    "NO_GOLD",
    "not_class",
    "labeling_function",
    "batch_labeling_function",
    "preprocessor",
    "declare",
    "keyword_functions",
    "load_functions",
    "Row",
    "SequentialDrift",
    "LFApplier",
    "LFAnalysis",
    "LabelModel",
    "label_models",
    "EndModel",
    "find_label_errors",
    "DriftDetector",
    "DriftResult",
    "EmbeddingDrift",
    "FunctionDrift",
    "PredictionDrift",
    "HarmDetector",
    "drift_detector",
    "drift_detectors",
    "Project",
    "TidemillError",
    "ConfigError",
    "DataError",
    "FunctionError",
    "InputError",
    "NotFittedError",
    "__version__",
]
PACKAGES = ["tidemill", "tidemill.api", "tidemill.denoise", "tidemill.evaluate", "tidemill.label", "tidemill.monitor"]


def test_these_names_are_the_public_api():
    assert sorted(tidemill.__all__) == sorted(NAMES)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_exports_what_its_homes_hold(package):
    module = import_module(package)
    assert set(module.__all__) - {"__version__"} == set(module._HOMES)
    assert set(module.__all__) <= set(dir(module))
    for name, home in module._HOMES.items():
        assert getattr(module, name) is getattr(import_module(home), name)


@pytest.mark.parametrize("package", PACKAGES)
def test_type_checkers_see_the_same_names(package):
    module = import_module(package)
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    imports = [node for node in ast.walk(block) if isinstance(node, ast.ImportFrom)]
    imported = {(alias.name, str(node.module)) for node in imports for alias in node.names}
    assert {name for name, _ in imported} == set(module._HOMES)
    for name, home in imported:
        assert getattr(import_module(home), name) is getattr(module, name)


def test_a_name_that_is_not_exported_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'tidemill' has no attribute 'LabelModle'"):
        _ = tidemill.LabelModle


@pytest.mark.parametrize(
    ("name", "library", "extra"),
    [("EndModel", "safetensors", "train"), ("find_label_errors", "cleanlab", "train"), ("Project", "dvc", "pipeline")],
)
def test_a_name_whose_library_is_missing_names_the_extra(monkeypatch, name, library, extra):
    monkeypatch.delitem(vars(tidemill), name, raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ModuleNotFoundError, match=rf"this needs {library}.*pip install 'tidemill\[{extra}\]'"):
        getattr(tidemill, name)


def in_a_new_process(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_importing_tidemill_imports_no_library():
    heavy = "{'numpy', 'polars', 'scipy', 'pydantic', 'sklearn', 'torch', 'pandas', 'typer', 'yaml'}"
    assert in_a_new_process(f"import sys, tidemill; print({heavy} & set(sys.modules))") == "set()"


def test_importing_tidemill_loads_its_own_names_and_modules_of_python_alone():
    """So that it costs milliseconds, however busy the machine is."""
    code = "import sys; before = set(sys.modules); import tidemill; print(*sorted(set(sys.modules) - before))"
    loaded = in_a_new_process(code).split()
    assert {name.partition(".")[0] for name in loaded} - set(sys.stdlib_module_names) == {"tidemill"}
    assert len(loaded) < 100


@pytest.mark.slow
def test_the_label_model_needs_neither_scikit_learn_nor_pandas_nor_torch():
    code = (
        "import sys, numpy as np, polars as pl, tidemill as tm\n"
        "lf = tm.declare('long', kind='length', unit='words', above=2, vote=1)\n"
        "votes = tm.LFApplier([lf], classes=2).apply(pl.DataFrame({'text': ['a b c', 'a']}))\n"
        "tm.LabelModel('majority', classes=2).fit(votes).predict_proba(votes)\n"
        "tm.EmbeddingDrift().fit(np.zeros((30, 2)))\n"
        "print({'sklearn', 'pandas', 'torch', 'pyarrow', 'dvc'} & set(sys.modules))"
    )
    assert in_a_new_process(code) == "set()"


CALLABLES = sorted(
    name for name in set(NAMES) - {"ABSTAIN", "NO_GOLD", "__version__", "DriftResult"} if not name.endswith("Error")
)


def methods(value: object) -> list[object]:
    if not inspect.isclass(value):
        return [value]
    own = [
        member for klass in value.__mro__ if klass.__module__.startswith("tidemill") for member in vars(klass).values()
    ]
    return [member for member in own if inspect.isfunction(member) and not member.__name__.startswith("_")]


@pytest.mark.parametrize("name", CALLABLES)
def test_a_public_function_documents_its_parameters(name):
    """NumPy style: whatever takes arguments of its own says what they are, or which method it is like."""
    value = getattr(tidemill, name)
    for function in methods(value):
        taken = set(inspect.signature(function).parameters) - {"self", "cls"}
        text = inspect.getdoc(function) or ""
        assert text, function
        assert not taken or "Parameters\n----------" in text or "as ``" in text, function
    if (
        inspect.isclass(value)
        and value is not tidemill.Row
        and set(inspect.signature(value).parameters) - {"args", "kwargs"}
    ):
        assert "Parameters\n----------" in (inspect.getdoc(value) or ""), name
