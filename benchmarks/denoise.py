"""Label models side by side with their peers: real vote sets, simulators whose truth is known, calibration, scale.

Run: python benchmarks/denoise.py [--data DIR] [--json OUT] [--check]
With --data (a folder of sets in WRENCH's form, peers.csv beside it) the real sets are run too; without it, the
simulators, the packaged problems and the speeds. Peers live in an environment of their own, made on first use in
.tidemill/peers.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from denoise_packaged import packaged
from denoise_sets import VoteSet, interval, load_set, peers_of, score
from denoise_simulators import SIMULATORS
from tidemill.common.calibration_error import calibration_error
from tidemill.denoise.models.registry import MODELS, create
from tidemill.denoise.statistics.votes import vote_shares

ROOT = Path(__file__).parents[1]
PEERS_HOME = ROOT / ".tidemill" / "peers"
PINS = ("snorkel==0.10.0", "crowd-kit==1.4.2", "hyperlm==0.0.5", "torch==2.13.0", "setuptools")
BACKBONE = ROOT / "data" / "packages" / "minilm"
SEED = 20
SEEDS = range(5)
MODELS_SHOWN = (
    "majority",
    "weighted",
    "one_coin",
    "dawid_skene",
    "triplets",
    "dawid_skene_votes",
    "crowd",
    "pairs",
    "generative",
    "smoothed",
    "auto",
)
SCALE = ("1e6", "50")
LARGE = ("1e7", "100")
LARGE_GB = 8.6
"""8 GiB, in GB: the most that the large run may take in all, its votes included."""


def main() -> None:
    """Run what was asked, print it, write it, and say what was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of vote sets; peers.csv is looked for in it and beside it")
    parser.add_argument("--weights", type=Path, default=BACKBONE, help="folder of MiniLM, for the sets with text")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--check", action="store_true", help="exit with 1, naming each target missed")
    parser.add_argument("--no-peers", action="store_true", help="make no environment for the peers and run none")
    parser.add_argument("--no-packaged", action="store_true", help="leave the packaged problems out")
    parser.add_argument("--no-scale", action="store_true", help="leave the million rows and the ten million out")
    asked = parser.parse_args()
    peers = None if asked.no_peers else peers_python()
    figures: dict[str, Any] = {"simulators": simulators()}
    if not asked.no_packaged:
        figures["packaged"] = packaged_problems(peers)
    if asked.data is not None:
        figures["sets"] = real_sets(asked.data, peers)
        figures["features"] = with_features(asked.data, asked.weights, figures["sets"])
    if not asked.no_scale:
        figures["scale"] = scale(peers)
    figures["targets"] = targets(figures)
    report(figures)
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    missed = [name for name, (met, _, _) in figures["targets"].items() if not met]
    if asked.check and missed:
        raise SystemExit(f"missed: {', '.join(missed)}")


def peers_python() -> Path | None:
    """The peers' interpreter; its environment is made on first use, None where that fails."""
    python = PEERS_HOME / "bin" / "python"
    stamp = PEERS_HOME / ".pins"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == "\n".join(PINS):
        return python
    environment = {"UV_FIND_LINKS": os.environ.get("PIP_FIND_LINKS", "")} | os.environ
    uv = str(Path(sys.executable).with_name("uv"))
    try:
        subprocess.run([uv, "venv", "-q", "--clear", "--python", sys.executable, str(PEERS_HOME)], check=True)
        subprocess.run([uv, "pip", "install", "-q", "--python", str(python), *PINS], check=True, env=environment)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"the peers' environment cannot be made ({error}); going on without them", file=sys.stderr)
        return None
    stamp.write_text("\n".join(PINS), encoding="utf-8")
    return python


def fitted(name: str, n_classes: int, votes: Any, **given: Any) -> Any:
    """Model's name and votes -> the fitted model."""
    seed = {"seed": SEED} if "seed" in MODELS[name].parameters else {}
    return create(name, n_classes, **seed).fit(votes, **given)


def simulators() -> dict[str, Any]:
    """Simulator -> mean accuracy of oracle, majority vote and auto, auto's calibration error, over seeds."""
    results = {}
    for name, (n_classes, simulate) in SIMULATORS.items():
        rows = []
        for seed in SEEDS:
            made = simulate(seed)
            ours = fitted("auto", n_classes, made.votes).predict_proba(made.votes)
            majority = vote_shares(made.votes, n_classes)
            scores = [score(p, made.truth, "acc") for p in (made.oracle, majority, ours)]
            rows.append([*scores, calibration_error(ours, made.truth)])
        mean = np.mean(rows, axis=0)
        results[name] = dict(
            zip(("oracle", "majority", "auto", "calibration_error"), mean.round(4).tolist(), strict=True)
        )
    return results


def packaged_problems(peers: Path | None) -> dict[str, Any]:
    """The peers' interpreter -> packaged problem -> model -> balanced accuracy on gold of valid and test.

    Each is the mean over random breaks of ties; auto is configured as in conf/, with features where these are used.
    """
    results = {}
    for problem in packaged(ROOT):
        train, test, gold = (problem.votes[problem.fitted], problem.votes[problem.scored], problem.gold[problem.scored])
        models = {name: fitted(name, problem.n_classes, train).predict_proba(test) for name in MODELS_SHOWN}
        if problem.use_features:
            auto = fitted("auto", problem.n_classes, train, features=problem.features[problem.fitted])
            models["auto"] = auto.predict_proba(test, features=problem.features[problem.scored])
        shown = VoteSet(problem.name, problem.n_classes, "balanced", train, test, gold, None)
        scores = {name: score(predicted, gold, "balanced") for name, predicted in models.items()}
        results[problem.name] = {"ours": scores, "rows": len(gold), "features": problem.use_features}
        results[problem.name]["peers"] = {} if peers is None else _run_peers(shown, peers)
    return results


def real_sets(folder: Path, peers: Path | None) -> dict[str, Any]:
    """Folder of sets and the peers' interpreter -> set -> model -> score; auto's interval and choice beside it."""
    published = peers_of(folder / "peers.csv") or peers_of(folder.parent / "peers.csv")
    results: dict[str, Any] = {}
    for path in sorted(part.parent for part in folder.glob("*/meta.json")):
        votes = load_set(path)
        scores = {
            name: _scored(votes, fitted(name, votes.n_classes, votes.train)) for name in MODELS_SHOWN if name in MODELS
        }
        auto = fitted("auto", votes.n_classes, votes.train)
        low, high = interval(auto.predict_proba(votes.test), votes.gold, votes.metric)
        rerun = {} if peers is None else _run_peers(votes, peers)
        listed = {model: known[votes.name] for model, known in published.items() if votes.name in known}
        results[votes.name] = {"ours": scores, "interval": [low, high], "chosen": auto.evidence_["chosen"]}
        results[votes.name] |= {"peers": rerun, "published": listed}
        print(
            f"{votes.name}: auto {scores['auto']:.1f} ({low:.1f} to {high:.1f}), majority {scores['majority']:.1f}",
            file=sys.stderr,
        )
    return results


def _scored(votes: VoteSet, model: Any) -> float:
    return score(model.predict_proba(votes.test), votes.gold, votes.metric)


def _run_peers(votes: VoteSet, python: Path) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as scratch:
        given, summary = Path(scratch) / "votes.npz", Path(scratch) / "out.npz"
        np.savez(given, train=votes.train, test=votes.test, n_classes=votes.n_classes)
        script = Path(__file__).with_name("denoise_peers.py")
        subprocess.run([python, script, given, summary], check=True, stderr=subprocess.DEVNULL)
        with np.load(summary) as result:
            return {name: score(result[name], votes.gold, votes.metric) for name in result.files}


def with_features(folder: Path, weights: Path, sets: dict[str, Any]) -> dict[str, Any]:
    """Sets whose rows all have text -> auto's score with MiniLM's features, beside the best votes-only peer."""
    if not weights.exists():
        print(f"{weights} is missing: `tidemill fetch`, or --weights; sets with text are left out", file=sys.stderr)
        return {}
    results = {}
    for name, known in sets.items():
        votes = load_set(folder / name)
        if votes.texts is None:
            continue
        features = {split: embedded(texts, weights) for split, texts in votes.texts.items()}
        model = fitted("auto", votes.n_classes, votes.train, features=features["train"])
        ours = score(model.predict_proba(votes.test, features=features["test"]), votes.gold, votes.metric)
        peers = {**known["published"], **known["peers"]}
        best = max(peers.values(), default=float("nan"))
        results[name] = {"auto": ours, "best_peer": best, "majority": known["ours"]["majority"], "all_peers": peers}
        print(f"{name} with features: {ours:.1f}, best peer {best:.1f}", file=sys.stderr)
    return results


def embedded(texts: list[str], weights: Path) -> Any:
    """Texts -> MiniLM's features."""
    from tidemill.embed.settings import TextSettings
    from tidemill.embed.text import TextBackbone

    settings = TextSettings(max_tokens=128, tokens_per_step=4096, squeeze=False, normalize=True)
    return TextBackbone("all-MiniLM-L6-v2", weights, settings).embed(texts, name="embed")


def scale(peers: Path | None) -> dict[str, Any]:
    """CPU seconds and memory of fitting and predicting a million rows by fifty functions, and ten by a hundred."""
    settled = _timed("auto", sys.executable, SCALE)
    wanted = [(settled["chosen"], sys.executable), ("smoothed", sys.executable)]
    wanted += [("snorkel", str(peers)), ("crowdkit", str(peers))] if peers is not None else []
    results = {"auto": settled} | {name: _timed(name, python, SCALE) for name, python in wanted}
    return results | {"auto 1e7 x 100": _timed("auto", sys.executable, LARGE)}


def _timed(name: str, python: str, size: tuple[str, str]) -> dict[str, Any]:
    environment = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    run = [python, str(Path(__file__).with_name("denoise_speed.py")), name, *size]
    summary = subprocess.run(run, check=True, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    result: dict[str, Any] = json.loads(summary.stdout.splitlines()[-1])
    print(f"{name} {' x '.join(size)}: fit {result['fit']:.1f} s, {result['memory']:.2f} GB", file=sys.stderr)
    return result


def targets(figures: dict[str, Any]) -> dict[str, tuple[bool, float, str]]:
    """Figures -> target -> (met, figure, what was promised)."""
    simulated = figures["simulators"]
    behind = max(row["oracle"] - row["auto"] for row in simulated.values())
    unsure = max(row["calibration_error"] for row in simulated.values())
    results = {
        "clones": (simulated["clones"]["auto"] >= 87.0, simulated["clones"]["auto"], "at least 87.0"),
        "oracle": (behind <= 1.0, behind, "no simulator more than 1 point below its oracle"),
        "calibration": (unsure <= 0.05, unsure, "at most 0.05 on every simulator"),
    }
    if figures.get("sets"):
        ours = {name: row["ours"] for name, row in figures["sets"].items()}
        mean = float(np.mean([row["auto"] for row in ours.values()]))
        worst = min(row["auto"] - row["majority"] for row in ours.values())
        results["mean"] = (mean >= 61.7, mean, "mean of votes only at least 61.7, the sets of before")
        results["worst"] = (worst >= -0.5, worst, "no set more than 0.5 below the majority vote")
    if figures.get("features"):
        rows = list(figures["features"].values())
        gain = float(np.mean([row["auto"] for row in rows]) - _best_single(rows))
        worst = min(row["auto"] - row["majority"] for row in rows)
        results["features"] = (gain >= 8.0, gain, "at least 8 points above the best single votes-only peer on average")
        results["features_worst"] = (worst >= -0.5, worst, "no set with features more than 0.5 below the majority vote")
    return results | _scale_targets(figures.get("scale", {}))


def _best_single(rows: list[dict[str, Any]]) -> float:
    """The best mean of any one peer over the sets; peers that miss a set do not count."""
    shared = set.intersection(*(set(row["all_peers"]) for row in rows))
    return max((float(np.mean([row["all_peers"][model] for row in rows])) for model in shared), default=float("nan"))


def _scale_targets(runs: dict[str, Any]) -> dict[str, tuple[bool, float, str]]:
    """Runs -> targets of speed and memory; none where snorkel did not run."""
    if "snorkel" not in runs:
        return {}
    snorkel, auto = runs["snorkel"], runs["auto"]
    faster = snorkel["fit"] / runs[auto["chosen"]]["fit"]
    share = auto["memory"] / snorkel["memory"]
    large = runs["auto 1e7 x 100"]["peak"]
    return {
        "large": (large <= LARGE_GB, large, "GB in all for ten million rows by a hundred functions: 8 GiB"),
        "speed": (faster >= 10.0, faster, "the model auto settles on fits 10 times as fast as snorkel"),
        "speed_auto": (
            auto["fit"] <= snorkel["fit"],
            auto["fit"] / snorkel["fit"],
            "the whole of auto no slower than snorkel",
        ),
        "memory": (share <= 0.25, share, "a quarter of snorkel's memory above the start"),
    }


def report(figures: dict[str, Any]) -> None:
    """Figures -> tables on standard output."""
    if figures.get("sets"):
        _report_sets(figures["sets"])
    if figures.get("features"):
        print("\nwith MiniLM features   majority   best peer   auto")
        for name, row in figures["features"].items():
            print(f"{name:20} {row['majority']:10.1f} {row['best_peer']:11.1f} {row['auto']:6.1f}")
    print("\nsimulator            oracle  majority   auto   calibration error")
    for name, row in figures["simulators"].items():
        print(
            f"{name:18} {row['oracle']:8.1f} {row['majority']:9.1f} {row['auto']:6.1f} {row['calibration_error']:10.3f}"
        )
    if figures.get("packaged"):
        _report_packaged(figures["packaged"])
    if figures.get("scale"):
        print("\n1e6 x 50         fit CPU s   predict CPU s   GB above start   accuracy")
        for name, row in figures["scale"].items():
            print(f"{name:14} {row['fit']:11.2f} {row['predict']:15.2f} {row['memory']:16.2f} {row['accuracy']:10.3f}")
    print()
    for name, (met, figure, promised) in figures["targets"].items():
        print(f"{'met   ' if met else 'MISSED'} {name:15} {figure:8.3f}   {promised}")


def _report_packaged(problems: dict[str, Any]) -> None:
    print("\nbalanced accuracy on gold of valid and test" + "".join(f"{name:>10}" for name in problems))
    for kind, label in (("ours", ""), ("peers", " (rerun)")):
        for model in dict.fromkeys(m for row in problems.values() for m in row[kind]):
            row = "".join(f"{known[kind].get(model, float('nan')):10.1f}" for known in problems.values())
            print(f"{model + label:43}{row}")
    with_features = [name for name, row in problems.items() if row["features"]]
    print(f"auto has features on: {', '.join(with_features) or 'none'}")


def _report_sets(sets: dict[str, Any]) -> None:
    names = list(sets)
    print(f"{'':24}" + "".join(f"{name[:8]:>9}" for name in names) + "     mean")
    for kind, label in (("ours", ""), ("peers", " (rerun)"), ("published", " (given)")):
        models = list(dict.fromkeys(m for row in sets.values() for m in row[kind]))
        for model in models:
            row = [sets[name][kind].get(model, float("nan")) for name in names]
            print(f"{model + label:24}" + "".join(f"{value:9.1f}" for value in row) + f"{np.mean(row):9.1f}")
    low, high = (np.mean([row["interval"][i] for row in sets.values()]) for i in (0, 1))
    print(
        f"auto's 95% interval, mean over sets: {low:.1f} to {high:.1f}; chosen: "
        + ", ".join(f"{n} {r['chosen']}" for n, r in sets.items())
    )


if __name__ == "__main__":
    main()
