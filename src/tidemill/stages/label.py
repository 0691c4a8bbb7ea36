"""raw/, features/ -> votes.parquet, lf_summary.csv: what every labeling function says of every row, and how well."""

from __future__ import annotations

import sys

from tidemill.adapters.config import load, says_errors, stage_arguments
from tidemill.adapters.suites import guard
from tidemill.adapters.tables import aside, batch_names, read_batches, write
from tidemill.contracts import FEATURES, gold_contract, votes_contract
from tidemill.ingest.settings import IngestSettings
from tidemill.label.quality import quality_contract
from tidemill.label.run import label
from tidemill.label.settings import LabelSettings


@says_errors
def main() -> None:
    """Apply the problem's labeling functions to all its rows; compare them with gold of the development split."""
    problem, settings, paths = load(stage_arguments("label", __doc__), "label", LabelSettings)
    raw = load(problem.name, "ingest", IngestSettings)[1].raw
    batches, classes = batch_names(paths.manifest), problem.classes
    rows = read_batches(paths.raw, raw, batches)
    dev = read_batches(paths.dev, gold_contract(len(classes)), batches)
    done = label(
        rows,
        dev,
        paths.functions,
        classes=classes,
        settings=settings,
        features=lambda: read_batches(paths.features, FEATURES, batches),
    )
    for failure in done.failures:
        print(f"quarantined: {failure}", file=sys.stderr)
    guard(done.quality, quality_contract(settings.suite), problem=problem.name, table_name="votes_quality")
    guard(done.votes, votes_contract(len(classes)), problem=problem.name, table_name="votes")
    write(done.votes, paths.votes, votes_contract(len(classes)))
    with aside(paths.reports / "lf_summary.csv") as path:
        done.summary.write_csv(path)


if __name__ == "__main__":
    main()
