"""batches.json and incoming files -> raw/, dev/, gold/, slices/: every batch that has arrived, each written once."""

from __future__ import annotations

from tidemill.common.failures import says_errors
from tidemill.ingest.settings import IngestSettings
from tidemill.project.batches import bring_in
from tidemill.project.config import load, stage_arguments


@says_errors
def main() -> None:
    """Make the batches that are not there yet."""
    problem, settings, paths = load(stage_arguments("ingest", __doc__), "ingest", IngestSettings)
    bring_in(problem, settings, paths)


if __name__ == "__main__":
    main()
