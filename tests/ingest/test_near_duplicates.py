"""MinHash signatures against the similarity they estimate."""

from __future__ import annotations

import random

import numpy as np
import pytest

from tidemill.ingest.near_duplicates import PERMUTATIONS, Seen, shingles, signature, signatures


def jaccard(one: str, other: str) -> float:
    a, b = set(shingles(one).tolist()), set(shingles(other).tolist())
    return len(a & b) / len(a | b)


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.8, 0.95])
def test_signatures_agree_in_the_share_of_the_jaccard_similarity(kept: float) -> None:
    letters = random.Random(3)
    errors = []
    for _ in range(40):
        text = "".join(letters.choices("abcdefghijklmnopqrstuvwxyz", k=300))
        other = text[: int(300 * kept)] + "".join(
            letters.choices("abcdefghijklmnopqrstuvwxyz", k=300 - int(300 * kept))
        )
        errors.append((signature(text) == signature(other)).mean() - jaccard(text, other))
    assert np.mean(errors) == pytest.approx(0, abs=4 * 0.5 / np.sqrt(PERMUTATIONS * 40))  # 4 standard errors


def test_a_text_of_many_chunks_has_the_smallest_hashes_of_all_of_them() -> None:
    text = "".join(random.Random(1).choices("abcdefgh ", k=5000))
    halves = np.minimum(signature(text[:2600]), signature(text[2590:]))
    assert (signature(text) == halves).mean() > 0.98  # both halves were normalised alike but for a blank at the cut


def test_case_numbers_and_blanks_make_no_difference() -> None:
    assert (signature("Call 0800-123  NOW") == signature("call 0900-456\nnow")).all()


def test_short_and_empty_texts_have_signatures() -> None:
    assert signatures(["", "a", "😀"]).shape == (3, PERMUTATIONS)
    assert signatures([]).shape == (0, PERMUTATIONS)


def test_only_what_was_kept_is_compared_with() -> None:
    seen = Seen(signatures(["a first text that is kept"]), threshold=0.8)
    assert seen.find(signature("a first text that is kept!")) == 0
    assert seen.find(signature("quite another sentence")) is None
    assert seen.find(signature("quite another sentence")) == 1
