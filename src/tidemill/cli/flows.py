"""The project's own flows, with Prefect set up for the project before they are imported."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def flow(name: str, root: Path) -> Callable[..., dict[str, Any]]:
    """Import a flow from the project's folder ``flows/``.

    Parameters
    ----------
    name
        Name of the flow and of its module.
    root
        Top folder of the project.

    Returns
    -------
    callable
        The flow; it returns what it came to per problem.

    Raises
    ------
    ConfigError
        The project has no such flow.
    """
    from tidemill.common.extras import require
    from tidemill.contracts import ConfigError
    from tidemill.runs.addresses import prefect_environment

    require("prefect")
    if not (root / "flows" / f"{name}.py").exists():
        raise ConfigError(f"flows/{name}.py is missing in {root}: restore it with `git checkout flows`")
    os.environ.update(prefect_environment())
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    found: Callable[..., dict[str, Any]] = getattr(importlib.import_module(f"flows.{name}"), name)
    return found
