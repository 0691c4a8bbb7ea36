"""Names of classes in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidemill.contracts import ConfigError
from tidemill.readers.class_list import read_class_names


@pytest.fixture
def names(tmp_path: Path) -> Path:
    return tmp_path / "names.txt"


def read(path: Path) -> tuple[tuple[str, ...], list[str]]:
    return read_class_names(f"@{path}")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_of_names_is_decoded_as_tables_are(names: Path, encoding: str) -> None:
    names.write_bytes("café\r\nbar, or pub\r\n\r\n".encode(encoding))
    assert read(names) == (("café", "bar, or pub"), [])


def test_a_guessed_encoding_is_told_without_an_option_that_states_it(names: Path) -> None:
    classes = ("très satisfait", "plutôt satisfait", "plutôt mécontent", "très mécontent", "ne répond pas")
    names.write_bytes("\n".join(classes).encode("cp1252"))
    found, (note,) = read(names)
    assert found == classes
    assert note.startswith("names.txt is not UTF-8: read as windows-1252")
    assert note.endswith("; save it as UTF-8")
    names.write_bytes("très bien\nmédiocre\n".encode("cp1252"))
    with pytest.raises(ConfigError, match=r"its encoding cannot be detected.*; save it as UTF-8$"):
        read(names)


def test_comments_are_no_classes_and_that_is_told(names: Path) -> None:
    names.write_text("# classes\nham\n#1 fan\n")
    found, notes = read(names)
    assert found == ("ham", "#1 fan")
    assert notes == ["names.txt: line 1 is a comment, and no class: '# classes'"]


@pytest.mark.parametrize("heading", ["label", "Class", "names", "class_name"])
def test_a_first_line_that_may_say_what_is_below_is_told(names: Path, heading: str) -> None:
    names.write_text(f"{heading}\nham\nspam\n")
    found, notes = read(names)
    assert found == (heading, "ham", "spam")
    assert notes == [f"names.txt: line 1 is taken for a class, {heading!r}; take it out where it says what is below"]
    names.write_text("name\nlabel\n")
    assert read(names)[1] == []


def test_a_file_that_cannot_be_read_is_refused(names: Path) -> None:
    with pytest.raises(ConfigError, match=r"--classes @.*names\.txt cannot be read"):
        read(names)
    names.write_bytes(b"%PDF-1.7")
    with pytest.raises(ConfigError, match=r"--classes @.*names\.txt cannot be read"):
        read(names)
    names.write_text("ham\nham\n")
    with pytest.raises(ConfigError, match="'ham' is there twice"):
        read(names)


def test_names_without_a_file_are_as_they_are_given() -> None:
    assert read_class_names('ham,"spam, bulk"') == (("ham", "spam, bulk"), [])
    assert read_class_names(["# one", "@two"]) == (("# one", "@two"), [])
