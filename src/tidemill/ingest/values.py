"""One cell as its file has it, as text, as a typed metadata value or as a class."""

from __future__ import annotations

import ast
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from tidemill.common.class_names import UNSEEN, ClassIndices, class_indices, fold, may_mean_no_class, means_no_class
from tidemill.common.spelling import counted
from tidemill.contracts import NO_GOLD
from tidemill.ingest.row_errors import RowErrors
from tidemill.ingest.settings import IngestSettings, Kind
from tidemill.readers.cell_text import as_string
from tidemill.readers.table import Table, nearest

_TRUE: Final = ("true", "1", "yes", "t", "y")
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
"""Categories of Unicode of characters that nobody sees: controls, formats and spaces."""
_FRACTION_OF_ZEROS: Final = re.compile(r"(?<=\d)\.0+\s*\Z")
NO_LABEL: Final = "taken for no label"
"""What notes say of words that mean that a row has no label."""
_SHOWN: Final = 60
"""Characters of a value that a message shows."""
_FALSE: Final = ("false", "0", "no", "f", "n")


def is_missing(value: object) -> bool:
    """Test whether a cell holds nothing: null, NaN, or text without a visible character or that spells NaN.

    Parameters
    ----------
    value
        Cell of a table.

    Returns
    -------
    bool
        True also for NaN.
    """
    if isinstance(value, str):
        return not any(map(_is_visible, value)) or value.strip() in {"NaN", "nan"}
    return value is None or (isinstance(value, float) and math.isnan(value))


def _is_visible(letter: str) -> bool:
    return unicodedata.category(letter) not in _INVISIBLE and letter not in UNSEEN


def with_usual_names(table: Table, wanted: Iterable[str]) -> Table:
    """Rename columns that differ from those of the problem by letter case and spaces only.

    Parameters
    ----------
    table
        Rows of a file.
    wanted
        Names that settings have.

    Returns
    -------
    Table
        What was renamed is noted.
    """
    names, notes = {name: name for name in table.columns}, []
    for item in wanted:
        alike = [name for name in table.columns if fold(name) == fold(item)]
        others = [name for name in alike if name != item]
        if not table.has(item) and len(alike) == 1:
            names[alike[0]] = item
            notes.append(f"{table.name}: column {alike[0]!r} is read as {item!r}")
        elif item in table.columns and others:
            notes.append(f"{table.name}: of the columns {item!r} and {', '.join(map(repr, others))} {item!r} is read")
    columns = {names[name]: column for name, column in table.columns.items()}
    unread = {names.get(name, name): told for name, told in table.unread.items()}
    return replace(table, columns=columns, notes=(*table.notes, *notes), unread=unread)


def texts(table: Table, settings: IngestSettings, errors: RowErrors | None = None) -> list[str]:
    """Read the text of each row.

    Parameters
    ----------
    table
        The rows.
    settings
        Which column holds the text.
    errors
        What becomes of rows without text; None: the first is refused.

    Returns
    -------
    list of str
        One text a row in Unicode's composed form, empty where a row was set aside; UTF-8 bytes are read as text.

    Raises
    ------
    DataError
        Names the first row without text, and how many there are; or cells are formulas without a value.
    """
    errors = errors or RowErrors(table)
    table.refuse_unread(settings.content)
    values = table.column(settings.content, "ingest.text")
    missing = sum(map(is_missing, values))
    results = []
    for row, value in enumerate(values):
        text = None if is_missing(value) else _text(value)
        if text is not None and settings.candidates is None:  # whose mentions are places in the document as it is
            text = composed(text)
        if text is None:
            message = f"; {missing} such rows" if missing > 1 and errors.policy == "refuse" else ""
            remedy = "fill it, or remove the row"
            if isinstance(value, bytes) or (isinstance(value, dict) and isinstance(value.get("bytes"), bytes)):
                remedy = f"where it holds images, say --image {settings.content} (ingest.image)"
            errors.add(row, f"column {settings.content!r} is {_shortened(value)}, not text{message}: {remedy}")
        results.append(text or "")
    return results


def composed(text: str) -> str:
    """Bring a text into the form in which people type the words of functions.

    Parameters
    ----------
    text
        Of a row.

    Returns
    -------
    str
        In Unicode's composed form (NFC): a letter and its accent are one character where there is one.

    Examples
    --------
    >>> composed("cafe\N{COMBINING ACUTE ACCENT}") == "caf\N{LATIN SMALL LETTER E WITH ACUTE}"
    True
    """
    return unicodedata.normalize("NFC", text)


def _text(value: Any) -> str | None:
    try:
        return value.decode("utf-8") if isinstance(value, bytes) else as_string(value)
    except (TypeError, UnicodeDecodeError):
        return None


def _shortened(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


def keys(table: Table, settings: IngestSettings, contents: Sequence[str], errors: RowErrors | None = None) -> list[str]:
    """Read each row's key in its source; without a key column the hash of the content is its key.

    Parameters
    ----------
    table
        Rows as they were read.
    settings
        Settings of ingest, which name the key column.
    contents : (n_rows,)
        Hash of each row's content.
    errors
        Collects rows without a key of their own; None: the first one is raised.

    Returns
    -------
    list of str
        A key per row.

    Raises
    ------
    DataError
        A key is missing or occurs twice (all such rows are named), and the policy is to refuse.
    """
    if settings.key_column is None:
        return [content[:16] for content in contents]
    errors = errors or RowErrors(table)
    first: dict[str, int] = {}
    results, repeated = [], []
    for row, value in enumerate(table.column(settings.key_column, "ingest.key")):
        key = "" if is_missing(value) else (_text(value) or "")
        if not key:
            errors.add(row, f"column {settings.key_column!r} is {value!r}; every row needs a key of its own")
        elif key in first:
            reason = (
                f"{settings.key_column} {key!r} is there already, on {table.unit} {table.numbers[first[key]]}; "
                "give one of them another, or set ingest.key to null"
            )
            repeated.append((row, reason))
        first.setdefault(key, row)
        results.append(key)
    errors.add_all(repeated, what="rows have the key of another")
    return results


def gold(table: Table, settings: IngestSettings, classes: Sequence[str], errors: RowErrors | None = None) -> list[int]:
    """Read the class index of each row.

    Letter case, spaces and forms of Unicode do not count where only one class is meant.

    Parameters
    ----------
    table
        The rows.
    settings
        Which column holds the labels.
    classes
        Names of the classes.
    errors
        What becomes of rows whose label is no class; None: the first is refused.

    Returns
    -------
    list of int
        ``NO_GOLD`` where the row has no label, or where the table has no column of labels.

    Raises
    ------
    DataError
        Names the first row whose label is no class, and the nearest class; or cells are formulas without a value.
    """
    if settings.gold is None or not table.has(settings.gold):
        return [NO_GOLD] * len(table.numbers)
    table.refuse_unread(settings.gold)
    errors = errors or RowErrors(table)
    index = class_indices(classes)
    mend = "move the folder elsewhere" if table.unit == "file" else "mend the row"
    results = []
    for row, value in enumerate(table.column(settings.gold, "ingest.gold")):
        label = _label(value, index)
        if label is None:
            guess = _made_of_classes(value, index) or nearest(str(value).strip(), classes)
            problem = (
                "several labels where one is taken: keep one"
                if isinstance(value, list)
                else f"not a class{guess}; {mend}, or add the class (--classes of a new problem, else `tidemill class add` without --rows)"
            )
            errors.add(row, f"column {settings.gold!r} is {_shortened(value)}, {problem}")
        results.append(NO_GOLD if label is None else label)
    return results


def _made_of_classes(value: Any, index: ClassIndices) -> str | None:
    """What to do where a name with commas was taken for several classes, or a cell holds several."""
    if not isinstance(value, str) or "," not in value:
        return None
    parts = value.split(",")
    if any(index(part) is None for part in parts):
        return None
    return f", while {' and '.join(repr(part.strip()) for part in parts)} are; for a name that holds a comma give --classes once for each class"


def words_for_no_label(table: Table, settings: IngestSettings, classes: Sequence[str]) -> list[str]:
    """Word which labels ``gold`` has taken for none, though a cell is not empty.

    Parameters
    ----------
    table
        The rows.
    settings
        Which column holds the labels.
    classes
        Names of the classes.

    Returns
    -------
    list of str
        A note, where there are such labels.
    """
    if settings.gold is None or not table.has(settings.gold):
        return []
    index = class_indices(classes)
    cells = [cell for cell in table.column(settings.gold, "ingest.gold") if not is_missing(cell)]
    written = [as_string(cell).strip() for cell in cells if not isinstance(cell, (list, dict, bytes))]
    found = [word for word in written if index(word) is None and (is_no_class(word) or may_mean_no_class(word))]
    if not found:
        return []
    words = ", ".join(map(repr, sorted(set(found))))
    verb = "is" if len(set(found)) == 1 else "are"
    return [f"{table.name}: in column {settings.gold!r} {words} {verb} {NO_LABEL} ({counted(len(found), 'row')})"]


def is_no_class(value: object) -> bool:
    """Decide whether a label states that there is none.

    Parameters
    ----------
    value
        Cell of a column of labels.

    Returns
    -------
    bool
        True where it is missing or a usual word for a missing label, such as NA, -1 or unlabeled.
    """
    return is_missing(value) or (not isinstance(value, (list, dict, bytes)) and means_no_class(as_string(value)))


def label_in(cell: object) -> object:
    """Take the label out of a list of one, also where it is written as text, as pandas writes lists into CSV.

    Parameters
    ----------
    cell
        Of a column of labels.

    Returns
    -------
    object
        The label, None where a list is empty; a list where there are several; other cells as they are.

    Examples
    --------
    >>> label_in("['good']"), label_in('["good", "quick"]'), label_in(["good"]), label_in("[sic]")
    ('good', ['good', 'quick'], 'good', '[sic]')
    """
    if isinstance(cell, list) and len(cell) <= 1:
        return cell[0] if cell else None
    if not (isinstance(cell, str) and cell.strip().startswith("[") and cell.strip().endswith("]")):
        return cell
    try:
        labels = ast.literal_eval(cell.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return cell
    if not labels or not all(isinstance(label, (str, int)) for label in labels):
        return cell
    return labels[0] if len(labels) == 1 else labels


def _label(value: Any, index: ClassIndices) -> int | None:
    value = label_in(value) if isinstance(value, list) else value
    if value is None:
        return NO_GOLD
    try:
        name = as_string(value).strip()
        if index(name) is None:
            value = label_in(value)
            name = as_string(value).strip()
    except TypeError:
        return None
    result = index(name)
    return NO_GOLD if result is None and (is_no_class(value) or may_mean_no_class(name)) else result


def typed(table: Table, name: str, kind: Kind, errors: RowErrors | None = None) -> list[Any]:
    """Read a metadata column as values of its kind.

    Parameters
    ----------
    table
        Rows as they were read.
    name
        Name of the column.
    kind
        Type of its values.
    errors
        Collects rows with a value of another kind; None: the first one is raised.

    Returns
    -------
    list
        A value per row; None where it is missing or was set aside.

    Raises
    ------
    DataError
        There is no such column; or a value is not of the kind, and the policy is to refuse.
    """
    convert: dict[str, Callable[[Any], Any]] = {"string": as_string, "int": _int, "float": _float, "bool": _bool}
    errors = errors or RowErrors(table)
    results: list[Any] = []
    for row, value in enumerate(table.column(name, "ingest.meta or ingest.slices")):
        try:
            results.append(None if _is_absent(value, kind) else convert[kind](value))
        except (ValueError, TypeError, OverflowError):
            errors.add(
                row,
                f"column {name!r} is {_shortened(value)}, not {kind}; mend it, or change the settings of ingest for {name!r}",
            )
            results.append(None)
    return results


def groups(table: Table, settings: IngestSettings, errors: RowErrors | None = None) -> list[str | None]:
    """Read the group of each row, whose rows share a split.

    Parameters
    ----------
    table
        Rows as they were read.
    settings
        Settings of ingest; ``split.group`` names the column.
    errors
        Collects rows whose value is no text or number; None: the first one is raised.

    Returns
    -------
    list of str or None
        None where the row is of no group.

    Raises
    ------
    DataError
        There is no such column; or a value cannot be a name, and the policy is to refuse.
    """
    column = settings.split.group
    if column is None:
        return [None] * len(table.numbers)
    table.column(column, "ingest.split.group")
    named = typed(table, column, "string", errors)
    return [None if is_missing(value) else value for value in named]


def _is_absent(value: object, kind: Kind) -> bool:
    return value is None if kind == "string" and isinstance(value, str) else is_missing(value)


def _float(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError(value)
    return float(value)


def _int(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError(value)
    if isinstance(value, str):
        value = _FRACTION_OF_ZEROS.sub("", value)
    number = int(value) if isinstance(value, (int, str)) else float(value)
    if number != int(number) or abs(number) >= 2**63:
        raise ValueError(value)
    return int(number)


def _bool(value: Any) -> bool:
    word = as_string(value).strip().lower()
    if word not in _TRUE + _FALSE:
        raise ValueError(value)
    return word in _TRUE
