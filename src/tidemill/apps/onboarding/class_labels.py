"""Labels in a user's data, or names given by the user, as the classes of a problem."""

from __future__ import annotations

import re
import statistics
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from tidemill.common.arrays import MAX_CLASSES
from tidemill.common.class_names import JOINERS, as_written, fold, may_mean_no_class
from tidemill.common.spelling import counted
from tidemill.contracts import OUTLIER, ConfigError, DataError
from tidemill.ingest.values import NO_LABEL, is_missing, is_no_class, label_in
from tidemill.project.arrivals import natural
from tidemill.readers.cell_text import as_string
from tidemill.readers.class_list import read_class_names

_LEAST: Final = 2
_FEW: Final = 20
"""Classes that a column may hold however few rows each has."""
_ROWS_OF_EACH: Final = 2.0
_MANY: Final = 5
"""Median of the classes' rows from which on a class of a single row is told."""
_SHOWN: Final = 5
_TRUE: Final = frozenset({"true", "t", "yes", "y", "1", "ja", "oui", "si", "s\u00ed", "sim", "wahr", "vrai", "on"})
_FALSE: Final = frozenset({"false", "f", "no", "n", "0", "nein", "non", "n\u00e3o", "nao", "falsch", "faux", "off"})
_NUMBER: Final = re.compile(r"[+-]?\d+([.,]\d+)?")
_RESERVED: Final = frozenset({"row_id", "prediction", "none_of_the_above", OUTLIER})
"""Columns of the tables that have a column per class."""
_BETWEEN: Final = re.compile(r"[;,|/&+]")
"""What stands between the labels of a cell that holds several."""
_AROUND: Final = " .,:;!'\"`"
"""Marks around a label that tell no classes apart to a reader."""
_DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_QUOTES: Final = "\u2018\u2019\u201a\u201b\u2032`\u00b4"
_MARKS: Final = str.maketrans(
    _DASHES + _QUOTES + "\u064a\u0649\u0643", "-" * len(_DASHES) + "'" * len(_QUOTES) + "\u06cc\u06cc\u06a9", "\u0640"
)
"""Dashes and quotes, of which programs put one in the place of another; Arabic letters for Persian ones, and lines that draw words out."""
_THAI_VOWEL: Final = re.compile("\u0e4d([\u0e48-\u0e4b])")
"""Written before a tone mark or behind it, which looks the same."""
_FIRST_ACCENT, _LAST_ACCENT = "\u0300", "\u036f"
"""Combining marks of Latin, Greek and Cyrillic letters; those of other scripts are letters of their own."""
_COMMA_NUMBER: Final = re.compile(r"\d+,\d")
_BETWEEN_WORDS: Final = re.compile(r"(?<=[^\W_])[-_\s]+(?=[^\W_])")
_AROUND_SIGNS: Final = re.compile(r"\s*([^\w\s])\s*")
_LATIN: Final = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406\u0408\u0405"
    "\u03bf\u03bd\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
    "aeopcyxijshdqwABEKMHOPCTYXIJSovABEZHIKMNOPTYX",
)
"""Cyrillic, then Greek letters that look like Latin ones (Unicode Technical Standard 39)."""


def find_classes(
    given: str | Sequence[str] | None, labels: Sequence[object], where: str
) -> tuple[tuple[str, ...], list[str]]:
    """Find the classes of a problem.

    Parameters
    ----------
    given
        Value of ``--classes``; None: the classes are the labels.
    labels
        Cells of the column of labels; none where there is no such column.
    where
        Where the labels stand, for messages.

    Returns
    -------
    tuple of str
        Names of the classes, in natural order where they come from the labels.
    list of str
        What was made of labels that are no class names as they stand.

    Raises
    ------
    ConfigError
        There are neither labels nor names.
    DataError
        The labels make no classes: fewer than two, too many, or names that cannot be used.
    """
    notes: list[str] = []
    if given:
        names, notes = read_class_names(given)
        result = list(names)
        notes += _without_label(labels, result, where)
    else:
        result = _from_labels(labels, where, notes)
    if not result:
        raise ConfigError("there are no labels to take the classes from: name them, --classes good,bad")
    if len(result) < _LEAST:
        spellings = "".join(f"; {note}" for note in notes)
        raise DataError(
            f"{where}: the classes are {', '.join(result)}; a problem needs at least two different ones{spellings}"
        )
    for name in result:
        _refuse_name(name, where)
    if len(result) > MAX_CLASSES:
        raise DataError(
            f"{where} holds {len(result)} classes ({', '.join(result[:5])}, …); a problem may have {MAX_CLASSES} at most"
        )
    about_names = (*_look_alikes(result, where), *_numbers_among_names(result, where), *_named_as_votes(result, where))
    return tuple(result), [*notes, *about_names]


def class_sizes(labels: Sequence[object], classes: Sequence[str]) -> dict[str, int]:
    """Count the labels of each class.

    Parameters
    ----------
    labels : (n_rows,)
        Labels as the data has them; missing ones are left out.
    classes
        Names of the classes, matched without regard to case and spacing as ``fold`` does.

    Returns
    -------
    dict of str to int
        By class, in the order of ``classes``.
    """
    plain = [label for label in map(label_in, labels) if not is_missing(label) and not isinstance(label, (list, dict))]
    counts = Counter(fold(as_string(label)) for label in plain)
    return {name: counts[fold(name)] for name in classes}


def _from_labels(labels: Sequence[object], where: str, notes: list[str]) -> list[str]:
    plain = [_without_list(cell) for cell in labels]
    as_list = next((cell for cell, label in zip(labels, plain, strict=True) if label is not cell and label), None)
    labels = plain
    several = [label for label in labels if isinstance(label, (list, dict))]
    if several:
        hint = (
            f"an object of {', '.join(map(str, several[0]))}: name the one inside that is the label, after a dot"
            if isinstance(several[0], dict)
            else f"several labels of one row (as {len(several)} of {len(labels)} rows have): Tidemill's classes exclude one another. Keep "
            "one of each row, or set such rows aside: --bad-rows quarantine, with the classes in --classes"
        )
        raise DataError(f"{where} holds {str(several[0])[:60]}, {hint}")
    if as_list is not None:
        notes.append(f"{where}: lists of one label, such as {as_list!r}, are read as that label")
    texts = [as_string(label).strip() for label in labels if _is_written(label)]
    known = [name for name in texts if not is_no_class(name)]
    left_out = [name for name in texts if is_no_class(name)]
    if left_out:
        notes.append(f"{_taken_for_no_label(left_out, where)}; name the classes with --classes where it is one")
    _refuse_doubtful(known, where)
    spellings: dict[str, Counter[str]] = {}
    written: dict[str, set[str]] = {}
    for name in known:
        spellings.setdefault(fold(name), Counter())[as_written(name)] += 1
        written.setdefault(fold(name), set()).add(name)
    _refuse_several(spellings, where)
    _refuse_many(spellings, len(known), where)
    for folded, counts in spellings.items():
        if written[folded] != set(counts) or len(counts) > 1:
            best = counts.most_common(1)[0][0]
            verb = "is the class" if len(written[folded]) == 1 else "are one class,"
            notes.append(f"{where}: {', '.join(map(_spelled, sorted(written[folded])))} {verb} {best!r}")
    names = {counts.most_common(1)[0][0]: counts.total() for counts in spellings.values()}
    notes += _one_but_for_case(spellings, where)
    notes += [*_alike_in_meaning(list(names), where), *_of_one_row(names, where)]
    return sorted(names, key=natural)


def _one_but_for_case(spellings: Mapping[str, Counter[str]], where: str) -> list[str]:
    """A note about how labels stay several classes that are one but for letter case, as units and chemical elements are not."""
    names: list[str] = []
    for counts in spellings.values():
        spelled = [name for name, _ in counts.most_common()]
        names += spelled if len({" ".join(name.split()) for name in spelled}) > 1 else spelled[:1]
    if len(names) == len(spellings):
        return []
    names.sort(key=natural)
    written = ",".join(names) if len(names) <= _FEW and not any(set(',"') & {*name} for name in names) else ""
    return [
        f"{where}: labels that differ in letter case are several classes where --classes names them all{written and f': --classes {_typed(written)}'}"
    ]


def _without_list(cell: object) -> object:
    """The label in a list of one that is text; a list of several stays as it is written, to be shown so."""
    label = label_in(cell)
    return cell if isinstance(label, list) else label


def _alike_in_meaning(names: Sequence[str], where: str) -> list[str]:
    """Notes about classes that are several words for true, or for false."""
    found = [[name for name in names if fold(name) in words] for words in (_TRUE, _FALSE)]
    return [
        f"{where}: the classes {', '.join(map(repr, several))} may mean the same: give them one spelling in the file"
        for several in found
        if len(several) > 1
    ]


def _of_one_row(rows_of: Mapping[str, int], where: str) -> list[str]:
    """A note about labels of a single row among labels of many, as of a line of totals, a second header or a slip."""
    single = [name for name, rows in rows_of.items() if rows == 1]
    if not single or statistics.median(rows_of.values()) < _MANY:
        return []
    names_of_single = ", ".join(map(repr, single[:_SHOWN])) + (", …" if len(single) > _SHOWN else "")
    verb = "is the label of one row" if len(single) == 1 else "are the labels of one row each"
    remedy = "mend the file where it is no class, or name the classes with --classes"
    return [f"{where}: {names_of_single} {verb} (a total, a second header, a slip?): {remedy}"]


def _without_label(labels: Sequence[object], classes: Sequence[str], where: str) -> list[str]:
    """Note about words for a missing label that are none of the named classes."""
    named = {fold(name) for name in classes}
    texts = [as_string(label).strip() for label in labels if _is_written(label) and not isinstance(label, (list, dict))]
    left_out = [name for name in texts if fold(name) not in named and (is_no_class(name) or may_mean_no_class(name))]
    return [_taken_for_no_label(left_out, where)] if left_out else []


def _taken_for_no_label(names: Sequence[str], where: str) -> str:
    shown = sorted(set(names))
    verb = "is" if len(shown) == 1 else "are"
    return f"{where}: {', '.join(map(repr, shown))} {verb} {NO_LABEL} ({counted(len(names), 'row')})"


def _is_written(label: object) -> bool:
    """True also for the word NaN, which is told of, as other words for a missing label are."""
    return not is_missing(label) or (isinstance(label, str) and any(letter.isalnum() for letter in label))


def _typed(names: str) -> str:
    """Names of classes as a shell takes them for one word."""
    return f'"{names}"' if any(letter in " &;()|<>*?!#'" for letter in names) else names


def _refuse_doubtful(names: Sequence[str], where: str) -> None:
    """Ask where a label may be a class or mean that there is none.

    Raises
    ------
    DataError
        Names the label, how many rows have it, and both answers.
    """
    doubtful = Counter(name for name in names if may_mean_no_class(name))
    others = list(dict.fromkeys(name for name in names if name not in doubtful))
    if not doubtful or len({fold(name) for name in others}) < _LEAST:
        return
    name, rows = doubtful.most_common(1)[0]
    shown = ",".join(others) if len(others) <= _FEW else f"{','.join(others[:3])},…"
    raise DataError(
        f"{where}: is {name!r} a class, or does it mean that a row has no label ({rows} of {len(names)} rows)? "
        f"A class: --classes {_typed(f'{shown},{name}')}; no label: --classes {_typed(shown)}"
    )


def _look_alikes(names: Sequence[str], where: str) -> list[str]:
    groups = [names_alike for letters in (_MARKS, _LATIN | _MARKS) for names_alike in _alike(names, letters)]
    return [
        f"{where}: the classes {' and '.join(f'{name!r} ({name!a})' for name in several)} look alike: "
        "give them one spelling in the file where they are one class"
        for several in dict.fromkeys(groups)
    ]


def _named_as_votes(names: Sequence[str], where: str) -> list[str]:
    """A class whose name is how a vote against another is written."""
    return [
        f"{where}: {name!r} is a class, so that `vote: {name}` is for it, and reports call a vote against {other!r} the same: with another name, such as "
        f"no_{other}, they are told apart"
        for name in names
        for other in names
        if name == f"not {other}" and len(names) > _LEAST  # of two classes both are one
    ]


def _alike(names: Sequence[str], letters: Mapping[int, int | str | None]) -> list[tuple[str, ...]]:
    """Names that are one where some letters are taken for others."""
    alike: dict[str, list[str]] = {}
    for name in names:
        same_order = _THAI_VOWEL.sub("\\1\u0e4d", unicodedata.normalize("NFKC", name))
        plain = _without_accents(fold(same_order.translate(letters)))
        plain = _AROUND_SIGNS.sub(_sign_alone, _BETWEEN_WORDS.sub(" ", plain))
        alike.setdefault(plain.strip(_AROUND) or plain, []).append(name)
    return [tuple(several) for several in alike.values() if len(several) > 1]


def _sign_alone(found: re.Match[str]) -> str:
    """A sign without the spaces around it; vowel signs of other scripts, which are no letters either, keep theirs."""
    return found[1] if unicodedata.category(found[1])[0] in "PS" else found[0]


def _without_accents(name: str) -> str:
    """Greek and other capital letters are often written without theirs; and Turkish has an i without a dot, whose capital letter is I."""
    letters = unicodedata.normalize("NFKD", name).replace("\N{LATIN SMALL LETTER DOTLESS I}", "i")
    return "".join(letter for letter in letters if not _FIRST_ACCENT <= letter <= _LAST_ACCENT)


def _refuse_several(spellings: dict[str, Counter[str]], where: str) -> None:
    """Ask where a label is made of others, as a cell is that holds several.

    Raises
    ------
    DataError
        Names the label, how many rows have it, and what to do.
    """
    for folded, counts in spellings.items():
        parts = [part.strip(_AROUND) for part in _BETWEEN.split(folded.strip("[](){}"))]
        name, rows = counts.most_common(1)[0]
        are_labels = len(parts) > 1 and all(part in spellings for part in parts)
        if are_labels and _COMMA_NUMBER.fullmatch(name.strip()):
            raise DataError(
                f"{where} holds {name!r} ({rows} rows): is it {name.replace(',', '.')!r} with a comma, as other labels are numbers, or several labels in one "
                "cell? Write it with a point, or one label in each cell"
            )
        if are_labels or isinstance(label_in(name), list):
            what = (
                f"where {' and '.join(map(repr, parts))} are labels too" if are_labels else "a list of several labels"
            )
            raise DataError(
                f"{where} holds {name!r} ({rows} rows), {what}: Tidemill's classes exclude "
                "one another. Keep one label in each cell, or empty such cells; where it is a class of its own, name all classes with --classes"
            )


def _numbers_among_names(names: Sequence[str], where: str) -> list[str]:
    numbers = [name for name in names if _NUMBER.fullmatch(name)]
    others = [name for name in names if name not in numbers]
    if not numbers or not others:
        return []
    told = (
        f"{where}: the classes {', '.join(numbers[:5])} are numbers and {', '.join(others[:5])} are names: "
        "where a number stands for a name, give them one spelling in the file"
    )
    return [told]


def _spelled(name: str) -> str:
    """A name with escapes where it is not in Unicode's composed form, which looks the same."""
    return repr(name) if unicodedata.is_normalized("NFC", name) else ascii(name)


def _refuse_many(spellings: dict[str, Counter[str]], rows: int, where: str) -> None:
    if len(spellings) > max(_FEW, rows / _ROWS_OF_EACH):
        shown = ", ".join(list(spellings)[:5])
        raise DataError(
            f"{where} holds {len(spellings)} different values in {rows} rows ({shown}, …): is it the label column? "
            "Numbers must be put in classes first"
        )


def _refuse_name(name: str, where: str) -> None:
    if name.lower() in _RESERVED:
        raise DataError(f"{where}: class {name!r} is a name of Tidemill's own tables: rename it in the file")
    if not all(letter.isprintable() or letter in JOINERS for letter in name):
        raise DataError(f"{where}: class {name!r} has a line break or a control character: rename it in the file")
    if "${" in name:
        raise DataError(
            f"{where}: class {name!r} holds ${{, by which settings name other settings: rename it in the file"
        )
