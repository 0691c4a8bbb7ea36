"""Reviews by simulated people: crowds with spammers, crowd and functions together, certificates, the queue, and answers pulled under kills.

Run: python benchmarks/review.py [--seeds 100] [--draws 20] [--answers 10000] [--json OUT] [--check]
Crowd and functions are measured on the packaged problems' rows with gold and the votes of their functions (made where they are not there);
all answers are simulated. Which rows there are is what the last run has left under data/: `make run` brings all batches. --answers 0 leaves
Label Studio out, which is installed for itself the first time. Costs are answers; those to test questions and to rows in dispute count.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from denoise_packaged import packaged
from review_kills import pulled_under_kills
from review_queue import review_gains
from targets import finish, options, target
from tidemill.denoise.models.registry import create
from tidemill.review.acceptance import Reviewers, Target, make_plan, proven
from tidemill.review.aggregation.label_models import crowd_and_functions, dawid_skene
from tidemill.review.aggregation.majority import majority
from tidemill.review.answers import Answers
from tidemill.review.audit import MOST_ANSWERS
from tidemill.review.trust import DynamicJudgments, ejected, trust_from_tests

ROOT = Path(__file__).parents[1]
PEOPLE, SPAMMERS = 40, 10
ROWS, CROWD_SEEDS, TESTS = 3000, 5, 10
JUDGMENTS = DynamicJudgments(least=3, most=5, confidence=0.7)
N_LABELS, LOOK = 5000, 25
ERROR, CONFIDENCE, REVIEWERS_ERR, TEST_QUESTIONS = 0.02, 0.95, 0.03, 200


def main() -> None:
    """Measure all, print the table, write and check it."""
    parser = options(__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="simulated certifications")
    parser.add_argument("--draws", type=int, default=20, help="divisions of the rows of solar, for the queue")
    parser.add_argument(
        "--answers", type=int, default=10_000, help="answers in Label Studio; 0: none, and no such figure"
    )
    asked = parser.parse_args()
    crowds = [crowd(seed) for seed in range(CROWD_SEEDS)]
    figures: dict[str, Any] = {name: float(np.mean([each[name] for each in crowds])) for name in crowds[0]}
    problems = packaged(ROOT)
    figures["together"] = {problem.name: together(problem) for problem in problems}
    solar = next(problem for problem in problems if problem.name == "solar")
    figures["review"] = review_gains(solar, ROOT, asked.draws)
    audits = [audit(seed, wrong=(0.01, 0.015, 0.025, 0.03)[seed % 4]) for seed in range(asked.seeds)]
    met = [audit(1000 + seed, wrong=ERROR / 2) for seed in range(20)]
    plan = make_plan(Target(N_LABELS, ERROR, CONFIDENCE, ERROR / 2), reviewers(TEST_QUESTIONS))
    assert plan is not None and plan.fixed is not None  # noqa: PT018, S101 - such a plan exists
    figures["covered"] = sum(each["covered"] for each in audits) / len(audits)
    figures["cost"] = float(np.mean([each["cost"] for each in met]))
    figures["sequential"] = plan.mean_rows / plan.fixed.rows
    figures["pulled"] = pulled_under_kills(asked.answers) if asked.answers else None
    figures["targets"] = targets(figures)
    finish(figures, asked)


def targets(figures: dict[str, Any]) -> dict[str, Any]:
    """Figures -> what was promised of them."""
    least = min(each["together"] - max(each["crowd"], each["functions"]) for each in figures["together"].values())
    review, pulled = figures["review"], figures["pulled"]
    wrong = 0 if pulled is None else pulled["lost"] + pulled["doubled"]
    kills = {"pulled under kills": target(wrong, "none lost, none doubled", met=wrong == 0)} if pulled else {}
    return {
        "crowd: accuracy": target(figures["accuracy"], "at least .95", met=figures["accuracy"] >= 0.95),
        "crowd: cost": target(figures["crowd_cost"], "at most .7 of always five", met=figures["crowd_cost"] <= 0.7),
        "crowd: AUC of trust": target(figures["auc"], "at least .95", met=figures["auc"] >= 0.95),
        "crowd and functions": target(least, "better than either on both problems", met=least > 0),
        "coverage": target(figures["covered"], "at least .93", met=figures["covered"] >= 0.93),
        "cost to certify": target(figures["cost"], "at most .4 of labeling all", met=figures["cost"] <= 0.4),
        "sequential": target(figures["sequential"], "at most .8 of the fixed plan", met=figures["sequential"] <= 0.8),
        "queue against random": target(
            review["ratio"],
            "at least twice the gain, by interval",
            review["interval"],
            met=review["interval"][0] >= 2.0,
        ),
        **kills,
    }


def crowd(seed: int) -> dict[str, float]:
    """A crowd with a quarter of spammers: test questions first, then 3 to 5 judgments of those who are trusted."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(2, size=ROWS + TESTS)
    skill = np.where(np.arange(PEOPLE) < SPAMMERS, 0.5, rng.uniform(0.85, 0.98, PEOPLE))
    said = np.where(rng.random((len(truth), PEOPLE)) < skill, truth[:, None], 1 - truth[:, None])
    tests = _answers(said, np.repeat(np.arange(TESTS), PEOPLE), np.tile(np.arange(PEOPLE), TESTS))
    trust = trust_from_tests(tests, truth[tests.row], prior=0.8, strength=2.0)
    working = np.flatnonzero(~ejected(trust, limit=0.7, least_tests=8))
    order = np.argsort(rng.random((len(truth), len(working))), axis=1)
    asked = np.zeros(len(truth), dtype=np.int64)
    asked[:TESTS] = JUDGMENTS.most
    answers = tests.kept(np.zeros(len(tests.row), dtype=bool))
    for _ in range(JUDGMENTS.most):
        more = JUDGMENTS.rows_to_ask(answers, trust.trust)
        asked[more[more >= TESTS]] += 1
        row = np.repeat(np.arange(TESTS, len(truth)), asked[TESTS:])
        place = np.concatenate([np.arange(n) for n in asked[TESTS:]])
        answers = _answers(said, row, working[order[row, place]])
    right = (dawid_skene(answers).argmax(axis=1) == truth)[TESTS:]
    good = skill > 0.5
    pairs = trust.trust[good][:, None] - trust.trust[~good][None]
    auc = float(((pairs > 0) + 0.5 * (pairs == 0)).mean())
    cost = (len(answers.row) + PEOPLE * TESTS) / (5 * ROWS)
    return {"accuracy": float(right.mean()), "crowd_cost": cost, "auc": auc}


def _answers(said: Any, row: Any, who: Any) -> Answers:
    return Answers(row, who, said[row, who], len(said), PEOPLE, 2)


def together(problem: Any) -> dict[str, float]:
    """Two answers a row of a crowd with spammers, the functions' votes, and both: accuracy on rows with gold."""
    gold, votes = problem.gold[problem.scored], problem.votes[problem.scored]
    fitted = create("auto", problem.n_classes, seed=20).fit(problem.votes[problem.fitted])
    functions = fitted.predict_proba(votes)
    results: dict[str, list[float]] = {"crowd": [], "functions": [], "together": []}
    for seed in range(CROWD_SEEDS):
        rng = np.random.default_rng(seed)
        skill = np.where(np.arange(PEOPLE) < SPAMMERS, 1 / problem.n_classes, rng.uniform(0.75, 0.95, PEOPLE))
        row = np.repeat(np.arange(len(gold)), 2)
        who = np.concatenate([rng.permutation(PEOPLE)[:2] for _ in gold])
        other = (gold[row] + rng.integers(1, problem.n_classes, len(row))) % problem.n_classes
        label = np.where(rng.random(len(row)) < skill[who], gold[row], other)
        answers = Answers(row, who, label.astype(np.int64), len(gold), PEOPLE, problem.n_classes)
        alone = max((dawid_skene(answers), majority(answers)), key=lambda table: _right(table, gold))
        results["crowd"].append(_right(alone, gold))
        results["functions"].append(_right(functions, gold))
        results["together"].append(_right(crowd_and_functions(answers, functions).probabilities, gold))
    return {name: float(np.mean(each)) for name, each in results.items()}


def _right(table: Any, gold: Any) -> float:
    return float((table.argmax(axis=1) == gold).mean())


def reviewers(asked: int) -> Reviewers:
    """Reviewers who answer test questions as well as they do on average."""
    return Reviewers(round(REVIEWERS_ERR * asked), asked)


def audit(seed: int, *, wrong: float) -> dict[str, float]:
    """Certify in sequence, a look after every 25 rows: whether no bound was ever below the truth, and the share of answers it cost."""
    rng = np.random.default_rng(seed)
    is_wrong = rng.permutation(N_LABELS) < round(wrong * N_LABELS)
    refuted, asked = _answered(is_wrong != (rng.random((MOST_ANSWERS, N_LABELS)) < REVIEWERS_ERR))
    errors, overruled = np.cumsum(refuted), np.cumsum(~refuted & (asked > 1))
    tests = Reviewers(int((rng.random(TEST_QUESTIONS) < REVIEWERS_ERR).sum()), TEST_QUESTIONS)
    aim = Target(N_LABELS, ERROR, CONFIDENCE, ERROR / 2)
    covered, rows = True, N_LABELS
    for rows in range(LOOK, N_LABELS + 1, LOOK):
        found = int(errors[rows - 1])
        seen = replace(tests, overruled=int(overruled[rows - 1]), confirmed=rows - found)
        bound = proven(aim, seen, rows=rows, errors=found)
        covered &= bound.wrong >= int(is_wrong.sum())
        if bound.met:
            break
    answers = int(asked[:rows].sum()) + TEST_QUESTIONS
    return {"covered": covered, "cost": answers / N_LABELS}


def _answered(denies: Any) -> tuple[Any, Any]:
    """Answers to every row, in the order in which they would be given -> whether its label is refuted, and how many are asked."""
    refuted, asked = denies[0].copy(), np.ones(denies.shape[1], dtype=np.int64)
    confirming, is_open = (~denies[0]).astype(np.int64), denies[0].copy()
    for total in range(2, MOST_ANSWERS + 1):
        asked += is_open
        confirming += is_open & ~denies[total - 1]
        refuted &= ~(is_open & (2 * confirming > total))
        is_open &= refuted & (2 * (confirming + MOST_ANSWERS - total) > MOST_ANSWERS)
    return refuted, asked


if __name__ == "__main__":
    main()
