"""Each rule of the walk, on a small package written for it."""

from pathlib import Path
from textwrap import dedent

import pytest

from tidemill.project.stage_code.reach import reach
from tidemill.project.stage_code.stage_fingerprints import PackageModules


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """An empty package ``shop``, to which a test adds modules."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    return folder


def add(package: Path, **modules: str) -> None:
    """Write modules; two underscores in a name are a folder."""
    for name, text in modules.items():
        path = package / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(dedent(text))


def reached(package: Path, script: str = "shop.script", **opens: tuple[str, ...]) -> dict[str, set[str]]:
    """Module and the names that the script reaches in it, for modules of which it reaches something."""
    modules = PackageModules(package)
    found = reach(script, modules, opens={name.replace("__", ":"): one for name, one in opens.items()})
    names: dict[str, set[str]] = {}
    for name, indices in found.statements.items():
        syntax = modules.get(name)
        assert syntax is not None
        if indices:
            names[name] = {one for index in indices for one in syntax.statements[index].names or ["<action>"]}
    return names | ({"files": found.files} if found.files else {})


def test_a_function_that_is_used_counts_and_its_neighbour_does_not(package: Path):
    add(
        package,
        script="from shop.tools import cut\ncut()",
        tools="def cut(): return BLADE\ndef saw(): 0\nBLADE = 1\nTEETH = 2",
    )
    assert reached(package)["shop.tools"] == {"cut", "BLADE"}


def test_an_import_inside_a_function_counts(package: Path):
    add(package, script="def main():\n    from shop.tools import cut\n    cut()\nmain()", tools="def cut(): 0")
    assert reached(package)["shop.tools"] == {"cut"}


def test_a_name_is_followed_through_the_package_that_exports_it_alone(package: Path):
    add(package, script="from shop.tools import cut\ncut()", tools__a="def cut(): 0", tools__b="def saw(): 0")
    (package / "tools/__init__.py").write_text(
        "from shop.tools.a import cut\nfrom .b import saw\n__all__ = ['cut', 'saw']"
    )
    assert reached(package) == {"shop.script": {"<action>"}, "shop.tools.a": {"cut"}}


def test_an_attribute_of_a_module_counts_alone_and_a_module_passed_around_whole(package: Path):
    add(package, tools="def cut(): 0\ndef saw(): 0", script="from shop import tools\ntools.cut()")
    assert reached(package)["shop.tools"] == {"cut"}
    add(package, script="import shop.tools\nshop.tools.cut()")
    assert reached(package)["shop.tools"] == {"cut"}
    add(package, script="from shop import tools\ngetattr(tools, 'cut')()")
    assert reached(package)["shop.tools"] == {"cut", "saw"}


def test_a_module_named_in_a_string_counts_whole_and_so_does_a_template(package: Path):
    add(package, script="START = ['python', '-m', 'shop.worker']\nPAGE = 'page.html'", worker="def work(): 0\nwork()")
    (package / "page.html").write_text("<p>")
    assert reached(package)["shop.worker"] == {"work", "<action>"}
    assert reached(package)["files"] == {"page.html"}


def test_what_a_module_does_when_it_is_imported_counts_though_no_name_of_it_is_used(package: Path):
    add(
        package,
        script="import shop.tools",
        tools="from shop.base import KNOWN, register\nKNOWN['saw'] = 1\n@register\ndef cut(): 0\ndef unused(): 0",
        base="KNOWN = {}\ndef register(one):\n    KNOWN[one.__name__] = one\n    return one\ndef other(): 0",
    )
    assert reached(package)["shop.tools"] == {"<action>", "cut"}
    assert reached(package)["shop.base"] == {"KNOWN", "register"}


def test_a_class_that_its_base_registers_counts_and_one_of_a_plain_base_does_not(package: Path):
    add(
        package,
        script="import shop.models",
        models="from shop.base import Plain, Registered\nclass A(Registered): 0\nclass B(A): 0\nclass C(Plain): 0",
        base="class Registered:\n    def __init_subclass__(cls): 0\nclass Plain: 0",
    )
    assert reached(package)["shop.models"] == {"A", "B"}


def test_a_dataclass_and_a_cached_function_count_only_where_they_are_used(package: Path):
    add(
        package,
        script="import shop.tools",
        tools="import functools\nfrom dataclasses import dataclass\n@dataclass\nclass A: 0\n@functools.cache\ndef f(): 0",
    )
    assert reached(package) == {}


def test_names_given_by_getattr_of_a_module_reach_what_it_names(package: Path):
    add(package, script="from shop.api import cut\ncut()", tools="def cut(): 0", spare="def bolt(): 0")
    add(package, api="HOMES = {'cut': 'shop.tools'}\nOTHER = 'shop.spare'\ndef __getattr__(name): return HOMES[name]")
    assert reached(package)["shop.tools"] == {"cut"}
    assert "shop.spare" not in reached(package)


def test_what_runs_code_of_others_reaches_all_that_they_may_import(package: Path):
    add(package, script="from shop.load import run\nrun()", load="def run(): 0", helpers="def one(): 0\ndef two(): 0")
    assert "shop.helpers" not in reached(package)
    assert reached(package, shop=(), **{"shop.load__run": ("shop.helpers",)})["shop.helpers"] == {"one", "two"}


def test_an_import_for_the_type_checker_alone_does_not_count(package: Path):
    add(
        package,
        script="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from shop.tools import Tool\ndef f(a: Tool): 0",
        tools="class Tool: 0",
    )
    assert "shop.tools" not in reached(package)


def test_what_is_there_in_place_of_an_import_for_the_type_checker_counts(package: Path):
    add(
        package,
        script="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import shop.tools\nelse:\n    import shop.other",
        other="print(1)",
    )
    assert "shop.other" in reached(package)


def test_a_module_all_of_whose_names_are_imported_counts_whole(package: Path):
    add(package, script="from shop.tools import *\ncut()", tools="def cut(): 0\ndef saw(): 0")
    assert reached(package)["shop.tools"] == {"cut", "saw"}


def test_the_main_block_of_a_module_that_is_imported_does_not_run(package: Path):
    add(package, script="import shop.tools", tools="def main(): 0\nif __name__ == '__main__':\n    main()")
    assert reached(package) == {}
    assert reached(package, "shop.tools")["shop.tools"] == {"main", "<action>"}
