"""Words of messages about names that are not valid."""

from __future__ import annotations

import pytest

from tidemill.common.spelling import did_you_mean


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sp\u0430m", "; did you mean spam, without '\u0430' (U+0430, cyrillic small letter a)?"),
        ("sp\u00e4m", "; did you mean spam?"),
        ("sp4m", "; did you mean spam?"),
        ("spamm", "; did you mean spam?"),
    ],
)
def test_a_letter_that_looks_like_another_is_named(name: str, said: str) -> None:
    assert did_you_mean(name, ["ham", "spam"]) == said
