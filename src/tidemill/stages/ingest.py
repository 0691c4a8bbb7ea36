"""The ingest stage: raw/, dev/, gold/ and slices/ from incoming files: every batch that has arrived, each written once."""

from __future__ import annotations

from tidemill.common.failures import says_errors
from tidemill.ingest.settings import IngestSettings
from tidemill.project.batches import add_batches
from tidemill.project.project import Project
from tidemill.project.stage_arguments import stage_arguments


@says_errors
def main() -> None:
    """Run the stage in the project of the working directory."""
    run(*stage_arguments("ingest", __doc__))


def run(project: Project, name: str) -> None:
    """Make the batches that are not there yet."""
    problem, settings, paths = project.load(name, "ingest", IngestSettings)
    add_batches(problem, settings, paths)


if __name__ == "__main__":
    main()
