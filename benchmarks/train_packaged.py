"""The end models of the packaged problems against their ceiling: the same head on the same features, taught by gold.

Run: python benchmarks/train_packaged.py [--seeds 5] [--json OUT] [--check]
Reads the tables that `make run` or `dvc repro` leaves under data/. The gap is taken apart in steps, each of which changes
one thing; all teach the same head, and balanced accuracy on test is told in points with 95% intervals.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from packaged_rows import METRIC, PROBLEMS, Packaged, batches, packaged
from paired_comparison import mean_score, paired, spread
from targets import Target, finish, options, target

WITHIN = {"spam": 1.0, "solar": 5.0}
CEILING, WEAK = "gold", "end model"


def main() -> None:
    """Compare both problems, print, write, and say what was missed."""
    parser = options(__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    asked = parser.parse_args()
    problems = {name: compared(packaged(name), asked.seeds) for name in PROBLEMS}
    report(problems)
    finish({"problems": problems, "seeds": asked.seeds, "targets": targets(problems)}, asked)


def compared(rows: Packaged, seeds: int) -> dict[str, Any]:
    """Problem and seeds -> step -> score, interval and gap to the ceiling; and where the end model errs."""
    stated: dict[str, list[Any]] = {}
    for seed in range(seeds):
        print(f"{rows.name}: seed {seed + 1} of {seeds}", file=sys.stderr)
        for name, answer in steps(rows, seed).items():
            stated.setdefault(name, []).append(answer)
    summary = {
        name: {
            "score": mean_score(answers, rows.gold, METRIC),
            "interval": spread(answers, rows.gold, METRIC),
            "gap": mean_score(stated[CEILING], rows.gold, METRIC) - mean_score(answers, rows.gold, METRIC),
            "gap_interval": paired(stated[CEILING], answers, rows.gold, METRIC),
        }
        for name, answers in stated.items()
    }
    about = {"taught": len(rows.training_rows), "covered": int(rows.covered.sum()), "test": len(rows.test)}
    return {"steps": summary, "parts": parts(rows, stated), "batches": batches(rows), "rows": about}


def steps(rows: Packaged, seed: int) -> dict[str, Any]:
    """Problem and a seed -> what is changed -> what the head then says of test, from gold to the end model as it is."""
    gold, labels = np.eye(rows.classes)[rows.truth], np.eye(rows.classes)[rows.labels.argmax(axis=1)]
    right = rows.labels.argmax(axis=1) == rows.truth
    rng = np.random.default_rng([seed, 17])
    thinned = rng.permutation(len(rows.training_rows)) < int((rows.covered & right).sum())
    return {
        CEILING: rows.summary(gold, np.ones_like(rows.covered), seed),
        "gold, covered rows": rows.summary(gold, rows.covered, seed),
        "gold, as many rows as are labeled rightly": rows.summary(gold, thinned, seed),
        "gold, rows labeled rightly": rows.summary(gold, rows.covered & right, seed),
        "gold, as often wrong at random": rows.summary(wronged(rows, rng), rows.covered, seed),
        "label model, hard": rows.summary(labels, rows.covered, seed),
        "label model, soft": rows.summary(rows.labels, rows.covered, seed),
        WEAK: rows.weak(seed),
    }


def wronged(rows: Packaged, chance: Any) -> Any:
    """Problem -> gold that errs as often in each class as the label model does, but on rows drawn at random."""
    wrong, predicted = rows.truth.copy(), rows.labels.argmax(axis=1)
    for label in range(rows.classes):
        of_it = np.flatnonzero(rows.covered & (rows.truth == label))
        wrong[of_it] = predicted[of_it][chance.permutation(len(of_it))]
    return np.eye(rows.classes)[wrong]


def parts(rows: Packaged, predicted: dict[str, list[Any]]) -> dict[str, dict[str, Any]]:
    """Problem and what was said -> part of test -> rows, and accuracy in points of label model, end model and ceiling."""
    own = rows.rows.targets[rows.test]
    answers = {"label model": [own], WEAK: predicted[WEAK], CEILING: predicted[CEILING]}
    return {
        name: {"rows": int(mask.sum()), "errors": errors(answers, rows.gold, mask)}
        for name, mask in masks(rows, own).items()
        if mask.any()
    }


def errors(answers: dict[str, list[Any]], gold: Any, mask: Any) -> dict[str, float]:
    """Who -> what it says with each seed, gold and some rows -> who -> share of these rows that it gets wrong, in points."""
    return {
        who: float(np.mean([100.0 * (item[mask].argmax(axis=1) != gold[mask]).mean() for item in predicted]))
        for who, predicted in answers.items()
    }


def masks(rows: Packaged, own: Any) -> dict[str, Any]:
    """Problem and what its label model says of test -> name of a part -> mask of its rows."""
    table = rows.rows.rows[rows.test]
    kind = table["batch"].str.extract(r"^([a-z]+)").to_numpy()
    results = {str(name): kind == name for name in dict.fromkeys(kind)}
    results |= {name: rows.gold == label for label, name in enumerate(rows.rows.problem.classes)}
    sure = own.max(axis=1)
    results |= {"label sure, 0.9 or more": sure >= 0.9, "label doubtful": sure < 0.9}
    right = own.argmax(axis=1) == rows.gold
    return results | {"label model right": right, "label model wrong": ~right}


def targets(problems: dict[str, Any]) -> dict[str, Target]:
    """Problems -> whether each one's end model is as near to its ceiling as was promised."""
    results = {}
    for name, item in problems.items():
        weak = item["steps"][WEAK]
        promised = f"within {WITHIN[name]:g} points of balanced accuracy of the gold-trained ceiling"
        results[f"{name}, gap"] = target(weak["gap"], promised, weak["gap_interval"], met=weak["gap"] <= WITHIN[name])
    return results


def report(problems: dict[str, Any]) -> None:
    """Problems -> tables on standard output."""
    for name, item in problems.items():
        about = item["rows"]
        print(
            f"{name}: {about['taught']:,} rows teach, functions speak of {about['covered']:,}; {about['test']:,} of test; "
            f"batches {', '.join(item['batches'])}"
        )
        for step, row in item["steps"].items():
            low, high = row["gap_interval"]
            print(f"  {step:44}{row['score']:7.1f}   below gold {row['gap']:5.1f} [{low:.1f}, {high:.1f}]")
        print(f"  {'errors in 100 rows':44}" + "".join(f"{who:>14}" for who in ("label model", WEAK, CEILING)))
        for part, row in item["parts"].items():
            part_of = f"{part} ({row['rows']})"
            print(f"  {part_of:44}" + "".join(f"{share:14.1f}" for share in row["errors"].values()))
        print()


if __name__ == "__main__":
    main()
