"""Preflight stage: params.yaml and code.yaml are of conf/ and of the code as they are now, so what runs next is that."""

from __future__ import annotations

import os

from tidemill.common.failures import says_errors
from tidemill.project.compose import refuse_stale_code, refuse_stale_params
from tidemill.project.config import has_setting
from tidemill.project.project import Project
from tidemill.project.stage_arguments import stage_arguments
from tidemill.project.stage_code.stage_fingerprints import running_package
from tidemill.reports.project import Preflight


@says_errors
def main() -> None:
    """Run the stage in the project of the working directory."""
    run(*stage_arguments("preflight", __doc__))


def run(project: Project, name: str) -> None:
    """Check, and write what changes with the files of names alone: what follows is not recomputed because conf/ was touched."""
    if "DVC_EXP_NAME" not in os.environ:  # `dvc exp run -S` has composed params.yaml itself a moment ago
        refuse_stale_params(project)
    refuse_stale_code(project, running_package())
    names = _digests(project, name) if has_setting(project.params, name, "ingest", "candidates") else None
    Preflight(params="composed from conf/", names=names).write(project.paths(name).preflight)


def _digests(project: Project, name: str) -> dict[str, str]:
    from tidemill.ingest.settings import IngestSettings  # few problems need what these import
    from tidemill.project.batches import digests

    return digests(project.load(name, "ingest", IngestSettings)[1], project.root)


if __name__ == "__main__":
    main()
