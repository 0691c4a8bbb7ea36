"""Documents to candidates."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from tests.ingest.candidates.parsed_sentences import pipeline
from tests.ingest.factories import settings, take, write
from tidemill.contracts import ConfigError, DataError, Problem, check
from tidemill.ingest.candidates.expand import Candidates
from tidemill.ingest.candidates.names import NameMatcher, read_names, word_spans
from tidemill.ingest.candidates.pairs import contexts, marked
from tidemill.ingest.candidates.sentences import split_sentences
from tidemill.ingest.candidates.settings import COLUMNS, CandidateSettings, MentionSettings

LOCATED = Problem(name="located", modality="text", classes=("unrelated", "located"))
PLACES = {"place": {"pattern": r"\b(?:Rome|Italy|Paris|France|Milan)\b"}}
SPLIT = {"train": 0.5, "dev": 0.15, "valid": 0.15, "test": 0.2, "seed": 7, "group": "document"}


def candidates(**changes: Any) -> CandidateSettings:
    base: dict[str, Any] = {
        "mentions": PLACES,
        "pairs": [["place", "place"]],
        "order": "any",
        "window": 30,
        "context": 2,
        "most": 32,
        "markers": "names",
    }
    return CandidateSettings.model_validate(base | changes)


def texts(text: str, root: Path = Path(), **changes: Any) -> list[str]:
    chosen = candidates(**changes)
    return [marked(pair, by_type=chosen.markers == "types") for pair in Candidates(chosen, root).of(text)]


def documents(*rows: tuple[str, str, object]) -> str:
    return "".join(json.dumps({"id": key, "text": text, "label": label}) + "\n" for key, text, label in rows)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One. Two! Three? (Four.) Five…", 5),
        ("Mr. Smith of St. Louis, Mo. came. He left.", 2),
        ("The U.S. Navy and J. F. Kennedy, at 3.5 knots", 1),
        ("no stop\n\nanother paragraph", 2),
        ("it ends, e.g. Here, with etc. and so on", 1),
        ("", 0),
        ("Rome fell. 東京は残る。次の文\uff01終わり", 4),
        ("Rome fell. روما سقطت؟ نعم.", 3),
        ("दिल्ली भारत में है। यह बड़ी है।", 2),
        ("Yahoo! bought it. iPhone sales rose", 1),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, count: int):
    assert len(split_sentences(text)) == count


def test_sentences_cover_every_word_once():
    text = "  One two. Three\n\n\nfour! Five. "
    assert [text[begin:end] for begin, end in split_sentences(text)] == ["One two.", "Three", "four!", "Five."]


def test_what_has_no_stop_is_cut_at_lines_or_between_words():
    lines, words = "some words of a line\n" * 600, "word " * 2400
    for text, end in ((lines, "line"), (words, "word")):
        parts = [text[begin:end] for begin, end in split_sentences(text)]
        assert " ".join(" ".join(parts).split()) == " ".join(text.split())
        assert {len(part) <= 5000 and part.endswith(end) for part in parts} == {True}
        assert len(parts) == 3
    assert [end - begin for begin, end in split_sentences("x" * 12_000)] == [5000, 5000, 2000]
    assert len(split_sentences("." * 200_000)) == 40  # in a time that does not grow with its square


def test_both_directions_are_candidates_and_an_order_keeps_one():
    text = "Rome lies in Italy."
    assert texts(text) == ["[Rome] lies in <Italy>.", "<Rome> lies in [Italy]."]
    assert texts(text, order="subject_first") == ["[Rome] lies in <Italy>."]
    assert texts(text, order="object_first") == ["<Rome> lies in [Italy]."]
    assert texts(f"Old {text}", order="subject_first", markers="types") == ["[place] lies in <place>"]


def test_other_brackets_are_not_taken_for_marks_of_names():
    text = "It is said [1] that Rome <old> lies in Italy [2]."
    assert texts(text, order="subject_first") == ["It is said (1) that [Rome] (old) lies in <Italy> (2)."]


def test_pairs_stay_within_the_sentence_the_window_and_the_limit():
    assert texts("Rome is old. Italy is not.") == []
    assert texts("Rome is not in Italy", window=2) == []
    assert len(texts("Rome is not in Italy", window=3)) == 2
    assert texts("Rome, Milan, but never Paris", window=2, order="subject_first") == [
        "[Rome], <Milan>, but never Paris",
        "Rome, [Milan], but never <Paris>",
    ]
    assert texts("Rome, Milan, Paris", order="subject_first", most=2) == [
        "[Rome], <Milan>, Paris",
        "Rome, [Milan], <Paris>",
    ]


def test_one_entity_twice_and_overlapping_mentions_are_no_pair():
    assert texts("Rome is Rome") == []
    overlapping = {**PLACES, "thing": {"pattern": "Rome lies"}}
    assert texts("Rome lies", mentions=overlapping, pairs=[["place", "thing"]]) == []


def test_two_types_at_one_place_make_one_candidate():
    """The pair of types that is listed first counts."""
    both = {**PLACES, "first": {"pattern": r"^\w+"}}
    chosen = candidates(mentions=both, pairs=[["first", "place"], ["place", "place"]], order="subject_first")
    found = Candidates(chosen, Path()).of("Rome, Italy, France")
    assert [(pair.subject.type, pair.subject.entity, pair.object.entity) for pair in found] == [
        ("first", "Rome", "Italy"),
        ("first", "Rome", "France"),
        ("place", "Italy", "France"),
    ]


def test_names_are_found_as_a_list_of_words_finds_them(tmp_path: Path):
    """The longest name at a word wins; compared with a search for every name at every word."""
    names = {"New York": "NY", "New": "new", "York Minster": "minster", "São Paulo": "SP", "U.S.": "US", "O'Hare": "O"}
    text = "New York Minster, New Year in São Paulo, the U.S. and O'Hare; NewYork"
    found = NameMatcher(names, case=True).find(text, word_spans(text))
    assert [(text[begin:end], entity) for begin, end, entity in found] == [
        ("New York", "NY"),
        ("New", "new"),
        ("São Paulo", "SP"),
        ("U.S", "US"),
        ("O'Hare", "O"),
    ]
    text = "İ new york"  # a letter that is longer in lower case
    found = NameMatcher({"New York": "NY"}, case=False).find(text, word_spans(text))
    assert [text[begin:end] for begin, end, _ in found] == ["new york"]


@pytest.mark.parametrize(
    ("names", "text", "found"),
    [
        ({"C++": "cpp", "C": "c"}, "C++ or C, C++: C", ["cpp", "c", "cpp", "c"]),
        ({"C#": "sharp"}, "C is not C# yet", ["sharp"]),
        ({"a.b": "dotted", "(x)": "brackets", "[a-z]+": "range"}, "axb, a.b, x", ["dotted", "brackets"]),
        ({"New York": "NY"}, "New\r\n  York and New\u202fYork", ["NY", "NY"]),
        ({"O'Neil": "one", "d\u2019Arc": "two"}, "O\u2019Neil and d'Arc", ["one", "two"]),
        ({"東京": "Tokyo", "京都": "Kyoto"}, "東京から京都まで", ["Tokyo", "Kyoto"]),
        ({"दिल": "heart", "दिल्ली": "Delhi"}, "दिल्ली में दिल", ["Delhi", "heart"]),
        ({"Z\u0075\u0308rich": "ZH"}, "Zürich", ["ZH"]),
        ({"Acme": "one", "Acme Corp": "two"}, "Acme Corp and Acme", ["two", "one"]),
        ({"!!!": "none"}, "Oh!!!", []),
    ],
)
def test_names_are_found_as_a_reader_finds_them(names: dict[str, str], text: str, found: list[str], tmp_path: Path):
    """Signs, line breaks, apostrophes, scripts without spaces, vowel signs, composed letters, and names inside names."""
    names_file = "name,entity\n" + "".join(f'"{name}",{entity}\n' for name, entity in names.items())
    mentions = {"name": {"names": "names.csv"}, "end": {"pattern": "END"}}
    write(tmp_path / "names.csv", names_file)
    chosen = candidates(mentions=mentions, pairs=[["name", "end"]])
    assert [pair.subject.entity for pair in Candidates(chosen, tmp_path).of(f"{text} END")] == found


def test_a_file_of_names_links_aliases_to_their_entity(tmp_path: Path):
    write(tmp_path / "places.csv", 'name,entity\nUSA,United States\n"Washington, D.C.",Washington\nParis,\n')
    assert read_names(tmp_path / "places.csv") == {
        "USA": "United States",
        "Washington, D.C.": "Washington",
        "Paris": "Paris",
    }
    found = Candidates(candidates(mentions={"place": {"names": "places.csv"}}), tmp_path).of("Paris is not in the USA")
    assert {(pair.subject.entity, pair.object.entity) for pair in found} == {
        ("Paris", "United States"),
        ("United States", "Paris"),
    }
    with pytest.raises(ConfigError, match=r"none\.txt is missing"):
        Candidates(candidates(mentions={"place": {"names": "none.txt"}}), tmp_path)
    with pytest.raises(ConfigError, match="line 2: 3 cells"):
        read_names(write(tmp_path / "odd.csv", "a,b\n1,2,3\n"))
    with pytest.raises(ConfigError, match="holds no names"):
        read_names(write(tmp_path / "empty.txt", "\n"))


def test_contexts_are_the_words_around_a_pair():
    pair = Candidates(candidates(order="subject_first"), Path()).of("Old and grey Rome lies in sunny Italy, far away!")[
        0
    ]
    assert contexts(pair, 2) == ("and grey", "lies in sunny", ", far away!")
    assert contexts(pair, 1) == ("grey", "lies in sunny", ", far")
    assert contexts(pair, 0) == ("", "lies in sunny", "")


def test_candidates_are_rows_of_a_text_problem_whose_documents_share_a_split(tmp_path: Path):
    chosen = settings(candidates=candidates().model_dump(), split=SPLIT)
    filler = [(f"d{n}", f"Rome number {n} lies in Italy. Milan {n * 'x'} is not in France.", None) for n in range(60)]
    batch = take(write(tmp_path / "b.jsonl", documents(*filler)), chosen, LOCATED)
    check(batch.raw, chosen.raw, where="raw")
    assert set(COLUMNS) <= set(batch.raw.columns)
    splits = dict(batch.raw.select("document", "split").iter_rows())
    assert all(splits[document] == split for document, split in batch.raw.select("document", "split").iter_rows())
    assert len(set(splits.values())) > 1
    row = batch.raw.filter(key="d0:0-4:22-27").to_dicts()[0]
    assert batch.raw.filter(key="d0:29-34:46-52")["sentence"].to_list() == ["Milan  is not in France."]
    assert (row["text"], row["distance"]) == ("[Rome] number 0 lies in <Italy>.", 4)
    assert (row["subject"], row["object"], row["subject_first"], row["sentence_number"]) == ("Rome", "Italy", True, 0)


def test_candidates_that_read_alike_are_rows_of_their_own(tmp_path: Path):
    """Only what the end model reads is the same of them."""
    chosen = settings(candidates=candidates(markers="types", order="subject_first").model_dump(), split=SPLIT)
    rows = documents(("a", "Rome in Italy", None), ("b", "Paris in France", None), ("c", "Rome in Italy", None))
    batch = take(write(tmp_path / "b.jsonl", rows), chosen, LOCATED)
    assert batch.raw["text"].to_list() == ["[place] in <place>"] * 2
    assert batch.raw["row_id"].n_unique() == 2


def test_row_ids_depend_on_document_sentence_and_spans_alone(tmp_path: Path):
    chosen = settings(candidates=candidates().model_dump(), split=SPLIT)
    one = ("a", "Rome lies in Italy.", None)
    alone = take(write(tmp_path / "a.jsonl", documents(one)), chosen, LOCATED).raw
    among = take(write(tmp_path / "b.jsonl", documents(("z", "Milan, not Paris.", None), one)), chosen, LOCATED).raw
    assert set(alone["row_id"]) < set(among["row_id"])


def test_gold_of_a_document_lists_its_facts(tmp_path: Path):
    chosen = settings(candidates=candidates().model_dump(), split=SPLIT)
    rows = documents(
        ("a", "Rome lies in Italy.", [["Rome", "Italy"]]),
        ("b", "Paris: France!", [["Paris", "located", "France"]]),
        ("c", "Milan or Rome", []),
        ("d", "France, Italy", None),
    )
    batch = take(write(tmp_path / "b.jsonl", rows), chosen, LOCATED)
    gold = {row: label for table in (batch.dev, batch.gold) for row, label in table.iter_rows()}
    found = {(row["subject"], row["object"]): gold[row["row_id"]] for row in batch.raw.iter_rows(named=True)}
    assert found == {
        ("Rome", "Italy"): 1,
        ("Italy", "Rome"): 0,
        ("Paris", "France"): 1,
        ("France", "Paris"): 0,
        ("Milan", "Rome"): 0,
        ("Rome", "Milan"): 0,
        ("France", "Italy"): -1,
        ("Italy", "France"): -1,
    }
    several = Problem(name="ties", modality="text", classes=("unrelated", "located", "capital"))
    triples = documents(("a", "Rome, Italy", [["Rome", "capital", "Italy"], ["Italy", "located", "Rome"]]))
    batch = take(write(tmp_path / "c.jsonl", triples), chosen, several)
    assert pl.concat([batch.dev, batch.gold])["gold"].sort().to_list() == [1, 2]
    with pytest.raises(DataError, match=r"line 1, column 'label'.*is no JSON list of facts"):
        take(write(tmp_path / "odd.jsonl", documents(("a", "Rome, Italy", "Rome"))), chosen, LOCATED)


def test_repeated_sentences_are_dropped_where_they_are_about_the_same_pair(tmp_path: Path):
    """Syndicated copies are one evidence; the same words about other places are not copies."""
    chosen = settings(candidates=candidates(order="subject_first").model_dump(), split=SPLIT)
    words = "of which travellers of all ages have written at great length lies in"
    rows = documents(
        ("a", f"Rome {words} Italy.", None),
        ("b", f"Rome {words} Italy!", None),
        ("c", f"Milan {words} Italy.", None),
        ("d", f"Rome {words} France.", None),
    )
    batch = take(write(tmp_path / "b.jsonl", rows), chosen, LOCATED)
    assert batch.seen["fate"].to_list() == ["kept", "near", "kept", "kept"]


def test_other_sentences_about_a_pair_are_kept_though_the_words_between_are_the_same(tmp_path: Path):
    chosen = settings(candidates=candidates(markers="types", order="subject_first").model_dump(), split=SPLIT)
    rows = documents(
        ("a", "Travellers of all ages praise Rome in Italy.", None),
        ("b", "He was born at home, near Rome in Italy!", None),
    )
    assert take(write(tmp_path / "b.jsonl", rows), chosen, LOCATED).seen["fate"].to_list() == ["kept", "kept"]


def test_mentions_come_from_a_column_of_the_documents(tmp_path: Path):
    spans = {"place": {"spans": "places"}}
    chosen = settings(candidates=candidates(mentions=spans, order="subject_first").model_dump(), split=SPLIT)
    cell = [{"begin": 13, "end": 17, "entity": "Roma"}, {"begin": 21, "end": 26}]
    line = {"id": "a", "text": "Never mind.  Rome in Italy", "places": cell, "label": None}
    batch = take(write(tmp_path / "b.jsonl", json.dumps(line)), chosen, LOCATED)
    assert batch.raw.select("subject", "object", "subject_begin").rows() == [("Roma", "Italy", 13)]
    line["places"] = [{"begin": 3, "end": 99}]
    with pytest.raises(DataError, match=r"line 1, column 'places'.*inside a text of 26 characters"):
        take(write(tmp_path / "c.jsonl", json.dumps(line)), chosen, LOCATED)


def test_documents_without_candidates_say_where_to_look(tmp_path: Path):
    chosen = settings(candidates=candidates().model_dump(), split=SPLIT)
    with pytest.raises(DataError, match="no sentence of its 1 documents has two mentions"):
        take(write(tmp_path / "b.jsonl", documents(("a", "Rome.", None))), chosen, LOCATED)


def test_a_document_without_text_is_refused_as_a_row_is(tmp_path: Path):
    chosen = settings(candidates=candidates().model_dump(), split=SPLIT)
    with pytest.raises(DataError, match="line 2: column 'text'"):
        take(write(tmp_path / "b.jsonl", documents(("a", "Rome, Italy", None), ("b", "", None))), chosen, LOCATED)


def test_a_tagger_is_named_and_a_missing_one_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "spacy", types.SimpleNamespace(load=lambda _: pipeline(tagged="Rome")))
    tagged = {**PLACES, "city": {"tagger": "spacy:stand-in", "labels": ["PERSON"]}}
    assert texts("Rome in Italy", mentions=tagged, pairs=[["city", "place"]]) == ["[Rome] in <Italy>"]
    for library, remedy in (("spacy", "pip install spacy"), ("gliner", "pip install gliner")):
        monkeypatch.setitem(sys.modules, library, None)
        with pytest.raises(ConfigError, match=remedy):
            texts("Rome", mentions={"place": {"tagger": f"{library}:other"}})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pairs": [["place", "person"]]}, "there is no type 'person'"),
        ({"mentions": {"place": {}}}, "given are none"),
        ({"mentions": {"place": {"pattern": "x", "names": "y"}}}, "given are names, pattern"),
        ({"mentions": {"place": {"pattern": "x", "labels": ["GPE"]}}}, "labels are those of a tagger"),
    ],
)
def test_settings_that_do_not_fit_are_refused(changes: dict[str, Any], message: str):
    with pytest.raises(ValidationError, match=message):
        candidates(**changes)


def test_candidates_need_a_split_by_document_and_names_of_their_own():
    with pytest.raises(ValidationError, match=r"set split\.group to document"):
        settings(candidates=candidates().model_dump())
    with pytest.raises(ValidationError, match="'subject' is a column of candidates"):
        settings(candidates=candidates().model_dump(), split=SPLIT, meta={"subject": "string"})
    with pytest.raises(ConfigError, match="does not compile"):
        Candidates(candidates(mentions={"place": {"pattern": "("}}), Path())
    assert MentionSettings(pattern="x").case
