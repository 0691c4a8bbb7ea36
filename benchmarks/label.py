"""How fast labeling functions are applied, and applied again after an edit, beside snorkel's PandasLFApplier.

Run: python benchmarks/label.py [--data DIR] [--rows N] [--memory] [--json OUT] [--check]
With --data (a folder of sets in WRENCH's form) the texts of youtube, sms and trec serve; without it, made ones.
--memory also labels 10 million rows and watches the memory of all processes (15 minutes). Snorkel lives in the
environment that the benchmarks make for all peers.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from denoise import peers_python
from label_sets import ROW_FUNCTIONS, SETS, functions_of, images_of, made_texts, texts_of
from tidemill.label.engine.failures import fail
from tidemill.label.engine.load import open_functions
from tidemill.label.engine.vote_reuse import Batch, Engine
from tidemill.label.engine.worker_pool import Limits

ROOT = Path(__file__).parents[1]
LIMITS = Limits(60.0, 2000, 0)
CLASSES = ("c0", "c1", "c2")
STATISTICS = (
    *("mean", "dark_level", "bright_level", "dark_fraction", "bright_fraction"),
    *("variation", "darkest_block", "block_step", "edge_density", "row_variation"),
)
TARGETS: dict[str, tuple[str, Callable[[float], bool]]] = {
    **{f"declared, {number} functions": (">= 100 x snorkel", lambda x: x >= 100) for number in SETS.values()},
    "Python row functions": (">= 3 x snorkel", lambda x: x >= 3),
    "edit one of 50": ("<= 5% of the full run + 1 s", lambda x: x <= 0),
    "append 1%": ("<= 3% of the full run + 1 s", lambda x: x <= 0),
    "start to first row": ("<= 0.7 s", lambda x: x <= 0.7),
    "10 image statistics": ("<= 1.3 x decoding", lambda x: x <= 1.3),
    "memory of 10M rows": ("<= 2048 MB", lambda x: x <= 2048),
}


def main() -> None:
    """Measure, print, write, and say which targets are missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of sets with text")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the project that is edited")
    parser.add_argument("--memory", action="store_true", help="also label 10 million rows")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a target is missed")
    asked = parser.parse_args()
    figures: dict[str, dict[str, Any]] = {}
    for part in (
        lambda: against_snorkel(asked.data),
        lambda: project(asked.rows),
        images,
        *([memory] if asked.memory else []),
    ):
        for name, item in part().items():
            figures[name] = item
            print(f"{name:<26}{item['value']:>10.2f}  {TARGETS[name][0] if name in TARGETS else '':<30}{item['told']}")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    missed = [name for name, item in figures.items() if name in TARGETS and not TARGETS[name][1](item["value"])]
    print(f"missed: {', '.join(missed) or 'nothing'}")
    if asked.check and missed:
        raise SystemExit(1)


def against_snorkel(folder: Path | None) -> dict[str, dict[str, Any]]:
    """Rows a second as multiples of PandasLFApplier's, where all votes are the same."""
    python = peers_python()
    if python is None:
        raise SystemExit("snorkel cannot be installed here, so nothing can be compared")
    results = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, number in SETS.items():
            texts = texts_of(name, folder)
            functions = functions_of(texts, number)
            file = Path(scratch) / "f.yaml"
            file.write_text(yaml.safe_dump({"functions": functions}), encoding="utf-8")
            theirs = snorkel(python, {"texts": texts, "functions": functions})
            results[f"declared, {number} functions"] = compared(file, CLASSES, texts, theirs, 400_000)
        texts = texts_of("youtube", folder)
        here, there = Path(scratch) / "ours.py", Path(scratch) / "theirs.py"
        here.write_text(ROW_FUNCTIONS.format(library="tidemill.label"), encoding="utf-8")
        there.write_text(ROW_FUNCTIONS.format(library="snorkel.labeling"), encoding="utf-8")
        theirs = snorkel(python, {"texts": (texts * 5)[:10_000], "file": str(there)})
        results["Python row functions"] = compared(here, ("ham", "spam"), (texts * 5)[:10_000], theirs, 200_000)
    return results


def snorkel(python: Path, given: dict[str, Any]) -> Any:
    """The peers' interpreter and what to apply -> votes, seconds and names."""
    with tempfile.TemporaryDirectory() as scratch:
        words, out = Path(scratch) / "given.json", Path(scratch) / "out.npz"
        words.write_text(json.dumps(given), encoding="utf-8")
        script = Path(__file__).with_name("label_peers.py")
        subprocess.run([python, script, words, out], check=True)
        return dict(np.load(out))


def compared(file: Path, classes: tuple[str, ...], texts: list[str], theirs: Any, rows: int) -> dict[str, Any]:
    """File of functions, texts and snorkel's answer -> multiple of its speed; the texts are repeated to so many rows."""
    many = (texts * (rows // len(texts) + 1))[: max(rows, len(texts))]
    with open_functions(file, classes, LIMITS) as voters:
        names = [function.name for function in voters.functions]
        votes = ours(voters, texts)[:, [names.index(str(name)) for name in theirs["names"]]]
        if not np.array_equal(votes, theirs["votes"]):
            raise SystemExit(f"{file.name}: {int((votes != theirs['votes']).sum())} votes differ from snorkel's")
        start = time.perf_counter()
        ours(voters, many)
        ourselves = len(many) / (time.perf_counter() - start)
    snorkels = len(texts) / float(theirs["seconds"])
    message = f"{ourselves:,.0f} rows a second, snorkel {snorkels:,.0f}; {votes.size:,} votes are the same"
    return {"value": ourselves / snorkels, "told": message, "ours": ourselves, "snorkel": snorkels}


def ours(voters: Any, texts: list[str]) -> Any:
    """Labeling functions and texts -> votes; nothing is kept, nobody is asked twice."""
    table = pl.DataFrame({"row_id": pl.int_range(len(texts), eager=True).cast(pl.String), "text": texts})
    return next(Engine(voters, fail).votes([Batch("x", "x", read=lambda: table, ids=lambda: table)]))


def project(rows: int) -> dict[str, dict[str, Any]]:
    """The label stage on a project of many rows and 50 functions, five of them Python: in full, edited, appended."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        functions = functions_of(made_texts(5000, seed=1), 45)
        write_project(folder, rows, batches=10)
        write_functions(folder, functions)
        full = stage(folder)
        functions[7] = {**functions[7], "words": ["kelimo", "bakeli"], "kind": "keywords", "whole_words": True}
        functions[7].pop("pattern", None)
        functions[7].pop("flags", None)
        write_functions(folder, functions)
        edited = stage(folder)
        write_functions(folder, functions, extra=" and x.text")
        coded = stage(folder)
        write_project(folder, rows // 100, batches=1, first=10)
        appended = stage(folder)
        unchanged = stage(folder)
        first = first_row(folder)
    message = f"full {full:.1f} s"
    return {
        "full run": {"value": full, "told": f"{rows:,} rows, 50 functions, {rows * 50 / full:,.0f} votes a second"},
        "edit one of 50": {
            "value": edited - (0.05 * full + 1),
            "told": f"{message}, edited {edited:.2f} s",
            "s": edited,
        },
        "edit one Python function": {"value": coded - (0.05 * full + 1), "told": f"{coded:.2f} s", "s": coded},
        "append 1%": {"value": appended - (0.03 * full + 1), "told": f"{message}, appended {appended:.2f} s"},
        "nothing changed": {"value": unchanged, "told": "s"},
        "start to first row": {"value": first, "told": "s, of a Python function, in its own process"},
    }


def write_project(folder: Path, rows: int, *, batches: int, first: int = 0) -> None:
    """Folder -> a project with so many more rows, in batches."""
    conf = {
        name: yaml.safe_load((ROOT / f"src/tidemill/conf/{name}/{file}.yaml").read_text(encoding="utf-8"))
        for name, file in (("ingest", "table"), ("label", "default"))
    }
    about = {"name": "many", "modality": "text", "classes": list(CLASSES)}
    conf["ingest"] |= {"incoming": "in", "text": "text"}
    conf["label"]["suite"] |= {"min_coverage": 0.0, "max_conflict": 1.0}
    (folder / "params.yaml").write_text(yaml.safe_dump({"problems": ["many"], "many": {"problem": about, **conf}}))
    for name in ("raw", "dev"):
        (folder / "data/many" / name).mkdir(parents=True, exist_ok=True)
    for number in range(first, first + batches):
        texts = made_texts(rows // batches, seed=number % 10)  # ids differ, and a batch is keyed by its file
        ids = [f"{number:03d}-{k:08d}" for k in range(len(texts))]
        raw = {"row_id": ids, "key": ids, "batch": f"b{number:03d}", "split": "train", "text": texts}
        pl.DataFrame(raw).write_parquet(folder / f"data/many/raw/b{number:03d}.parquet")
        dev = pl.DataFrame({"row_id": ids[:9], "gold": [0] * 9}, schema_overrides={"gold": pl.Int16})
        dev.write_parquet(folder / f"data/many/dev/b{number:03d}.parquet")
    names = [
        {"batch": f"b{number:03d}", "source": f"b{number:03d}.csv", "sha256": "0"} for number in range(first + batches)
    ]
    (folder / "data/many/batches.json").write_text(json.dumps({"batches": names}))


def write_functions(folder: Path, functions: list[dict[str, Any]], extra: str = "") -> None:
    """Folder and declared functions -> the problem's files, five Python functions among them."""
    home = folder / "src/problems/many"
    home.mkdir(parents=True, exist_ok=True)
    (home / "f.yaml").write_text(yaml.safe_dump({"functions": functions}), encoding="utf-8")
    lines = ["from tidemill.label import labeling_function\n\n"]
    for k in range(5):
        body = f"return {k % 3} if len(x.text) % 7 == {k}{extra if k == 0 else ''} else -1"
        lines.append(f"\n@labeling_function()\ndef p{k}(x):\n    {body}\n")
    (home / "g.py").write_text("".join(lines), encoding="utf-8")


def stage(folder: Path) -> float:
    """Project -> wall seconds of its label stage; what the processors worked for it is printed."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "tidemill.stages.label", "many"], cwd=folder, check=True, stderr=subprocess.PIPE
    )
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"  label stage: {seconds:.2f} s, {worked:.2f} s of processor", flush=True)
    return seconds


def first_row(folder: Path) -> float:
    """Project -> the least seconds of three from the start of its label stage to the first row that is asked."""
    summary = "import sys, time\nfrom tidemill.label import labeling_function\n\nSAID = []\n\n\n@labeling_function()\ndef a(x):\n"
    summary += "    if not SAID:\n        SAID.append(sys.stderr.write(f'FIRST {time.time()} \\n'))\n    return VOTE\n"
    results = []
    for k in range(3):
        (folder / "src/problems/many/a.py").write_text(summary.replace("VOTE", str(k)), encoding="utf-8")
        start = time.time()
        command = [sys.executable, "-m", "tidemill.stages.label", "many"]
        done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
        results.append(float(done.stderr.split("FIRST ")[1].split()[0]) - start)
    return min(results)


def images() -> dict[str, dict[str, Any]]:
    """Ten functions on image statistics beside decoding the images once; both in one process, so that like is compared."""
    from tidemill.label.image_statistics.pixels import decode

    data = images_of(ROOT / "data/packages")
    table = pl.DataFrame({"row_id": [str(k) for k in range(len(data))], "image": data})
    start = time.perf_counter()
    for item in data:
        decode(item)
    decoding = time.perf_counter() - start
    functions = [
        {"name": name, "kind": "threshold", "column": f"image.{name}", "above": 0.5, "vote": "c0"}
        for name in STATISTICS
    ]
    seconds = {}
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "f.yaml"
        file.write_text(yaml.safe_dump({"functions": functions}), encoding="utf-8")
        for processes in (1, 0):
            with open_functions(file, CLASSES, LIMITS, processes=processes) as voters:
                voters.start()
                start = time.perf_counter()
                next(Engine(voters, fail).votes([Batch("x", "x", read=lambda: table, ids=lambda: table)]))
                seconds[processes] = time.perf_counter() - start
    message = f"decoding {len(data):,} once {decoding:.1f} s, all {seconds[1]:.1f} s, on all cores {seconds[0]:.1f} s"
    return {
        "10 image statistics": {"value": seconds[1] / decoding, "told": message, "all_cores": seconds[0] / decoding}
    }


def memory() -> dict[str, dict[str, Any]]:
    """The label stage on 10 million rows in 100 batches -> the most memory that its processes held together."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_project(folder, 10_000_000, batches=100)
        write_functions(folder, functions_of(made_texts(5000, seed=1), 10))
        with watched() as seen:
            seconds = stage(folder)
    return {"memory of 10M rows": {"value": max(seen), "told": f"MB at most; 15 functions, {seconds:.0f} s"}}


@contextmanager
def watched() -> Iterator[list[float]]:
    """Nothing -> megabytes held by all processes below this one, ten times a second."""
    seen, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            seen.append(sum(_held(process) for process in _below(os.getpid())))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def _below(process: int) -> Iterator[int]:
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
        others = [task for task in Path(f"/proc/{process}/task").iterdir() if task.name != str(process)]
        children += [child for task in others for child in (task / "children").read_text(encoding="ascii").split()]
    except OSError:
        return
    for child in map(int, children):
        yield child
        yield from _below(child)


def _held(process: int) -> float:
    """Number of a process -> megabytes of its own: pages it shares with others are counted by their share."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


if __name__ == "__main__":
    main()
