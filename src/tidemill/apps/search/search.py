"""A search for settings of embed and train that do better, reported as JSON, CSV and plots."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from pydantic import JsonValue

from tidemill.apps.search import candidate_backbones, plots
from tidemill.common.files import atomic_write
from tidemill.common.nested import merged
from tidemill.contracts import (
    ABSTAIN,
    FEATURES,
    NO_GOLD,
    Problem,
    labels_contract,
    probability_columns,
    votes_contract,
)
from tidemill.embed.settings import EmbedSettings
from tidemill.project.config import parse
from tidemill.project.contents import teaching_gold
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.project.tables import batch_names, read, read_batches
from tidemill.reports.search import FinalistReport, Holdout, SearchReport
from tidemill.train.deadline import OutOfTimeError, time_limit
from tidemill.train.recipes.recipe import TrainingSet
from tidemill.train.run import TRAIN_SPLITS, join_rows
from tidemill.train.search.architecture import Suggestion, draw_network, suggest_architecture
from tidemill.train.search.holdout_comparison import Finalist, compare_on_holdout, finalists
from tidemill.train.search.settings import CURRENT_BACKBONE, SearchSettings
from tidemill.train.search.space import BACKBONE, VERSION, searched_values
from tidemill.train.search.study_store import open_study
from tidemill.train.search.trials import CHANGES, SearchProblem, run_trials
from tidemill.train.settings import TrainSettings

_LAST: Final = (0.02, 0.2, 2.0)  # of the budget, least and most seconds, that are kept for what comes after the finals
_DOUBT: Final = (
    "at predicting confident labels, right or wrong; train.gold.use=true scores by gold of train and dev instead"
)
_SHAPE: Final = 0.1  # most of the budget that the suggestion of a shape may take


@dataclass(frozen=True)
class _Rows:
    """Rows that a search works on, with their ids, and what makes its trials comparable with earlier ones."""

    training_set: TrainingSet
    row_ids: pl.Series
    fingerprint: str


@dataclass(frozen=True)
class _Clock:
    """Moments of ``time.monotonic()``: until when each part of the work may last."""

    shape: float
    embedding: float
    trials: float
    finals: float

    @classmethod
    def of(cls, began: float, settings: SearchSettings) -> _Clock:
        seconds = 60.0 * settings.minutes
        share, least, most = _LAST
        end = began + seconds - min(max(share * seconds, least), most)
        trials = end - settings.comparison_share * seconds
        return cls(began + _SHAPE * seconds, min(began + settings.embedding_share * seconds, trials), trials, end)


def search_for(project: Project, name: str, folder: Path, *, minutes: float | None = None) -> SearchReport:
    """Search within a budget of time, and write the report.

    The rows are those of train and dev; valid and test are not read. Trials are kept in `.tidemill/search/<problem>/`
    under a fingerprint of rows, labels and settings: a search that was stopped goes on, and new labels begin a new one.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.
    folder
        Folder in which the report and its plots are written.
    minutes
        The budget in minutes; None: as set.

    Returns
    -------
    SearchReport
        Content of search.json.
    """
    began = time.monotonic()
    problem, settings, paths = project.load(name, "train", TrainSettings)
    search_settings = project.load(name, "search", SearchSettings)[1]
    search_settings = search_settings if minutes is None else search_settings.model_copy(update={"minutes": minutes})
    _check(name, settings, search_settings)
    clock = _Clock.of(began, search_settings)
    embed, batches = project.load(name, "embed", EmbedSettings)[1], batch_names(paths.manifest)
    rows = _rows(problem, settings, paths, search_settings, embed)
    suggestion = _suggestion(rows.training_set, settings.seed, clock)
    state = project.state / "search" / name
    result = candidate_backbones.candidates(problem, embed, search_settings)
    there = candidate_backbones.contents(paths, batches, problem, rows.row_ids) if result else pl.DataFrame()
    where = {"root": project.shared, "folder": state / "features"}
    seen = candidate_backbones.made_candidates(there, problem, embed, result, **where, deadline=clock.embedding)
    lessons = {CURRENT_BACKBONE: rows.training_set} | {
        item: replace(rows.training_set, features=made) for item, made in seen.items()
    }
    field = SearchProblem(lessons, settings, search_settings)
    with open_study(state / f"{rows.fingerprint}.log", seed=search_settings.seed) as study:
        run_trials(field, study, deadline=clock.trials, start=suggestion.hidden)
        if not finalists(
            study, field
        ):  # nothing to judge again yet, so its time is for trials: the next search has them
            run_trials(field, study, deadline=clock.finals, start=suggestion.hidden)
        _write(study, field, suggestion, folder)  # before the finals, which end when they must: drawing does not
        judged, rounds = compare_on_holdout(field, study, deadline=clock.finals)
        trials = study.get_trials(deepcopy=False)
    report = _report(field, problem, judged, result, _Done(rounds, trials, suggestion, began))
    report.write(folder / "search.json")
    return report


def _check(name: str, settings: TrainSettings, search_settings: SearchSettings) -> None:
    """Every end and choice of the space can be set, or an error names the one that cannot."""
    for key, values in searched_values(search_settings).items():
        for value in values:
            parse(TrainSettings, merged(settings.model_dump(), {key: value}), f"{name}.search.space: train")


def _rows(
    problem: Problem, settings: TrainSettings, paths: Paths, search_settings: SearchSettings, embed: EmbedSettings
) -> _Rows:
    """Those with gold come first where there are too many."""
    classes, batches = problem.classes, batch_names(paths.manifest)
    contract = votes_contract(len(classes))
    votes = read(paths.votes, contract)
    rows = join_rows(
        votes, read_batches(paths.features, FEATURES, batches), read(paths.labels, labels_contract(classes))
    )
    covered = rows.select(pl.any_horizontal(pl.col(contract.other_names(votes.columns)) != ABSTAIN)).to_series()
    gold = np.full(rows.height, NO_GOLD)
    if settings.gold.use:
        known = teaching_gold(paths, len(classes), batches)
        result = rows.select("row_id").join(known, on="row_id", how="left", maintain_order="left")["gold"]
        gold = result.fill_null(NO_GOLD).to_numpy().astype(np.int64)
    targets = rows.select(probability_columns(classes)).to_numpy()
    chosen = _capped(rows["split"].is_in(TRAIN_SPLITS).to_numpy(), gold, search_settings)
    row_ids = rows["row_id"].filter(pl.Series(chosen))
    training_set = TrainingSet(rows["feature"].to_numpy(), targets, covered.to_numpy(), gold).part(chosen)
    if settings.may_read_texts and problem.modality == "text":
        training_set = replace(
            training_set, texts=candidate_backbones.contents(paths, batches, problem, row_ids)["text"].to_list()
        )
    same = settings.model_dump(mode="json") | {"threads": 0}
    asked = search_settings.model_dump(
        mode="json", exclude={"minutes", "finalists", "embedding_share", "comparison_share"}
    )
    summary = json.dumps([VERSION, row_ids.to_list(), same, asked, embed.model_dump(mode="json")], sort_keys=True)
    digest = hashlib.sha256(summary.encode())
    for part in (training_set.features, training_set.targets, training_set.covered, training_set.gold):
        digest.update(np.ascontiguousarray(part).tobytes())
    return _Rows(training_set, row_ids, digest.hexdigest()[:16])


def _capped(able: Any, gold: Any, settings: SearchSettings) -> Any:
    """Drawn by the seed, gold first."""
    order = np.random.default_rng([settings.seed, 5]).permutation(len(able))
    order = order[able[order]]
    order = order[np.argsort(gold[order] == NO_GOLD, kind="stable")][: settings.max_rows]
    chosen = np.zeros(len(able), dtype=bool)
    chosen[order] = True
    return chosen


def _suggestion(training_set: TrainingSet, seed: int, clock: _Clock) -> Suggestion:
    training_rows = training_set.part(training_set.covered) if training_set.covered.any() else training_set
    try:
        with time_limit(clock.shape):
            result = suggest_architecture(training_rows.features, training_rows.targets.argmax(axis=1), seed=seed)
    except OutOfTimeError:
        result = Suggestion((), "no time to count the lines that the boundary needs: a line is a starting point too")
    print(f"search: suggested hidden layers {list(result.hidden)}: {result.why}", flush=True)
    return result


@dataclass(frozen=True)
class _Done:
    """What a search has done: rounds of the finals, Optuna's trials, the shape suggested, and when it began."""

    rounds: int
    trials: list[Any]
    suggestion: Suggestion
    began: float


def _report(
    field: SearchProblem,
    problem: Problem,
    finalists: list[Finalist],
    result: Mapping[str, Mapping[str, JsonValue]],
    done: _Done,
) -> SearchReport:
    states = [trial.state.name for trial in done.trials]
    outcome: Any = _outcome(field, problem, finalists, result)
    return SearchReport(
        problem=problem.name,
        minutes=field.search.minutes,
        rows=len(field.training_set.targets),
        trials=states.count("COMPLETE") + states.count("PRUNED"),
        pruned=states.count("PRUNED"),
        failed=states.count("FAIL"),
        backbones=tuple(field.training_sets),
        measure=_measure(field),
        holdout=Holdout(
            rows=int(field.scored_rows(1).sum()),
            rounds=done.rounds,
            finalists=tuple(_finalist(finalist) for finalist in finalists),
        ),
        suggested_hidden=tuple(done.suggestion.hidden),
        suggestion=done.suggestion.why,
        elapsed_seconds=round(time.monotonic() - done.began, 1),
        **outcome,
    )


def _outcome(
    field: SearchProblem, problem: Problem, finalists: list[Finalist], result: Mapping[str, Mapping[str, JsonValue]]
) -> dict[str, Any]:
    if not finalists:
        return {"verdict": "no verdict: there was no time to judge a trial again; give it more minutes"}
    best = finalists[0]
    gain, low, high = best.gain
    run = retrain_command(problem, best, result, field.settings)
    span = f"{gain:.4f} [{low:.4f}, {high:.4f}]"
    doubt = "" if field.gold_rows else f" ({_DOUBT})"
    better = f"better than the settings there are by {span}{doubt}: {run}"
    none = (
        f"nothing significantly better: the best of {len(finalists)} finalists gains {span} on the settings there are"
    )
    return {
        "gain": round(gain, 6),
        "interval": (round(low, 6), round(high, 6)),
        "points": _percent(best.points),
        "backbone": best.backbone,
        "embed": dict(result.get(best.backbone, {})),
        "changes": best.changes,
        "command": run,
        "verdict": better if low > 0 else none,
    }


def _measure(field: SearchProblem) -> str:
    if field.gold_rows:
        return f"squared error on gold of train and dev ({field.gold_rows} rows)"
    return "error rate on confident labels, mean over classes"


def _finalist(finalist: Finalist) -> FinalistReport:
    gain, low, high = finalist.gain
    return FinalistReport(
        trial=finalist.trial,
        backbone=finalist.backbone,
        changes=finalist.changes,
        gain=(round(gain, 6), round(low, 6), round(high, 6)),
        points=_percent(finalist.points),
    )


def _percent(points: tuple[float, float, float]) -> tuple[float, float, float]:
    value, low, high = points
    return round(100.0 * value, 2), round(100.0 * low, 2), round(100.0 * high, 2)


def retrain_command(
    problem: Problem, best: Finalist, result: Mapping[str, Mapping[str, JsonValue]], settings: TrainSettings
) -> str:
    """Write the command that trains with the settings of the best trial.

    Parameters
    ----------
    problem
        Name, modality and classes of the problem.
    best
        The trial that won on held-out rows.
    result
        Changes of embed by name of the backbone.
    settings
        Settings of train.

    Returns
    -------
    str
        A line for a shell.
    """
    flat = [*_dotted("embed", result.get(best.backbone, {})), *_dotted("train", best.changes)]
    recipes: list[tuple[str, Any]] = (
        [("train.recipes", [])] if settings.recipes else []
    )  # a recipe would go before what is set
    return " ".join(
        [f"tidemill run problem={problem.name}", *(f"'{key}={_word(value)}'" for key, value in [*flat, *recipes])]
    )


def _dotted(prefix: str, changes: Mapping[str, Any]) -> list[tuple[str, Any]]:
    results: list[tuple[str, Any]] = []
    for key, value in changes.items():
        results += _dotted(f"{prefix}.{key}", value) if isinstance(value, dict) else [(f"{prefix}.{key}", value)]
    return results


def _word(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_word, value)) + "]"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _write(study: Any, field: SearchProblem, suggestion: Suggestion, folder: Path) -> None:
    table = leaderboard(study)
    with atomic_write(folder / "search.csv") as path:
        table.write_csv(path)
    with atomic_write(folder / "architecture.png") as path:
        draw_network(field.training_set.features.shape[1], suggestion, field.training_set.targets.shape[1], path)
    with atomic_write(folder / "search.png") as path:
        plots.draw(table, plots.importance(study), _measure(field), path)
    with atomic_write(folder / "settings.png") as path:
        plots.draw_settings(study, path)


def leaderboard(study: Any) -> pl.DataFrame:
    """Make the table of trials that were not cut short.

    Parameters
    ----------
    study : optuna.Study
        Finished or running study.

    Returns
    -------
    polars.DataFrame
        Whole trials first, the least loss first; a pruned one's loss is of its folds.
    """
    ended = [
        trial for trial in study.trials if trial.state.name in ("COMPLETE", "PRUNED") and CHANGES in trial.user_attrs
    ]
    ended.sort(key=lambda trial: (trial.state.name, trial.value))
    lines = [
        {
            "trial": trial.number,
            "loss": round(trial.value, 6),
            "state": "whole" if trial.state.name == "COMPLETE" else "pruned",
            "seconds": round(trial.duration.total_seconds(), 1) if trial.duration else None,
            "backbone": trial.user_attrs[BACKBONE],
            "changes": json.dumps(trial.user_attrs[CHANGES], sort_keys=True),
        }
        for trial in ended
    ]
    schema = {"trial": pl.Int64, "loss": pl.Float64, "state": pl.String, "seconds": pl.Float64}
    return pl.DataFrame(lines, schema=schema | {"backbone": pl.String, "changes": pl.String})
