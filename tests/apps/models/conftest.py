"""A Python that has only the packages that an exported model may need."""

import importlib.util
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

NEEDED = {"text": ["tokenizers"], "image": ["PIL", "pillow.libs"]}
ALWAYS = ["numpy", "numpy.libs", "onnxruntime"]


@pytest.fixture
def bare_python(tmp_path_factory) -> Callable[..., str]:
    """Run a script where nothing is installed but numpy, onnxruntime and what reads rows of the modalities in `needs`."""
    site = Path(importlib.util.find_spec("numpy").origin).parents[1]
    start = "import runpy, sys; sys.path.append(sys.argv.pop(1)); sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name='__main__')"

    def run(script: Path, *words: str, needs: Sequence[str]) -> str:
        folder = tmp_path_factory.mktemp("packages")
        for name in [*ALWAYS, *(name for modality in needs for name in NEEDED[modality])]:
            if (site / name).exists():
                (folder / name).symlink_to(site / name)
        for name in ("tidemill", "torch", "transformers", "scipy"):
            assert not (folder / name).exists()
        command = [sys.executable, "-I", "-S", "-c", start, str(folder), str(script), *words]  # -S: no site-packages
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
