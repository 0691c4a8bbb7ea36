from pathlib import Path

import polars as pl

from tidemill.label.engine.apply import apply
from tidemill.label.functions.loading import load_file

ROWS = pl.DataFrame(
    {
        "row_id": ["a", "b", "c"],
        "text": ["Check this out: http://x", "Subscribe to my channel please!", "katy is so great, I love it"],
    }
)


def test_a_file_written_for_snorkel_works_with_a_changed_import():
    functions = load_file(Path(__file__).parent / "snorkel_file.py", classes=("ham", "spam"))
    votes = dict(zip([f.name for f in functions], apply(ROWS, functions, n_classes=2).T.tolist(), strict=True))
    assert votes == {
        "check_out": [-1, -1, -1],
        "keyword_http": [1, -1, -1],
        "keyword_subscribe": [-1, 1, -1],
        "names_artist": [-1, -1, 0],
        "regex_check_out": [1, -1, -1],
        "short_comment": [0, -1, -1],
    }
