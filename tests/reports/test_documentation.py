import importlib
from pathlib import Path

import pytest

from tidemill.reports import documentation
from tidemill.reports.base import Part, Report
from tidemill.reports.documentation import PAGE, page


def subclasses(kind):
    for below in kind.__subclasses__():
        yield below
        yield from subclasses(below)


def models():
    for name in documentation._packages():
        importlib.import_module(f"tidemill.reports.{name}")
    return sorted(
        {kind for kind in subclasses(Part) if kind.__module__.startswith("tidemill.reports")} - {Report},
        key=lambda kind: kind.__qualname__,
    )


def test_the_page_is_what_the_models_say(root: Path):
    written = (root / PAGE).read_text(encoding="utf-8")
    assert written == page(), "docs/reports.md is stale: python -m tidemill.reports.documentation"


def test_the_page_names_every_model_and_every_field():
    text = page()
    for kind in models():
        if kind.__module__ != "tidemill.reports.base":
            assert f"### {kind.__name__}" in text
            assert all(f"| `{name}` |" in text for name in kind.model_fields)


@pytest.mark.parametrize("kind", models(), ids=lambda kind: kind.__name__)
def test_every_model_and_field_says_in_a_short_clause_what_it_is(kind):
    assert kind.__doc__
    for name, field in kind.model_fields.items():
        assert field.description, f"{kind.__name__}.{name}"
        assert len(field.description) <= 90, f"{kind.__name__}.{name}"


def test_no_two_reports_are_the_same_file():
    files = [kind.FILE for kind in models() if issubclass(kind, Report)]
    assert len(files) == len(set(files))


def test_the_command_writes_the_page_below_a_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["documentation", str(tmp_path)])
    documentation.main()
    assert (tmp_path / PAGE).read_text(encoding="utf-8") == page()
