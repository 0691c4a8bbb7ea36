import numpy as np
import polars as pl

from tidemill.label.engine.vectorised import vectorised_votes
from tidemill.label.functions.declared import declared_functions
from tidemill.label.functions.yaml_lines import read_yaml

YAML = """functions:
  - {name: any, kind: keywords, words: [win, free], vote: spam}
  - {name: same, kind: keywords, words: [win, free], vote: ham}
  - {name: subject, kind: keywords, column: subject, words: [win], vote: spam}
  - {name: case, kind: keywords, words: [WIN], case: true, vote: not ham}
  - {name: part, kind: keywords, words: [in], whole_words: false, vote: spam}
  - name: nested
    kind: all
    of:
      - {kind: any, of: [{kind: keywords, words: [win, now], match: all}, {kind: regex, pattern: '!$'}]}
      - {kind: not, of: {kind: keywords, words: [friend, "see you"]}}
      - {kind: threshold, column: links, below: 3}
    vote: spam
"""
TEXTS = ["WIN now", "win free now!", "friend, win now!", "see you!", "within", None, "free", "now!"]


def test_votes_are_those_of_the_expressions_one_by_one_whatever_the_blocks(folder, monkeypatch):
    functions = declared_functions(read_yaml(folder(f__yaml=YAML) / "f.yaml"), ("ham", "spam"))
    texts = TEXTS * 5
    table = pl.DataFrame({"text": texts, "subject": texts[::-1], "links": [0, 5, None, 1] * 10})
    expected = [table.select(one.expression()).to_series().to_list() for one in functions]
    for block, pays in ((1, 0), (7, 0), (1000, 0), (7, 1000)):
        monkeypatch.setattr("tidemill.label.engine.vectorised._PATTERNS", pays)
        monkeypatch.setattr("tidemill.label.engine.vectorised._BLOCK", block)
        votes = vectorised_votes(functions, table)
        assert votes.dtype == np.int16
        assert votes.T.tolist() == expected
