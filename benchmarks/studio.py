"""How long a person waits in `tidemill studio`: the preview of an edited function, and the first rows of a page.

Run: python benchmarks/studio.py [--texts 100000] [--edits 100] [--json OUT] [--check]
Made-up texts of about 20 words drawn from 5,000, in a temporary project; server side, through the application's own answers. Each edit adds a
word to a keywords function, so no two are alike. --check exits 1 naming each target missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import psutil
import yaml
from starlette.testclient import TestClient

from tidemill.apps.studio.app import application
from tidemill.apps.studio.guard import CSRF, Access
from tidemill.project.project import Project
from tidemill.reports.project import Arrival, Manifest

WORDS: Final = 5_000
CONF: Final = Path(__file__).parents[1] / "src/tidemill/conf"
TARGETS: Final = {"preview p95, ms": 300.0, "first rows, ms": 1500.0}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--edits", type=int, default=100)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(make_project(Path(folder), asked.texts), asked.edits)
    print(f"{asked.texts:,} texts, {asked.edits} edits")
    for name, value in figures.items():
        print(f"{name:<24} {value:>10,.0f}{f'   target {TARGETS[name]:,.0f}' if name in TARGETS else ''}")
    if asked.json:
        asked.json.write_text(json.dumps({"texts": asked.texts, "edits": asked.edits, **figures}, indent=2) + "\n")
    missed = [name for name, limit in TARGETS.items() if figures[name] > limit]
    if asked.check and missed:
        sys.exit(f"missed: {', '.join(missed)}")


def make_project(folder: Path, texts: int) -> Project:
    """Make a project with one problem that has not run yet."""
    drawn = np.random.default_rng(7)
    words = np.array([f"w{number}" for number in range(WORDS)])
    said = [" ".join(line) for line in words[drawn.zipf(1.3, (texts, 20)) % WORDS]]
    split = np.where(np.arange(texts) % 50 == 0, "dev", "train")
    ids = [f"r{number}" for number in range(texts)]
    raw = pl.DataFrame({"row_id": ids, "key": ids, "batch": "b", "split": split, "text": said})
    gold = pl.DataFrame({"row_id": ids, "gold": drawn.integers(0, 2, texts).astype(np.int16)})
    for name, table in (("raw", raw), ("dev", gold.filter(pl.Series(split == "dev")))):
        (folder / f"data/mail/{name}").mkdir(parents=True)
        table.write_parquet(folder / f"data/mail/{name}/b.parquet")
    Manifest(batches=(Arrival(batch="b", source="b.csv", sha256="0"),)).write(folder / "data/mail/batches.json")
    _write_settings(folder)
    return Project.open(folder)


def _write_settings(folder: Path) -> None:
    sections: dict[str, Any] = {
        name: yaml.safe_load((CONF / name / f"{file}.yaml").read_text(encoding="utf-8"))
        for name, file in (("label", "default"), ("ingest", "table"))
    }
    sections["ingest"] |= {"incoming": "in", "text": "text", "meta": {}}
    problem = {"name": "mail", "modality": "text", "classes": ["ham", "spam"]}
    params = {"problems": ["mail"], "mail": {"problem": problem, **sections}}
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    (folder / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    functions = folder / "src/problems/mail"
    functions.mkdir(parents=True)
    (functions / "f.yaml").write_text(
        "functions:\n  - {name: says, kind: keywords, words: [w10, w20], vote: spam}\n", encoding="utf-8"
    )


def measure(project: Project, edits: int) -> dict[str, float]:
    """Ask as the pages do: about the problem and for its rows once, then for a preview after each edit."""
    access = Access("127.0.0.1")
    client = TestClient(application(project, access), base_url="http://127.0.0.1", headers={CSRF: access.csrf})
    first = _ms(lambda: (client.get("/api/problems/mail"), client.get("/api/problems/mail/rows")))
    waits = [_ms(lambda place=place: _edit(client, place)) for place in range(edits + 1)]  # type: ignore[misc]
    return {
        "first rows, ms": first,
        "first preview, ms": waits[0],
        "preview median, ms": float(np.median(waits[1:])),
        "preview p95, ms": float(np.percentile(waits[1:], 95)),
        "memory, MiB": psutil.Process().memory_info().rss / 2**20,
    }


def _edit(client: TestClient, place: int) -> None:
    text = f"{{name: says, kind: keywords, words: [w10, w20, w{place + 30}], vote: spam}}"
    answer = client.post("/api/problems/mail/preview", json={"file": "f.yaml", "yaml": text, "name": "says"}).json()
    if answer["error"]:
        sys.exit(answer["error"])


def _ms(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - start)


if __name__ == "__main__":
    main()
