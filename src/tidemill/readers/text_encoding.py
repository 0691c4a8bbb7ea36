"""Bytes as text: as declared, by a byte-order mark, UTF-8, UTF-16 without a mark, or detected and reported.

Detection is charset-normalizer's: each encoding's text is judged by how much of it is noise and how well its letters' frequencies
fit a language. It is asked of the lines that are not ASCII, since all encodings agree about the others.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import Any, Final

from tidemill.contracts import DataError

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_USUAL: Final = (
    "cp1252",
    "iso8859_15",
    "mac_roman",
    "cp1251",
    "cp932",
    "euc_jp",
    "gb18030",
    "big5",
    "euc_kr",
    "koi8_r",
    "iso8859_5",
    "cp866",
    "cp1250",
    "iso8859_2",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp874",
    "latin_1",
)
"""Encodings that files have, in the order in which they are taken where two read the same letters."""
_NAMES: Final = {"cp1252": "windows-1252", "cp1251": "windows-1251", "cp1250": "windows-1250", "cp932": "shift_jis"}
_WORD: Final = re.compile(r"[^\s,;|\"]+")
_BROKEN: Final = re.compile("lU|[lU]s[lU]|(^| )s[lU]{2}|ls$")
_SYMBOLS: Final = frozenset(
    "\u201a\u201e\u2020\u2021\u2030\u2039\u203a\u00a1\u00a2\u00a3\u00a4\u00a5\u00a6\u00a7\u00ac\u00b6"
)
"""Characters that no word has inside."""
_MIXED: Final = re.compile("a[xL]*x|x[xL]*a")
_SAMPLE: Final = 1 << 16
"""Bytes that are judged."""
_CLEAR: Final = 0.05
"""Lead in charset-normalizer's coherence less noise, below which a person chooses between encodings of different scripts."""
_STRAY: Final = 0.5
"""Taken from the score of an encoding in which letters of another alphabet stand inside Latin words, or are very few."""
_FEW: Final = 0.05
_MOST_BROKEN: Final = 0.3
"""Share of the words that are not ASCII, up to which they may have capitals or symbols after small letters."""
_ZEROS: Final = 0.03
"""Share of zero bytes at every other place from which on a text is UTF-16: those of digits, delimiters and line ends."""
_CLEARLY: Final = 0.2
"""Share from which on it is also where no line ends."""
_ELSEWHERE: Final = 0.3
"""Share of those at the other places, as of spaces between ideographs, up to which it is."""
_SHIFT: Final = b"\x1b$"
"""How ISO-2022-JP, whose bytes are all ASCII, goes over to Japanese."""
_ANY: Final = "--encoding (ingest.encoding)"
_REMEDY: Final = f"save the file as UTF-8, or name its encoding: {_ANY}"


def decode(data: bytes, name: str, encoding: str | None) -> tuple[str, str | None]:
    """Decode a file.

    Parameters
    ----------
    data
        Its content.
    name
        Its name, for messages.
    encoding
        As declared; None: found.

    Returns
    -------
    str
        The text, without a byte-order mark.
    str or None
        What was guessed, with a sample and the option that overrides it; None where nothing was.

    Raises
    ------
    DataError
        Names the line and the bytes that are not text in that encoding, or the encodings between which nothing decides.
    """
    if encoding is not None:
        return _declared(data, name, encoding), None
    marked = next((chosen for mark, chosen in _MARKS if data.startswith(mark)), None)
    if marked is not None:
        return _strictly(data, name, marked), None
    wide = _utf32(data) or _utf16(data)
    if wide is not None:
        text = _strictly(data, name, wide)
        return text, f"{name} is read as {wide}, without a byte-order mark; name another with {_ANY}"
    shifted = _decoded(data, "iso2022_jp") if _SHIFT in data else None
    if shifted is not None:
        return shifted, f"{name} is read as iso2022_jp, whose shift codes it has; name another with {_ANY}"
    try:
        return data.decode("utf-8"), None
    except UnicodeDecodeError as error:
        return _detected(data, name, error)


def _declared(data: bytes, name: str, encoding: str) -> str:
    try:
        known = codecs.lookup(encoding).name
    except LookupError as error:
        raise DataError(f"{name}: {encoding!r} ({_ANY}) is not an encoding that Python knows") from error
    return _strictly(data, name, "utf-8-sig" if known == "utf-8" else encoding)


def _strictly(data: bytes, name: str, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(f"{_bad_bytes(data, name, error)} are not {encoding}; {_REMEDY}") from error


def _utf32(data: bytes) -> str | None:
    """UTF-32 without a mark: of every four bytes the two that only rare characters use are zero, and the file decodes."""
    if not data or len(data) % 4:
        return None
    for result, unused in (("utf-32-le", (3,)), ("utf-32-be", (0,))):
        if all(not any(data[place::4][:_SAMPLE]) for place in unused) and _reads(data, result):
            return result
    return None


def _utf16(data: bytes) -> str | None:
    sample = data[: _SAMPLE & ~1]
    if len(sample) < 2 or len(data) % 2:  # noqa: PLR2004 - bytes of a character
        return None
    half = len(sample) / 2
    even, odd = sample[::2].count(0) / half, sample[1::2].count(0) / half
    if odd >= _ZEROS and even <= _ELSEWHERE * odd:
        result = "utf-16-le"
    elif even >= _ZEROS and odd <= _ELSEWHERE * even:
        result = "utf-16-be"
    else:
        return None
    return result if max(odd, even) >= _CLEARLY or "\n" in sample.decode(result, errors="replace") else None


def _detected(data: bytes, name: str, error: UnicodeDecodeError) -> tuple[str, str]:
    _refuse_mixed(data, name, error)
    lines = [line for line in data.splitlines() if not line.isascii()]
    sample = b"\n".join(lines)[:_SAMPLE]
    candidates = [candidate for candidate in _candidates(sample) if _reads(data, candidate[0])]
    if not candidates:
        raise DataError(
            f"{_bad_bytes(data, name, error)} are not UTF-8, and no usual encoding reads the file; {_REMEDY}"
        )
    best, score = max(candidates, key=lambda candidate: (candidate[1], -_USUAL.index(candidate[0])))
    if _broken_share(sample.decode(best, errors="replace")) > _MOST_BROKEN:
        raise DataError(
            f"{name} is not UTF-8, and no usual encoding reads its words: in {_word(best)}, the likeliest, a line is "
            f"{_shown(lines[0], best)}; name its encoding, such as cp437 or cp850 of old programs: {_ANY}"
        )
    for other, its_score in candidates:
        if score - its_score < _CLEAR and _scripts(lines[0], other) != _scripts(lines[0], best):
            raise DataError(
                f"{name} is not UTF-8, and its encoding cannot be detected: {_word(best)} reads {_shown(lines[0], best)}, "
                f"{_word(other)} reads {_shown(lines[0], other)}; name it: {_ANY}"
            )
    message = f"{name} is not UTF-8: read as {_word(best)}, in which a line is {_shown(lines[0], best)}; name another with {_ANY}"
    return data.decode(best), message


def _candidates(sample: bytes) -> list[tuple[str, float]]:
    """Encodings that read the sample, each with its coherence less its noise; of those that read the same, the usual one."""
    from charset_normalizer import from_bytes

    matches: Any = from_bytes(sample, cp_isolation=list(_USUAL))
    scores: dict[str, float] = {}
    for match in matches:
        score = float(match.coherence - match.chaos)
        for other in {match.encoding, *match.could_be_from_charset}:
            scores[other] = max(scores.get(other, -1.0), score)
    read_alike = {item: _decoded(sample, item) for item in _USUAL}
    for encoding, text in read_alike.items():
        if text is not None and encoding not in scores:
            alike = [scores[other] for other, its in read_alike.items() if its == text and other in scores]
            if alike:
                scores[encoding] = max(alike)
    return [
        (encoding, scores[encoding] - _penalty(read_alike[encoding] or "")) for encoding in _USUAL if encoding in scores
    ]


def _penalty(text: str) -> float:
    """For what no text has: letters of another alphabet within words, capitals and symbols after small letters."""
    return _STRAY * (_has_stray_letters(text) + _broken_share(text))


def _broken_share(text: str) -> float:
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    broken = sum(bool(_BROKEN.search("".join(map(_shape, word)))) for word in words)
    return broken / max(len(words), 1)


def _shape(letter: str) -> str:
    if letter.isupper():
        return "U"
    if letter.islower():
        return "l"
    is_symbol = not letter.isascii() and unicodedata.category(letter)[0] in "SN"
    return "s" if is_symbol or letter in _SYMBOLS else " "


def _has_stray_letters(text: str) -> bool:
    kinds = "".join(map(_kind, text))
    foreign, letters = kinds.count("x"), len(kinds) - kinds.count(" ")
    return bool(foreign) and (foreign < _FEW * letters or bool(_MIXED.search(kinds)))


def _kind(letter: str) -> str:
    if unicodedata.category(letter) == "Mn" and not unicodedata.name(letter, "?").startswith("COMBINING"):
        return "x"  # a vowel or tone mark of another alphabet
    if not letter.isalpha():
        return " "
    return "a" if letter.isascii() else "L" if _is_latin(letter) else "x"


def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "?").startswith("LATIN")


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _reads(data: bytes, encoding: str) -> bool:
    return _decoded(data, encoding) is not None


def _scripts(line: bytes, encoding: str) -> set[str]:
    text = line.decode(encoding, errors="replace")
    return {unicodedata.name(letter, "?").split()[0] for letter in text if letter.isalpha() and not letter.isascii()}


def _shown(line: bytes, encoding: str) -> str:
    text = line.decode(encoding, errors="replace")
    first = next((place for place, letter in enumerate(text) if not letter.isascii()), 0)
    return repr(text[max(0, first - 10) : first + 30])


def _word(encoding: str) -> str:
    return _NAMES.get(encoding, encoding)


def _refuse_mixed(data: bytes, name: str, error: UnicodeDecodeError) -> None:
    """Refuse bytes that are not UTF-8 where another line is: two encodings are mixed."""
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.isascii() and _decoded(line, "utf-8") is not None:
            raise DataError(
                f"{_bad_bytes(data, name, error)} are not UTF-8, line {number} is: encodings are mixed; {_REMEDY}"
            )


def _bad_bytes(data: bytes, name: str, error: UnicodeDecodeError) -> str:
    line = data.count(b"\n", 0, error.start) + 1
    begin = data.rfind(b"\n", 0, error.start) + 1
    before = data[begin : error.start][-20:].decode("ascii", errors="replace")
    return f"{name}, line {line}: bytes {data[error.start : error.end].hex(' ')} (after {before!r})"
