"""How many small wrong versions of the deciding modules the tests notice.

Each module is changed in one place at a time (`mutant_operators.py`), and the tests of its package that reach the changed
line are run until one fails. The changes are a sample with a fixed seed; no file of the project is written.
Run: python benchmarks/mutants.py [--package NAME] [--module PART] [--tests FILE ...] [--sample N] [--list-survivors] [--json FILE] [--retry FILE]
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from mutant_operators import mutants
from mutant_runs import SURVIVED, Reach, Session, with_collected

ROOT: Final = Path(__file__).parents[1]
SOURCE: Final = ROOT / "src" / "tidemill"
GOAL: Final = 0.85
DEEP: Final = frozenset(
    {
        "denoise/models/auto.py",
        "denoise/models/model_selection.py",
        "train/row_weights.py",
        "train/recipes/choose_recipe.py",
        "evaluate/gate.py",
        "label/functions/function_fingerprint.py",
        "runs/publish.py",
    }
)
"""Modules of which more changes are tried: what they decide reaches users at once."""
LIMIT: Final = 1200.0
"""Seconds in which a package's tests must end once, with every line noted."""


@dataclass(frozen=True)
class Package:
    """Modules that decide, as patterns below the package, and the tests, of those that have a marker, that should notice a change."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]
    markers: str = "not slow"


PACKAGES: Final = {
    "denoise": Package(
        (
            "denoise/models/*.py",
            "denoise/statistics/*.py",
            "denoise/report/identifiability.py",
            "denoise/report/gold_report.py",
            "denoise/report/explain.py",
            "denoise/report/label_value.py",
            "denoise/report/summary.py",
        ),
        ("tests/denoise/models", "tests/denoise/statistics", "tests/denoise/report", "src/tidemill/denoise"),
    ),
    "train": Package(
        (
            "train/row_weights.py",
            "train/recipes/*.py",
            "train/head/fit.py",
            "train/head/loss.py",
            "train/head/feature_selection.py",
            "train/ensemble/choose_ensemble.py",
            "train/ensemble/paired_bootstrap.py",
            "train/end_model/outliers.py",
            "train/end_model/stacking.py",
            "train/end_model/training_warnings.py",
            "train/finetune/advice.py",
        ),
        (
            "tests/train/recipes",
            "tests/train/head",
            "tests/train/ensemble",
            "tests/train/end_model",
            "tests/train/finetune/test_advice.py",
            "tests/train/test_row_weights.py",
            "src/tidemill/train",
        ),
    ),
    "classical": Package(
        (
            "train/classical/base.py",
            "train/classical/linear.py",
            "train/classical/logistic.py",
            "train/classical/naive_bayes.py",
            "train/classical/ngrams.py",
            "train/classical/registry.py",
            "train/classical/vocabulary.py",
        ),
        ("tests/train/classical", "src/tidemill/train/classical"),
    ),
    "evaluate": Package(
        (
            "evaluate/gate.py",
            "evaluate/metrics.py",
            "evaluate/confidence_report.py",
            "evaluate/thresholds.py",
            "evaluate/baselines.py",
            "evaluate/bootstrap.py",
            "evaluate/ood_rejection.py",
        ),
        (
            "tests/evaluate/test_baselines.py",
            "tests/evaluate/test_gate.py",
            "tests/evaluate/test_gate_bounds.py",
            "tests/evaluate/test_metrics.py",
            "tests/evaluate/test_confidence_report.py",
            "tests/evaluate/test_ood_rejection.py",
            "tests/evaluate/test_run.py",
            "src/tidemill/evaluate",
        ),
    ),
    "monitor": Package(
        (
            "monitor/*.py",
            "monitor/sequential/*.py",
            "monitor/sequential/scores/*.py",
        ),
        (
            "tests/monitor",
            "src/tidemill/monitor",
        ),
    ),
    "label": Package(
        ("label/functions/function_fingerprint.py",), ("tests/label/functions", "src/tidemill/label/functions")
    ),
    "publish": Package(
        ("runs/publish.py",), ("tests/runs/test_publish.py", "tests/runs/test_publish_rules.py"), markers=""
    ),
}


def main() -> None:
    """Judge a sample of changes of every chosen module, and print a table."""
    chosen = _arguments()
    os.chdir(ROOT)
    sys.path[:0] = [str(ROOT), str(ROOT / "src")]
    results = _Results(chosen)
    for name in [chosen.package] if chosen.package else PACKAGES:
        _judge(PACKAGES[name], chosen, results)
    print(table(results.modules))
    if chosen.list_survivors:
        print(_survivors(results.modules))


@dataclass
class _Results:
    """Results of each module, written after each: a run that is stopped leaves what it saw."""

    chosen: argparse.Namespace
    modules: dict[str, Any] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        if self.chosen.retry:
            self.modules |= json.loads(self.chosen.retry.read_text(encoding="utf-8"))["modules"]

    def add(self, module: str, result: dict[str, Any]) -> None:
        self.modules[module] = result
        if self.chosen.json:
            content = {"seed": self.chosen.seed, "minutes": (time.monotonic() - self.began) / 60}
            self.chosen.json.write_text(
                json.dumps(content | {"modules": self.modules}, indent=2) + "\n", encoding="utf-8"
            )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", choices=sorted(PACKAGES), help="modules of this package alone")
    parser.add_argument("--module", default="", help="modules whose path holds this alone")
    parser.add_argument("--sample", type=int, default=12, help="changes of each module, at most")
    parser.add_argument("--deep-sample", type=int, default=40, help="changes of each module in DEEP, at most")
    parser.add_argument("--tests", nargs="+", default=(), help="these tests alone instead of the package's")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--within", type=float, default=20.0, help="seconds of tests, the quickest first, for a change")
    parser.add_argument(
        "--retry", type=Path, help="results of an earlier run: judge its survivors again, and keep the rest"
    )
    parser.add_argument("--list-survivors", action="store_true", help="also print each change that no test noticed")
    parser.add_argument("--json", type=Path, help="also write the results here")
    return parser.parse_args()


def _judge(package: Package, chosen: argparse.Namespace, results: _Results) -> None:
    result = sorted(
        {path for pattern in package.modules for path in SOURCE.glob(pattern) if path.name != "__init__.py"}
    )
    files = [path for path in result if chosen.module in _name(path)]
    if chosen.retry:
        files = [path for path in files if results.modules.get(_name(path), {}).get("survivors")]
    if not files:
        return

    def work(session: Session) -> None:
        seen = session.reach(files, limit=LIMIT)
        if seen.failed:
            raise SystemExit(f"these tests fail without any change: {', '.join(seen.failed)}")
        _control(files[0], seen, session, chosen)
        for path in files:
            earlier = results.modules[_name(path)] if chosen.retry else None
            results.add(_name(path), _module(path, seen, session, chosen, earlier))

    with tempfile.TemporaryDirectory(prefix="mutants-") as scratch:
        with_collected(chosen.tests or package.tests, work, Path(scratch), markers=package.markers)


def _name(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def _control(path: Path, seen: Reach, session: Session, chosen: argparse.Namespace) -> None:
    """See that a module put in place unchanged passes: otherwise every change would seem to be noticed."""
    tests, source = seen.tests(str(path), 0, within=chosen.within), path.read_text(encoding="utf-8")
    for text in (source, f"{source}\nUNUSED = 0\n"):
        if session.verdict(path, ast.parse(text), tests, limit=LIMIT) != SURVIVED:
            raise SystemExit(f"{path.name} fails without any change: {session.log.read_text(encoding='utf-8')[-2000:]}")


def _module(
    path: Path, seen: Reach, session: Session, chosen: argparse.Namespace, earlier: dict[str, Any] | None
) -> dict[str, Any]:
    name, source = _name(path), path.read_text(encoding="utf-8")
    every = mutants(source)
    if earlier:
        tried, result = [mutant for mutant in every if str(mutant) in earlier["survivors"]], earlier
    else:
        most = chosen.deep_sample if name in DEEP else chosen.sample
        tried = [every[k] for k in sorted(np.random.default_rng(chosen.seed).permutation(len(every))[:most])]
        result = {"mutants": len(every), "tried": len(tried)}
    survivors = []
    for mutant in tried:
        tests = seen.tests(str(path), mutant.line, within=chosen.within)
        limit = 15.0 + 5.0 * sum(seen.seconds[test] for test in tests)
        answer = session.verdict(path, mutant.tree(source), tests, limit=limit)
        print(f"{answer} {name}, {mutant}", file=sys.stderr, flush=True)
        if answer == SURVIVED:
            survivors.append(str(mutant))
    if earlier:
        gone = set(earlier["survivors"]) - {str(mutant) for mutant in tried}  # the module is another by now
        survivors = [change for change in earlier["survivors"] if change in survivors or change in gone]
    return result | {"killed": result["tried"] - len(survivors), "survivors": survivors}


def table(modules: dict[str, Any]) -> str:
    """Results of each module as a Markdown table, with a line for all of them."""
    lines = ["| module | changes | tried | noticed | share |", "| --- | --- | --- | --- | --- |"]
    lines += [_line(name, [item]) for name, item in modules.items()]
    return "\n".join([*lines, _line("all", list(modules.values()))])


def _line(name: str, of: Sequence[dict[str, Any]]) -> str:
    mutants, tried, killed = (sum(item[key] for item in of) for key in ("mutants", "tried", "killed"))
    share = killed / tried if tried else 1.0
    return f"| {name} | {mutants} | {tried} | {killed} | {share:.0%}{'' if share >= GOAL else ' (below the goal)'} |"


def _survivors(modules: dict[str, Any]) -> str:
    return "\n".join(f"- {name}, {change}" for name, item in modules.items() for change in item["survivors"])


if __name__ == "__main__":
    main()
