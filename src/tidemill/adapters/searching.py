"""Problem and minutes → settings of the head that do better, or the news that none do, in reports/<problem>/search.*."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tidemill.adapters.config import Paths, load
from tidemill.adapters.places import state_folder
from tidemill.adapters.tables import aside, batch_names, read, read_batches, write_json
from tidemill.contracts import (
    ABSTAIN,
    FEATURES,
    NO_GOLD,
    Problem,
    gold_contract,
    labels_contract,
    probability_columns,
    votes_contract,
)
from tidemill.train.architecture import diagram, suggest_architecture
from tidemill.train.learn import Lesson
from tidemill.train.run import TAUGHT, joined
from tidemill.train.search import Found, search
from tidemill.train.settings import TrainSettings


def search_for(name: str, *, minutes: float) -> dict[str, Any]:
    """Problem and minutes → what was found; the rows are those of train and dev, valid and test are not looked at.

    The journal of trials is `.tidemill/search/<problem>.log`: a search that was stopped goes on from there. Delete it to
    begin anew, as after new labels.
    """
    problem, settings, paths = load(name, "train", TrainSettings)
    settings = settings.model_copy(update={"mode": "head", "recipes": ()})
    lesson = _lesson(problem, settings, paths)
    taught = lesson.part(lesson.covered) if lesson.covered.any() else lesson
    suggested = suggest_architecture(taught.features, taught.targets.argmax(axis=1), seed=settings.seed)
    print(f"suggested hidden layers {list(suggested.hidden)}: {suggested.why}")
    with aside(paths.reports / "architecture.png") as path:
        diagram(taught.features.shape[1], suggested, len(problem.classes), path)
    journal = state_folder() / "search" / f"{name}.log"
    found = search(lesson, settings, seconds=60.0 * minutes, storage=journal, start=suggested.hidden)
    told = _told(found, name, suggested.hidden)
    write_json(told, paths.reports / "search.json")
    with aside(paths.reports / "search.csv") as path:
        found.leaderboard.write_csv(path)
    with aside(paths.reports / "search.png") as path:
        draw(found.leaderboard, path)
    return told


def _lesson(problem: Problem, settings: TrainSettings, paths: Paths) -> Lesson:
    classes, batches = problem.classes, batch_names(paths.manifest)
    contract = votes_contract(len(classes))
    votes = read(paths.votes, contract)
    rows = joined(votes, read_batches(paths.features, FEATURES, batches), read(paths.labels, labels_contract(classes)))
    heard = rows.select(pl.any_horizontal(pl.col(contract.other_names(votes.columns)) != ABSTAIN)).to_series()
    gold = np.full(rows.height, NO_GOLD)
    if settings.use_gold:
        dev = read_batches(paths.dev, gold_contract(len(classes)), batches)
        found = rows.select("row_id").join(dev, on="row_id", how="left", maintain_order="left")["gold"]
        gold = found.fill_null(NO_GOLD).to_numpy().astype(np.int64)
    targets = rows.select(probability_columns(classes)).to_numpy()
    teaches = rows["split"].is_in(TAUGHT).to_numpy()
    return Lesson(rows["feature"].to_numpy(), targets, heard.to_numpy(), gold).part(teaches)


def _told(found: Found, name: str, suggested: tuple[int, ...]) -> dict[str, Any]:
    gain, low, high = (round(value, 6) for value in found.gain)
    measure = (
        f"squared error on {found.gold_rows} gold rows of dev" if found.gold_rows else "share of sure labels missed"
    )
    if low > 0:
        words = " ".join(f"'train.{key}={_word(value)}'" for key, value in found.changes.items())
        verdict = f"better than the settings there are by {gain:.4f} [{low:.4f}, {high:.4f}]: tidemill run problem={name} {words}"
    else:
        verdict = (
            f"nothing surely better: the best trial gains {gain:.4f} [{low:.4f}, {high:.4f}] on the settings there are"
        )
    about = {"trials": found.leaderboard.height, "measure": measure, "suggested_hidden": list(suggested)}
    return about | {"gain": gain, "interval": [low, high], "changes": found.changes, "verdict": verdict}


def _word(value: Any) -> str:
    return "[" + ",".join(map(str, value)) + "]" if isinstance(value, list) else str(value).lower()


def draw(leaderboard: pl.DataFrame, path: Path) -> None:
    """Leaderboard → PNG file: the loss of each trial, and the least so far."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    table = leaderboard.sort("trial")
    axes.plot(table["trial"], table["loss"], "o", color="#00798c", alpha=0.6, label="trial")
    axes.step(table["trial"], table["loss"].cum_min(), where="post", color="#d1495b", label="best so far")
    axes.set(xlabel="trial (0: the settings there are)", ylabel="loss on unseen rows")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(path, format="png", dpi=110, metadata={"Software": None})
