import shutil
from pathlib import Path

import pytest


@pytest.fixture
def conf_copy(tmp_path: Path, root: Path) -> Path:
    """A copy of the real conf/ to change."""
    return Path(shutil.copytree(root / "conf", tmp_path / "conf"))
