"""Bytes are read in the encoding they are in; a guess is told with a sample, a doubtful one is asked about."""

from __future__ import annotations

import pytest

from tidemill.contracts import DataError
from tidemill.readers.options import ReadOptions
from tidemill.readers.read import parse
from tidemill.readers.text_encoding import decode

RUSSIAN = "id,text\n1,хороший ресторан и вкусный суп\n2,холодный зал и грубый официант\n3,вечером было шумно\n"
JAPANESE = "id,text\n1,美味しい魚と静かな部屋\n2,冷たい汁と失礼な店員\n3,長い待ち時間でした\n"
FRENCH = "id,text\n1,café crème très bon\n2,thé à la menthe, prix 5 €\n3,garçon désagréable\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_marked_text_and_utf8_need_no_guess(encoding: str) -> None:
    assert decode(RUSSIAN.encode(encoding), "t.csv", None) == (RUSSIAN, None)


@pytest.mark.parametrize(
    ("text", "encoding", "word"),
    [
        (RUSSIAN, "cp1251", "windows-1251"),
        (RUSSIAN, "koi8_r", "koi8_r"),
        (JAPANESE, "shift_jis", "shift_jis"),
        (JAPANESE, "euc_jp", "euc_jp"),
        (FRENCH, "cp1252", "windows-1252"),
        (FRENCH.replace("€", "e"), "latin-1", "windows-1252"),
    ],
)
def test_other_encodings_are_detected_and_told_with_a_sample(text: str, encoding: str, word: str) -> None:
    found, told = decode(text.encode(encoding), "t.csv", None)
    assert found == text
    assert told is not None
    assert f"read as {word}, in which a line is '1," in told
    assert "--encoding (ingest.encoding)" in told


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_seen_by_its_zero_bytes(encoding: str) -> None:
    found, told = decode(FRENCH.encode(encoding), "t.csv", None)
    assert found == FRENCH
    assert f"read as {encoding}" in str(told)


@pytest.mark.parametrize("encoding", ["utf-32-le", "utf-32-be"])
def test_utf32_without_a_mark_is_seen_by_its_zero_bytes(encoding: str) -> None:
    found, told = decode(RUSSIAN.encode(encoding), "t.csv", None)
    assert found == RUSSIAN
    assert f"read as {encoding}, without a byte-order mark; name another with --encoding" in str(told)


def test_zero_bytes_in_utf8_are_no_utf16() -> None:
    assert decode(b"id,text\n1,a\0b\n", "t.csv", None) == ("id,text\n1,a\0b\n", None)


def test_what_two_alphabets_read_as_well_is_asked_about() -> None:
    with pytest.raises(
        DataError, match=r"its encoding cannot be detected: .* reads '.*', .* reads '.*'; name it: --encoding"
    ):
        decode("привет".encode("cp1251"), "t.csv", None)


def test_letters_of_another_alphabet_inside_latin_words_speak_against_an_encoding() -> None:
    assert "read as windows-1252" in str(decode("id,text\n1,the café was good\n".encode("cp1252"), "t.csv", None)[1])


def test_mixed_encodings_are_named_with_both_lines() -> None:
    data = "id,text\na,é\n".encode() + "b,café\n".encode("latin-1")
    with pytest.raises(DataError, match=r"t.csv, line 3: bytes e9 \(after 'b,caf'\) are not UTF-8, line 2 is"):
        decode(data, "t.csv", None)


def test_a_declared_encoding_is_kept_to() -> None:
    assert decode(JAPANESE.encode("shift_jis"), "t.csv", "shift_jis") == (JAPANESE, None)
    assert decode(FRENCH.encode("utf-8-sig"), "t.csv", "UTF8") == (FRENCH, None)
    with pytest.raises(DataError, match=r"line 2: bytes ff .*are not utf-8"):
        decode(b"a\n\xff\n", "t.csv", "utf-8")
    with pytest.raises(DataError, match=r"'utf-88' .* is not an encoding"):
        decode(b"a", "t.csv", "utf-88")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("iso8859_5", "вкусный суп и вежливый официант в понедельник"),
        ("cp866", "вкусный суп и вежливый официант в понедельник"),
        ("koi8_u", "привітний офіціант, їжа й затишний зал"),
        ("mac_cyrillic", "Привітний офіціант, їжа й затишний зал"),
        ("mac_cyrillic", "Вкусный суп, вежливый официант и свежая рыба"),
        ("iso8859_2", "zażółć gęślą jaźń wszystko było bardzo dobre"),
        ("iso8859_15", "le café coûte 5 € à l'œuvre"),
        ("mac_roman", "café très bon déjà vu à la crème brûlée"),
        ("cp874", "อาหารอร่อยมากและบริการดี"),
        ("iso2022_jp", "美味しい魚と親切な店員"),
        ("iso2022_kr", "배송 매우 빨라요"),
        ("hz", "电池 很差"),
        ("iso2022_jp_ext", "電池 ｶﾅ"),
        ("utf-16-le", "美味しい魚と親切な店員\u3000静かな部屋"),
    ],
)
def test_rarer_encodings_are_found_and_told_and_no_usual_one_is_taken_for_them(encoding: str, text: str) -> None:
    content = "id,text\n" + "".join(f"{k},{text} {k}\n" for k in range(30))
    found, note = decode(content.encode(encoding), "t.csv", None)
    assert found == content
    assert note is not None


@pytest.mark.parametrize("stated", ["koi8-u", "cp866", "cp1252", "iso-8859-5", "cp1258"])
def test_a_file_that_is_surely_utf8_is_read_so_whatever_was_stated_of_an_earlier_one(stated: str) -> None:
    content = "id,text\n" + "".join(f"{k},смачна їжа та швидка доставка\n" for k in range(3))
    for encoding, told in (("utf-8", "for all its letters are in it"), ("utf-8-sig", "the mark at its beginning says")):
        found, note = decode(content.encode(encoding), "t.csv", stated)
        assert found == content
        assert note is not None
        assert told in note
        assert f"and not as {stated}" in note
    assert decode(content.encode("utf-16"), "t.csv", stated)[0] == content


@pytest.mark.parametrize(
    ("stated", "text"),
    [
        ("cp1252", "café ñandú Ã© déjà vu"),
        ("koi8-u", "смачна їжа"),
        ("gbk", "联通"),
        ("utf-8", "смачна"),
        ("cp1251", "plain"),
    ],
)
def test_a_stated_encoding_that_can_be_right_is_kept_to(stated: str, text: str) -> None:
    assert decode(text.encode(stated), "t.csv", stated) == (text, None)


def test_letters_that_windows_adds_to_japanese_mail_are_read() -> None:
    content = b"id,text\n" + "電池 故障、カナ\n".encode("iso2022_jp") * 9 + b"9,\x1b$B-!=q\x1b(B \x1b(I6E\x1b(J\n"
    found, note = decode(content, "t.csv", None)
    assert found.endswith("電池 故障、カナ\n9,①書 ｶﾅ\n")
    assert note is not None
    assert "iso2022_jp" in note


def test_shift_codes_in_none_of_their_encodings_are_refused_with_the_line() -> None:
    with pytest.raises(DataError, match=r"t\.csv, line 3: codes that go over to other letters"):
        decode(b"id,text\n0,\x1b$BED\x1b(B\n1,\x1b$BED!\x1b(B\n", "t.csv", None)


@pytest.mark.parametrize("text", ["~{x}", "a ~{ b ~} c", "x\x1b[31mred\x1b[0m", "R$ ~ {5}", "é\x1b$B"])
def test_signs_of_code_and_colours_of_terminals_are_no_shift_codes(text: str) -> None:
    content = f"id,text\n0,{text}\n"
    assert decode(content.encode(), "t.csv", None) == (content, None)


@pytest.mark.parametrize("word", ["caf\xe9", "Stra\xdfe", "ni\xf1o", "\xdcber"])
def test_a_single_accent_in_many_lines_is_of_western_europe(word: str) -> None:
    content = "id,text\n" + "1,plain words\n" * 200 + f"z,{word}\n"
    found, note = decode(content.encode("cp1252"), "t.csv", None)
    assert found == content
    assert note is not None
    assert "windows-1252" in note


def test_words_that_no_usual_encoding_reads_are_asked_about() -> None:
    text = "id,text\n" + "".join(f"{k},a letter of an old machine\n" for k in range(9))
    signs = text.replace("a letter", "a letter <?%&*/>+=()").encode("cp037")
    with pytest.raises(DataError, match=r"no usual encoding reads its words: .*name its encoding, such as cp437"):
        decode(signs, "t.csv", None)
    with pytest.raises(DataError, match=r"t\.csv is EBCDIC by its bytes"):
        decode(text.encode("cp037"), "t.csv", None)
    assert decode(text.encode("cp037"), "t.csv", "cp037")[0] == text
    with pytest.raises(DataError, match="cp850 reads '0,a café is über naïve'"):
        decode("".join(f"{k},a café is über naïve\n" for k in range(9)).encode("cp850"), "t.csv", None)


def test_a_lone_letter_that_looks_the_same_in_another_alphabet_is_asked_about() -> None:
    text = "id,text\n" + "".join(f"{k},we dine à la carte tonight\n" for k in range(40))
    with pytest.raises(DataError, match="windows-1252 reads '0,we dine à la carte tonight'"):
        decode(text.encode("cp1252"), "t.csv", None)


PHRASES = {
    "cp1251": "вкусный суп|холодный зал|грубый официант|спасибо|возврат денег|доставка опоздала",
    "koi8_r": "вкусный суп|холодный зал|грубый официант|спасибо|возврат денег|доставка опоздала",
    "cp1253": "ωραία σούπα|κρύο φαγητό|ευχαριστώ πολύ|επιστροφή χρημάτων|γρήγορη παράδοση|καλό βράδυ",
    "cp1254": "güzel çorba|soğuk yemek|çok teşekkürler|geçmiş olsun|görüşmek üzere|değişmiş|iyi akşamlar",
    "cp1255": "מרק טעים|אוכל קר|תודה רבה|החזר כספי|לא עובד|משלוח מהיר|ערב טוב|שירות גרוע",
    "cp1256": "حساء لذيذ|طعام بارد|شكرا جزيلا|استرداد المال|توصيل سريع|مساء الخير|خدمة سيئة",
    "cp1250": "výborná polévka|studené jídlo|děkuji|vrácení peněz|nefunguje špatně|rychlé doručení|dobrý večer",
    "iso8859_2": "finom leves őszi|hideg étel|köszönöm szépen|pénzvisszatérítés|nem működik|jó estét|rossz",
    "euc_jp": "美味しい汁|冷たい料理|ありがとう|返金して|動かない|早い配達|こんばんは|ひどい店員",
    "euc_kr": "맛있는 국|차가운 음식|감사합니다|환불해 주세요|작동 안 함|빠른 배송|좋은 저녁|나쁜 서비스",
}
ENGLISH = ("the soup was lovely", "please refund my order", "it does not work")


TOO_FEW = {"cp1251": 1, "koi8_r": 1, "cp1255": 2, "cp1256": 1, "iso8859_2": 2, "euc_kr": 2}
"""Up to how many of these rows another encoding reads as well, so that a person is asked."""


@pytest.mark.parametrize("encoding", PHRASES)
@pytest.mark.parametrize("form", ["{1} {0}", "{0} {1}", "{0}"])
@pytest.mark.parametrize("rows", [1, 2, 12])
def test_short_texts_half_of_which_are_english_are_read_right_and_too_few_of_them_are_asked_about(
    encoding: str, form: str, rows: int
) -> None:
    phrases = PHRASES[encoding].split("|")
    lines = [form.format(phrases[k % len(phrases)], ENGLISH[k % len(ENGLISH)]) for k in range(rows)]
    text = "id,text\n" + "".join(f"{k},{line}\n" for k, line in enumerate(lines))
    if rows <= TOO_FEW.get(encoding, 0):
        with pytest.raises(DataError, match="its encoding cannot be detected"):
            decode(text.encode(encoding), "t.csv", None)
    else:
        assert decode(text.encode(encoding), "t.csv", None)[0] == text


@pytest.mark.parametrize("accented", ["Άθλιο", "Άνετο Άσχημα Άθλιο Άριστα Άδεια"])
def test_greek_capital_letters_with_accents_tell_the_encoding_of_windows_from_that_of_iso(accented: str) -> None:
    words = (
        "ωραία σούπα κρύο φαγητό ευχαριστώ πολύ επιστροφή χρημάτων γρήγορη παράδοση καλό βράδυ κακή εξυπηρέτηση "
        f"ζεστός καφές δεν λειτουργεί τίποτα ξανά {accented}"
    ).split()
    text = "id,text\n" + "".join(f"{k},{words[k % len(words)]} {words[(k * 7) % len(words)]}\n" for k in range(60))
    assert decode(text.encode("cp1253"), "t.csv", None)[0] == text
    if len(accented.split()) > 1:
        assert decode(text.encode("iso8859_7"), "t.csv", None)[0] == text
    else:
        with pytest.raises(DataError, match=r"cp1253 reads .*iso8859_7 reads|iso8859_7 reads .*cp1253 reads"):
            decode(text.encode("iso8859_7"), "t.csv", None)


def test_korean_syllables_that_windows_alone_has_are_no_chinese() -> None:
    phrases = PHRASES["euc_kr"].split("|")
    text = "id,text\n" + "".join(f"{k},{phrases[k % len(phrases)]} \ub42c\uc5b4\uc694\n" for k in range(12))
    with pytest.raises(UnicodeDecodeError):
        text.encode("cp949").decode("euc_kr")
    assert decode(text.encode("cp949"), "t.csv", None)[0] == text


def test_turkish_letters_are_not_taken_for_icelandic_ones() -> None:
    text = "id,text\n1,görüşmek üzere\n2,soğuk yemek\n3,çok teşekkürler\n"
    found, note = decode(text.encode("cp1254"), "t.csv", None)
    assert found == text
    assert "read as cp1254" in str(note)
    icelandic = "id,text\n1,góðan daginn\n2,það er kalt\n3,þakka þér fyrir\n"
    assert decode(icelandic.encode("cp1252"), "t.csv", None)[0] == icelandic


def test_a_stray_control_character_beside_western_letters_is_asked_about_with_the_likely_encoding_first() -> None:
    text = "id,text\n" + "".join(f"{k},somebody sang café \x81\n" for k in range(9))
    with pytest.raises(DataError, match=r"cannot be detected: iso8859_15 reads '.* café .*name it: --encoding"):
        decode(text.encode("latin-1"), "t.csv", None)


OF_LANGUAGES = {
    "Latvian": ("zupa bija ļoti garšīga un silta|istaba bija tīra|apkalpošana lēna|ēdiens auksts", "cp1257 iso8859_13"),
    "Lithuanian": (
        "sriuba buvo labai skani ir šilta|kambarys švarus|aptarnavimas lėtas|maistas šaltas",
        "cp1257 iso8859_13",
    ),
    "Greek": ("η σούπα ήταν πολύ νόστιμη|το δωμάτιο καθαρό|αργή εξυπηρέτηση", "cp1253 iso8859_7 cp737"),
    "Hebrew": ("המרק היה טעים מאוד|החדר נקי וגדול|שירות איטי", "cp1255 iso8859_8 cp862"),
    "Arabic": ("الحساء لذيذ جدا|الغرفة نظيفة وواسعة|خدمة بطيئة", "cp1256 iso8859_6 cp720"),
    "Turkish": ("çorba çok güzeldi|oda temiz ve geniş|servis yavaş ve kaba", "cp1254 iso8859_9 cp857"),
    "Russian": ("суп был очень вкусный|номер чистый|обслуживание медленное", "cp1251 koi8_r cp866 mac_cyrillic cp855"),
    "Ukrainian": ("суп був дуже смачний, їжа свіжа|кімната чиста й простора", "cp1251 koi8_u mac_cyrillic cp1125"),
    "Kazakh": ("сорпа өте дәмді болды|бөлме таза және кең|қызмет баяу", "kz1048"),
    "Polish": ("zupa była świetna|pokój czysty, łóżko wygodne|obsługa niemiła", "cp1250 iso8859_2 cp852"),
    "French": ("la soupe était très bonne|la chambre était propre|ça coûte cher", "cp1252 cp850 mac_roman iso8859_15"),
    "Spanish": ("la sopa muy rica, señor|habitación limpia y cómoda|el camarero tardó", "cp1252 cp850"),
    "German": ("das Zimmer war schön|die Größe stimmt|süß und gemütlich", "cp1252 cp850 mac_roman"),
}


@pytest.mark.parametrize(
    ("language", "encoding"),
    [(language, encoding) for language, (_, several) in OF_LANGUAGES.items() for encoding in several.split()],
)
def test_texts_of_a_language_are_read_right_in_whatever_encoding_it_has(language: str, encoding: str) -> None:
    text = sixty_rows(language)
    found, note = decode(text.encode(encoding), "t.csv", None)
    assert found == text
    assert note is not None


def test_spanish_of_a_mac_is_asked_about_for_the_letters_of_others_stand_in_its_places() -> None:
    with pytest.raises(DataError, match="its encoding cannot be detected: mac_roman reads"):
        decode(sixty_rows("Spanish").encode("mac_roman"), "t.csv", None)


def sixty_rows(language: str) -> str:
    phrases = OF_LANGUAGES[language][0].split("|")
    return "id,text\n" + "".join(f"{k},{phrases[k % len(phrases)]} {k}\n" for k in range(60))


def test_a_few_zero_bytes_in_a_long_file_are_no_utf16() -> None:
    line = b"1,some words of a row\n"
    data = line * 50 + b"2,ab\n\0" + line * 50 + b"2,ab\n\0"
    assert len(data) % 2 == 0
    assert decode(data, "t.csv", None) == (data.decode("ascii"), None)


@pytest.mark.parametrize("rows", [200, 4000])
def test_a_byte_that_the_encoding_of_all_else_does_not_have_is_named_and_no_other_encoding_taken(rows: int) -> None:
    text = "id,text\n" + "".join(f"{k},вкусная рыба и милая хозяйка\n" for k in range(rows))
    data = text.encode("cp1251") + b"0,end \x98\n"  # which windows-1251 leaves undefined
    with pytest.raises(
        DataError, match=rf"t\.csv, line {rows + 2}: bytes 98 .* are not windows-1251, as all else of the file is"
    ):
        decode(data, "t.csv", None)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_line_in_another_encoding_is_set_aside_where_most_lines_are_utf_8(form):
    texts = [f"Le caf\u00e9 {k}" for k in range(6)]
    lines = [f'{k},"{text}"' if form == "csv" else f'{{"id": "{k}", "body": "{text}"}}' for k, text in enumerate(texts)]
    data = b"".join(f"{line}\n".encode("cp1252" if k == 3 else "utf-8") for k, line in enumerate(lines))
    data = b"id,body\n" + data if form == "csv" else data
    with pytest.raises(
        DataError, match=r"bytes e9 .* are not UTF-8, line \d is: encodings are mixed; .*; or set it aside$"
    ):
        parse(data, f"t.{form}", ReadOptions(way_out="; or set it aside"))
    table = parse(data, f"t.{form}", ReadOptions(bad_rows="quarantine"))
    assert table.columns["body"] == [text for k, text in enumerate(texts) if k != 3]
    (bad,) = table.bad
    assert (bad.number, bad.reason) == (
        5 if form == "csv" else 4,
        "bytes e9 are not UTF-8, as the file's other lines are",
    )


def test_a_file_of_as_many_lines_in_two_encodings_or_a_header_in_another_is_refused():
    half = "id,body\n" + "".join(f"{k},caf\u00e9\n" for k in range(4))
    lines = half.splitlines(keepends=True)
    mixed = b"".join(line.encode("cp1252" if k % 2 else "utf-8") for k, line in enumerate(lines))
    header = "id,caf\u00e9\n".encode("cp1252") + "".join(f"{k},caf\u00e9\n" for k in range(4)).encode()
    for data, told in ((mixed, "encodings are mixed"), (header, "line 1: bytes e9 are not UTF-8")):
        with pytest.raises(DataError, match=told):
            parse(data, "t.csv", ReadOptions(bad_rows="quarantine"))
