"""The code blocks of a page of docs/, run as one program; what it prints is held against its comments."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def blocks(page: str, info: str = "python") -> list[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{info}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def promised(source: str) -> list[str]:
    """What each line `print(…)  # …` says that it prints; words after a colon explain it."""
    return [found[1] for found in re.finditer(r"^ *print\(.*\)  # (.*)$", source, flags=re.MULTILINE)]


def run(source: str, folder: Path) -> list[str]:
    """Run a program in a folder, warnings being errors, and give the lines that it prints."""
    (folder / "page.py").write_text(source, encoding="utf-8")
    command = [sys.executable, "-W", "error", "page.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def keeps(printed: str, promise: str) -> bool:
    return promise == printed or promise.startswith(f"{printed}: ")
