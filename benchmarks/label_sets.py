"""Texts, images and labeling functions for benchmarks/label.py: the same functions for Tidemill and for snorkel."""

from __future__ import annotations

import functools
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

SETS = {"youtube": 10, "sms": 73, "trec": 68}
"""WRENCH's sets with text, and how many labeling functions each has there."""

ROW_FUNCTIONS = '''"""Ten labeling functions on a row; only the import differs between the two libraries."""

import re

from {library} import labeling_function

ABSTAIN, HAM, SPAM = -1, 0, 1
LINK = re.compile(r"https?://|www[.]")


def says(text, words):
    return any(word in text for word in words)


@labeling_function()
def subscribe(x):
    return SPAM if "subscribe" in x.text.lower() else ABSTAIN


@labeling_function()
def link(x):
    return SPAM if LINK.search(x.text) else ABSTAIN


@labeling_function()
def check_out(x):
    return SPAM if re.search(r"check.*out", x.text, flags=re.I) else ABSTAIN


@labeling_function()
def please(x):
    return SPAM if says(x.text.lower(), ["please", "plz"]) else ABSTAIN


@labeling_function()
def mine(x):
    return SPAM if re.search(r"\\bmy (channel|video|page)\\b", x.text.lower()) else ABSTAIN


@labeling_function()
def song(x):
    return HAM if says(x.text.lower(), ["song", "lyric", "voice"]) else ABSTAIN


@labeling_function()
def short(x):
    return HAM if len(x.text.split()) < 5 else ABSTAIN


@labeling_function()
def shouts(x):
    return SPAM if sum(letter.isupper() for letter in x.text) > 0.5 * len(x.text) else ABSTAIN


@labeling_function()
def numbers(x):
    return SPAM if re.search(r"\\d{{5,}}", x.text) else ABSTAIN


@labeling_function()
def love(x):
    return HAM if "love" in x.text.lower() and "!" in x.text else ABSTAIN
'''


def texts_of(name: str, folder: Path | None) -> list[str]:
    """Name of a set and the folder of sets, or None -> its texts, or made ones that are about as long."""
    if folder is None:
        return made_texts(5000, seed=len(name))
    splits = [json.loads((folder / name / f"{split}.json").read_text("utf-8")) for split in ("train", "valid", "test")]
    return [str(row["data"]["text"]) for split in splits for row in split.values()]


@functools.lru_cache(maxsize=10)
def made_texts(number: int, *, seed: int, words: int = 12) -> list[str]:
    """Texts whose words are as frequent as Zipf's law has it; the vocabulary is made of syllables."""
    rng = np.random.default_rng(seed)
    syllables = ["ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "zu"]
    vocabulary = np.array([a + b + c for a in syllables for b in syllables for c in [*syllables, ""]])
    drawn = np.minimum(rng.zipf(1.3, (number, words)), len(vocabulary)) - 1
    lengths = rng.integers(3, words + 1, number)
    return [" ".join(row[:length]) for row, length in zip(vocabulary[drawn], lengths, strict=True)]


def functions_of(texts: list[str], number: int) -> list[dict[str, Any]]:
    """Texts -> declared functions on their words: three in five whole words, the rest patterns and parts of words."""
    seen = Counter(word for text in texts for word in set(re.findall(r"[a-z]{3,}", text.lower())))
    words = [word for word, _ in seen.most_common(60 + 5 * number)][20:]
    rng = np.random.default_rng(number)
    results = []
    for k in range(number):
        some = [str(word) for word in rng.choice(words, 3, replace=False)]
        stated: dict[str, Any] = {"name": f"f{k}", "vote": f"c{k % 3}"}
        if k % 5 == 3:
            stated |= {
                "kind": "regex",
                "pattern": rf"\b{some[0]}\b.*\b(?:{some[1]}|{some[2]})",
                "flags": ["ignore_case"],
            }
        elif k % 5 == 4:
            stated |= {"kind": "keywords", "words": some[:1], "whole_words": False}
        else:
            stated |= {"kind": "keywords", "words": some[: 1 + k % 3]}
        results.append(stated)
    return results


def images_of(packages: Path) -> list[bytes]:
    """Folder of packaged data -> the 2,624 solar cells, or as many made ones where they have not been fetched."""
    files = sorted((packages / "elpv" / "images").rglob("*.png"))
    if files:
        return [file.read_bytes() for file in files]
    import io

    from PIL import Image

    rng, result = np.random.default_rng(3), []
    for _ in range(2624):
        small = Image.fromarray(rng.integers(0, 256, (60, 60), dtype=np.uint8))
        buffer = io.BytesIO()
        small.resize((300, 300)).save(buffer, "PNG")
        result.append(buffer.getvalue())
    return result
