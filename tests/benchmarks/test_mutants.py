"""The changes that `benchmarks/mutants.py` makes, and that it tells a test that notices from one that does not."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from mutant_operators import mutants


def changed(source: str) -> list[str]:
    return [f"{one.before} => {one.after}" for one in mutants(source)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b", ["a < b => a <= b", "a < b => a >= b"]),
        ("a and b", ["a and b => a or b"]),
        ("not a", ["not a => a"]),
        ("x = a + b", ["a + b => a - b"]),
        ("x = 0.5", ["0.5 => 1.0"]),
        ("x = 3", ["3 => 4"]),
        ("x = True", ["True => False"]),
        ("x = np.maximum", ["np.maximum => np.minimum"]),
        ("x = round(a, 6)", []),  # digits
        ("x = a.round(6)", []),
        ("x = 1e-9", []),  # a guard of a logarithm
        ("raise ValueError(1)", []),
        ("x: Literal[1]", []),
        ("def f(a: int = 2) -> int:\n    'Say 3.'", ["2 => 3"]),
        ("if a:\n    x += b", ["a => False", "a => True", "x += b => pass"]),
        ("[x for x in a if x]", ["x => True"]),
        ("f(a)", ["f(a) => pass"]),
        ("x = 'a' + b", []),
        ("def f(*, draws: int = 2): pass", []),  # effort
        ("BLOCK: Final = 2", []),
        ("fit({'maxiter': 3, 'weight': 4})", ["4 => 5", "fit({'maxiter': 3, 'weight': 4}) => pass"]),
        ("x = default_rng([seed, 17])", []),
        ("x = 0x9E3779B97F4A7C15", []),  # of a hash
        ("x = a / np.where(b, a, 1.0)", ["a / np.where(b, a, 1.0) => a * np.where(b, a, 1.0)"]),
        ("print(3)", []),
    ],
)
def test_each_line_has_the_slips_that_its_writer_could_have_made(source: str, expected: list[str]) -> None:
    assert changed(source) == expected


def test_the_changed_tree_differs_in_that_place_alone() -> None:
    import ast

    source = "def f(a, b):\n    return a < b or a < b\n"
    texts = {ast.unparse(one.tree(source)) for one in mutants(source)}
    assert "def f(a, b):\n    return a <= b or a < b" in texts
    assert "def f(a, b):\n    return a < b or a <= b" in texts
    assert len(texts) == len(mutants(source)) == 5


PROJECT = {
    "tidemill/toy.py": "LIMIT = 3\n\n\ndef small(x):\n    return x < LIMIT\n\n\ndef loose(x):\n    return x > 5\n",
    "tests/test_toy.py": (
        "from tidemill.toy import loose, small\n\n\n"
        "def test_small():\n    assert small(2)\n    assert not small(3)\n\n\n"
        "def test_loose():\n    assert loose(9)\n"
    ),
    "go.py": """
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
from mutant_operators import mutants
from mutant_runs import with_collected

file = Path("tidemill/toy.py").resolve()
source = file.read_text()


def work(session):
    seen = session.reach([file], limit=60.0)
    assert not seen.failed, seen.failed
    for mutant in mutants(source):
        tests = seen.tests(str(file), mutant.line, within=9.0)
        print(session.verdict(file, mutant.tree(source), tests, limit=60.0), mutant)


with_collected(["tests"], work, Path(".").resolve(), markers="not slow")
""",
}


@pytest.mark.slow
def test_what_the_tests_hold_is_killed_and_what_they_do_not_survives(tmp_path: Path) -> None:
    for name, text in PROJECT.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).parent.joinpath("__init__.py").touch()
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = .\nmarkers = slow\n", encoding="utf-8")
    benchmarks = Path(__file__).parents[2] / "benchmarks"
    words = [sys.executable, "go.py", str(benchmarks)]
    answer = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    lines = [line for line in answer.stdout.splitlines() if line.startswith(("killed", "survived"))]
    assert lines == [
        "killed line 1: 3 => 4",  # a constant of the module, which is imported afresh
        "killed line 5: x < LIMIT => x <= LIMIT",
        "killed line 5: x < LIMIT => x >= LIMIT",
        "survived line 9: 5 => 6",
        "killed line 9: x > 5 => x <= 5",
        "survived line 9: x > 5 => x >= 5",
    ], answer.stdout + answer.stderr
    assert (tmp_path / "tidemill/toy.py").read_text(encoding="utf-8") == PROJECT["tidemill/toy.py"]
