"""Settings of `conf/denoise/`."""

from __future__ import annotations

from typing import Any

from tidemill.contracts import Settings


class DenoiseSettings(Settings):
    """How votes become labels."""

    model: str
    parameters: dict[str, Any]
    use_gold: bool
    use_features: bool
    use_answers: bool
    seed: int
