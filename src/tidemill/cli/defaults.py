"""`tidemill defaults`."""

from __future__ import annotations

from typing import Annotated

from typer import Argument

from tidemill.cli.options import AsJson
from tidemill.cli.output import answering


def defaults(
    name: Annotated[
        str | None,
        Argument(metavar="[STAGE[/OPTION]]", help="such as train or train/head (default: all)", show_default=False),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show the settings that come with Tidemill.

    With an option, every key of it and what it is for.

    Examples
    --------
    tidemill defaults
    tidemill defaults train
    tidemill defaults train/head
    """
    from tidemill.common.extras import require

    require("hydra")
    from tidemill.project.compose import DEFAULTS
    from tidemill.project.defaults import default_text, list_defaults

    with answering(as_json=as_json) as answer:
        if name is not None and "/" in name:
            text = default_text(name)
            answer({"name": name, "file": DEFAULTS / f"{name}.yaml", "text": text}, text.rstrip().splitlines())
        else:
            options = list_defaults(name)
            answer(options, [f"{stage}: {', '.join(names)}" for stage, names in options.items()])
