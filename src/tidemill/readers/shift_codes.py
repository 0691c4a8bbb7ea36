"""Encodings whose bytes are all ASCII, with codes that go over to other letters: ISO-2022 of Japanese and Korean mail, and HZ of Chinese.

They are valid UTF-8, so that nothing but these codes shows them.
"""

from __future__ import annotations

import re
from typing import Final

_SHIFT: Final = re.compile(rb"\x1b\$(?:[@AB]|[()][A-Z])|\x1b\(I")
_CODECS: Final = ("iso2022_jp", "iso2022_kr", "iso2022_jp_ext", "iso2022_jp_2004", "iso2022_jp_2")
_PARTS: Final = re.compile(rb"(\x1b\$[@B]|\x1b\([BJI])")
_OF_WINDOWS: Final = "iso2022_jp"
_HZ: Final = re.compile(rb"~\{(?:[\x21-\x77][\x21-\x7e])+~\}")
_OPENS: Final = b"~{"


def has_shift_codes(data: bytes) -> bool:
    """Decide whether bytes have codes of ISO-2022, or letters in HZ.

    Parameters
    ----------
    data
        Content of a file.

    Returns
    -------
    bool
        Of HZ, only where each ``~{`` is closed around pairs of characters: code and LaTeX have the sign too.
    """
    if not data.isascii():
        return False
    opened = data.count(_OPENS)
    return _SHIFT.search(data) is not None or (opened > 0 and len(_HZ.findall(data)) == opened)


def decode_shifted(data: bytes) -> tuple[str, str] | None:
    """Decode bytes of ``has_shift_codes``.

    Parameters
    ----------
    data
        Content of a file.

    Returns
    -------
    tuple of str and str, or None
        The text and Python's name of the encoding; None where it is in none of them. Letters that Windows adds to ISO-2022-JP, such as numbers
        in circles, are read too.

    Examples
    --------
    >>> decode_shifted("電池".encode("iso2022_jp")), decode_shifted(b"id,~{5g~}")
    (('電池', 'iso2022_jp'), ('id,电', 'hz'))
    """
    if _SHIFT.search(data) is None:
        text = _decoded(data, "hz")
        return None if text is None else (text, "hz")
    for codec in _CODECS:
        text = _decoded(data, codec)
        if text is not None and "\x1b" not in text:
            return text, codec
    text = _of_windows(data)
    return None if text is None else (text, _OF_WINDOWS)


def _decoded(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return None


def _of_windows(data: bytes) -> str | None:
    """By the table of Shift JIS, which has the letters of Windows: the same pairs, numbered otherwise."""
    results, mode = [], b"\x1b(B"
    for part in _PARTS.split(data):
        if _PARTS.fullmatch(part):
            mode = part
            continue
        plain = part
        if mode in {b"\x1b$@", b"\x1b$B"}:
            if len(part) % 2 or any(not 0x21 <= byte <= 0x7E for byte in part):  # noqa: PLR2004 - the pairs of ISO-2022
                return None
            plain = b"".join(_shift_jis(*part[place : place + 2]) for place in range(0, len(part), 2))
        elif mode == b"\x1b(I":
            plain = bytes(byte | 0x80 if 0x21 <= byte <= 0x5F else byte for byte in part)  # noqa: PLR2004
        text = _decoded(plain, "cp932")
        if text is None or "\x1b" in text:
            return None
        results.append(text)
    return "".join(results)


def _shift_jis(row: int, cell: int) -> bytes:
    lead = (row - 0x21) // 2 + 0x81
    trail = cell + (0x1F + (cell >= 0x60) if row % 2 else 0x7E)  # noqa: PLR2004
    return bytes([lead + 0x40 * (lead > 0x9F), trail])  # noqa: PLR2004
