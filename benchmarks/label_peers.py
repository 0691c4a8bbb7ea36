"""Snorkel's PandasLFApplier, run by the peers' interpreter: texts and labeling functions in, votes and seconds out.

Run: python benchmarks/label_peers.py GIVEN.json OUT.npz
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np


def main() -> None:
    """Apply what was given, declared functions or a file of Python ones."""
    import pandas as pd
    from snorkel.labeling import PandasLFApplier

    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123 - a script of few lines
        given = json.load(file)
    functions = from_file(given["file"]) if "file" in given else [declared(item) for item in given["functions"]]
    frame = pd.DataFrame({"text": given["texts"]})
    start = time.perf_counter()
    votes = PandasLFApplier(functions).apply(frame, progress_bar=False)
    seconds = time.perf_counter() - start
    np.savez(sys.argv[2], votes=votes, seconds=seconds, names=[function.name for function in functions])


def declared(predicted: dict[str, Any]) -> Any:
    """Declared function -> the same as people write it for snorkel."""
    from snorkel.labeling import LabelingFunction

    vote = int(predicted["vote"].removeprefix("c"))
    return LabelingFunction(predicted["name"], asks(predicted, vote))


def asks(predicted: dict[str, Any], vote: int) -> Callable[[Any], int]:
    """Declared function and its vote -> the Python function."""
    if predicted["kind"] == "keywords" and not predicted.get("whole_words", True):
        return lambda x: vote if any(word in x.text.lower() for word in predicted["words"]) else -1
    pattern = predicted.get("pattern") or "|".join(rf"\b{word}\b" for word in predicted.get("words", ()))
    compiled = re.compile(pattern, flags=re.IGNORECASE)
    return lambda x: vote if compiled.search(x.text) else -1


def from_file(path: str) -> list[Any]:
    """Python file -> its labeling functions, by name."""
    from snorkel.labeling import LabelingFunction

    spec = importlib.util.spec_from_file_location("functions", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    results = [value for value in vars(module).values() if isinstance(value, LabelingFunction)]
    return sorted(results, key=lambda function: function.name)


if __name__ == "__main__":
    main()
