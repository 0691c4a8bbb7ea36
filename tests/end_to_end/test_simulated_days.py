"""Two days on a real server: a schedule, an event that starts the first training, a broken batch, a drift whose event is lost, and a kill."""

from pathlib import Path

import pytest

from tidemill.flows.simulation.run import simulate
from tidemill.project.project import Project

pytestmark = pytest.mark.slow


def test_days_with_a_broken_batch_a_lost_event_and_a_kill_end_in_the_right_champion(
    root: Path, packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    lines: list[str] = []
    report = simulate(
        Project.open(root), "spam", days=2, seed=1, rows=240, folder=tmp_path / "simulated", say=lines.append
    )
    assert report.failed == (), lines
    assert len(report.checks) == 8
    told = "\n".join(event.text for event in report.events)
    assert "spam@v1.0.0 was trained, as the monitor decided" in told
    assert "day-01: its metadata are lost, and it is set aside" in told
    assert "is killed while it refreshes" in told
