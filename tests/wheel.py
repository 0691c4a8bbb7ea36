"""The wheel, built from what git has or would take, and environments that it is installed in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.conftest import ROOT
from tidemill.runs.git import git

UV = str(Path(sys.executable).with_name("uv"))
_DVC = """#!{python}
import sys
from dvc.cli import main
sys.exit(main())
"""


def run(*words: str, folder: Path, fails: bool = False, **environment: str) -> str:
    """Run a command without what this Python's environment would add, and give what it printed."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(words, cwd=folder, env=inherited | environment, capture_output=True, text=True, check=False)
    assert bool(done.returncode) == fails, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr if fails else done.stdout


def build_wheel(source: Path) -> Path:
    """Build from a copy in ``source``: a folder build/ that lies about in the checkout adds nothing."""
    for name in git("ls-files", "--cached", "--others", "--exclude-standard", folder=ROOT).splitlines():
        if name.startswith(("src/", "pyproject.toml", "README.md", "LICENSE")) and (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, source / name)
    run(UV, "build", "--quiet", "--wheel", "--out-dir", str(source / "dist"), ".", folder=source)
    return next((source / "dist").glob("*.whl"))


def install_beside(wheel: Path, folder: Path) -> Path:
    """Install a wheel into an environment that borrows this one's libraries, but not its Tidemill; gives its ``bin``."""
    run(UV, "venv", "--quiet", "--python", sys.executable, "venv", folder=folder)
    venv = folder / "venv"
    run(UV, "pip", "install", "--quiet", "--no-deps", str(wheel), folder=folder, VIRTUAL_ENV=str(venv))
    site = next(venv.glob("lib/python*/site-packages"))
    (site / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    script = venv / "bin" / "dvc"
    script.write_text(_DVC.format(python=venv / "bin" / "python"))
    script.chmod(0o755)
    return venv / "bin"
