"""Documents cut into sentences by their punctuation, without a model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

Span = tuple[int, int]

_CLOSING: Final = "[\"'\u201d\u2019)\\]\u300d\u300f\u3011\uff09]*"
_EAST_ASIAN: Final = "\u3002\uff01\uff1f\uff61"
_INDIC_AND_ARABIC: Final = "\u0964\u061f\u06d4"
_END: Final = re.compile(
    f"(?<![.!?…])[.!?…]+{_CLOSING}\\s+|[{_EAST_ASIAN}]+{_CLOSING}\\s*|(?<![{_INDIC_AND_ARABIC}])[{_INDIC_AND_ARABIC}]+{_CLOSING}\\s+|\\n\\s*\\n"
)
_ASCII_END: Final = re.compile("(?<![.!?])[.!?]+[\"')\\]]*\\s+|\\n\\s*\\n")
"""The same for text without other signs, which takes half the time."""
_ALWAYS: Final = frozenset(f"\n{_EAST_ASIAN}{_INDIC_AND_ARABIC}")
"""What a sentence ends with whatever follows."""
_LONGEST: Final = 5000
"""Characters of a sentence, at most."""
_LAST_WORD: Final = re.compile(r"(\w[\w.]*)[.]$")
_OPENING: Final = "\"'\u201c\u2018(["
_ABBREVIATION: Final = re.compile(
    r"(?:al|approx|art|ca|capt|cf|co|col|corp|dept|dr|ed|e\.g|est|etc|fig|ft|gen|gov|hon|i\.e|inc|jr|lt|ltd|maj|mr|mrs|ms|mt|no|"
    r"nos|nr|op|ph\.d|pp|prof|pt|rep|rev|sen|sgt|sr|st|ste|u\.k|u\.s|u\.s\.a|viz|vol|vs)",
    re.IGNORECASE,
)


def split_sentences(text: str) -> list[Span]:
    """Cut a text into sentences.

    A sentence ends with a stop, question or exclamation mark before a letter that is not a small one or a digit, with a stop of
    Chinese, Japanese, Hindi, Arabic or Urdu, or with an empty line. Initials and usual English abbreviations end none. What is
    longer than 5,000 characters without an end, as lists and tables are, is cut at the end of a line, or else between words.

    Parameters
    ----------
    text
        A document.

    Returns
    -------
    list of (int, int)
        Begin and end of each sentence in characters, without white space around it.

    Examples
    --------
    >>> text = "St. Louis is in Missouri. Is it? J. F. Kennedy knew."
    >>> [text[begin:end] for begin, end in split_sentences(text)]
    ['St. Louis is in Missouri.', 'Is it?', 'J. F. Kennedy knew.']
    """
    spans, begin = [], 0
    for match in (_ASCII_END if text.isascii() else _END).finditer(text):
        if _ends(text, begin, match):
            spans.append(_trimmed(text, begin, match.end()))
            begin = match.end()
    spans.append(_trimmed(text, begin, len(text)))
    parts = list[Span]()
    for first, last in spans:
        if last - first > _LONGEST:
            parts += _cut(text, first, last)
        elif first < last:
            parts.append((first, last))
    return parts


def _cut(text: str, begin: int, end: int) -> Iterator[Span]:
    while end - begin > _LONGEST:
        cut = text.rfind("\n", begin, begin + _LONGEST)
        cut = text.rfind(" ", begin, begin + _LONGEST) if cut <= begin else cut
        cut = begin + _LONGEST if cut <= begin else cut
        yield _trimmed(text, begin, cut)
        begin = _trimmed(text, cut, end)[0]
    if begin < end:
        yield begin, end


def _ends(text: str, begin: int, match: re.Match[str]) -> bool:
    if match.group()[0] in _ALWAYS:
        return True
    following = text[match.end() : match.end() + 2].lstrip(_OPENING)
    if not following or following[0].islower() or not following[0].isalnum():
        return not following
    word = _LAST_WORD.search(text, max(begin, match.start() - 20), match.start() + 1)
    return word is None or not _is_abbreviation(word.group(1))


def _is_abbreviation(word: str) -> bool:
    return (len(word) == 1 and word.isupper()) or _ABBREVIATION.fullmatch(word) is not None


def _trimmed(text: str, begin: int, end: int) -> Span:
    inner = text[begin:end]
    return begin + len(inner) - len(inner.lstrip()), end - len(inner) + len(inner.rstrip())
