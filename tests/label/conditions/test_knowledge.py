"""Pairs in a table of facts."""

import polars as pl
import pytest

from tests.label.conditions.factories import refusal, votes

FACTS = "subject,object,relation\nRome,Italy,in\nParis,France,in\nAda,Ben,married\n"
PAIRS = pl.DataFrame(
    {
        "row_id": list("abcdef"),
        "subject": ["Rome", "rome", "Rome", "Rome", "Oslo", None],
        "object": ["Italy", "ITALY", "France", "Europe", "France", "Italy"],
    }
)


def test_a_pair_in_the_table_is_a_fact(folder):
    assert votes(folder, "kind: knowledge, file: f.csv, vote: spam", PAIRS, f__csv=FACTS) == [1, 1, -1, -1, -1, -1]
    entry = "kind: knowledge, file: f.csv, case: true, vote: spam"
    assert votes(folder, entry, PAIRS, f__csv=FACTS) == [1, -1, -1, -1, -1, -1]


def test_another_object_of_the_subject_contradicts_where_the_object_is_known_too(folder):
    """Rome is in Italy, so not in France; of Europe, and of Oslo, the table knows nothing."""
    entry = "kind: knowledge, file: f.csv, says: contradicted, vote: ham"
    assert votes(folder, entry, PAIRS, f__csv=FACTS) == [-1, -1, 0, -1, -1, -1]


def test_aliases_relations_and_symmetry(folder):
    rows = pl.DataFrame({"row_id": list("abc"), "subject": ["Roma", "Ben", "Ada"], "object": ["Italia", "Ada", "Ben"]})
    files = {"f__csv": FACTS, "a__csv": "name,entity\nRoma,Rome\nItalia,Italy\n"}
    assert votes(folder, "kind: knowledge, file: f.csv, aliases: a.csv, vote: spam", rows, **files) == [1, -1, 1]
    entry = "kind: knowledge, file: f.csv, relation: married, symmetric: true, vote: spam"
    assert votes(folder, entry, rows, **files) == [-1, 1, 1]


def test_what_a_relation_says_is_told_from_its_own_facts(folder):
    """That Rome is the capital of Italy contradicts no pair of another relation."""
    facts = "subject,object,relation\nRome,Italy,capital\nParis,France,capital\nRome,Europe,in\nOslo,Norway,in\n"
    rows = pl.DataFrame({"row_id": list("ab"), "subject": ["Rome", "Rome"], "object": ["France", "Norway"]})
    for relation, expected in (("capital", [0, -1]), ("in", [-1, 0])):
        entry = f"kind: knowledge, file: f.csv, says: contradicted, relation: {relation}, vote: ham"
        assert votes(folder, entry, rows, f__csv=facts) == expected


def test_a_symmetric_fact_contradicts_in_both_directions(folder):
    rows = pl.DataFrame({"row_id": list("ab"), "subject": ["Ben", "Eve"], "object": ["Eve", "Ada"]})
    files = {"f__csv": "subject,object\nAda,Ben\nDan,Eve\n"}
    entry = "kind: knowledge, file: f.csv, says: contradicted, symmetric: true, vote: ham"
    assert votes(folder, entry, rows, **files) == [0, 0]
    assert votes(folder, entry.replace("symmetric: true, ", ""), rows, **files) == [-1, -1]


def test_names_are_compared_as_they_are_written(folder):
    """Of an alias that stands for two the first counts; digits are no numbers; forms of Unicode do not count."""
    facts = "subject,object\n007,MI6\nZ\u00fcrich,Switzerland\nParis,France\n"
    aliases = "name,entity\nCity of Light,Paris\nCity of Light,Lyon\n"
    rows = pl.DataFrame(
        {
            "row_id": list("abcd"),
            "subject": ["007", "7", "Zu\u0308rich", "City of Light"],
            "object": ["MI6", "MI6", "Switzerland", "France"],
        }
    )
    entry = "kind: knowledge, file: f.csv, aliases: a.csv, vote: spam"
    assert votes(folder, entry, rows, f__csv=facts, a__csv=aliases) == [1, -1, 1, 1]


@pytest.mark.parametrize(
    ("entry", "files", "message"),
    [
        ("file: none.csv", {}, "there is no file"),
        ("file: f.csv", {"f__csv": "subject,objekt\na,b\n"}, "there is no column 'object'; did you mean objekt?"),
        ("file: f.csv, relation: inn", {"f__csv": FACTS}, "there is no relation 'inn'; did you mean in?"),
        ("file: f.csv, aliases: a.csv", {"f__csv": FACTS, "a__csv": "name\nRoma\n"}, "is not a name and its entity"),
        ("file: f.csv, digest: x", {"f__csv": FACTS}, "digest is not for you to give"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(folder, entry, files, message):
    assert message in refusal(folder, f"kind: knowledge, {entry}, vote: spam", **files)


def test_other_facts_or_aliases_make_another_function(folder):
    from tidemill.label.functions.loading import load_file

    def digest(**files):
        path = folder(f__yaml="functions: [{name: f, kind: knowledge, file: f.csv, aliases: a.csv, vote: 1}]", **files)
        return load_file(path / "f.yaml", classes=("0", "1"))[0].condition.digest

    first = digest(f__csv=FACTS, a__csv="name,entity\nRoma,Rome\n")
    assert first == digest(f__csv=FACTS, a__csv="name,entity\nRoma,Rome\n")
    assert len({first, digest(f__csv=FACTS + "a,b,in\n"), digest(a__csv="name,entity\nRome,Roma\n")}) == 3
