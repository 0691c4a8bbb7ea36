"""What DVC starts a stage with: the project, whose top folder it runs in, and a problem's name."""

from __future__ import annotations

import argparse
from pathlib import Path

from tidemill.common.files import remove_unfinished
from tidemill.project.project import Project


def stage_arguments(stage: str, description: str | None) -> tuple[Project, str]:
    """Parse the command line of a stage script, and remove what a killed run of the problem's stages left half written.

    Parameters
    ----------
    stage
        Name of the stage, shown in the help.
    description
        What the stage does, shown in the help.

    Returns
    -------
    project : Project
        In the working directory, from which DVC starts stages.
    problem : str
        Name of the problem.
    """
    parser = argparse.ArgumentParser(prog=f"python -P -m tidemill.stages.{stage}", description=description)
    parser.add_argument("problem", help="name of a problem in params.yaml, such as spam")
    project, name = Project.open(Path()), str(parser.parse_args().problem)
    paths = project.paths(name)
    for folder in (paths.data, paths.reports, paths.model):
        remove_unfinished(folder)
    return project, name
