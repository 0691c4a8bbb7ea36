import sys
from pathlib import Path

import pytest

from tidemill.errors import RunError
from tidemill.runs.worktree import Workspace

DVC = "ERROR: failed to reproduce 'train@mail': failed to run: python -P -m tidemill.stages.train mail, exited with -9"


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        (DVC, "its process was ended by SIGKILL, as where memory runs out: run the same again"),
        (f"error: no rows\n{DVC[:-2]}1", "no rows"),
        ("ERROR: of DVC", "exited with 3: ERROR: of DVC"),
    ],
)
def test_what_ended_a_command_is_said(tmp_path: Path, printed: str, told: str) -> None:
    heard: list[str] = []
    code = f"import sys; print({printed!r}); sys.exit(3)"
    with pytest.raises(RunError) as error:
        Workspace(tmp_path, tmp_path, "HEAD").run(sys.executable, "-c", code, say=heard.append)
    assert told in str(error.value)
    assert heard == printed.splitlines()
