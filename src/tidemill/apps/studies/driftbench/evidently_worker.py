"""Evidently's test of drift of a dataset with its defaults, asked line by line: run by the interpreter of an environment that has it.

A line on standard input is a JSON object of ``reference`` or ``rows``, columns of values by name. To rows it answers with a line,
the share of columns that drifted and whether that is drift of the dataset.
"""

import json
import sys
from typing import Any

_DRIFTED_SHARE = 0.5  # the preset's default


def main() -> None:
    """Answer until standard input ends."""
    from evidently import Report
    from evidently.metrics import DriftedColumnsCount

    reference = None
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print is no answer
    for line in sys.stdin:
        asked = json.loads(line)
        if "reference" in asked:
            reference = _dataset(asked["reference"])
            continue
        metrics = Report([DriftedColumnsCount()]).run(_dataset(asked["rows"]), reference).dict()["metrics"]
        counts = [item["value"] for item in metrics if "DriftedColumnsCount" in item["metric_name"]]
        share = float(counts[0]["share"])
        answers.write(json.dumps({"share": share, "drift": share >= _DRIFTED_SHARE}) + "\n")
        answers.flush()


def _dataset(columns: dict[str, list[Any]]) -> Any:
    import pandas as pd
    from evidently import DataDefinition, Dataset

    words = [name for name, values in columns.items() if isinstance(values[0], str)]
    numbers = [name for name in columns if name not in words]
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=words)
    return Dataset.from_pandas(pd.DataFrame(columns), data_definition=definition)


if __name__ == "__main__":
    main()
