"""`tidemill compose`."""

from __future__ import annotations

from dataclasses import asdict

from tidemill.cli.options import AsJson, Overrides
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def compose(settings: Overrides = None, *, as_json: AsJson = False) -> None:
    """Compose conf/ into params.yaml, for `dvc repro`.

    Writes the fingerprints of the code that stages run into code.yaml, too. Says which stages will run again and why. Stages after them run again where what they read has changed.

    Examples
    --------
    tidemill compose
    tidemill compose problem=spam denoise=majority
    """
    from tidemill.project.compose import compose_code, expand, start_histories, write_params
    from tidemill.project.stage_code.stage_fingerprints import (
        CODE,
        changed_files,
        read_code,
        running_package,
        write_code,
    )
    from tidemill.runs.outdated import outdated

    with answering(as_json=as_json) as answer:
        project = open_project()
        _, overrides = expand(settings or [], conf=project.conf)
        before, code = read_code(project.root), compose_code(project, running_package())
        written = {"params.yaml": write_params(project, overrides), str(CODE): write_code(code, project.root)}
        start_histories(project)
        stages = outdated(project.root, changed_files(before, code), code)
        lines = [f"{name} {'composed' if changed else 'is up to date'}" for name, changed in written.items()]
        if overrides:
            lines.append(f"until `tidemill compose` runs again: {' '.join(overrides)}; conf/problem/ keeps settings")
        lines += [f"{stage.address} will run again: {stage.reason}" for stage in stages]
        answer({"changed": written, "overrides": overrides, "outdated": [asdict(stage) for stage in stages]}, lines)
