"""Workbooks as programs write them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path


def workbook(
    *rows: tuple[object, ...],
    merged: str | None = None,
    second: Sequence[tuple[object, ...]] | None = None,
    hidden: Collection[int] = (),
) -> bytes:
    """A workbook whose first sheet has these rows, and the second others: text as inline strings, formulas without a value, errors, numbers, None as no cell."""

    def cell(value: object, place: int, row: int) -> str:
        at = f"{chr(65 + place)}{row}"
        if isinstance(value, str) and value.startswith("="):
            return f'<c r="{at}"><f>{value[1:]}</f><v /></c>'  # as openpyxl writes it
        if isinstance(value, str) and value.startswith("#"):
            return f'<c r="{at}" t="e"><f>NA()</f><v>{value}</v></c>'
        if isinstance(value, str):
            return f'<c r="{at}" t="inlineStr"><is><t>{value}</t></is></c>'
        return "" if value is None else f'<c r="{at}"><v>{value}</v></c>'

    mark = ' hidden="1"'

    def sheet(rows: Sequence[tuple[object, ...]], cells: str = "") -> bytes:
        lines = "".join(
            f'<row r="{number}"{mark if number in hidden else ""}>{"".join(cell(value, place, number) for place, value in enumerate(row))}</row>'
            for number, row in enumerate(rows, start=1)
        )
        return f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{lines}</sheetData>{cells}</worksheet>'.encode()

    cells = "" if merged is None else f'<mergeCells count="1"><mergeCell ref="{merged}"/></mergeCells>'
    changed = {"xl/worksheets/sheet1.xml": sheet(rows, cells)}
    if second is not None:
        changed["xl/worksheets/sheet2.xml"] = sheet(second)
    with zipfile.ZipFile(Path(__file__).parent / "two_sheets.xlsx") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in (parts | changed).items():
            archive.writestr(name, data)
    return file.getvalue()
