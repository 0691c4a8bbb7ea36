"""The demo of relations: a project of its own in a folder, from `tidemill init` to its facts.

``python benchmarks/located/build.py build/located`` makes the project, fetches the two packages, lets `tidemill new` make the problem and
runs it. A second call only runs it: nothing has changed then.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from wordnet import write_demo

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]
NAME: Final = "located"
_TIDEMILL: Final = (sys.executable, "-m", "tidemill")


def main() -> None:
    """Make the project of the command line's folder, and run it."""
    folder = Path(sys.argv[1]).resolve()
    if not (folder / "conf" / "problem" / f"{NAME}.yaml").exists():
        make_project(folder)
    _call(folder, *_TIDEMILL, "run", f"problem={NAME}")
    _call(folder, *_TIDEMILL, "facts", NAME, "--above", "0.9")


def make_project(folder: Path) -> None:
    """Make a project with the problem, not run yet.

    Parameters
    ----------
    folder
        Where it is to be.
    """
    if not (folder / "dvc.yaml").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        _call(folder.parent, *_TIDEMILL, "init", str(folder))
    packages = folder / "data" / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    weights = ROOT / "data" / "packages" / "minilm"
    if weights.is_dir() and not (packages / "minilm").exists():  # no second download
        (packages / "minilm").symlink_to(weights, target_is_directory=True)
    shutil.copy(HERE / "packages.yaml", folder / "conf" / "packages.yaml")
    _call(folder, *_TIDEMILL, "fetch", "wordnet", "geonames")
    made = folder / "build"
    write_demo(packages, made)
    _call(
        folder, *_TIDEMILL, "new", NAME, "--documents", str(made / "documents"), "--knowledge", str(made / "facts.csv"), "--label", NAME
    )  # fmt: skip
    functions = folder / "src" / "problems" / NAME
    shutil.copy(HERE / "problem.yaml", folder / "conf" / "problem" / f"{NAME}.yaml")
    shutil.copy(HERE / "functions.yaml", functions / "functions.yaml")
    shutil.copy(made / "places.csv", functions / "places.csv")
    for file in ("subjects.csv", "objects.csv"):
        (functions / file).unlink()
    _call(folder, *_TIDEMILL, "compose")
    _call(folder, "git", "add", "-A")
    _call(folder, "git", "commit", "--quiet", "-m", "located: which place is in which, from the glosses of WordNet")


def _call(folder: Path, *words: str) -> None:
    if subprocess.run(words, cwd=folder, check=False).returncode:
        raise SystemExit(f"`{' '.join(words)}` failed in {folder}")


if __name__ == "__main__":
    main()
