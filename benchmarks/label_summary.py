"""The analysis table beside snorkel's LFAnalysis.lf_summary, on votes of real functions: every figure to 1e-9.

Run: python benchmarks/label_summary.py [--data DIR] [--json OUT] [--check]
With --data (a folder of sets in WRENCH's form) its vote sets are compared; without it, votes drawn at random. Snorkel
lives in the environment that benchmarks/denoise.py makes for all peers, .venv-peers.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from denoise import peers_python
from denoise_sets import load_set
from tidemill.label.analysis.summary import lf_summary

COLUMNS = ("Coverage", "Overlaps", "Conflicts", "Correct", "Incorrect", "Emp. Acc.")
TOLERANCE = 1e-9

_PEER = """
import json, sys
import numpy as np
from snorkel.labeling import LFAnalysis
given = np.load(sys.argv[1])
found = {}
for name in {key.split("|")[0] for key in given}:
    votes, gold = given[f"{name}|votes"].astype(int), given[f"{name}|gold"].astype(int)
    table = LFAnalysis(votes).lf_summary(Y=gold).reset_index(drop=True)
    found[name] = {column: table[column].tolist() for column in table.columns}
json.dump(found, open(sys.argv[2], "w"), default=int)
"""


def main() -> None:
    """Compare, print, write, and say what was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of vote sets")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a figure differs")
    asked = parser.parse_args()
    python = peers_python()
    if python is None:
        raise SystemExit("snorkel cannot be installed here, so nothing can be compared")
    sets = _real(asked.data) if asked.data else _random()
    figures = compare(sets, _snorkel(sets, python))
    print(f"{'set':<16}{'rows':>9}{'functions':>11}{'largest difference':>20}")
    for name, item in figures.items():
        print(f"{name:<16}{item['rows']:>9,}{item['functions']:>11}{item['difference']:>20.1e}")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    missed = [name for name, item in figures.items() if not item["difference"] <= TOLERANCE]
    print(f"the table equals snorkel's to {TOLERANCE:g} on {len(figures) - len(missed)} of {len(figures)} sets")
    if asked.check and missed:
        raise SystemExit(f"missed: {', '.join(missed)}")


def _real(folder: Path) -> dict[str, tuple[Any, Any, int]]:
    """Folder of sets -> name -> votes, gold and number of classes, of the rows of test."""
    sets = [load_set(path.parent) for path in sorted(folder.glob("*/meta.json"))]
    return {item.name: (item.test, item.gold.astype(np.int16), item.n_classes) for item in sets}


def _random() -> dict[str, tuple[Any, Any, int]]:
    results = {}
    for classes, functions in ((2, 10), (3, 40), (7, 68)):
        rng = np.random.default_rng(classes)
        votes = np.where(rng.random((5000, functions)) < 0.9, -1, rng.integers(0, classes, (5000, functions)))
        results[f"random_{classes}"] = (
            votes.astype(np.int16),
            rng.integers(0, classes, 5000).astype(np.int16),
            classes,
        )
    return results


def _snorkel(sets: dict[str, tuple[Any, Any, int]], python: Path) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        arrays = {f"{name}|votes": votes for name, (votes, _, _) in sets.items()}
        arrays |= {f"{name}|gold": gold for name, (_, gold, _) in sets.items()}
        np.savez(f"{folder}/in.npz", **arrays)
        command = [str(python), "-W", "ignore", "-c", _PEER, f"{folder}/in.npz", f"{folder}/out.json"]
        subprocess.run(command, check=True, stdout=sys.stderr)
        return json.loads(Path(folder, "out.json").read_text(encoding="utf-8"))


def compare(sets: dict[str, tuple[Any, Any, int]], peer: Any) -> dict[str, dict[str, Any]]:
    """Sets and snorkel's tables -> per set the largest difference of any figure."""
    figures = {}
    for name, (votes, gold, n_classes) in sets.items():
        ours = lf_summary(votes, [str(j) for j in range(votes.shape[1])], n_classes=n_classes, gold=gold)
        differences = [np.abs(ours[item].to_numpy() - np.array(peer[name][item])).max() for item in COLUMNS]
        same = ours["Polarity"].to_list() == peer[name]["Polarity"]
        figures[name] = {
            "rows": len(votes),
            "functions": votes.shape[1],
            "difference": float(max(differences)) if same else float("inf"),
        }
    return figures


if __name__ == "__main__":
    main()
