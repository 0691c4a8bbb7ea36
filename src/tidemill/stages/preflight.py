"""conf/ and params.yaml -> preflight.ok: they agree, so what runs next is what conf/ says."""

from __future__ import annotations

import os

from tidemill.common.failures import says_errors
from tidemill.project.compose import preflight
from tidemill.project.config import stage_arguments
from tidemill.project.layout import Paths
from tidemill.project.tables import write_json


@says_errors
def main() -> None:
    """Check, and write a constant: the stages that follow are not recomputed because conf/ was touched."""
    name = stage_arguments("preflight", __doc__)
    if "DVC_EXP_NAME" not in os.environ:  # `dvc exp run -S` has composed params.yaml itself a moment ago
        preflight()
    write_json({"params.yaml": "composed from conf/"}, Paths(name).preflight)


if __name__ == "__main__":
    main()
