"""The docstring of a package is its map: a line begins with the name of each module and package in it."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src/tidemill"
MAPPED = [
    "api",
    "apps",
    "common",
    "denoise",
    "facts",
    "flows",
    "generate",
    "label",
    "monitor",
    "project",
    "reports",
    "review",
    "runs",
    "train",
]
PACKAGES = sorted(init.parent for name in MAPPED for init in (SOURCE / name).rglob("__init__.py"))


def named(init: Path) -> set[str]:
    lines = (ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))) or "").splitlines()
    return {line.split()[0].rstrip("/") for line in lines[1:] if line.strip()}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: str(package.relative_to(SOURCE)))
def test_a_packages_docstring_names_every_module(package: Path):
    modules = {file.stem for file in package.glob("*.py")} - {"__init__"}
    folders = {init.parent.name for init in package.glob("*/__init__.py")}
    assert modules | folders <= named(package / "__init__.py")
