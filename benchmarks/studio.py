"""How long a person waits in `tidemill studio`, and whether two people can edit one file.

Run: python benchmarks/studio.py [--texts 100000 1000000] [--edits 100] [--parts texts cells people] [--json OUT] [--check]

texts    made-up texts as after a run; each edit adds a word to a keywords function, so no two are alike
cells    all 2,624 packaged solar cells; each edit moves a limit on one of six statistics, measured once before
people   two people edit different functions of one file, in interleavings that are drawn: one after another, crosswise and at once,
         in one studio or each in their own

The studio is a process of its own, asked over loopback; first rows are seen in a browser (Chromium), which loads all of the page.
--check exits 1 naming each target missed.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
import yaml

from studio_projects import SEED, cell_project, text_project
from studio_server import Server, browsing, serving
from targets import Target, finish, options, target

MILLION: Final = 1_000_000
ROUNDS: Final = 100
STATISTICS: Final = ("mean", "dark_level", "edge_density", "entropy", "line_depth", "saturation")
PART: Final = "texts", "cells", "people"


def main() -> None:
    """Print the targets."""
    parser = options(__doc__)
    parser.add_argument("--texts", type=int, nargs="+", default=[100_000])
    parser.add_argument("--edits", type=int, default=100)
    parser.add_argument("--parts", choices=PART, nargs="+", default=list(PART))
    asked = parser.parse_args()
    figures: dict[str, Any] = {"targets": {}}
    for part in asked.parts:
        figures["targets"] |= MEASURES[part](asked)
    finish(figures, asked)


def measure_texts(asked: argparse.Namespace) -> dict[str, Target]:
    """First rows, previews and memory, for each number of texts."""
    found: dict[str, Target] = {}
    for texts in asked.texts:
        with _folder() as folder:
            text_project(folder, texts)
            with serving(folder) as server:
                found |= _of_texts(server, texts, asked.edits)
    return found


def _of_texts(server: Server, texts: int, edits: int) -> dict[str, Target]:
    most = 300 if texts < MILLION else 1500
    started = server.cpu()
    rows, rows_cpu = _first_rows(server), server.cpu() - started
    with server.client() as client:
        quick = _waits(client, "mail", _keywords(edits), quick=True)
        started = server.cpu()
        whole = _waits(client, "mail", _keywords(edits), quick=False)[1:]
        print(f"{texts:,} texts: preview median {np.median(whole):.0f} ms, first preview of a sample {quick[0]:.0f} ms")
        print(
            f"processor time of the server: first rows {rows_cpu:.0f} ms, a preview {(server.cpu() - started) / edits:.0f} ms"
        )
        sample = float(np.percentile(quick, 95))
        memory = server.peak_memory()
    name = f"{texts:,} texts"
    return {
        f"{name}: first rows": target(rows, "ms, at most 1,500", met=rows <= 1500),
        f"{name}: preview": _p95(whole, most),
        f"{name}: of a sample": target(sample, "ms, at most 300 (95th percentile)", met=sample <= 300),
        f"{name}: memory": target(memory, "MiB at the most, at most 1,536", met=memory <= 1536),
    }


def _first_rows(server: Server) -> float:
    """A problem's page is opened in a studio that was just started, until its first row is seen."""
    with browsing() as page:
        start = time.perf_counter()
        page.goto(f"{server.address}/#/mail")
        page.locator("[data-row]").first.wait_for()
        return 1000 * (time.perf_counter() - start)


def measure_cells(asked: argparse.Namespace) -> dict[str, Target]:
    """Previews of limits on statistics, once these are kept."""
    with _folder() as folder:
        cell_project(folder)
        with serving(folder) as server, server.client() as client:
            took = _ms(lambda: _measure(client))
            print(f"statistics of all cells measured in {took / 1000:.1f} s, which is done once")
        with serving(folder) as server, server.client() as client:  # a studio that is started later finds them
            waits = _waits(client, "cells", _limits(asked.edits), quick=False)
    print(f"cells: preview median {np.median(waits):.0f} ms, first {waits[0]:.0f} ms")
    return {"2,624 cells: preview": _p95(waits[1:], 300)}


def _measure(client: httpx.Client) -> None:
    for edit in _limits(len(STATISTICS)):
        while _preview(client, "cells", edit, quick=False)["measured"] is not None:
            time.sleep(0.2)


def measure_people(_: argparse.Namespace) -> dict[str, Target]:
    """How often the edits of both people are in the file."""
    drawn = np.random.default_rng(SEED)
    with _folder() as folder:
        text_project(folder, 1000)
        file = folder / "src/problems/mail/f.yaml"
        with serving(folder) as mine, serving(folder) as theirs, mine.client() as one, theirs.client() as other:
            second = [other if own else one for own in drawn.integers(2, size=ROUNDS)]
            survived = sum(_both_survive((one, client), file, drawn) for client in second)
    print(f"two people: both edits survive in {survived} of {ROUNDS} interleavings")
    return {"two people: both survive": target(survived, f"of {ROUNDS} interleavings", met=survived == ROUNDS)}


def _both_survive(people: Sequence[httpx.Client], file: Path, drawn: np.random.Generator) -> bool:
    """Each opens a function and saves it; the four steps come in a drawn order, the saves perhaps at once."""
    names = [f"says_{number}" for number in drawn.choice(np.arange(2, 12), 2, replace=False)]
    word = f"x{drawn.integers(10**9)}"
    opened: dict[int, dict[str, Any]] = {}
    at_once = bool(drawn.integers(2))
    with ThreadPoolExecutor(2) as pool:
        saves = []
        for person in drawn.permutation([0, 0, 1, 1]).tolist():
            if person not in opened:
                opened[person] = _open(people[person], names[person])
            else:
                saves.append(pool.submit(_save, people[person], opened[person], word))
                if not at_once:
                    saves[-1].result()
        for save in saves:
            save.result()
    functions = yaml.safe_load(file.read_text(encoding="utf-8"))["functions"]
    return all(word in one["words"] for one in functions if one["name"] in names)


def _open(client: httpx.Client, name: str) -> dict[str, Any]:
    [listed] = client.get("/api/problems/mail/functions").json()["files"]
    return dict(next(one for one in listed["functions"] if one["name"] == name))


def _save(client: httpx.Client, opened: dict[str, Any], word: str) -> None:
    content = yaml.safe_load(opened["yaml"])
    changed = yaml.safe_dump(content | {"words": [*content["words"], word]})
    body = {"file": "f.yaml", "yaml": changed, "name": opened["name"], "began_with": opened["yaml"]}
    client.post("/api/problems/mail/functions", json=body)


def _keywords(edits: int) -> Iterator[dict[str, Any]]:
    for place in range(edits + 1):
        yield {"name": "says_2", "kind": "keywords", "words": ["w2", "w20", f"w{place + 30}"], "vote": "spam"}


def _limits(edits: int) -> Iterator[dict[str, Any]]:
    for place in range(edits + 1):
        column = f"image.{STATISTICS[place % len(STATISTICS)]}"
        yield {"name": "new", "kind": "threshold", "column": column, "above": 0.2 + place / 1000, "vote": "defective"}


def _waits(client: httpx.Client, problem: str, edits: Iterator[dict[str, Any]], *, quick: bool) -> list[float]:
    return [_ms(partial(_preview, client, problem, edit, quick=quick)) for edit in edits]


def _preview(client: httpx.Client, problem: str, edit: dict[str, Any], *, quick: bool) -> dict[str, Any]:
    saved = None if edit["name"] == "new" else edit["name"]
    body = {"file": "f.yaml", "yaml": yaml.safe_dump(edit), "name": saved, "quick": quick}
    answer = client.post(f"/api/problems/{problem}/preview", json=body).json()
    if answer["error"] or answer["functions"][0]["failures"]:
        raise SystemExit(f"no preview: {answer}")
    found = dict(answer["functions"][0])
    if not quick and found["measured"] is None and found["rows"] != found["rows_in_all"]:
        raise SystemExit(f"only {found['rows']} of {found['rows_in_all']} rows were counted")
    return found


def _p95(waits: Sequence[float], most: float) -> Target:
    figure = float(np.percentile(waits, 95))
    return target(figure, f"ms, at most {most:,} (95th percentile of {len(waits)} edits)", met=figure <= most)


def _ms(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - start)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


MEASURES: Final = {"texts": measure_texts, "cells": measure_cells, "people": measure_people}


if __name__ == "__main__":
    main()
