"""Signs that a text is not what its author wrote: UTF-7 read as ASCII, UTF-8 that was decoded wrongly and saved again, HTML, and characters that nobody sees.

All are noted with a sample and left as they are: only a person knows whether the text is about such strings.
"""

from __future__ import annotations

import html
import quopri
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final

from tidemill.readers.table import Table

_SHIFTED: Final = re.compile(r"\+[A-Za-z0-9/]{3,}-")
"""How UTF-7 writes what is not ASCII (RFC 2152)."""
_WRONG: Final = {"cp1252": "windows-1252", "cp1251": "windows-1251"}
"""Encodings as which UTF-8 is usually taken by mistake."""
_SAMPLE: Final = 2000
"""Cells with letters that are not ASCII, among which doubly encoded ones are counted."""
_NOTED: Final = 0.02
"""Share of them from which on they are noted."""
_ENTITY: Final = re.compile(r"&(?:[a-z]{2,8}[0-9]?|#[0-9]{2,7}|#x[0-9a-f]{2,6});", re.IGNORECASE)
_INVISIBLE: Final = re.compile(
    "[A-Za-z\u00c0-\u024f\u0370-\u052f][\u00ad\u200b\u2060\ufeff][A-Za-z\u00c0-\u024f\u0370-\u052f]"
)
"""Soft hyphens and the like between letters of scripts that part words by spaces."""
_LIGATURE: Final = re.compile("[\ufb00-\ufb06]")
_QUOTED: Final = re.compile("(?:=[C-F][0-9A-F](?:=[89AB][0-9A-F])+)+")
_LOST: Final = re.compile("[\ufffd\0]")
_NULLS: Final = frozenset(
    {"NULL", "null", "Null", "\\N", "None", "N/A", "#N/A", "n/a", "<NA>", "(null)", "[NULL]", "nil"}
)
_TOTALS: Final = frozenset(
    {
        "total",
        "totals",
        "grand total",
        "sum",
        "summe",
        "gesamt",
        "insgesamt",
        "totale",
        "totaal",
        "somme",
        "suma",
        "razem",
        "итого",
        "合計",
        "合计",
    }
)
"""In small letters."""
_SHORT: Final = 10
_MANY: Final = (2, 0.01)
"""Cells with HTML or invisible characters, and their share of a column, from which on they are noted."""
_RUN: Final = re.compile(r"[^\x00-\x7f]{2,}")


def utf7_note(text: str, name: str) -> str | None:
    """Word a note about a text that may be UTF-7, all of whose bytes are ASCII.

    Parameters
    ----------
    text
        The file as ASCII or UTF-8 reads it.
    name
        Its name.

    Returns
    -------
    str or None
        None where it is not UTF-7: it has other letters, or the decoded ones are of several alphabets.
    """
    first = _SHIFTED.search(text) if text.isascii() else None
    if first is None:
        return None
    try:
        decoded = text.encode().decode("utf-7")
    except UnicodeDecodeError:
        return None
    letters = {letter for letter in decoded if not letter.isascii()}
    alphabets = {unicodedata.name(letter, "?").split()[0] for letter in letters if letter.isalpha()}
    if len(alphabets) != 1 or not all(map(_is_of_texts, letters)):
        return None
    return (
        f"{name} may be UTF-7, in which {first[0]!r} is {first[0].encode().decode('utf-7')!r}; it is read as it stands, "
        "--encoding utf-7 (ingest.encoding) decodes it"
    )


def doubts_about_texts(table: Table) -> list[str]:
    """Word all notes about cells that may not be what their author wrote.

    Parameters
    ----------
    table
        Rows of a file.

    Returns
    -------
    list of str
        At most one of each kind.
    """
    notes = (
        doubly_encoded_note,
        entities_note,
        quoted_printable_note,
        lost_letters_note,
        invisible_note,
        ligatures_note,
        null_note,
        totals_note,
    )
    return [told for note in notes if (told := note(table)) is not None]


def _is_of_texts(letter: str) -> bool:
    kind = unicodedata.category(letter)
    return kind[0] in "LMNP" or kind == "Sc"


def doubly_encoded_note(table: Table) -> str | None:
    """Word a note about cells that are UTF-8 which was taken for another encoding and saved again, such as ``Ã©`` for ``é``.

    Parameters
    ----------
    table
        Rows of a file.

    Returns
    -------
    str or None
        The number of such cells, a sample and what mends them; None where they are few.
    """
    cells = list(islice(_cells(table), _SAMPLE))
    found = [(text, wrong, right) for text in cells for wrong, right in [_first_repaired(text)] if right]
    if not found or len(found) < _NOTED * len(cells):
        return None
    text, wrong, right = found[0]
    encoding, part = wrong
    return (
        f"{table.name}: {len(found)} of {len(cells)} cells that are not ASCII seem to be UTF-8 taken for {_WRONG[encoding]} and saved "
        f"again: {part!r} is {right!r} (in {text[:40]!r}). They are kept as they are; export the file again as UTF-8, or mend each "
        f'cell in Python: cell.encode("{encoding}").decode("utf-8")'
    )


def entities_note(table: Table) -> str | None:
    """Word a note about texts in which letters are written as HTML has them, such as ``don&#39;t``, which words do not match.

    Parameters
    ----------
    table
        Rows of a file.

    Returns
    -------
    str or None
        The number of such cells of the first column that has them, a sample and what mends them; None where there are few.
    """
    doubt = _in_many_cells(table, "&", _entity)
    if doubt is None:
        return None
    where, first, shown = doubt
    return (
        f"{where} have letters as HTML writes them, such as {first!r} for {html.unescape(first)!r} (in {shown!r}). They are kept as they are, and words "
        "that functions look for do not match them; to mend each cell in Python: html.unescape(cell)"
    )


def invisible_note(table: Table) -> str | None:
    """Word a note about texts with soft hyphens or spaces without width inside of words, which words then do not match.

    Parameters
    ----------
    table
        Rows of a file.

    Returns
    -------
    str or None
        The number of such cells of the first column that has them, and what mends them; None where there are few.
    """
    doubt = _in_many_cells(table, None, _INVISIBLE.search)
    if doubt is None:
        return None
    where, first, shown = doubt
    return (
        f"{where} have characters inside of words that nobody sees, such as {unicodedata.name(first[1]).lower()} (U+{ord(first[1]):04X} in {shown!r}). They are "
        "kept as they are, and words that functions look for do not match them; export the file without them"
    )


def ligatures_note(table: Table) -> str | None:
    """Word a note about texts in which letters are joined as typesetters do, such as ``\ufb03`` for ``ffi`` in what was copied from PDF.

    Parameters
    ----------
    table
        Rows of a file.

    Returns
    -------
    str or None
        The number of such cells of the first column that has them, a sample and what mends them; None where there are few.
    """
    doubt = _in_many_cells(table, None, _LIGATURE.search)
    if doubt is None:
        return None
    where, first, shown = doubt
    return (
        f"{where} have letters that are joined to one, such as {first!r} (U+{ord(first):04X}) for {unicodedata.normalize('NFKC', first)!r} (in {shown!r}). "
        "They are kept as they are, and words that functions look for do not match them; to mend each cell in Python: unicodedata.normalize('NFKC', cell)"
    )


def quoted_printable_note(table: Table) -> str | None:
    """Word a note about texts in which letters are written as mails have them, such as ``K=C3=BCche``.

    Parameters
    ----------
    table
        Rows of a file.

    Returns
    -------
    str or None
        The number of such cells of the first column that has them, a sample and what mends them; None where there are few.
    """
    doubt = _in_many_cells(table, "=", _quoted)
    if doubt is None:
        return None
    where, first, shown = doubt
    return (
        f"{where} have letters as mails write them (quoted-printable), such as {first!r} for {_unquoted(first)!r} (in {shown!r}). They are kept as they are, "
        "and words that functions look for do not match them; to mend each cell in Python: quopri.decodestring(cell).decode()"
    )


def lost_letters_note(table: Table) -> str | None:
    """Word a note about texts in which letters were lost: the sign that stands for one, or the character 0.

    Parameters
    ----------
    table
        Rows of a file.

    Returns
    -------
    str or None
        The number of such cells of the first column that has them; None where there are few.
    """
    doubt = _in_many_cells(table, "\ufffd", _LOST.search) or _in_many_cells(table, "\0", _LOST.search)
    if doubt is None:
        return None
    where, first, shown = doubt
    return (
        f"{where} have {first!r} (U+{ord(first):04X}, in {shown!r}), which stands where a letter was lost. They are kept as they are, and words that functions "
        "look for do not match them; export the file again, as UTF-8"
    )


def totals_note(table: Table) -> str | None:
    """Word a note about a last row that is one of totals, as spreadsheets have below a table.

    Parameters
    ----------
    table
        Rows of a file.

    Returns
    -------
    str or None
        The word and its column; None where no cell of the last row is such a word alone, or where another row has it too.
    """
    for column, cells in table.columns.items():
        last = cells[-1] if cells else None
        if isinstance(last, str) and last.strip(" :").casefold() in _TOTALS and last not in cells[:-1]:
            return (
                f"{table.name}: {table.unit} {table.numbers[-1]}, the last, has {last!r} in column {column!r}, and is read as a row: take it out where it is "
                "one of totals"
            )
    return None


def null_note(table: Table) -> str | None:
    """Word a note about texts that are the word with which databases and programs write that there is none.

    Parameters
    ----------
    table
        Rows of a file.

    Returns
    -------
    str or None
        The number of such cells of the first column of texts that has them; None where there is none.
    """
    for column, cells in table.columns.items():
        found = [
            place
            for place, cell in enumerate(cells)
            if isinstance(cell, str) and len(cell) < _SHORT and cell.strip() in _NULLS
        ]
        if found and len(found) < len(cells) and _are_texts(cells):
            words = ", ".join(sorted({repr(cells[place].strip()) for place in found}))
            return (
                f"{table.name}: {len(found)} of {len(cells)} texts of column {column!r} are {words} alone, the first in {table.unit} "
                f"{table.numbers[found[0]]}, and are read as texts: leave the cells blank where there is no text"
            )
    return None


def _are_texts(cells: Sequence[object]) -> bool:
    """Whether a column holds sentences, not words or numbers."""
    with_spaces = sum(isinstance(cell, str) and cell.strip().count(" ") > 1 for cell in cells)
    return with_spaces > len(cells) / 2


def _in_many_cells(
    table: Table, mark: str | None, search: Callable[[str], re.Match[str] | None]
) -> tuple[str, str, str] | None:
    """How many cells of the first column with enough of them match, the first match, and what is around it."""
    least, share = _MANY
    for column, cells in table.columns.items():
        wanted = (cell for cell in cells if isinstance(cell, str) and (mark in cell if mark else not cell.isascii()))
        found = [match for cell in wanted if (match := search(cell))]
        if len(found) >= max(least, share * len(cells)):
            first = found[0]
            shown = first.string[max(0, first.start() - 15) : first.end() + 15]
            return f"{table.name}: {len(found)} of {len(cells)} cells of column {column!r}", first[0], shown
    return None


def _quoted(cell: str) -> re.Match[str] | None:
    return next((match for match in _QUOTED.finditer(cell) if _unquoted(match[0]) is not None), None)


def _unquoted(text: str) -> str | None:
    try:
        return quopri.decodestring(text).decode()
    except UnicodeDecodeError:
        return None


def _entity(cell: str) -> re.Match[str] | None:
    return next((match for match in _ENTITY.finditer(cell) if html.unescape(match[0]) != match[0]), None)


def _cells(table: Table) -> Iterator[str]:
    yield from (column for column in table.columns if not column.isascii())
    for column in table.columns.values():
        yield from (cell for cell in column if isinstance(cell, str) and not cell.isascii())


def _first_repaired(text: str) -> tuple[tuple[str, str], str]:
    """The first letters that are UTF-8 read in another encoding, that encoding, and what they are; blank where there are none."""
    for run in _RUN.finditer(text):
        for encoding in _WRONG:
            right = _repaired(run[0], encoding)
            if right is not None:
                return (encoding, run[0][:20]), right[:20]
    return ("", ""), ""


def _repaired(run: str, encoding: str) -> str | None:
    try:
        return b"".join(_byte(letter, encoding) for letter in run).decode("utf-8")
    except UnicodeError:
        return None


def _byte(letter: str, encoding: str) -> bytes:
    """Bytes that the encoding leaves out are often kept as control characters."""
    return letter.encode("latin-1") if "\x80" <= letter <= "\x9f" else letter.encode(encoding)
