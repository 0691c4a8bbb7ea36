"""Hooks and CI call targets of the Makefile and nothing else, so that what passes there passes here."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

FILES = {
    ".pre-commit-config.yaml": "entry",
    ".github/workflows/ci.yml": "run",
    ".gitlab-ci.yml": "script",
}


def values(content: Any, key: str) -> Iterator[str]:
    """Every text that stands under a key, however deep."""
    if isinstance(content, dict):
        for name, value in content.items():
            if name == key:
                yield from [value] if isinstance(value, str) else value
            else:
                yield from values(value, key)
    elif isinstance(content, list):
        for one in content:
            yield from values(one, key)


def targets(root: Path) -> set[str]:
    (phony,) = re.findall(r"^\.PHONY: (.*)$", (root / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return set(phony.split())


@pytest.mark.parametrize("file", FILES)
def test_it_calls_targets_of_the_makefile_and_nothing_else(root: Path, file: str):
    commands = list(values(yaml.safe_load((root / file).read_text(encoding="utf-8")), FILES[file]))
    assert commands
    for command in commands:
        called = re.fullmatch(r"make ([\w-]+)( PYTHON=\w+)?", command)
        assert called, f"{command} is more than a target of make"
        assert called[1] in targets(root), f"the Makefile has no target {called[1]}"


def test_every_python_that_is_promised_is_tried(root: Path):
    promised = re.findall(r"Python :: (3\.\d+)", (root / "pyproject.toml").read_text(encoding="utf-8"))
    matrix = yaml.safe_load((root / ".github/workflows/ci.yml").read_text(encoding="utf-8"))["jobs"]
    assert [job["strategy"]["matrix"]["python"] for job in matrix.values()] == [promised] * len(matrix)
