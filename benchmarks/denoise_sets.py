"""Real vote sets in WRENCH's form, and how they are scored: mean over random tie-breaks, with bootstrap intervals."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SPLITS = ("train", "valid", "test")


@dataclass(frozen=True)
class VoteSet:
    """One set: votes to fit on, votes to score, their gold; texts where every row has one."""

    name: str
    n_classes: int
    metric: str
    train: Any
    test: Any
    gold: Any
    texts: Any  # texts by split; None where rows have none
    train_gold: Any = None
    valid: Any = None
    valid_gold: Any = None


def load_set(folder: Path) -> VoteSet:
    """Folder of train.json, test.json and meta.json -> the set; where there is no train.json, test is fitted on."""
    meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    content = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in _files(folder).items()}
    votes = {
        name: np.array([row["weak_labels"] for row in rows.values()], dtype=np.int16) for name, rows in content.items()
    }
    texts: dict[str, list[Any]] = {
        name: [(row.get("data") or {}).get("text") for row in rows.values()] for name, rows in content.items()
    }
    gold = np.array([row["label"] for row in content["test"].values()])
    with_text = _told(content, meta) and "train" in texts and all(all(map(bool, part)) for part in texts.values())
    train = votes.get("train", votes["test"])
    known = {name: _gold(rows) for name, rows in content.items()}
    valid = _valid(folder)
    return VoteSet(
        folder.name,
        meta["n_class"],
        meta["metric"],
        train,
        votes["test"],
        gold,
        texts if with_text else None,
        train_gold=known.get("train", gold),
        valid=valid[0],
        valid_gold=valid[1],
    )


def _gold(rows: dict[str, Any]) -> Any:
    """Rows of a split -> their gold, -1 where there is none."""
    return np.array([-1 if row["label"] is None or row["label"] < 0 else row["label"] for row in rows.values()])


def _valid(folder: Path) -> tuple[Any, Any]:
    """Folder of a set -> votes and gold of valid.json, None where there is none."""
    path = folder / "valid.json"
    if not path.exists():
        return None, None
    rows = json.loads(path.read_text(encoding="utf-8"))
    return np.array([row["weak_labels"] for row in rows.values()], dtype=np.int16), _gold(rows)


def _files(folder: Path) -> dict[str, Path]:
    return {name: folder / f"{name}.json" for name in ("train", "test") if (folder / f"{name}.json").exists()}


def _told(content: dict[str, Any], meta: dict[str, Any]) -> bool:
    """Texts of every split, of rows that have no features of their own beside (as those of images do)."""
    predicted = all(split.get("has_text", False) for split in meta.get("splits", {}).values())
    return predicted and not any(
        "feature" in (row.get("data") or {}) for rows in content.values() for row in rows.values()
    )


def score(probabilities: Any, gold: Any, metric: str, *, draws: int = 200, seed: int = 0) -> float:
    """Probabilities and gold -> score x 100, ties broken at random, the mean of ``draws`` breaks."""
    generator = np.random.default_rng(seed)
    best = probabilities >= probabilities.max(axis=1, keepdims=True) - 1e-9
    results = []
    for _ in range(draws if (best.sum(axis=1) > 1).any() else 1):
        chosen = (generator.random(best.shape) * best).argmax(axis=1)
        results.append(measure(chosen, gold, metric))
    return float(np.mean(results))


def measure(chosen: Any, gold: Any, metric: str) -> float:
    """Chosen classes and gold -> accuracy, balanced accuracy or F1, x 100."""
    if metric == "acc":
        return 100.0 * float((chosen == gold).mean())
    if metric == "balanced":
        return 100.0 * float(np.mean([(chosen[gold == k] == k).mean() for k in np.unique(gold)]))
    classes = [1] if metric == "f1_binary" else range(int(gold.max()) + 1)
    each = [2 * ((chosen == k) & (gold == k)).sum() / max((chosen == k).sum() + (gold == k).sum(), 1) for k in classes]
    return 100.0 * float(np.mean(each))


def interval(probabilities: Any, gold: Any, metric: str, *, draws: int = 200, seed: int = 0) -> tuple[float, float]:
    """Probabilities and gold -> 95% bootstrap interval of the score over test rows."""
    generator = np.random.default_rng(seed)
    results = []
    for draw in range(draws):
        rows = generator.integers(0, len(gold), len(gold))
        results.append(score(probabilities[rows], gold[rows], metric, draws=1, seed=draw))
    low, high = np.quantile(results, [0.025, 0.975])
    return float(low), float(high)


def peers_of(path: Path) -> dict[str, dict[str, float]]:
    """peers.csv -> model -> set -> score x 100."""
    result: dict[str, dict[str, float]] = defaultdict(dict)
    if path.exists():
        with path.open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["score"]:
                    result[row["model"]][row["dataset"]] = 100.0 * float(row["score"])
    return dict(result)
