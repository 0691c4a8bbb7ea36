"""Preflight stage: params.yaml and code.yaml are of conf/ and of the code as they are now, so what runs next is that."""

from __future__ import annotations

import os

from tidemill.common.failures import says_errors
from tidemill.project.compose import refuse_stale_code, refuse_stale_params
from tidemill.project.project import Project
from tidemill.project.stage_arguments import stage_arguments
from tidemill.project.stage_code.stage_fingerprints import running_package
from tidemill.reports.project import Preflight


@says_errors
def main() -> None:
    """Run the stage in the project of the working directory."""
    run(*stage_arguments("preflight", __doc__))


def run(project: Project, name: str) -> None:
    """Check, and write a constant: the stages that follow are not recomputed because conf/ was touched."""
    if "DVC_EXP_NAME" not in os.environ:  # `dvc exp run -S` has composed params.yaml itself a moment ago
        refuse_stale_params(project)
    refuse_stale_code(project, running_package())
    Preflight(params="composed from conf/").write(project.paths(name).preflight)


if __name__ == "__main__":
    main()
