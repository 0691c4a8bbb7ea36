"""`tidemill compose`."""

from __future__ import annotations

from tidemill.cli.options import AsJson, Overrides
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def compose(settings: Overrides = None, *, as_json: AsJson = False) -> None:
    """Compose conf/ into params.yaml, for `dvc repro`.

    Examples
    --------
    tidemill compose
    tidemill compose problem=spam denoise=majority
    """
    from tidemill.project.compose import expand, write_params

    with answering(as_json=as_json) as answer:
        open_project()
        _, overrides = expand(settings or [])
        changed = write_params(overrides)
        line = "params.yaml composed" if changed else "params.yaml is up to date"
        answer({"changed": changed, "overrides": overrides}, [line])
