import pytest

from tests.api.docs import blocks, keeps, promised, run
from tests.api.test_project import made

SLOW = pytest.mark.slow  # a program of its own that imports torch and scikit-learn
PAGES = ["api.md", "from_snorkel.md", "from_cleanlab.md"]


@SLOW
@pytest.mark.parametrize("page", PAGES)
def test_a_page_runs_and_prints_what_it_says(page, tmp_path):
    source = "\n".join(blocks(page))
    said, printed = promised(source), run(source, tmp_path)
    assert len(said) >= 5
    assert len(said) == source.count("print(")
    wrong = [(line, promise) for line, promise in zip(printed, said, strict=True) if not keeps(line, promise)]
    assert wrong == []


@SLOW
def test_the_part_on_projects_runs_beside_a_project(tmp_path):
    made(tmp_path / "reviews")
    (source,) = blocks("api.md", "python project")
    assert run(source, tmp_path) == [one.partition(": ")[0] for one in promised(source)]


def test_the_snorkel_side_of_the_port_is_python_that_names_snorkel_alone():
    """It is not run, for snorkel is not installed; every step of it has its port below."""
    theirs = blocks("from_snorkel.md", "python snorkel")
    assert len(theirs) == 4
    for block in theirs:
        compile(block, "from_snorkel.md", "exec")
        assert "snorkel" in block
        assert "tidemill" not in block
    assert not any("snorkel" in block.replace("page.py", "") for block in blocks("from_snorkel.md"))


def test_every_public_name_is_told_in_the_page_of_the_api():
    import tidemill
    from tests.api.docs import ROOT

    text = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    untold = [name for name in tidemill.__all__ if name not in {"__version__", "NO_GOLD"} and f"`{name}`" not in text]
    assert untold == []


@SLOW
def test_the_readme_runs(tmp_path):
    (source,) = [block for block in blocks("../README.md") if "LFApplier" in block]
    printed = run(source + "\nprint(votes.tolist())\nprint(probabilities.shape)\n", tmp_path)
    assert printed[-2:] == ["[[-1, 1, 1], [0, -1, -1], [-1, 1, 1], [0, -1, -1]]", "(4, 2)"]
    assert any("says_prize" in line for line in printed)
