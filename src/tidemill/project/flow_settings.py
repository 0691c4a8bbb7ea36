"""Settings of flows, ``conf/flows.yaml``: how long a question is open, and who is notified of what. No stage depends on them."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import tidemill.conf
from tidemill.common.nested import merged
from tidemill.errors import ConfigError
from tidemill.project.project import Project

FILE: Final = "flows.yaml"
Event = Literal["alarm", "ask", "stop", "question", "promotion", "rollback", "failure"]
ALARM: Final = "alarm"
ASK: Final = "ask"
STOP: Final = "stop"
QUESTION: Final = "question"
PROMOTION: Final = "promotion"
ROLLBACK: Final = "rollback"
FAILURE: Final = "failure"


class NotificationSettings(BaseModel):
    """Which Prefect blocks are notified, and of what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    blocks: tuple[str, ...]
    events: tuple[Event, ...]


class FlowSettings(BaseModel):
    """How long a question is open in Prefect, and whom flows notify."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    approval_hours: float = Field(gt=0.0)
    notifications: NotificationSettings


def flow_settings(project: Project) -> FlowSettings:
    """Read the settings of a project's flows.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    FlowSettings
        The package's own, with what the project's ``conf/flows.yaml`` changes.

    Raises
    ------
    ConfigError
        The file has an unknown key or a wrong value; names it.
    """
    import yaml

    own = project.main.conf / FILE
    defaults = yaml.safe_load((Path(str(tidemill.conf.__file__)).parent / FILE).read_text(encoding="utf-8"))
    try:
        changes = yaml.safe_load(own.read_text(encoding="utf-8")) if own.exists() else None
    except yaml.YAMLError as error:
        raise ConfigError(f"{own} is not YAML: {error}") from error
    if changes is not None and not isinstance(changes, dict):
        raise ConfigError(f"{own} holds {changes!r} in place of keys and values")
    try:
        return FlowSettings.model_validate(merged(defaults, changes or {}))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"{own}, {key}: {first['msg'][:1].lower()}{first['msg'][1:]}, found {first['input']!r}"
        ) from error
