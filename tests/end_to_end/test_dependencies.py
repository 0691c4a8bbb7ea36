"""What ``dvc.yaml`` says a stage depends on: data, settings and the fingerprint of the code that it runs."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tests.end_to_end.conftest import run
from tidemill.project.stage_code.reach import reach
from tidemill.project.stage_code.stage_fingerprints import OPENS, PackageModules, fingerprint_stages, read_code

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
RECOMPUTED = sorted(set(STAGES) - {"preflight"})
RUN = ("ingest", "embed", "label", "denoise", "search", "train", "evaluate", "monitor")
"""In their order, but for facts: the project has no relation problem."""
GOLD = "data/${item.problem}/gold"
RECORD_CALLS = """
import ast, importlib.abc, importlib.machinery, json, runpy, sys

called, script = {}, None

def while_importing(frame):
    while frame is not None:
        if frame.f_code.co_name == "<module>" and "/tidemill/" in frame.f_code.co_filename:
            return not frame.f_code.co_filename.endswith(f"/stages/{script}.py")
        frame = frame.f_back
    return False

def record_call(file, line, name):
    if (file, line) not in called and not while_importing(sys._getframe(2)):
        called[file, line] = name

class RecordingLoader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname):
        file = self.get_filename(fullname)
        tree = ast.parse(self.get_data(file))
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                call = ast.parse(f"__record_call__({file!r}, {node.lineno}, {node.name!r})").body[0]
                node.body.insert(ast.get_docstring(node) is not None, call)
        return compile(ast.fix_missing_locations(tree), file, "exec")

class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] != "tidemill":
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and type(spec.loader) is importlib.machinery.SourceFileLoader:
            spec.loader = RecordingLoader(fullname, spec.loader.path)
        return spec

import builtins
builtins.__record_call__ = record_call
sys.meta_path.insert(0, Finder())
recorded = {}
for script in sys.argv[1:]:
    called.clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "tidemill"]:
        del sys.modules[name]  # its caches are empty, as in a process of its own; other libraries stay
    sys.argv = [script, "tiny"]
    runpy.run_module(f"tidemill.stages.{script}", run_name="__main__", alter_sys=True)
    recorded[script] = [[file, line, name] for (file, line), name in called.items()]
open("called.json", "w").write(json.dumps(recorded))
"""


@pytest.mark.parametrize("name", RECOMPUTED)
def test_a_stage_names_the_fingerprint_of_its_code_and_none_of_its_files(name: str):
    assert {"code.yaml": [name]} in STAGES[name]["params"]
    assert [one for one in STAGES[name]["deps"] if "tidemill" in one] == []


@pytest.mark.slow
def test_the_committed_fingerprints_are_those_of_the_code():
    written, now = read_code(ROOT), fingerprint_stages(ROOT / "src/tidemill")
    assert (written.stages, written.files) == (now.stages, now.files), "run `tidemill compose`"
    assert sorted(written.stages) == RECOMPUTED


def test_gold_is_a_dependency_of_evaluate_and_of_monitor_which_judges_harm_by_it():
    assert [name for name, stage in STAGES.items() if GOLD in stage["deps"]] == ["evaluate", "facts", "monitor"]
    assert [name for name, stage in STAGES.items() if GOLD.replace("gold", "slices") in stage["deps"]] == ["evaluate"]


@pytest.mark.slow
def test_the_fingerprint_of_facts_covers_all_that_facts_are_made_by():
    reached = reach("tidemill.stages.facts", PackageModules(ROOT / "src/tidemill"), opens=OPENS).statements
    made_by = {f"tidemill.facts.{file.stem}" for file in (ROOT / "src/tidemill/facts").glob("[!_]*.py")}
    assert made_by <= set(reached)


@pytest.fixture(scope="module")
def traced(sprout: Callable[[str], Path], reproduced: Path) -> Path:
    """A copy of the reproduced project, whose stages have run in one process with every call of the package recorded."""
    folder = sprout("traced")
    shutil.copytree(reproduced, folder, dirs_exist_ok=True, symlinks=True, ignore=shutil.ignore_patterns("packages"))
    for table in (*folder.glob("data/tiny/raw/*.parquet"), *folder.glob("data/tiny/features/*.parquet")):
        table.unlink()  # so that its stage makes it anew
    run(sys.executable, "-c", RECORD_CALLS, *RUN, folder=folder)
    return folder


@pytest.fixture(scope="module")
def modules(traced: Path) -> PackageModules:
    """The package of that project; all its stages reach much of the same."""
    return PackageModules(traced / "src" / "tidemill")


@pytest.mark.slow
@pytest.mark.parametrize("name", RUN)
def test_every_function_that_a_stage_calls_is_part_of_its_fingerprint(traced: Path, modules: PackageModules, name: str):
    called = json.loads((traced / "called.json").read_text())[name]
    assert len(called) > 10
    reached = _lines_reached(name, modules, traced / "src")
    assert [call for call in called if not _is_reached(call, reached)] == []


def _is_reached(call: tuple[str, int, str], reached: dict[str, list[tuple[int, int]]]) -> bool:
    file, line, _ = call
    return any(first <= line <= last for first, last in reached.get(file, []))


def _lines_reached(name: str, modules: PackageModules, source: Path) -> dict[str, list[tuple[int, int]]]:
    """Stage and a package -> each file, with the lines of its statements that are part of the stage's fingerprint."""
    found: dict[str, list[tuple[int, int]]] = {}
    for module, indices in reach(f"tidemill.stages.{name}", modules, opens=OPENS).statements.items():
        syntax, base = modules.get(module), source.joinpath(*module.split("."))
        assert syntax is not None
        file = base.with_suffix(".py") if base.with_suffix(".py").exists() else base / "__init__.py"
        found[str(file)] = [syntax.statements[index].lines for index in indices]
    return found
