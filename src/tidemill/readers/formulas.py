"""Formulas of a workbook whose value is an error, or is not in the file: programs that only write files compute nothing."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from dataclasses import dataclass, field, replace
from typing import Final
from xml.parsers import expat

_WORKBOOK: Final = "xl/workbook.xml"
_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_FORMULA: Final = re.compile(rb"<(\w+:)?f[\s/>]|\st=[\"']e[\"']")
"""Of a sheet without it, nothing is told."""
_HIDDEN: Final = re.compile(rb"<(?:\w+:)?row\s[^>]*\bhidden=[\"'](?:1|true)[\"']")
_PLACE: Final = re.compile(r"([A-Z]+)(\d+)")


@dataclass(frozen=True)
class BlankFormulas:
    """Cells that are read as blank and are not: rows, counted from 1, and columns, counted from 0.

    Parameters
    ----------
    uncomputed
        Formulas whose value the file does not hold.
    errors
        Errors, such as #N/A.
    hidden_rows
        Rows that nobody sees who opens the sheet, as a filter leaves them.
    """

    uncomputed: list[tuple[int, int]] = field(default_factory=list)
    errors: list[tuple[int, int]] = field(default_factory=list)
    hidden_rows: int = 0


def blank_formulas(data: bytes) -> BlankFormulas:
    """List the cells of the first sheet that are formulas without a value, or errors.

    Parameters
    ----------
    data
        Content of an ``.xlsx`` file, which has been read as a workbook.

    Returns
    -------
    BlankFormulas
        None where the file is a workbook of another kind.

    Raises
    ------
    ValueError
        Its XML is damaged, or has a document type, which workbooks have not and by which a small file can fill the memory.
    """
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return BlankFormulas()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        try:
            sheet = archive.read(_first_sheet(archive))
            found = _Cells(sheet).found if _FORMULA.search(sheet) else BlankFormulas()
            return replace(found, hidden_rows=len(_HIDDEN.findall(sheet)))
        except KeyError:  # such as .ods, which holds values beside formulas
            return BlankFormulas()
        except expat.ExpatError as error:
            raise ValueError(error) from error


def _first_sheet(archive: zipfile.ZipFile) -> str:
    """Path of the first sheet in the archive.

    Raises
    ------
    KeyError
        There is none.
    """
    sheets = _elements(archive.read(_WORKBOOK), "sheet")
    name = next((value for one in sheets[:1] for key, value in one.items() if key.endswith(":id")), None)
    relations = _elements(archive.read(_RELATIONS), "Relationship")
    targets = {one.get("Id"): one["Target"] for one in relations}
    return posixpath.normpath(posixpath.join("/xl", targets[name])).lstrip("/")


def _elements(data: bytes, wanted: str) -> list[dict[str, str]]:
    """Attributes of the elements of a name."""
    results: list[dict[str, str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if _local(name) == wanted:
            results.append(attributes)

    parser = _parser()
    parser.StartElementHandler = start
    parser.Parse(data, True)
    return results


class _Cells:
    """Goes through the cells of a sheet."""

    def __init__(self, sheet: bytes) -> None:
        self.found = BlankFormulas()
        self._row, self._place = 0, -1
        self._is_text = self._has_formula = self._has_value = self._within_value = False
        parser = _parser()
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._text
        parser.Parse(sheet, True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match _local(name):
            case "row":
                self._row, self._place = int(attributes.get("r", self._row + 1)), -1
            case "c":
                self._place = _column(attributes.get("r"), self._place + 1)
                self._is_text = attributes.get("t") == "str"
                self._has_formula = self._has_value = False
                if attributes.get("t") == "e":
                    self.found.errors.append((self._row, self._place))
            case "f":
                self._has_formula = True
            case "v":
                self._within_value = True
                self._has_value = self._is_text  # a formula whose value is the empty text says that it is text

    def _text(self, text: str) -> None:
        self._has_value = self._has_value or (self._within_value and bool(text))

    def _end(self, name: str) -> None:
        if _local(name) == "v":
            self._within_value = False
        if _local(name) == "c" and self._has_formula and not self._has_value:
            self.found.uncomputed.append((self._row, self._place))


def _parser() -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def _refuse_doctype(*_: object) -> None:
    raise ValueError("a document type, which workbooks do not have")


def _column(reference: str | None, otherwise: int) -> int:
    match = _PLACE.fullmatch(reference or "")
    if match is None:
        return otherwise
    number = 0
    for letter in match[1]:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _local(name: str) -> str:
    """Name of an element without the prefix of its namespace."""
    return name.rpartition(":")[2]
