"""Generated labels: what voters of few gold rows, GANs, descriptions and prompts add to the functions, and that bad ones do not hurt.

    python benchmarks/generated.py --data DIR [--parts solar,spam,gan,planted,prompt,zero_shot] [--seeds 10] [--check] [--json OUT]

`solar`, `spam` and `gan` read what a run left under data/; `zero_shot` reads sets in WRENCH's form below DIR. Intervals are over
seeds, which draw the gold rows, paired by seed. Test gold scores and is never learned from.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from denoise import embedded
from denoise_sets import score
from generated_rows import DESCRIBED, Drawn, labels_of, packaged, planted, text_set, votes_of, with_gold
from targets import Target, finish, options, target
from tidemill.contracts import ABSTAIN
from tidemill.generate.few_gold import fit_on_gold, mean_prediction
from tidemill.generate.gold_check import check_on_gold
from tidemill.generate.label_gain import keep_what_helps
from tidemill.label.conditions.generated import Model
from tidemill.project.project import Project

ROOT: Final = Path(__file__).parents[1]
PARTS: Final = ("solar", "spam", "gan", "planted", "prompt", "zero_shot")
CEILING: Final = {"solar": 85.4, "spam": 95.3}
"""Balanced accuracy of the same end model on gold of all training rows: the README's table."""
VOTERS: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "solar": {
        "head": {"kind": "model", "learner": "linear", "precision": 0.5},
        "feature_gan": {"kind": "model", "learner": "feature_gan", "precision": 0.5},
    },
    "spam": {
        "head": {"kind": "model", "learner": "linear", "precision": 0.95, "sample": "uncertain"},
        "words": {"kind": "model", "learner": "ngrams", "precision": 0.95, "sample": "uncertain"},
    },
}
USES_GOLD: Final = {"solar": True, "spam": False}
GOLD_PER_CLASS: Final = {"solar": 100, "spam": 50}
BAD: Final = ("guesses", "copies", "is wrong on a class")


def interval(gains: Sequence[float]) -> list[float]:
    """Paired gains of seeds -> 95% interval of their mean (Student's t)."""
    from scipy.stats import t

    mean, error = float(np.mean(gains)), float(np.std(gains, ddof=1) / np.sqrt(len(gains))) if len(gains) > 1 else 99.0
    reach = float(t.ppf(0.975, max(len(gains) - 1, 1))) * error
    return [mean - reach, mean + reach]


def on_packaged(name: str, seeds: int) -> dict[str, Any]:
    """Problem and number of seeds -> balanced accuracy on test of functions, of each generator, and of all together."""
    whole, lines = packaged(name), []
    for seed in range(seeds):
        drawn = with_gold(whole, GOLD_PER_CLASS[name], seed)
        with tempfile.TemporaryDirectory() as folder:
            made = votes_of({k: v | {"seed": seed} for k, v in VOTERS[name].items()}, drawn.rows, Path(folder), {})
        use_gold, labels = USES_GOLD[name], labels_of(drawn.rows.votes, drawn.rows, use_gold=False)
        with_votes = labels_of(np.column_stack([drawn.rows.votes, made.votes]), drawn.rows, use_gold=use_gold)
        alone = {voter: _predicted(drawn, fields | {"seed": seed}) for voter, fields in VOTERS[name].items()}
        soft = soft_evidence(labels, list(alone.values()))
        line = {
            "functions": drawn.balanced(labels),
            "functions and gold": drawn.balanced(labels_of(drawn.rows.votes, drawn.rows, use_gold=use_gold)),
            "with generated": drawn.balanced(with_votes),
            **{voter: drawn.balanced(predicted) for voter, predicted in alone.items()},
            "soft evidence": drawn.balanced(soft),
            "with generated, equal shares": drawn.balanced(_at_equal_shares(with_votes, with_votes, drawn)),
            "soft evidence, equal shares": drawn.balanced(_at_equal_shares(soft, labels, drawn)),
            "squared error, with generated": _squared_error(with_votes, drawn),
            "squared error, soft evidence": _squared_error(soft, drawn),
        }
        hard = hard_ham(whole) if name == "spam" else ()
        if len(hard):
            line["hard ham, functions"] = drawn.balanced(labels, hard)
            line["hard ham, with generated"] = drawn.balanced(with_votes, hard)
            line["hard ham, soft evidence"] = drawn.balanced(soft, hard)
        lines.append(line)
        print(f"{name} seed {seed}: {_rounded(line)}", file=sys.stderr, flush=True)
    return {"seeds": lines, "mean": {key: float(np.mean([line[key] for line in lines])) for key in lines[0]}}


def hard_ham(whole: Drawn) -> Any:
    """Spam's rows -> indices of test rows of ham that looks like spam; how many are right is their balanced accuracy."""
    paths = Project.open(Path()).paths("spam")
    groups = pl.concat([pl.read_parquet(file) for file in sorted(paths.slices.glob("*.parquet"))]).select(
        "row_id", "group"
    )
    joined = whole.rows.ids.join(groups, on="row_id", how="left", maintain_order="left")
    return whole.test[(joined["group"] == "hard-ham").fill_null(value=False).to_numpy()[whole.test]]


def soft_evidence(labels: Any, predicted: Sequence[Any]) -> Any:
    """Labels by the functions and probabilities of generators -> their product, in which the generators count as one together."""
    logs = np.log(np.clip(labels, 1e-6, 1)) + np.mean([np.log(np.clip(one, 1e-6, 1)) for one in predicted], axis=0)
    return _normalised(logs)


def _at_equal_shares(probabilities: Any, labels: Any, drawn: Drawn) -> Any:
    """Probabilities, and the labels whose shares of the classes they have -> the same as if classes were equally frequent."""
    return _normalised(np.log(np.clip(probabilities, 1e-6, 1)) - np.log(labels[drawn.rows.fitted_on].mean(axis=0)))


def _normalised(logs: Any) -> Any:
    shares = np.exp(logs - logs.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def _squared_error(probabilities: Any, drawn: Drawn) -> float:
    """Mean squared error of the last class's probability on test, x 100."""
    truth = drawn.gold[drawn.test] == probabilities.shape[1] - 1
    return 100.0 * float(np.mean((probabilities[drawn.test, -1] - truth) ** 2))


def _predicted(drawn: Drawn, fields: dict[str, Any]) -> Any:
    """Rows and a voter's fields -> its probabilities of all rows; of rows with gold those of models that have not seen them."""
    condition, rows = Model.model_validate(fields), drawn.rows
    model = fit_on_gold(condition, rows)
    if isinstance(model, str):
        raise SystemExit(model)
    predicted = mean_prediction(model.members, condition, rows, np.arange(len(drawn.gold)))
    predicted[rows.labeled] = model.held_out
    return predicted


def _rounded(line: dict[str, float]) -> str:
    return ", ".join(f"{key} {value:.1f}" for key, value in line.items())


def packaged_targets(name: str, found: dict[str, Any]) -> dict[str, Target]:
    """Figures of a problem -> what was promised of it."""
    lines = found["seeds"]
    alone = interval([line["with generated"] - line["functions"] for line in lines])
    if name == "spam":
        mean = float(np.mean([line["with generated"] - line["functions"] for line in lines]))
        hard = found["mean"]["hard ham, with generated"] - found["mean"]["hard ham, functions"]
        return {
            "spam": target(mean, "no worse than functions alone by more than .3 points", alone, met=mean >= -0.3),
            "spam, hard ham": target(hard, "not below functions alone", met=hard >= 0),
        }
    best = max(VOTERS[name], key=lambda voter: found["mean"][voter])
    beyond = interval([line["with generated"] - line[best] for line in lines])
    mean = found["mean"]
    way = (mean["with generated"] - mean["functions"]) / (CEILING[name] - mean["functions"])
    return {
        "solar, functions": target(
            float(np.mean(alone)), "surely better than functions alone", alone, met=alone[0] > 0
        ),
        "solar, generators": target(
            float(np.mean(beyond)), f"surely better than {best} alone", beyond, met=beyond[0] > 0
        ),
        "solar, ceiling": target(way, "at least half of the way to gold's .854", met=way >= 0.5),
    }


def gan_against_network(seeds: int) -> dict[str, Any]:
    """Number of seeds -> GAN less plain network on the same gold rows, 20 and 50 per class, and CPU seconds of each."""
    whole, results = packaged("solar"), {}
    for per_class in (20, 50):
        gains: list[float] = []
        scores: dict[str, list[float]] = {"cnn": [], "gan": []}
        seconds: dict[str, list[float]] = {"cnn": [], "gan": []}
        for seed in range(seeds):
            drawn = with_gold(whole, per_class, seed)
            for learner in ("cnn", "gan"):
                start = time.process_time()
                fields = {"kind": "model", "learner": learner, "folds": 2, "seed": seed}
                scores[learner].append(drawn.balanced(_predicted(drawn, fields)))
                seconds[learner].append(time.process_time() - start)
            gains.append(scores["gan"][-1] - scores["cnn"][-1])
            print(f"gan {per_class} seed {seed}: {gains[-1]:+.1f}", file=sys.stderr, flush=True)
        results[str(per_class)] = {
            "cnn": float(np.mean(scores["cnn"])),
            "gan": float(np.mean(scores["gan"])),
            "gain": float(np.mean(gains)),
            "interval": interval(gains),
            "cpu_seconds": {name: float(np.mean(taken)) for name, taken in seconds.items()},
        }
    return results


def gan_targets(found: dict[str, Any]) -> dict[str, Target]:
    """Figures of the GAN -> that it was measured, and its time."""
    lines = {
        f"gan, {size} per class": target(one["gain"], "measured: GAN less CNN", one["interval"], met=True)
        for size, one in found.items()
    }
    longest = max(one["cpu_seconds"]["gan"] for one in found.values())
    return lines | {"gan, CPU seconds": target(longest, "at most 600: five minutes of two cores", met=longest <= 600)}


def bad_voters(seeds: int) -> dict[str, Any]:
    """Number of seeds -> of each bad voter: how often it is dropped or discounted, and points of labels that it costs at most."""
    results = {}
    for kind in BAD:
        stopped, losses = 0, []
        for seed in range(seeds):
            rows, truth, votes = planted(kind, seed)
            how = {"others": rows.votes, "names": rows.names, "classes": rows.problem.classes}
            checked = keep_what_helps(check_on_gold(votes, rows.gold, rows.labeled, **how), rows, rows.votes)  # type: ignore[arg-type]
            stopped += bool(checked.dropped)
            test = (rows.ids["split"] == "test").to_numpy()
            without, beside = (
                labels_of(v, rows, use_gold=False)[test].argmax(axis=1) == truth[test]
                for v in (rows.votes, np.column_stack([rows.votes, checked.votes]))
            )
            losses.append(100.0 * float(without.mean() - beside.mean()))
        results[kind] = {
            "stopped": stopped,
            "of": seeds,
            "largest_loss": max(losses),
            "mean_loss": float(np.mean(losses)),
        }
        print(f"a voter that {kind}: {results[kind]}", file=sys.stderr, flush=True)
    return results


def bad_targets(found: dict[str, Any]) -> dict[str, Target]:
    """Figures of bad voters -> what was promised of each."""
    lines = {}
    for kind, one in found.items():
        lines[kind] = target(
            one["stopped"], f"dropped or discounted in {one['of']} of {one['of']}", met=one["stopped"] == one["of"]
        )
        lines[f"{kind}: loss"] = target(
            one["largest_loss"], "labels never more than .5 points lower", met=one["largest_loss"] <= 0.5
        )
    return lines


def prompts() -> dict[str, Any]:
    """Requests of a second run, of a batch of 1%, and of a run after one that was killed half way, at a server on loopback."""
    sys.path.insert(0, str(ROOT))
    from tests.generate.language_model import language_model

    from generated_server import killed_half_way, run

    with tempfile.TemporaryDirectory() as folder, language_model() as server:
        where = Path(folder)
        run(1000, where / "a", server.url)
        first = len(server.bodies)
        run(1000, where / "a", server.url)
        second = len(server.bodies) - first
        run(1010, where / "a", server.url)
        batch = len(server.bodies) - first - second
        before = server.texts
        answered = killed_half_way(where / "b", server)
        so_far = len(server.bodies)
        run(1000, where / "b", server.url)
        twice = [text for text, count in (server.texts - before).items() if count > 1]
    return {
        "first": first,
        "second": second,
        "batch": batch,
        "answered_before_the_kill": len(answered),
        "after_the_kill": len(server.bodies) - so_far,
        "answered_and_asked_again": sum(text.split(":")[0] in answered for text in twice),
        "under_way_and_asked_again": sum(text.split(":")[0] not in answered for text in twice),
    }


def prompt_targets(found: dict[str, Any]) -> dict[str, Target]:
    """Requests -> what was promised of them."""
    again = found["answered_and_asked_again"]
    return {
        "prompt, second run": target(found["second"], "0 requests", met=found["second"] == 0),
        "prompt, batch of 10": target(found["batch"], "requests for the new rows alone", met=found["batch"] == 10),
        "prompt, killed": target(again, "no row asked again whose answer had arrived", met=again == 0),
    }


class _Backbone:
    """MiniLM from its package."""

    backbone_name = "all-MiniLM-L6-v2"

    class settings:  # noqa: N801 - an attribute of an embedder
        """Its settings."""

        backbone = "all-MiniLM-L6-v2"

    about = property(lambda self: self)
    backbone = property(lambda self: self)

    def __init__(self, weights: Path) -> None:
        self.weights, self.kept = weights, dict[tuple[str, ...], Any]()

    def model_dump_json(self) -> str:
        """What identifies it."""
        return self.backbone_name

    def embed(self, texts: Sequence[str], *, name: str = "") -> Any:
        """Texts -> features; two sets have the same texts."""
        del name
        if tuple(texts) not in self.kept:
            self.kept[tuple(texts)] = embedded(list(texts), self.weights)
        return self.kept[tuple(texts)]


def zero_shot(data: Path, sets: Sequence[str]) -> dict[str, Any]:
    """Folder of sets and names of some -> score of the functions, of the descriptions alone, and of both; no gold is used."""
    backbone, results = _Backbone(ROOT / "data/packages/minilm"), {}
    for name, sentences in ((name, DESCRIBED[name]) for name in sets):
        own, rows = text_set(data / name, backbone)
        describe = dict(zip(rows.problem.classes, sentences, strict=True))
        fields = {"kind": "zero_shot", "describe": describe}
        with tempfile.TemporaryDirectory() as folder:
            made = votes_of({"described": fields}, rows, Path(folder), {})
        is_test = (rows.ids["split"] == "test").to_numpy()
        said = made.votes[is_test, 0]
        line = {
            "functions": _scored(labels_of(rows.votes, rows, use_gold=False)[is_test], own),
            "with descriptions": _scored(
                labels_of(np.column_stack([rows.votes, made.votes]), rows, use_gold=False)[is_test], own
            ),
            "coverage": 100.0 * float((said != ABSTAIN).mean()),
            "right where it votes": 100.0 * float((said == own.gold)[said != ABSTAIN].mean()),
        }
        results[name] = line
        print(f"{name}: {_rounded(line)}", file=sys.stderr, flush=True)
    return results


def _scored(labels: Any, own: Any) -> float:
    return score(labels, own.gold, own.metric)


def zero_shot_targets(found: dict[str, Any]) -> dict[str, Target]:
    """Figures of the sets -> what was promised of them."""
    gains = [line["with descriptions"] - line["functions"] for line in found.values()]
    return {
        "zero_shot, mean": target(
            float(np.mean(gains)), "at least as good as functions alone", met=np.mean(gains) >= 0
        ),
        "zero_shot, worst": target(min(gains), "at least -.5", met=min(gains) >= -0.5),
    }


def main() -> None:
    """Run the parts asked for; print, write and check their targets."""
    parser = options(__doc__)
    parser.add_argument("--data", type=Path, help="folder of sets in WRENCH's form")
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--sets", default=",".join(DESCRIBED), help="of zero_shot")
    asked = parser.parse_args()
    seeds = asked.seeds
    parts: dict[str, tuple[Callable[[], Any], Callable[[Any], dict[str, Target]]]] = {
        "solar": (partial(on_packaged, "solar", seeds), partial(packaged_targets, "solar")),
        "spam": (partial(on_packaged, "spam", seeds), partial(packaged_targets, "spam")),
        "gan": (partial(gan_against_network, seeds), gan_targets),
        "planted": (partial(bad_voters, 10 * seeds), bad_targets),
        "prompt": (prompts, prompt_targets),
        "zero_shot": (partial(zero_shot, asked.data, asked.sets.split(",")), zero_shot_targets),
    }
    figures: dict[str, Any] = {"targets": {}}
    for name in asked.parts.split(","):
        measured, promised = parts[name]
        figures[name] = measured()
        figures["targets"] |= promised(figures[name])
    finish(figures, asked)


if __name__ == "__main__":
    main()
