import pytest

from tidemill.label.conditions.match_span import match_span
from tidemill.label.conditions.registry import KINDS

TEXT = "Straße: you won £100 (approx.), WIN!"


@pytest.mark.parametrize(
    ("kind", "fields", "piece"),
    [
        ("keywords", {"words": ["win"]}, "WIN"),
        ("keywords", {"words": ["win"], "case": True}, None),
        ("keywords", {"words": ["(approx.)"]}, "(approx.)"),
        ("keywords", {"words": ["pprox"], "whole_words": False}, "pprox"),
        ("keywords", {"words": ["ou\nwo"], "whole_words": False}, "ou wo"),
        ("keywords", {"words": ["won"], "column": "subject"}, None),
        ("regex", {"pattern": r"(£)(\d+)"}, "£100"),
        ("regex", {"pattern": "YOU", "flags": ["ignore_case"]}, "you"),
        ("not", {"of": {"kind": "keywords", "words": ["win"]}}, None),
        ("all", {"of": [{"kind": "flag", "column": "c"}, {"kind": "keywords", "words": ["won"]}]}, "won"),
        ("length", {"above": 3}, None),
    ],
)
def test_the_piece_that_a_condition_speaks_of(kind, fields, piece):
    span = match_span(KINDS[kind].model_validate({"kind": kind, **fields}), TEXT)
    assert (span and TEXT[slice(*span)]) == piece
