"""How long `make run` takes in a fresh clone, and again when nothing has changed.

The environment is installed and the packages are fetched before the clock starts. Run: python benchmarks/run.py
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGETS = {"first": 480.0, "unchanged": 30.0}


def main() -> None:
    """Clone, install, fetch, then time the two runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a target is missed")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tidemill-") as scratch:
        seconds = _measure(Path(scratch) / "clone")
    for name, value in seconds.items():
        print(f"make run, {name}: {value:.0f} s (target: under {TARGETS[name]:.0f} s)")
    if chosen.json:
        chosen.json.write_text(json.dumps(seconds, indent=2) + "\n", encoding="utf-8")
    missed = [name for name, value in seconds.items() if value >= TARGETS[name]]
    if chosen.check and missed:
        raise SystemExit(f"missed: {', '.join(missed)}")


def _measure(clone: Path) -> dict[str, float]:
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    packages = ROOT / "data" / "packages"
    if packages.exists():
        shutil.copytree(packages, clone / "data" / "packages")
    subprocess.run(["make", "install"], cwd=clone, check=True)
    subprocess.run([clone / ".venv/bin/tidemill", "fetch"], cwd=clone, check=True)
    return {name: _timed(["make", "run"], clone) for name in ("first", "unchanged")}


def _timed(command: list[str], folder: Path) -> float:
    start = time.monotonic()
    subprocess.run(command, cwd=folder, check=True)
    return time.monotonic() - start


if __name__ == "__main__":
    main()
