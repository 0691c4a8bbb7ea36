"""The end model on weak labels: `train=auto` on `denoise=auto` against soft cross entropy on majority-vote labels.

Run: python benchmarks/train_sets.py --data DIR [--json OUT] [--check] [--seeds 3] [--cache FOLDER]
DIR holds sets in WRENCH's form, of which those whose rows all have text are used, with MiniLM's features. The methods
learn from the same rows with several seeds; nothing is learned or chosen with gold, which test rows alone have here.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from denoise import BACKBONE, ROOT, embedded, fitted
from denoise_sets import VoteSet, load_set, score
from paired_comparison import paired
from targets import Target, finish, options, target
from tidemill.common.nested import merged
from tidemill.contracts import ABSTAIN, NO_GOLD
from tidemill.denoise.statistics.votes import vote_shares
from tidemill.reports.model import RecipeChoice
from tidemill.train.recipes import choose_recipe
from tidemill.train.recipes.recipe import TrainingSet
from tidemill.train.settings import TrainSettings

MODELS = ("head on majority", "head on auto", "auto on auto")


def main() -> None:
    """Run what was asked, print it, write it, and say what was missed."""
    parser = options(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of vote sets with text")
    parser.add_argument("--weights", type=Path, default=BACKBONE, help="folder of MiniLM")
    parser.add_argument("--cache", type=Path, help="folder where features are kept between runs")
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    results: dict[str, Any] = {}
    for votes in with_text(asked.data):
        results[votes.name] = compared(votes, features(votes, asked.weights, asked.cache), asked.seeds)
    report(results)
    finish({"sets": results, "seeds": asked.seeds, "targets": targets(results)}, asked)


def with_text(data: Path) -> Iterator[VoteSet]:
    """Folder of sets -> those whose rows all have text."""
    for path in sorted(part.parent for part in data.glob("*/meta.json")):
        votes = load_set(path)
        if votes.texts is not None:
            yield votes


def features(votes: VoteSet, weights: Path, cache: Path | None) -> dict[str, Any]:
    """Set, weights and a folder to keep features in -> split -> features."""
    assert votes.texts is not None  # noqa: S101 - sets without text are left out before
    return embedded_once(votes.name, votes.texts, weights, cache)


def embedded_once(name: str, texts: dict[str, list[str]], weights: Path, cache: Path | None) -> dict[str, Any]:
    """Name of a set, split -> texts, weights and a folder to keep features in -> split -> features."""
    made: dict[str, Any] = {}
    for split, some in texts.items():
        file = None if cache is None else cache / f"{name}-{split}.npy"
        if file is not None and file.exists():
            made[split] = np.load(file)
            continue
        made[split] = embedded(some, weights)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            np.save(file, made[split])
    return made


def settings(name: str, seed: int) -> TrainSettings:
    """Name of a file of src/tidemill/conf/train and a seed -> its settings, as Hydra composes them."""
    content = yaml.safe_load((ROOT / "src/tidemill/conf" / "train" / f"{name}.yaml").read_text(encoding="utf-8"))
    below: dict[str, Any] = {}
    for parent in content.pop("defaults", []):
        if parent != "_self_":
            below = merged(
                below,
                yaml.safe_load((ROOT / "src/tidemill/conf" / "train" / f"{parent}.yaml").read_text(encoding="utf-8")),
            )
    return TrainSettings.model_validate(merged(below, content | {"seed": seed}))


def compared(votes: VoteSet, seen: dict[str, Any], seeds: int) -> dict[str, Any]:
    """Set, its features and seeds -> method -> scores of its seeds, what was chosen, and the gain with its interval."""
    majority = vote_shares(votes.train, votes.n_classes)
    model = fitted("auto", votes.n_classes, votes.train, features=seen["train"])
    labels = model.predict_proba(votes.train, features=seen["train"])
    results: dict[str, Any] = {
        "label model": score(model.predict_proba(votes.test, features=seen["test"]), votes.gold, votes.metric),
        "majority vote": score(vote_shares(votes.test, votes.n_classes), votes.gold, votes.metric),
    }
    stated: dict[str, list[Any]] = {name: [] for name in MODELS}
    chosen, seconds = [], []
    for seed in range(seeds):
        start = time.process_time()
        stated[MODELS[0]].append(taught(votes, seen, majority, settings("head", seed))[0])
        stated[MODELS[1]].append(taught(votes, seen, labels, settings("head", seed))[0])
        middle = time.process_time()
        answer, choice = taught(votes, seen, labels, settings("auto", seed))
        stated[MODELS[2]].append(answer)
        chosen.append(choice.chosen if choice else "")
        seconds.append([(middle - start) / 2, time.process_time() - middle])
    for name in MODELS:
        results[name] = [score(item, votes.gold, votes.metric) for item in stated[name]]
    results["gain"] = float(np.mean(results[MODELS[2]]) - np.mean(results[MODELS[0]]))
    results["interval"] = paired(stated[MODELS[2]], stated[MODELS[0]], votes.gold, votes.metric)
    results |= {"chosen": chosen, "cpu_seconds": np.mean(seconds, axis=0).round(1).tolist()}
    print(f"{votes.name}: gain {results['gain']:.1f}, chosen {', '.join(chosen)}", file=sys.stderr)
    return results


def taught(
    votes: VoteSet, seen: dict[str, Any], labels: Any, search_settings: TrainSettings
) -> tuple[Any, RecipeChoice | None]:
    """Set, features, labels and settings -> what the end model says of the test rows, and its choice."""
    covered = (votes.train != ABSTAIN).any(axis=1)
    assert votes.texts is not None  # noqa: S101 - sets without text are left out before
    training_set = TrainingSet(seen["train"], labels, covered, np.full(len(labels), NO_GOLD), votes.texts["train"])
    model, choice = choose_recipe.fit_chosen_recipe(training_set, search_settings)
    return model.predict_proba(seen["test"], votes.texts["test"]), choice


def targets(sets: dict[str, Any]) -> dict[str, Target]:
    """Sets -> targets. The interval of the mean takes the sets as they are: rows and seeds vary, the sets do not."""
    gains = {name: row["gain"] for name, row in sets.items()}
    mean, worst = float(np.mean(list(gains.values()))), min(gains, key=gains.__getitem__)
    spread = 1.96 * np.sqrt(sum(((row["interval"][1] - row["interval"][0]) / 3.92) ** 2 for row in sets.values()))
    ends = [mean - spread / len(sets), mean + spread / len(sets)]
    return {
        "sets, mean": target(
            mean, "5 points above soft cross entropy on majority-vote labels, mean", ends, met=mean >= 5.0
        ),
        "sets, worst": target(
            gains[worst],
            f"worse on no set by more than 1 point ({worst})",
            sets[worst]["interval"],
            met=gains[worst] >= -1.0,
        ),
    }


def report(sets: dict[str, Any]) -> None:
    """Sets -> a table on standard output."""
    columns = ("majority vote", "label model", *MODELS)
    print(f"{'set':14}" + "".join(f"{name:>18}" for name in columns) + f"{'gain':>8}  95% interval")
    for name, row in sets.items():
        cells = [
            f"{row[column]:18.1f}"
            if isinstance(row[column], float)
            else f"{np.mean(row[column]):11.1f} ± {np.std(row[column]):4.1f}"
            for column in columns
        ]
        low, high = row["interval"]
        print(f"{name:14}" + "".join(cells) + f"{row['gain']:8.1f}  {low:.1f} to {high:.1f}")
    for name, row in sets.items():
        print(f"{name}: chose {', '.join(row['chosen'])}; CPU seconds, head and auto: {row['cpu_seconds']}")
    print()


if __name__ == "__main__":
    main()
