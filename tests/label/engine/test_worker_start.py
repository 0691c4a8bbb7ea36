"""A worker process runs a module that its parent imports, so that every check of imports sees what it runs."""

from pathlib import Path

import grimp
import pytest

from tidemill.label.engine import worker_start
from tidemill.label.engine.process import Bounds, Process, confinement_of


def test_the_import_graph_leads_from_the_process_to_what_its_worker_runs():
    graph = grimp.build_graph("tidemill")
    chain = graph.find_shortest_chain("tidemill.label.engine.process", "tidemill.label.functions.loading")
    assert chain[:3] == (
        "tidemill.label.engine.process",
        worker_start.__name__,
        "tidemill.label.engine.worker",
    )


def test_no_module_of_the_package_is_named_in_a_string_that_starts_it():
    for file in Path(worker_start.__file__).parent.rglob("*.py"):
        assert '"tidemill.' not in file.read_text(encoding="utf-8"), file


@pytest.mark.parametrize("standard", ["types", "random", "yaml"])
def test_a_started_worker_answers_and_reports_a_file_that_cannot_be_loaded(tmp_path, monkeypatch, standard):
    """Where it stands, modules with the names of others do not take their place."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"{standard}.py").write_text("raise RuntimeError")
    (tmp_path / "colorsys.py").write_text("raise RuntimeError")  # no library has imported it before
    bounds = Bounds(30.0, 30.0, float("inf"))
    (tmp_path / "f.py").write_text(
        "import colorsys, random, types\nfrom tidemill.label import labeling_function\n\n\n@labeling_function()\ndef one(row):\n    return 1\n",
        encoding="utf-8",
    )
    header = {"do": "load", "files": [str(tmp_path / "f.py")], "classes": ["a", "b"], "megabytes": 500}
    header |= {"megabytes_to_load": 4000, "seconds": 30}
    process = Process(confinement_of([tmp_path], []))
    try:
        reply, _ = process.ask(header, bounds=bounds)
        assert [function["name"] for function in reply["files"][0]] == ["one"]
        missing, _ = process.ask(header | {"files": [str(tmp_path / "gone.py")]}, bounds=bounds)
        assert missing["error"] == "FunctionError"
    finally:
        process.close()
