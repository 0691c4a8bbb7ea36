"""A folder of documents and a table of facts become a relation problem that composes, ingests and votes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.ingest.factories import write
from tidemill.apps.onboarding.new_problem import NewProblem
from tidemill.apps.onboarding.new_relation import NewRelation, create_relation, new_relation
from tidemill.contracts import ConfigError, DataError
from tidemill.ingest.settings import IngestSettings
from tidemill.label.engine.apply import apply
from tidemill.label.functions.loading import load_functions
from tidemill.project.arrivals import scan
from tidemill.project.batches import add_batches, arrivals, outdated_batches
from tidemill.project.compose import refuse_stale_params, write_params
from tidemill.project.config import load_params
from tidemill.project.project import Project
from tidemill.readers.options import ReadOptions

CITIES = ("Rome", "Milan", "Paris", "Lyon", "Oslo", "Bergen", "Madrid", "Seville")
COUNTRIES = ("Italy", "Italy", "France", "France", "Norway", "Norway", "Spain", "Spain")
FACTS = "subject,object\n" + "".join(
    f"{city},{country}\n" for city, country in zip(CITIES[:-1], COUNTRIES, strict=False)
)


@pytest.fixture
def project(inside: Path, root: Path) -> Project:
    shutil.copytree(root / "conf", "conf")
    shutil.copy(root / "dvc.yaml", "dvc.yaml")
    write_params(Project.open(inside))
    return Project.open(inside)


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("elsewhere")
    write(folder / "facts.csv", FACTS)
    texts = (
        f"The city of {city} lies in {country}, as number {n} of {'abcdefgh'[n % 8] * 7} has it. {city} is far from {COUNTRIES[n % 8 - 3]}."
        for n, (city, country) in enumerate(zip(CITIES * 6, COUNTRIES * 6, strict=True))
    )
    for n, text in enumerate(texts):
        write(folder / "texts" / f"{n:02d}.txt", text)
    return folder


def wanted(elsewhere: Path, **changes: Any) -> NewRelation:
    given = {"name": "lies_in", "documents": elsewhere / "texts", "knowledge": elsewhere / "facts.csv"}
    return NewRelation(**(given | changes))


@pytest.mark.slow
def test_text_files_and_facts_become_a_problem_that_ingests_and_votes(project: Project, elsewhere: Path):
    made = create_relation(wanted(elsewhere), project)
    assert made.classes == ("unrelated", "lies_in")
    refuse_stale_params(project)
    assert load_params(project.params)["relations"] == ["lies_in"]
    problem, settings, paths = project.load("lies_in", "ingest", IngestSettings)
    add_batches(problem, settings, paths)
    rows = pl.concat([pl.read_parquet(file) for file in sorted(paths.raw.glob("*.parquet"))])
    assert rows.height == made.rows > 0
    functions = load_functions(paths.functions, classes=problem.classes)
    votes = apply(rows, functions, n_classes=2)
    names = [function.name for function in functions]
    known = rows.filter(pl.Series(votes[:, names.index("known_lies_in")] == 1))
    assert set(known.select("subject", "object").rows()) <= set(zip(CITIES, COUNTRIES, strict=True))
    assert known.height
    assert any(name.startswith("between_") for name in names)
    arrived = arrivals(paths.manifest)
    assert outdated_batches(arrived, problem, settings, paths) == set()
    with (paths.functions / "subjects.csv").open("a", encoding="utf-8") as file:
        file.write("Turin,Turin\n")
    assert outdated_batches(arrived, problem, settings, paths) == {"texts"}  # other names make other candidates


@pytest.mark.slow
def test_relations_of_the_facts_are_classes_and_tables_of_documents_are_batches(project: Project, elsewhere: Path):
    facts = "subject,object,relation\nRome,Italy,in\nRome,Italy,capital_of\nMilan,Italy,in\n"
    for n in range(2):
        rows = (
            {"id": f"{n}{k}", "body": f"Rome, {chr(97 + n) * 9}, then {chr(99 + k) * 9}, Milan, in Italy"}
            for k in range(2)
        )
        write(elsewhere / "tables" / f"part-{n}.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    knowledge = write(elsewhere / "relations.csv", facts)
    made = create_relation(wanted(elsewhere, documents=elsewhere / "tables", knowledge=knowledge, text="body"), project)
    assert made.classes == ("unrelated", "capital_of", "in")
    assert [path.name for path in sorted(Path("data/incoming/lies_in").iterdir())] == ["part-0.jsonl", "part-1.jsonl"]


@pytest.mark.slow
def test_texts_keep_their_files_and_later_folders_of_texts_arrive(project: Project, elsewhere: Path):
    write(elsewhere / "texts" / "scan.pdf", "%PDF-")
    write(elsewhere / "texts" / ".draft" / "one.txt", "Rome lies in Italy.")
    made = create_relation(wanted(elsewhere), project)
    assert "note: texts: 1 file is no .txt file and left out (scan.pdf)" in made.lines
    assert any("texts: 1 file is left out, for names with a dot in front" in line for line in made.lines)
    incoming = Path("data/incoming/lies_in")
    assert len(list((incoming / "texts").iterdir())) == 48
    problem, settings, paths = project.load("lies_in", "ingest", IngestSettings)
    assert scan(problem, settings, paths).batches == []
    write(incoming / "later" / "a.txt", "Bergen lies in Norway, far in the north.")
    write(incoming / "later" / "b.txt", "")
    found = scan(problem, settings, paths)
    assert (found.batches, found.refused) == (["later"], [])
    assert "later: 1 file is empty and left out (b.txt)" in found.notes


@pytest.mark.slow
def test_facts_are_cleaned_and_what_is_left_out_is_told(project: Project, elsewhere: Path):
    rows = [*zip(CITIES, COUNTRIES, strict=True), ("", ""), ("Rome", ""), (" Rome ", "Italy")]
    odd = "Subject,OBJECT\n" + "".join(f"{city},{country}\n" for city, country in rows)
    made = create_relation(wanted(elsewhere, knowledge=write(elsewhere / "odd.csv", odd)), project)
    assert "note: odd.csv: 2 rows without a subject or an object are left out (line 10, 11)" in made.lines
    table = pl.read_csv("src/problems/lies_in/facts.csv")
    assert table.rows() == [(city, country, "lies_in") for city, country in zip(CITIES, COUNTRIES, strict=True)]


@pytest.mark.slow
def test_encodings_that_are_stated_stand_in_the_settings(project: Project, elsewhere: Path):
    for file in (*elsewhere.glob("texts/*.txt"), elsewhere / "facts.csv"):
        file.write_bytes(file.read_text(encoding="utf-8").replace("Milan", "M\u00fclan").encode("cp850"))
    create_relation(wanted(elsewhere, reading=ReadOptions(encoding="cp850")), project)
    settings = project.load("lies_in", "ingest", IngestSettings)[1]
    assert settings.encoding == "cp850"
    assert "M\u00fclan" in Path("src/problems/lies_in/facts.csv").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"knowledge": "columns.csv"}, "columns.csv: column 'subject' is missing"),
        ({"knowledge": "blank.csv"}, "blank.csv, line 2: column 'relation' is 'born in': a relation is a class"),
        ({"knowledge": "unrelated.csv"}, "column 'relation' is 'Unrelated'.*and not 'unrelated'"),
        ({"knowledge": "empty.csv"}, "empty.csv holds no facts"),
        ({"label": "facts"}, "--label facts names a column of facts, and .txt files have none"),
        ({"knowledge": "none.csv"}, "none.csv is not there"),
        ({"documents": "facts.csv"}, "is no folder"),
        ({"documents": "empty"}, "holds no documents"),
        ({"name": "spam"}, "there is a problem 'spam' already"),
    ],
)
def test_what_cannot_become_a_problem_leaves_nothing_behind(
    project: Project, elsewhere: Path, changes: Any, message: str
):
    (elsewhere / "empty").mkdir()
    write(elsewhere / "columns.csv", "city,country\nRome,Italy\n")
    write(elsewhere / "blank.csv", "subject,object,relation\nRome,Italy,born in\n")
    write(elsewhere / "unrelated.csv", "subject,object,relation\nRome,Italy,Unrelated\n")
    write(elsewhere / "empty.csv", "subject,object\n,Italy\n")
    before = sorted(path.as_posix() for path in Path().rglob("*"))
    paths = {key: value if key in {"name", "label"} else elsewhere / value for key, value in changes.items()}
    with pytest.raises((ConfigError, DataError), match=message):
        create_relation(wanted(elsewhere, **paths), project)
    assert sorted(path.as_posix() for path in Path().rglob("*")) == before


def test_documents_and_knowledge_go_together_and_without_options_of_rows():
    folder = Path("texts")
    assert new_relation(NewProblem("a"), None, None) is None
    with pytest.raises(ConfigError, match="go together"):
        new_relation(NewProblem("a"), folder, None)
    with pytest.raises(ConfigError, match="--from does not go with --documents"):
        new_relation(NewProblem("a", source=folder), folder, folder)
