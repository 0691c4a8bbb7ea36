"""Which of the project's own files a stage runs, found in its imports."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = "tidemill"


def files_run_by(script: Path, source: Path) -> set[str]:
    """Stage script and folder ``src`` → every file of the package that it imports, itself included, relative to the top."""
    found: set[Path] = set()
    left = [script]
    while left:
        file = left.pop()
        if file not in found:
            found.add(file)
            left += [path for name in _imported(file) for path in _files_of(name, source)]
    return {str(path.relative_to(source.parent)) for path in found}


def _imported(file: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [name for name in names if name.split(".")[0] == PACKAGE]


def _files_of(name: str, source: Path) -> list[Path]:
    """Dotted name → the module's file and its packages' ``__init__.py``."""
    parts = name.split(".")
    base = source.joinpath(*parts)
    inits = [source.joinpath(*parts[:count]) / "__init__.py" for count in range(1, len(parts) + 1)]
    return [path for path in [base.with_suffix(".py"), *inits] if path.exists()]
