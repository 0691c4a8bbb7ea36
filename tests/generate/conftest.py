"""What tests of prompts share."""

from __future__ import annotations

import pytest

from tidemill.generate.prompt.client import Client


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses are counted, and take no time."""
    pauses: list[float] = []
    monkeypatch.setattr(Client.__init__, "__kwdefaults__", {"sleep": pauses.append})
    return pauses
