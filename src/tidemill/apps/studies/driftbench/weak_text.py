"""Weakly embedded rows: docstrings of installed libraries as 64 directions of their words' weights; one library is the unseen source."""

from __future__ import annotations

import ast
import importlib.util
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from tidemill.apps.studies.driftbench.population import Population
from tidemill.common.python_syntax import parse_python
from tidemill.contracts import ABSTAIN, NO_GOLD
from tidemill.monitor.rows import Names, Rows
from tidemill.monitor.sequential.batch import Batch

PROBLEM: Final = "docstrings"
KNOWN: Final = ("numpy", "scipy")
UNSEEN: Final = "sklearn"
_LEAST_LETTERS: Final = 80
_MOST: Final = 4000
_DIRECTIONS: Final = 64


def docstrings(library: str, *, most: int = _MOST) -> list[str]:
    """Read the docstrings of functions and classes of an installed library, without importing it.

    Parameters
    ----------
    library
        Such as ``numpy``.
    most
        How many at most.

    Returns
    -------
    list of str
        Different ones of 80 letters or more, in the order of files.
    """
    found = importlib.util.find_spec(library)
    folder = Path(str(found.origin)).parent if found is not None else Path()
    texts: dict[str, None] = {}
    for file in sorted(folder.rglob("*.py")):
        if "tests" not in file.parts:
            texts |= dict.fromkeys(_of_file(file))
        if len(texts) >= most:
            break
    return list(texts)[:most]


def _of_file(file: Path) -> Iterator[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # escapes in strings of others
            tree = parse_python(file.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            text = ast.get_docstring(node) or ""
            if len(text) >= _LEAST_LETTERS:
                yield text


def weak_population(like: Population, *, seed: int) -> Population:
    """Make rows of docstrings, with predictions of which known library they are of, and without functions.

    Half of the known rows fit weights, directions and the classifier; streams are drawn from the other half.

    Parameters
    ----------
    like : Population
        Its settings are taken.
    seed : int
        Of the halves.

    Returns
    -------
    Population
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    parts = [docstrings(library) for library in (*KNOWN, UNSEEN)]
    texts = [text for part in parts for text in part]
    source = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    rng = np.random.default_rng(seed)
    fits = (source < len(KNOWN)) & (rng.random(len(texts)) < 0.5)  # noqa: PLR2004 - half
    weights = TfidfVectorizer(min_df=3).fit([text for text, is_fit in zip(texts, fits, strict=True) if is_fit])
    table = weights.transform(texts)
    directions = TruncatedSVD(_DIRECTIONS, random_state=seed).fit(table[fits])
    features = directions.transform(table)
    model = LogisticRegression(max_iter=1000).fit(features[fits], source[fits])
    rows = Rows(
        features.astype(np.float32), model.predict_proba(features), np.full((len(texts), 0), ABSTAIN, dtype=np.int16)
    )
    return replace(
        like,
        problem=PROBLEM,
        names=Names(KNOWN, ()),
        rows=Batch(
            name="population",
            row_ids=tuple(str(k) for k in range(len(texts))),
            rows=rows,
            metadata=pl.DataFrame(),
            quality=pl.DataFrame(),
            fingerprint="population",
        ),
        known=np.flatnonzero((source < len(KNOWN)) & ~fits),
        later=np.flatnonzero(source == len(KNOWN)),
        gold=np.full(len(texts), NO_GOLD, dtype=np.int16),
    )
