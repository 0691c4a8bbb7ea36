"""What passes from one package to another has a type: no ``dict[str, Any]`` stands in a signature used from elsewhere.

Looked at are functions, and methods and fields of classes, without an underscore, of every module of which another
package imports the name. A package is a folder below ``src/tidemill``; the applications are one each.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"

ALLOWED = {
    "tidemill.project.config.load_params": "params.yaml before it is validated",
    "tidemill.project.config.load": "takes params.yaml before it is validated",
    "tidemill.project.config.parse": "takes a section of YAML before it is validated",
    "tidemill.project.compose.compose": "what Hydra composes, before it is validated",
    "tidemill.project.project.Project.compose": "what Hydra composes, before it is validated",
    "tidemill.common.nested.flatten": "settings before they are validated",
    "tidemill.common.nested.merged": "settings before they are validated",
    "tidemill.common.nested.value_at": "settings before they are validated",
    "tidemill.train.settings.TrainSettings.with_changes": "settings by dotted name, validated in it",
    "tidemill.runs.dvc_cache.outputs": "entries of dvc.lock",
    "tidemill.reports.evaluate.Verdict.upgraded": "content of a file before it is validated",
    "tidemill.runs.dvc_cache.locked_stages": "entries of dvc.lock, whose form is DVC's",
    "tidemill.runs.dvc_cache.read_lock": "dvc.lock, whose form is DVC's",
    "tidemill.runs.outdated.outdated": "dvc.lock, whose form is DVC's",
    "tidemill.common.estimators.Estimator.get_params": "scikit-learn's interface",
    "tidemill.label.functions.labeling_function.labeling_function": "resources of a labeling function are the user's",
    "tidemill.label.functions.labeling_function.batch_labeling_function": "resources are the user's",
    "tidemill.api.end_model.EndModel.config_": "config.json as a dictionary, to look at",
    "tidemill.apps.reports.problem_report.ProblemReport.batches": "rows of a table, for the page",
    "tidemill.apps.reports.problem_report.ProblemReport.functions": "rows of lf_summary.csv, for the page",
    "tidemill.apps.reports.problem_report.ProblemReport.scores": "rows of scores.csv, for the page",
    "tidemill.apps.reports.problem_report.ProblemReport.of": "rows of scores.csv, for the page",
    "tidemill.apps.gold.overview.gold_overview": "what `tidemill gold list --json` prints",
    "tidemill.apps.gold.overview.overview_lines": "what `tidemill gold list --json` prints, in words",
    "tidemill.apps.gold.overview.row_history": "what `tidemill gold list --row --json` prints",
    "tidemill.apps.gold.overview.history_lines": "what `tidemill gold list --row --json` prints, in words",
    "tidemill.readers.json_rows.unique_keys": "an object of JSON, as the hook of json.loads makes it",
    "tidemill.contracts.raw_contract": "column names to Polars' data types",
    "tidemill.reports.denoise.DenoiseReport.upgraded": "content of a file before it is validated",
    "tidemill.reports.denoise.LabelModelFile.upgraded": "content of a file before it is validated",
    "tidemill.reports.model.ModelConfig.upgraded": "content of a file before it is validated",
    "tidemill.reports.project.ChampionPin.upgraded": "content of a file before it is validated",
    "tidemill.reports.project.Manifest.upgraded": "content of a file before it is validated",
    "tidemill.reports.project.SuiteResult.upgraded": "content of a file before it is validated",
    "tidemill.reports.project.SuiteResult.of": "a result whose form is Great Expectations'",
    "tidemill.label.functions.json_schema.json_schema": "a JSON Schema, whose form is the standard's",
    "tidemill.denoise.models.base.BaseLabelModel.to_dict": "used inside denoise; LabelModelFile is what leaves it",
    "tidemill.denoise.models.base.BaseLabelModel.from_dict": "used inside denoise; LabelModelFile is what leaves it",
    "tidemill.denoise.models.base.BaseLabelModel.report": "used inside denoise; DenoiseReport is what leaves it",
    "tidemill.denoise.settings.DenoiseSettings.parameters": "parameters of the label model that is chosen by name",
    "tidemill.train.settings.TrainSettings.recipes": "settings as YAML has them, validated one by one",
    "tidemill.train.classical.base.to_files": "arrays by name, as safetensors has them, and what JSON holds beside",
    "tidemill.train.classical.base.from_files": "arrays by name, as safetensors has them, and what JSON holds beside",
    "tidemill.train.classical.lstm.Lstm.weights": "arrays by the names that torch gives them",
    "tidemill.train.settings.TrainSettings.trainer": "options of Lightning's Trainer",
    "tidemill.apps.review.label_studio.LabelStudio.add_tasks": "tasks, whose form is Label Studio's",
    "tidemill.apps.review.label_studio.LabelStudio.tasks": "tasks, whose form is Label Studio's",
    "tidemill.train.search.settings.SearchSettings.backbones": "settings as YAML has them, validated one by one",
}
"""Name: why it may stay untyped."""


def package(module: str) -> str:
    parts = module.split(".")
    return ".".join(parts[: 3 if parts[1:2] == ["apps"] else 2])


def modules() -> dict[str, ast.Module]:
    files = [*SOURCE.joinpath("tidemill").rglob("*.py"), *ROOT.joinpath("flows").glob("*.py")]
    found = {}
    for file in files:
        base = SOURCE if file.is_relative_to(SOURCE) else ROOT
        name = ".".join(file.relative_to(base).with_suffix("").parts).removesuffix(".__init__")
        found[name] = ast.parse(file.read_text(encoding="utf-8"))
    return found


def crossing(trees: dict[str, ast.Module]) -> dict[str, set[str]]:
    """Module -> names that another package imports from it."""
    found = defaultdict(set)
    for module, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module in trees and package(node.module) != package(module):
                found[node.module] |= {alias.name for alias in node.names}
    return found


def untyped(annotation: ast.expr | None) -> bool:
    """Whether the annotation holds a dict or mapping of Any."""
    return annotation is not None and any(map(_is_of_anything, ast.walk(annotation)))


def _is_of_anything(node: ast.AST) -> bool:
    if not isinstance(node, ast.Subscript) or ast.unparse(node.value) not in {"dict", "Mapping", "MutableMapping"}:
        return False
    return isinstance(node.slice, ast.Tuple) and ast.unparse(node.slice.elts[-1]) == "Any"


def annotations(node: ast.AST) -> Iterator[ast.expr | None]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        arguments = node.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            yield argument.annotation
        yield node.returns
    elif isinstance(node, ast.AnnAssign):
        yield node.annotation


def name_of(node: ast.AST) -> str:
    return (
        node.target.id
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        else getattr(node, "name", "_")
    )


def untyped_names(trees: dict[str, ast.Module]) -> set[str]:
    found = set()
    for module, names in crossing(trees).items():
        for node in trees[module].body:
            if name_of(node) not in names:
                continue
            parts = [node, *node.body] if isinstance(node, ast.ClassDef) else [node]
            for part in parts:
                if (part is node or not name_of(part).startswith("_")) and any(map(untyped, annotations(part))):
                    found.add(f"{module}.{name_of(node)}" + ("" if part is node else f".{name_of(part)}"))
    return found


@pytest.fixture(scope="module")
def found() -> set[str]:
    return untyped_names(modules())


@pytest.mark.slow
def test_no_dictionary_of_anything_passes_from_one_package_to_another(found: set[str]):
    assert found - set(ALLOWED) == set()


@pytest.mark.slow
def test_every_exception_is_still_needed(found: set[str]):
    assert set(ALLOWED) - found == set()


def test_the_check_sees_functions_methods_and_fields_and_nothing_else():
    given = {
        "tidemill.a.one": "def f(x: dict[str, Any]) -> None: ...\n"
        "def g() -> Mapping[str, Any]: ...\n"
        "def h(x: dict[str, int]) -> int: ...\n"
        "def unused() -> dict[str, Any]: ...\n"
        "class C:\n    field: list[dict[str, Any]]\n    def m(self) -> dict[str, Any]: ...\n    def _p(self) -> dict[str, Any]: ...\n",
        "tidemill.a.two": "from tidemill.a.one import unused\n",
        "tidemill.b": "from tidemill.a.one import f, g, h, C\n",
    }
    assert untyped_names({name: ast.parse(text) for name, text in given.items()}) == {
        "tidemill.a.one.f",
        "tidemill.a.one.g",
        "tidemill.a.one.C.field",
        "tidemill.a.one.C.m",
    }
