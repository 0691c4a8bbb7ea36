"""Bytes as text: as declared, by a byte-order mark, UTF-8, UTF-16 without a mark, or detected and reported.

An encoding is detected by the words that are not ASCII, since all encodings agree about the others: they are to be words of a language by
their letters, and likelier than in any other encoding.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final

from tidemill.contracts import DataError
from tidemill.readers.language_letters import likeliest_language, words_beyond_ascii
from tidemill.readers.shift_codes import decode_shifted, has_shift_codes

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
    "cp949",
    "koi8_r",
    "koi8_u",
    "iso8859_5",
    "cp866",
    "mac_cyrillic",
    "cp1250",
    "iso8859_2",
    "cp1253",
    "iso8859_7",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp874",
    "cp1257",
    "iso8859_13",
    "iso8859_6",
    "kz1048",
    "cp737",
    "cp862",
    "cp855",
    "cp1125",
    "cp720",
    "cp850",
    "cp852",
    "cp857",
    "latin_1",
)
"""Encodings that files have, in the order in which they are taken where two read the same letters."""
_NAMES: Final = {"cp1252": "windows-1252", "cp1251": "windows-1251", "cp1250": "windows-1250", "cp932": "shift_jis"}
_SAMPLE: Final = 1 << 16
"""Bytes that are judged."""
_CLEAR: Final = 5.0
"""Log of the ratio of two readings' probabilities, from which on a person need not choose between them."""
_PRIORS: Final = {"cp1252": 4.0, "iso8859_7": -8.0}
"""Of windows-1252, in which most files are that are not UTF-8, and of the Greek that few files are in, in the same unit."""
_MOST_STRANGE: Final = 0.3
"""Share of the characters that no language has there, up to which a reading is one of words."""
_ZEROS: Final = 0.03
"""Share of zero bytes at every other place from which on a text is UTF-16: those of digits, delimiters and line ends."""
_CLEARLY: Final = 0.2
"""Share from which on it is also where no line ends."""
_ELSEWHERE: Final = 0.3
"""Share of those at the other places, as of spaces between ideographs, up to which it is."""
_UNDEFINED: Final = "\ufffd"
_FEW_UNDEFINED: Final = 0.002
"""Share of the characters that an encoding does not have, up to which a file is in it, with errors."""
_LETTER_OF_UTF8: Final = re.compile(rb"[\xc2-\xf4][\x80-\xbf]+")
_SURE: Final = 3
_EBCDIC: Final = frozenset({"cp037", "cp273", "cp424", "cp500", "cp875", "cp1026", "cp1140"})
"""Those that Python has."""
_NEXT_LINE: Final = "\x85"
"""How lines mostly end there."""
_OF_EBCDIC: Final = "\n\x85 ,;\t\"'.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-".encode("cp037")
_MOST_OF_EBCDIC: Final = 0.9
_SHOWN_OF_EBCDIC: Final = 40
"""Such letters from which on a file is UTF-8, whatever encoding is stated."""
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
    marked = next((chosen for mark, chosen in _MARKS if data.startswith(mark)), None)
    if encoding is not None:
        return _stated(data, name, encoding, marked)
    if marked is not None:
        return _strictly(data, name, marked), None
    wide = _utf32(data) or _utf16(data)
    if wide is not None:
        text = _strictly(data, name, wide)
        return text, f"{name} is read as {wide}, without a byte-order mark; name another with {_ANY}"
    if has_shift_codes(data):
        shifted = decode_shifted(data)
        if shifted is None:
            raise DataError(
                f"{name}, line {_shifted_line(data)}: codes that go over to other letters, as ISO-2022-JP and -KR have them, and the text is in none of "
                f"these encodings; {_REMEDY}"
            )
        return shifted[0], f"{name} is read as {shifted[1]}, whose shift codes it has; name another with {_ANY}"
    try:
        return data.decode("utf-8"), None
    except UnicodeDecodeError as error:
        if _is_ebcdic(data[:_SAMPLE]):
            shown = data[:_SHOWN_OF_EBCDIC].decode("cp037")
            raise DataError(
                f"{name} is EBCDIC by its bytes, as mainframes write it: it begins with {shown!r} in cp037; name that, or cp500, cp273 or another of its kind, with {_ANY}"
            ) from error
        return _detected(data, name, error)


def _is_ebcdic(data: bytes) -> bool:
    """Whether nearly all bytes are EBCDIC's letters, digits and signs of tables, and none is ASCII's space."""
    known = sum(map(data.count, _OF_EBCDIC))
    return known >= _MOST_OF_EBCDIC * len(data) and b" " not in data and not data.isascii()


def _stated(data: bytes, name: str, encoding: str, marked: str | None) -> tuple[str, str | None]:
    """A stated encoding may be that of an earlier file: what is surely in Unicode is read so."""
    other = None if _is_of_unicode(encoding) else marked or ("utf-8" if _is_surely_utf8(data) else None)
    if other is None:
        return _declared(data, name, encoding), None
    why = "as the mark at its beginning says" if marked else "for all its letters are in it"
    return _strictly(data, name, other), f"{name} is read as {other}, {why}, and not as {encoding} ({_ANY})"


def _is_of_unicode(encoding: str) -> bool:
    """Whether an encoding is one of Unicode, or none at all, which is told later."""
    try:
        return codecs.lookup(encoding).name.startswith("utf")
    except LookupError:
        return True


def _is_surely_utf8(data: bytes) -> bool:
    """Whether bytes have letters of UTF-8 that are not ASCII, and no others: single bytes of other encodings hardly follow each other so."""
    return len(_LETTER_OF_UTF8.findall(data[:_SAMPLE])) >= _SURE and _decoded(data, "utf-8") is not None


def _shifted_line(data: bytes) -> int:
    """The first line that is no text by itself."""
    lines = data.split(b"\n")
    return next(
        (number for number, line in enumerate(lines, start=1) if b"\x1b" in line and decode_shifted(line) is None), 1
    )


def _declared(data: bytes, name: str, encoding: str) -> str:
    try:
        known = codecs.lookup(encoding).name
    except LookupError as error:
        raise DataError(f"{name}: {encoding!r} ({_ANY}) is not an encoding that Python knows") from error
    text = _strictly(data, name, "utf-8-sig" if known == "utf-8" else encoding)
    return text.replace(_NEXT_LINE, "\n") if known in _EBCDIC else text


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
    candidates, broken = _readings(data, sample)
    if broken and (not candidates or broken[0].likelihood > candidates[0].likelihood):
        _refuse_broken(data, name, broken[0].encoding)
    if not candidates:
        raise DataError(
            f"{_bad_bytes(data, name, error)} are not UTF-8, and no usual encoding reads the file; {_REMEDY}"
        )
    best = candidates[0]
    if best.strange > _MOST_STRANGE:
        raise DataError(
            f"{name} is not UTF-8, and no usual encoding reads its words: in {_word(best.encoding)}, the likeliest, a line is "
            f"{_shown(lines[0], best.encoding)}; name its encoding, such as cp437 of old programs: {_ANY}"
        )
    other = next((item for item in candidates[1:] if item.words != best.words), None)
    if other is not None and best.likelihood - other.likelihood < _CLEAR:
        line = next(item for item in lines if _differ(item, best.encoding, other.encoding))
        raise DataError(
            f"{name} is not UTF-8, and its encoding cannot be detected: {_word(best.encoding)} reads {_shown(line, best.encoding)}, "
            f"{_word(other.encoding)} reads {_shown(line, other.encoding)}; name it: {_ANY}"
        )
    message = (
        f"{name} is not UTF-8: read as {_word(best.encoding)}, in which a line is {_shown(lines[0], best.encoding)}; "
        f"name another with {_ANY}"
    )
    return data.decode(best.encoding), message


@dataclass(frozen=True)
class _Reading:
    """What an encoding makes of a file: its words that are not ASCII, and how far they are ones of a language."""

    encoding: str
    words: list[str]
    likelihood: float
    strange: float


def _readings(data: bytes, sample: bytes) -> tuple[list[_Reading], list[_Reading]]:
    """Of encodings that read the file, and of those that some bytes of it are not: the likeliest first; of those that read the same, the usual one."""
    whole: list[_Reading] = []
    broken: list[_Reading] = []
    for encoding in _USUAL:
        text = sample.decode(encoding, errors="replace")
        if text.count(_UNDEFINED) > _FEW_UNDEFINED * len(text):
            continue
        words = words_beyond_ascii(text)
        likelihood, strange = likeliest_language(words)
        reading = _Reading(encoding, words, likelihood + _PRIORS.get(encoding, 0.0), strange)
        (whole if _UNDEFINED not in text and _reads(data, encoding) else broken).append(reading)
    return sorted(whole, key=lambda item: -item.likelihood), sorted(broken, key=lambda item: -item.likelihood)


def _refuse_broken(data: bytes, name: str, encoding: str) -> None:
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{_bad_bytes(data, name, error)} are not {_word(encoding)}, as all else of the file is; mend the line, or name another "
            f"encoding: {_ANY}"
        ) from error


def _differ(line: bytes, one: str, other: str) -> bool:
    return line.decode(one, errors="replace") != line.decode(other, errors="replace")


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _reads(data: bytes, encoding: str) -> bool:
    return _decoded(data, encoding) is not None


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
            raise MixedError(
                f"{_bad_bytes(data, name, error)} are not UTF-8, line {number} is: encodings are mixed; save the file as UTF-8, or mend the "
                "line"
            )


class MixedError(DataError):
    """Some lines of a file are UTF-8, and others are not."""


def decode_but_some_lines(data: bytes) -> str | None:
    """Decode UTF-8 of which a few lines are in another encoding.

    Parameters
    ----------
    data
        Content of a file.

    Returns
    -------
    str or None
        With a lone surrogate for each byte that is not UTF-8 (``cell_text.FOREIGN_BYTE`` finds them); None where as many lines beyond ASCII are not
        UTF-8 as are.
    """
    read = [_decoded(line, "utf-8") is not None for line in data.split(b"\n") if not line.isascii()]
    return data.decode("utf-8", errors="surrogateescape") if sum(read) * 2 > len(read) else None


def _bad_bytes(data: bytes, name: str, error: UnicodeDecodeError) -> str:
    line = data.count(b"\n", 0, error.start) + 1
    begin = data.rfind(b"\n", 0, error.start) + 1
    before = data[begin : error.start][-20:].decode("ascii", errors="replace")
    return f"{name}, line {line}: bytes {data[error.start : error.end].hex(' ')} (after {before!r})"
