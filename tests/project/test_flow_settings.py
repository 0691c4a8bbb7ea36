"""conf/flows.yaml: the package's settings, changed by the project's, and refused with file, key and value."""

from pathlib import Path

import pytest

from tidemill.contracts import ConfigError
from tidemill.project.flow_settings import FlowSettings, flow_settings
from tidemill.project.project import Project


def given(folder: Path, text: str | None) -> FlowSettings:
    (folder / "conf").mkdir(exist_ok=True)
    if text is not None:
        (folder / "conf" / "flows.yaml").write_text(text)
    return flow_settings(Project.open(folder))


def test_nobody_is_notified_unless_the_project_says_so(inside: Path):
    assert given(inside, None).notifications.blocks == ()
    changed = given(inside, "approval_hours: 2\nnotifications: {blocks: [slack-webhook/team]}\n")
    assert (changed.approval_hours, changed.notifications.blocks) == (2.0, ("slack-webhook/team",))
    assert changed.notifications.events == given(inside, "").notifications.events


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("approval_hours: 0\n", r"flows.yaml, approval_hours: input should be greater than 0, found 0"),
        ("notifications: {event: [alarm]}\n", r"flows.yaml, notifications.event: .*not permitted, found \['alarm'\]"),
        ("notifications: {events: [drift]}\n", r"notifications.events.0: input should be 'alarm', .*found 'drift'"),
        ("- 1\n", r"flows.yaml holds \[1\] in place of keys and values"),
        ("a: [\n", "flows.yaml is not YAML"),
    ],
)
def test_a_wrong_key_or_value_is_named(inside: Path, text: str, message: str):
    with pytest.raises(ConfigError, match=message):
        given(inside, text)
