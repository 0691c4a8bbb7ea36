"""Probabilities of the label model `auto`: calibration, class shares, rare classes, and never below the majority vote.

Run: python benchmarks/denoise_probabilities.py --data DIR [--json OUT] [--before FILE] [--check]
DIR holds vote sets in WRENCH's form. Models are fitted on train votes without gold and scored on test; the baseline is the
majority vote smoothed by one pseudo-vote spread over the classes. With --before, the figures of another version (its --json)
stand beside these; benchmarks/denoise_before.json has those of 0.1.0.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from denoise_sets import VoteSet, load_set, score
from denoise_variants import altered, rare
from tidemill.common.calibration_error import calibration_error
from tidemill.denoise.models.registry import create

SEED = 20
FIRST = 13
"""Sets of the earlier figure; the derived sets have no text, no votes of their own."""
DERIVED = ("sparse_many", "one_list_per_class")
SIZES = (50, 100, 200)
GOLD_DRAWS = 10
COPIES = 3
RARE_SEEDS = 10
LEAST_SHARE = 0.05
SMALLEST = 1e-6


def main() -> None:
    """Run all parts, print them beside the figures of before, write them, and say what was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of vote sets")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--before", type=Path, help="figures of another version, as --json writes them")
    parser.add_argument("--check", action="store_true", help="exit with 1, naming each target missed")
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    sets = [load_set(part.parent) for part in sorted(asked.data.glob("*/meta.json"))]
    results = {
        "sets": _all(_measured, sets, asked.jobs),
        "altered": _all(_measured, (copy for votes in sets for copy in altered(votes, seeds=COPIES)), asked.jobs),
        "rare": _all(_measured_rare, rare(seeds=RARE_SEEDS), asked.jobs),
        "gold": _all(_with_gold, [votes for votes in sets if votes.valid is not None], asked.jobs),
    }
    table = figures(results)
    before = json.loads(asked.before.read_text(encoding="utf-8"))["figures"] if asked.before else None
    report(results, table, before)
    if asked.json:
        plain = {name: round(figure, 4) for name, (figure, _, _) in table.items()}
        content = {"figures": plain, "measured": results}
        asked.json.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    missed = [name for name, (figure, limit, _) in table.items() if not _met(figure, limit)]
    if asked.check and missed:
        raise SystemExit(f"missed: {'; '.join(missed)}")


def _all(measure: Any, sets: Iterable[VoteSet], jobs: int) -> dict[str, Any]:
    with ProcessPoolExecutor(jobs) as executor:
        return dict(executor.map(measure, list(sets), chunksize=4))


def smoothed(votes: Any, n_classes: int) -> Any:
    """Smooth the majority vote of each row by one pseudo-vote spread over the classes, ``(n_rows, n_classes)``."""
    counts = np.stack([(votes == k).sum(axis=1) for k in range(n_classes)], axis=1)
    return (counts + 1.0 / n_classes) / (counts.sum(axis=1, keepdims=True) + 1.0)


def log_loss(probabilities: Any, gold: Any) -> float:
    """Compute the mean log loss."""
    return float(-np.log(np.maximum(probabilities[np.arange(len(gold)), gold], SMALLEST)).mean())


def _fitted(n_classes: int, votes: Any, **given: Any) -> Any:
    return create("auto", n_classes, seed=SEED, draws=0).fit(votes, **given)


def _measured(votes: VoteSet) -> tuple[str, dict[str, Any]]:
    """Fit on train, score on test: what every target of the sets and their copies is made of."""
    model = _fitted(votes.n_classes, votes.train)
    return votes.name, _compared(model.predict_proba(votes.test), votes) | {"chosen": model.evidence_["chosen"]}


def _compared(given: Any, votes: VoteSet) -> dict[str, Any]:
    baseline, gold = smoothed(votes.test, votes.n_classes), votes.gold
    voted = (votes.test != -1).any(axis=1)
    truth = np.bincount(gold, minlength=votes.n_classes) / len(gold)
    rarest = int(np.where(truth > 0, truth, 2.0).argmin())
    return {
        "score": score(given, gold, votes.metric),
        "majority": score(baseline, gold, votes.metric),
        "voted": [_accuracy(each[voted], gold[voted]) for each in (given, baseline)],
        "log_loss": log_loss(given, gold),
        "majority_log_loss": log_loss(baseline, gold),
        "calibration_error": calibration_error(given, gold),
        "majority_calibration_error": calibration_error(baseline, gold),
        "share_distance": 0.5 * float(np.abs(given.mean(axis=0) - truth).sum()),
        "rarest": [float(truth[rarest]), float(given.mean(axis=0)[rarest])],
    }


def _accuracy(probabilities: Any, gold: Any) -> float:
    return score(probabilities, gold, "acc", draws=20) if len(gold) else float("nan")


def _measured_rare(votes: VoteSet) -> tuple[str, dict[str, Any]]:
    name, result = _measured(votes)
    given = _fitted(2, votes.train).predict_proba(votes.test)
    silent, truth = (votes.test == -1).all(axis=1), votes.gold == 1
    predicted = given[:, 1] > 0.5
    by_votes = smoothed(votes.test, 2)[:, 1] > 0.5
    return name, result | {
        "given": int(predicted.sum()),
        "truly": int(truth.sum()),
        "recall": [float(each[truth].mean()) if truth.any() else 1.0 for each in (predicted, by_votes)],
        "silent": float(given[silent, 1].max()) if silent.any() else 0.0,
    }


def _with_gold(votes: VoteSet) -> tuple[str, dict[str, Any]]:
    """Some rows of valid have gold: calibration error and score on test, mean of the draws."""
    rows = np.concatenate([votes.train, votes.valid])
    known = np.flatnonzero(votes.valid_gold >= 0)
    blind = score(_fitted(votes.n_classes, rows).predict_proba(votes.test), votes.gold, votes.metric)
    results = {}
    for size in SIZES:
        errors, scores = [], []
        for draw in range(GOLD_DRAWS):
            drawn = np.random.default_rng([draw, size]).permutation(known)[:size]
            gold = np.full(len(rows), -1)
            gold[len(votes.train) + drawn] = votes.valid_gold[drawn]
            given = _fitted(votes.n_classes, rows, gold=gold).predict_proba(votes.test)
            errors.append(calibration_error(given, votes.gold))
            scores.append(score(given, votes.gold, votes.metric, draws=50))
        results[str(size)] = {
            "calibration_error": float(np.mean(errors)),
            "score": float(np.mean(scores)),
            "blind": blind,
        }
    return votes.name, results


def figures(result: dict[str, Any]) -> dict[str, tuple[float, tuple[str, float] | None, str]]:
    """Turn measurements into the figures of the targets.

    Returns
    -------
    dict
        Name to figure, limit (``"<="`` or ``">="`` and a number, or None) and what it is.
    """
    sets, copies, rares, gold = (list(result[part].items()) for part in ("sets", "altered", "rare", "gold"))
    first = [row["score"] for name, row in sets if name not in DERIVED]
    ratio = [row["log_loss"] / row["majority_log_loss"] for _, row in sets]
    behind = [row["score"] - row["majority"] for _, row in copies]
    voted = [row["voted"][0] - row["voted"][1] for _, row in copies if np.isfinite(row["voted"][0])]
    factors = [_factor(*row["rarest"]) for _, row in sets if row["rarest"][0] >= LEAST_SHARE]
    at_100 = [row["100"] for _, row in gold]
    return {
        "mean score": (float(np.mean(first)), (">=", 64.0), f"votes only, the {len(first)} sets of before"),
        "derived sets": (
            min(row["score"] - row["majority"] for name, row in sets if name in DERIVED),
            (">=", -0.5),
            "the worse of the two, against the majority vote",
        ),
        "worst set": (
            min(row["score"] - row["majority"] for _, row in sets),
            (">=", -0.5),
            "against the majority vote",
        ),
        "copies below": (
            float(np.mean(np.array(behind) < -0.5)),
            ("<=", 0.03),
            f"share of {len(copies)} altered copies more than 0.5 below the majority vote",
        ),
        "copies below, rows with votes": (
            float(np.mean(np.array(voted) < -0.5)),
            None,
            "the same by accuracy on rows with votes",
        ),
        "copies, gain": (float(np.mean(behind)), None, "mean over the copies"),
        "log loss lower": (float(np.mean(np.array(ratio) < 1)), (">=", 0.85), "share of sets below the baseline"),
        "log loss, mean": (float(np.mean(ratio)), ("<=", 0.92), "of the baseline"),
        "log loss, worst": (float(np.max(ratio)), ("<=", 1.1), "of the baseline"),
        "calibration error": (float(np.mean([row["calibration_error"] for _, row in sets])), ("<=", 0.08), "15 bins"),
        "calibration, worst": (max(row["calibration_error"] for _, row in sets), ("<=", 0.15), "15 bins"),
        "rarest class": (max(factors), ("<=", 1.8), "factor off where its true share is 5% or more, worst set"),
        "rarest class, sets": (float(np.mean(np.array(factors) <= 1.8)), None, "share of sets within the factor"),
        "class shares": (
            float(np.mean([row["share_distance"] for _, row in sets])),
            ("<=", 0.08),
            "total variation, mean",
        ),
        "rare, rows": (
            float(np.mean([row["given"] <= 2 * row["truly"] for _, row in rares])),
            (">=", 0.95),
            "runs that give the class to at most twice its rows",
        ),
        "rare, recall": (
            min(row["recall"][0] - row["recall"][1] for _, row in rares),
            (">=", -0.05),
            "against the majority vote, worst run",
        ),
        "rare, log loss": (
            max(row["log_loss"] / row["majority_log_loss"] for _, row in rares),
            ("<=", 1.0),
            "of the baseline, worst run",
        ),
        "rare, silent rows": (
            max(row["silent"] for _, row in rares),
            ("<=", 0.5),
            "probability of the rare class, worst run",
        ),
        "gold, calibration": (
            float(np.mean([row["calibration_error"] for row in at_100])),
            ("<=", 0.05),
            "error with 100 gold rows, mean",
        ),
        "gold, score": (
            min(row["score"] - row["blind"] for _, sizes in gold for row in sizes.values()),
            (">=", -0.5),
            "against votes only, worst set and size",
        ),
    }


def _factor(truth: float, estimate: float) -> float:
    return max(truth / max(estimate, 1e-9), estimate / truth)


def _met(figure: float, limit: tuple[str, float] | None) -> bool:
    return limit is None or (figure <= limit[1] if limit[0] == "<=" else figure >= limit[1])


def report(result: dict[str, Any], table: dict[str, Any], before: dict[str, float] | None) -> None:
    """Print a line a set, and the targets beside the figures of before."""
    print(f"{'set':20} score  majority   log loss  baseline  ratio   error   shares  rarest: true, labels")
    for name, row in result["sets"].items():
        ratio = row["log_loss"] / row["majority_log_loss"]
        print(
            f"{name:20} {row['score']:5.1f} {row['majority']:9.1f} {row['log_loss']:10.3f} {row['majority_log_loss']:10.3f} "
            f"{ratio:6.2f} {row['calibration_error']:7.3f} {row['share_distance']:8.3f}  "
            f"{row['rarest'][0]:.3f}, {row['rarest'][1]:.3f}  {row['chosen']}"
        )
    print("\nwith gold            calibration error, score against votes only, at " + ", ".join(map(str, SIZES)))
    for name, sizes in result["gold"].items():
        cells = (f"{row['calibration_error']:.3f} {row['score'] - row['blind']:+5.1f}" for row in sizes.values())
        print(f"{name:20} " + "   ".join(cells))
    print()
    for name, (figure, limit, words) in table.items():
        message = "" if limit is None else f"{limit[0]} {limit[1]:g}"
        beside = "" if before is None else f"{before[name]:9.3f}"
        state = "      " if limit is None else ("met   " if _met(figure, limit) else "MISSED")
        print(f"{state} {name:30} {figure:8.3f} {beside:>9}  {message:8} {words}")


if __name__ == "__main__":
    main()
