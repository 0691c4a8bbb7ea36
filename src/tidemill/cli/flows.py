"""The project's own flows, with Prefect set up for the project before they are imported."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tidemill.project.project import Project


_LOGGERS = ("prefect.flow_runs", "prefect.task_runs")
"""Prefect's engines log an error with its traceback to these before they raise it, once for each flow and task around it."""
_STATES: Final = ("Finished in state Failed(", "Finished in state NotReady(")
"""How a line begins that repeats an error, or says of a stage after it that it did not run."""
_OF_FLOW: Final = "Encountered exception during execution"
"""How a line begins of an error that has left a flow: of a stage it has been said, and the command says it at its end."""


def without_traceback(record: logging.LogRecord) -> bool:
    """Take the traceback from a record of an error that a person can mend: the command says it in one line at its end.

    Parameters
    ----------
    record
        What is about to be logged; it is changed in place.

    Returns
    -------
    bool
        True: it is logged.
    """
    from tidemill.common.failures import as_line, wants_tracebacks

    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    if isinstance(error, Exception) and as_line(error) is not None and not wants_tracebacks():
        record.exc_info = None
    return True


def tells_something_new(record: logging.LogRecord) -> bool:
    """Decide whether a record is more than one of the many in which Prefect repeats an error that a person can mend.

    Parameters
    ----------
    record
        What is about to be logged, after ``without_traceback``.

    Returns
    -------
    bool
        Whether it is logged; with ``--debug`` all are.
    """
    from tidemill.common.failures import wants_tracebacks

    message = record.getMessage()
    repeats = message.startswith(_STATES) or (message.startswith(_OF_FLOW) and not record.exc_info)
    return wants_tracebacks() or not repeats


def flow(name: str, project: Project) -> Callable[..., dict[str, Any]]:
    """Import a flow from the folder ``flows/`` of the project's main checkout.

    Parameters
    ----------
    name
        Name of the flow and of its module.
    project
        The project.

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
    from tidemill.errors import ConfigError
    from tidemill.runs.local_addresses import prefect_environment

    require("prefect")
    root = project.shared
    if not (root / "flows" / f"{name}.py").exists():
        raise ConfigError(f"flows/{name}.py is missing in {root}: restore it with `git checkout flows`")
    os.environ.update(prefect_environment(project))
    for logger in _LOGGERS:
        logging.getLogger(logger).addFilter(without_traceback)
        logging.getLogger(logger).addFilter(tells_something_new)
    _forget_flows_of_others(root)
    if str(root) not in sys.path:
        sys.path.append(str(root))  # last: a module there, such as random.py, takes no other's place
    _load_package_of_flows(root)
    result: Callable[..., dict[str, Any]] = getattr(importlib.import_module(f"flows.{name}"), name)
    return result


def _load_package_of_flows(root: Path) -> None:
    """Not another of that name on Python's path."""
    spec = importlib.machinery.PathFinder.find_spec("flows", [str(root)])
    if "flows" in sys.modules or spec is None:
        return
    sys.modules["flows"] = package = importlib.util.module_from_spec(spec)
    if spec.loader is not None:
        spec.loader.exec_module(package)


def _forget_flows_of_others(root: Path) -> None:
    """Another project's flows have the same names: they stay with those who hold them, and are imported no more."""
    package = sys.modules.get("flows")
    others = [folder for folder in map(Path, getattr(package, "__path__", [])) if folder.resolve() != root / "flows"]
    if others:
        for module in [item for item in sys.modules if item.partition(".")[0] == "flows"]:
            del sys.modules[module]
        sys.path[:] = [path for path in sys.path if Path(path) not in {folder.parent for folder in others}]
