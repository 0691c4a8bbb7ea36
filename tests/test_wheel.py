"""The built wheel in an environment of its own: what it installs, what it weighs, what works outside of any project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import ROOT
from tests.wheel import UV, build_wheel, run
from tidemill.runs.git import git

pytestmark = pytest.mark.slow
LARGE = {"_polars_runtime_32", "polars", "numpy", "numpy.libs", "scipy", "scipy.libs"}
MB = 1_000_000
FUNCTIONS = """functions:
  - {name: wins, kind: keywords, words: [win, prize], vote: spam}
  - {name: greets, kind: keywords, words: [hello], vote: ham}
"""
PYTHON = """from tidemill.label import ABSTAIN, labeling_function


@labeling_function()
def shouts(row):
    return 1 if row.text.isupper() else ABSTAIN
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    wheel = build_wheel(tmp_path_factory.mktemp("source"))
    folder = tmp_path_factory.mktemp("environment")
    run(UV, "venv", "--quiet", "--python", sys.executable, "venv", folder=folder)
    links = os.environ.get("PIP_FIND_LINKS", "")
    lock = str(ROOT / "requirements.lock")
    install = (UV, "pip", "install", "--quiet", "--link-mode", "copy", str(wheel), "-c", lock)
    run(*install, folder=folder, VIRTUAL_ENV=str(folder / "venv"), UV_FIND_LINKS=links)
    return folder / "venv"


@pytest.fixture
def elsewhere(tmp_path):
    """A folder with rows and labeling functions, in no project."""
    (tmp_path / "f.yaml").write_text(FUNCTIONS)
    (tmp_path / "f.py").write_text(PYTHON)
    pl.DataFrame({"text": ["you win", "hello you", "HELLO PRIZE", "nothing"]}).write_csv(tmp_path / "rows.csv")
    return tmp_path


def size(folder: Path) -> int:
    """Bytes that were installed; bytecode is written by whatever test imported something before."""
    return sum(
        path.stat().st_size for path in folder.rglob("*") if path.is_file() and path.parent.name != "__pycache__"
    )


def test_it_holds_every_file_of_the_package_and_no_project(environment):
    site = next(environment.glob("lib/python*/site-packages"))
    tracked = git("ls-files", "--cached", "--others", "--exclude-standard", "src/tidemill", folder=ROOT).splitlines()
    expected = {name.removeprefix("src/") for name in tracked if (ROOT / name).is_file()}
    installed = {
        str(path.relative_to(site)) for path in (site / "tidemill").rglob("*") if "__pycache__" not in path.parts
    }
    assert expected <= installed
    assert {"tidemill/conf/train/base.yaml", "tidemill/templates/project/dot-gitignore.template"} <= installed
    assert {"tidemill/py.typed", "tidemill/templates/report.html.j2", "tidemill/templates/style.css"} <= installed
    assert not (site / "flows").exists()
    assert not (site / "problems").exists()


def test_its_metadata_has_licence_readme_and_extras(environment):
    from importlib.metadata import distributions

    site = next(environment.glob("lib/python*/site-packages"))
    (own,) = [one for one in distributions(path=[str(site)]) if one.name == "tidemill"]
    assert own.metadata["License-Expression"] == "Apache-2.0"
    assert own.metadata.get_all("License-File") == ["LICENSE"]
    assert "Labels without labelers" in own.metadata["Description"]
    extras = {"all", "pipeline", "plots", "serve", "studio", "test", "train"}
    assert set(own.metadata.get_all("Provides-Extra")) == extras


def test_the_base_is_light(environment):
    """Polars and numpy alone are 245 MB of the 423 MB that were measured, scipy 118 MB: decision 0012."""
    site = next(environment.glob("lib/python*/site-packages"))
    sizes = {path.name: size(path) for path in site.iterdir() if path.is_dir()}
    assert sum(sizes.values()) < 480 * MB
    assert sum(size for name, size in sizes.items() if name not in LARGE) < 90 * MB
    assert set(sizes).isdisjoint({"torch", "pyarrow", "pandas", "sklearn", "matplotlib", "dvc", "prefect", "hydra"})


def test_importing_it_imports_no_library(environment, elsewhere):
    program = "import json, sys; import tidemill; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(run(str(environment / "bin/python"), "-c", program, folder=elsewhere)))
    assert {"numpy", "polars", "scipy", "pydantic", "typer"} & loaded == set()


LIBRARY = """
import polars as pl
import tidemill as tm

rows = pl.DataFrame({"text": ["you win", "hello you", "HELLO PRIZE"]})
votes = tm.LFApplier(tm.load_functions("f.yaml", classes=["ham", "spam"]), classes=["ham", "spam"]).apply(rows)
print(tm.LabelModel("majority", classes=2).fit(votes).predict_proba(votes).tolist())
print(tm.LFAnalysis(votes).label_coverage())
for name in ("EndModel", "find_label_errors", "Project"):
    try:
        getattr(tm, name)
    except ModuleNotFoundError as error:
        print(name, str(error).rpartition(": ")[2])
"""


def test_the_public_api_works_and_names_the_extras_of_the_rest(environment, elsewhere):
    (elsewhere / "library.py").write_text(LIBRARY)
    assert run(str(environment / "bin/python"), "library.py", folder=elsewhere).splitlines() == [
        "[[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]]",
        "1.0",
        "EndModel pip install 'tidemill[train]'",
        "find_label_errors pip install 'tidemill[train]'",
        "Project pip install 'tidemill[pipeline]'",
    ]


@pytest.mark.parametrize("functions", ["f.yaml", "f.py"])
def test_votes_and_labels_are_made_outside_of_any_project(environment, elsewhere, functions):
    tidemill = str(environment / "bin/tidemill")
    classes = ("--classes", "ham,spam")
    run(tidemill, "label", "rows.csv", "--functions", functions, *classes, "--out", "v.parquet", folder=elsewhere)
    told = run(tidemill, "denoise", "v.parquet", *classes, "--out", "l.parquet", "--json", folder=elsewhere)
    assert json.loads(told)["rows"] == 4
    votes, labels = pl.read_parquet(elsewhere / "v.parquet"), pl.read_parquet(elsewhere / "l.parquet")
    columns = {"f.yaml": {"greets": [-1, 0, 0, -1], "wins": [1, -1, 1, -1]}, "f.py": {"shouts": [-1, -1, 1, -1]}}
    assert votes.drop("row_id").to_dict(as_series=False) == columns[functions]
    assert labels.columns == ["row_id", "p_ham", "p_spam"]
    assert labels["p_spam"][2] >= 0.5


def test_it_runs_as_a_module_and_tells_its_version(environment, elsewhere):
    from tidemill import __version__

    told = run(str(environment / "bin/python"), "-m", "tidemill", "--version", folder=elsewhere)
    assert told.strip() == __version__


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        (["denoise", "v.csv", "--classes", "2", "--out", "l.parquet", "--plots", "p"], "plots"),
        (["denoise", "v.json", "--classes", "2", "--out", "l.parquet", "--features", "text"], "train"),
        (["compose"], "pipeline"),
        (["run"], "pipeline"),
        (["ui"], "pipeline"),
    ],
)
def test_what_needs_an_extra_names_it(environment, elsewhere, words, extra):
    (elsewhere / "dvc.yaml").write_text("stages: {}\n")
    done = subprocess.run(
        [str(environment / "bin/tidemill"), *words], cwd=elsewhere, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: this needs ")
    assert done.stderr.endswith(f"pip install 'tidemill[{extra}]'\n")
