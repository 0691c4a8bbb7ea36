"""Settings of facts."""

from __future__ import annotations

from typing import Any

from tidemill.facts.settings import FactsSettings


def settings(**changes: Any) -> FactsSettings:
    base: dict[str, Any] = {
        "functional": (),
        "inverse_functional": (),
        "symmetric": (),
        "exclusive": (),
        "rules": (),
        "publish": 0.9,
        "width": 15,
        "sweeps": 50,
        "chains": 8,
        "seed": 1,
    }
    return FactsSettings.model_validate(base | changes)
