"""How likely words are in languages whose files come in encodings of their own, by their letters alone.

Letters of a language are listed by frequency, and the frequency of rank r among n is log((n + 1) / r) / n (Gusein-Zade, 1988). Of Latin
alphabets only letters with marks are listed, since all encodings agree about the others.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_LATIN: Final = {
    "French": "éèàêçùâîôûœëïüÿæ",
    "German": "üäößéè",
    "Spanish": "óíáéñúüºª",
    "Portuguese": "ãçéáíóêõúâôàü",
    "Italian": "èàùòéìî",
    "Catalan": "àéíóèçòúïü",
    "Dutch": "ëéïèöüê",
    "Swedish": "äåöéü",
    "Danish": "åøæéöä",
    "Icelandic": "áðíéþóöúæý",
    "Estonian": "äõüöšž",
    "Latvian": "āīēšūņļžčķģ",
    "Lithuanian": "ėšųžįąūčę",
    "Turkish": "ışüçğöİâî",
    "Polish": "ęłążóśćńź",
    "Czech": "íáéěýřčšžůúťóňď",
    "Slovak": "áíčéýšžúľťôňäóďĺŕ",
    "Croatian": "čšžćđ",
    "Hungarian": "áéíőóöüúű",
    "Romanian": "ăîâşţșț",
}
_OTHER: Final = {
    "Russian": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
    "Ukrainian": "оаниітверксдмлпуязьбгчхцйжїшюєщфґ",
    "Bulgarian": "аоиетнрсвлкдпмзъуягбчцжшйщхюфь",
    "Serbian": "аиоенсрјтукдвмплзгбчшжцћњхђфљџ",
    "Kazakh": "аеытндрліқсбжомкғшуөәпңгйзүиұчяхюэвфцщһёъь",
    "Greek": "αοιετσνηυρπκμλςόίωάέδήγχθύφώβξζψϊϋΐΰ",
    "Hebrew": "יוהלארתשמבעםנחקדכפטסגןצזךףץ",
    "Arabic": "الينمتوربعدسفهكأقةحجشصطخىذضزثغإئءآظؤـًٌٍَُِّْ",
    "Persian": "ایردنهمتوسشبکزفگخقعچپحجلآژطصضذظثغ",
    "Thai": "านรกอเงยมลวสดท่ต้ปัีิคะขบ์หไพุจชูแโึืถธ็ผใซำณฟๆศฝภฮษญฉฐฑฎฏฌฒฆฬ๋๊ฤฯ",
}
_HIRAGANA, _KATAKANA, _IDEOGRAPHS, _HANGUL = "[\u3041-\u309f]", "[\u30a0-\u30ff]", "[\u4e00-\u9fff]", "[\uac00-\ud7a3]"
_WIDE: Final = "[\u3000-\u3002\u300c-\u300f\uff01-\uff5e]"
_SCRIPTS: Final = {
    "Japanese": (("cp932", 3000, 0.38, _IDEOGRAPHS), ("", 83, 0.42, _HIRAGANA), ("", 86, 0.13, _KATAKANA)),
    "Chinese": (("gb2312", 3755, 0.93, _IDEOGRAPHS),),
    "Traditional Chinese": (("big5", 5401, 0.93, _IDEOGRAPHS),),
    "Korean": (("", 2350, 0.93, _HANGUL),),
}
"""Of each kind of character: the encoding that lists frequent ones first, how many are frequent, their share, and what they are."""
_LAST_FREQUENT: Final = {"cp932": 0x9872, "gb2312": 0xD7F9, "big5": 0xC67E}
"""Code of the last frequent ideograph."""
_COMMON: Final = "\xa0“”\u2018\u2019„\u2013—…«»€£°§·•№¿¡©®™\xb4½²"
"""Signs of all languages."""
_SIGNS: Final = 0.03
_UNKNOWN: Final = -12.0
"""Log probability of a character that a language does not have."""
_CONTROL: Final = -20.0
_ALONE: Final = -9.0
"""Of a control character in a word, and of one by itself."""
_ASCII: Final = -3.0
_CAPITAL: Final = -3.0
"""Of a capital, besides its letter: texts are mostly small letters."""
_BREAK: Final = -4.0
"""Of what words do not have inside: a capital after a small letter, a sign, letters of two alphabets."""
_NEAR: Final = 3
"""Languages that are likeliest by letters, of which the words are judged."""
_OPENING: Final = "\xa0\u201c\u2018\u201e«\u2013\u2014…€£§•№¿¡©"
"""Signs before words."""
_INSIDE: Final = "\u2019'\xb4·-"
_WORD: Final = re.compile(r"[^\0-/:-@\[-`{-\x7f]+")


def words_beyond_ascii(text: str, most: int = 500) -> list[str]:
    """List the first distinct words that have a character that is not ASCII.

    Parameters
    ----------
    text
        Any text.
    most
        How many of them are listed.

    Returns
    -------
    list of str
        In the order in which they come.
    """
    return list(dict.fromkeys(word for word in _WORD.findall(text) if not word.isascii()))[:most]


def likeliest_language(words: Iterable[str]) -> tuple[float, float]:
    """Find the language in which words are likeliest.

    Parameters
    ----------
    words
        Distinct words.

    Returns
    -------
    float
        Their log probability in that language.
    float
        Share of their characters beyond ASCII that the language does not have, or not there.
    """
    listed = list(words)
    letters = Counter(letter for word in listed for letter in word if not letter.isascii())

    def by_letters(language: str) -> float:
        return sum(count * _log_probability(letter, language) for letter, count in letters.items())

    near = sorted((*_LATIN, *_OTHER, *_SCRIPTS), key=by_letters)[-_NEAR:]
    return max((_judged(listed, language) for language in near), key=lambda one: one[0])


def _judged(words: list[str], language: str) -> tuple[float, float]:
    total, strange, beyond = 0.0, 0, 0
    for word in words:
        if len(word) == 1 and _is_control(word):
            total += _ALONE
            continue
        before = ""
        for place, letter in enumerate(word):
            step = _ASCII if letter.isascii() else _log_probability(letter, language)
            breaks = _is_break(before, letter, word[place + 1 : place + 2], language)
            total += step + _BREAK * breaks
            beyond += not letter.isascii()
            strange += not letter.isascii() and (step <= _UNKNOWN or (breaks and language not in _SCRIPTS))
            before = letter
    return total, strange / max(beyond, 1)


@lru_cache(maxsize=1 << 15)
def _log_probability(letter: str, language: str) -> float:
    if _is_control(letter):
        return _CONTROL
    if letter in _COMMON:
        return math.log(_SIGNS / len(_COMMON))
    if language in _SCRIPTS:
        return _log_of_script(letter, language)
    letters = _LATIN.get(language) or _OTHER[language]
    small = letter if letter in letters else letter.lower()
    place = letters.find(small) if len(small) == 1 else -1
    if place < 0:
        return _UNKNOWN
    count = len(letters)
    return math.log(math.log((count + 1) / (place + 1)) / count) + (_CAPITAL if small != letter else 0.0)


def _is_control(letter: str) -> bool:
    return "\x80" <= letter < "\xa0"


def _log_of_script(letter: str, language: str) -> float:
    if re.match(_WIDE, letter):
        return math.log(0.05 / 20)
    for encoding, count, share, kind in _SCRIPTS[language]:
        if re.match(kind, letter) and _is_frequent(letter, encoding):
            return math.log(share / count)
    return _UNKNOWN


def _is_frequent(letter: str, encoding: str) -> bool:
    if not encoding:
        return True
    code = letter.encode(encoding, errors="ignore")
    return len(code) == 2 and int.from_bytes(code) <= _LAST_FREQUENT[encoding]  # noqa: PLR2004 - bytes of an ideograph


def _is_break(before: str, letter: str, after: str, language: str) -> bool:
    if letter.isupper() and before.islower():
        return True
    if language not in _LATIN and before.isascii() != letter.isascii():
        return before.isalpha() and (letter.isalpha() or letter in _OTHER.get(language, ""))
    if letter.isalpha() or letter.isascii() or language not in _LATIN:
        return False
    allowed = _INSIDE if before.isalnum() else _INSIDE + _OPENING
    return after.isalpha() and letter not in allowed
