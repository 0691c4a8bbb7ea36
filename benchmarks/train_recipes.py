"""What each recipe of `train=auto` does on rows that it has not seen and that no test is made of: what recipes are chosen by.

Run: python benchmarks/train_recipes.py --data DIR [--json OUT] [--seeds 2]
DIR holds sets in WRENCH's form with text. Of each set's training rows seven in ten teach, with labels of `denoise=auto`
fitted on all of them; the other three and the validation rows, by their gold, say how well. Test rows are not looked at.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from denoise import BACKBONE, fitted
from denoise_sets import score
from targets import options
from tidemill.contracts import ABSTAIN, NO_GOLD
from tidemill.denoise.statistics.votes import vote_shares
from tidemill.train.classical.base import ModelInputs
from tidemill.train.recipes.cotraining import fit_end_model
from tidemill.train.recipes.recipe import TrainingSet
from train_sets import embedded_once, settings, with_text

RECIPES = ("cotrained", "mixed", "self", "confidence", "plain")
_KEPT_AWAY = 0.3


def main() -> None:
    """Every set, every seed, every recipe: print, and write where that is asked."""
    parser = options(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of vote sets with text")
    parser.add_argument("--weights", type=Path, default=BACKBONE, help="folder of MiniLM")
    parser.add_argument("--cache", type=Path, help="folder where features are kept between runs")
    parser.add_argument("--seeds", type=int, default=2)
    asked = parser.parse_args()
    results: dict[str, dict[str, list[float]]] = {}
    for votes in with_text(asked.data):
        results[votes.name] = {}
        rows = read(asked.data / votes.name, asked)
        model = fitted("auto", votes.n_classes, rows["votes"], features=rows["features"])
        labels = model.predict_proba(rows["votes"], features=rows["features"])
        for seed in range(asked.seeds):
            for name, item in compared(rows, labels, votes, seed).items():
                results[votes.name].setdefault(name, []).append(item)
        print(f"{votes.name}: {means(results[votes.name])}", file=sys.stderr)
    report(results)
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def read(folder: Path, asked: Any) -> dict[str, Any]:
    """Folder of a set, and where MiniLM and features are -> texts, features, votes and gold of its training rows and of its validation rows."""
    parts = {name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in ("train", "valid")}
    texts = {name: [row["data"]["text"] for row in rows.values()] for name, rows in parts.items()}
    gold = {
        name: np.array([NO_GOLD if row["label"] is None else row["label"] for row in rows.values()])
        for name, rows in parts.items()
    }
    votes = np.array([row["weak_labels"] for row in parts["train"].values()], dtype=np.int16)
    made = embedded_once(folder.name, texts, asked.weights, asked.cache)
    return {"votes": votes, "features": made["train"], "texts": texts, "gold": gold, "valid": made["valid"]}


def compared(rows: dict[str, Any], labels: Any, votes: Any, seed: int) -> dict[str, float]:
    """Rows of a set, their labels, the set and a seed -> score of each recipe, of its views too, on rows kept away."""
    order = np.random.default_rng([seed, 5]).permutation(len(labels))
    away, training_rows = np.split(order, [round(_KEPT_AWAY * len(order))])
    away = away[rows["gold"]["train"][away] != NO_GOLD]
    texts = np.array(rows["texts"]["train"], dtype=object)
    asked = np.concatenate([rows["features"][away], rows["valid"]])
    read_too = [*texts[away], *rows["texts"]["valid"]]
    gold = np.concatenate([rows["gold"]["train"][away], rows["gold"]["valid"]])
    covered = (rows["votes"][training_rows] != ABSTAIN).any(axis=1)
    nothing = np.full(len(training_rows), NO_GOLD)
    training_set = TrainingSet(
        rows["features"][training_rows], labels[training_rows], covered, nothing, list(texts[training_rows])
    )
    voted = TrainingSet(
        training_set.features, vote_shares(rows["votes"][training_rows], votes.n_classes), covered, nothing
    )
    stated = {"majority vote": fit_end_model(voted, settings("head", seed)).predict_proba(asked)}
    for name in RECIPES:
        model = fit_end_model(training_set, settings("auto", seed).recipe(name))
        stated[name] = model.predict_proba(asked, read_too)
        if model.ensemble is not None:
            stated[f"{name}: head"] = model.head.predict_proba(asked)
            for view, member in model.ensemble.members.items():
                stated[f"{name}: {view}"] = member.predict_proba(ModelInputs(asked, read_too))
    return {name: score(item, gold, votes.metric) for name, item in stated.items()}


def means(scores: dict[str, list[float]]) -> str:
    """Recipe -> scores of the seeds -> a line."""
    return ", ".join(f"{name} {np.mean(some):.1f}" for name, some in scores.items())


def report(result: dict[str, dict[str, list[float]]]) -> None:
    """Set -> recipe -> scores -> a table: a line for each recipe, a column for each set, mean and least gain at its end."""
    recipes = next(iter(result.values()))
    print(f"{'':20}" + "".join(f"{name:>14}" for name in result) + f"{'mean gain':>12}{'least':>8}")
    for name in recipes:
        scores = [float(np.mean(item[name])) for item in result.values()]
        gains = [
            score - float(np.mean(item["majority vote"])) for score, item in zip(scores, result.values(), strict=True)
        ]
        print(f"{name:20}" + "".join(f"{item:14.1f}" for item in scores) + f"{np.mean(gains):12.1f}{min(gains):8.1f}")


if __name__ == "__main__":
    main()
