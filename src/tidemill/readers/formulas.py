"""Formulas of a workbook whose value the file does not hold: programs that only write files compute nothing."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from typing import Final
from xml.parsers import expat

_WORKBOOK: Final = "xl/workbook.xml"
_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_FORMULA: Final = re.compile(rb"<(\w+:)?f[\s/>]")
_PLACE: Final = re.compile(r"([A-Z]+)(\d+)")


def formulas_without_value(data: bytes) -> list[tuple[int, int]]:
    """List the cells of the first sheet that are formulas without a value.

    Parameters
    ----------
    data
        Content of an ``.xlsx`` file, which has been read as a workbook.

    Returns
    -------
    list of (int, int)
        Row, counted from 1, and column, counted from 0; none where the file is a workbook of another kind.

    Raises
    ------
    ValueError
        Its XML is damaged, or has a document type, which workbooks have not and by which a small file can fill the memory.
    """
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        try:
            sheet = archive.read(_first_sheet(archive))
            return _Cells(sheet).uncomputed if _FORMULA.search(sheet) else []
        except KeyError:  # such as .ods, which holds values beside formulas
            return []
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
        self.uncomputed: list[tuple[int, int]] = []
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
            self.uncomputed.append((self._row, self._place))


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
