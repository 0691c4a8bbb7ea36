"""What `tidemill denoise` does: any votes become labels.parquet, without a project, DVC or Prefect."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import polars as pl

from tidemill.contracts import ConfigError, Features, Probabilities
from tidemill.denoise.companion_files import TextFeatures, read_features, read_gold
from tidemill.denoise.gold_copies import columns_like_gold
from tidemill.denoise.models.base import BaseLabelModel
from tidemill.denoise.models.registry import MODELS, create
from tidemill.denoise.report.explain import explain_votes, row_evidence
from tidemill.denoise.report.identifiability import identifiability
from tidemill.denoise.report.summary import facts
from tidemill.denoise.run import (
    class_index,
    dependences_and_intervals,
    describe,
    fit_twice,
    gold_report,
    labels_table,
    save_label_model,
    value_of,
)
from tidemill.denoise.vote_files import VoteOptions, VotesFile, read_votes
from tidemill.readers.class_list import read_class_names
from tidemill.readers.hand_labels import keep_hand_labels
from tidemill.readers.piped import file_of, refuse_twice
from tidemill.readers.read import report_reading
from tidemill.readers.write import check_apart, check_out, write_frame
from tidemill.reports.denoise import DenoiseReport

DIMENSIONS = 128


_ROUNDED: Final = 0.02
"""By how much shares that people round may miss 1."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """Options of `tidemill denoise`, by the names and in the forms of its help."""

    votes: Path
    classes: str | Sequence[str]
    out: Path
    features: str | None = None
    predict_features: Path | None = None
    gold: Path | None = None
    balance: str | None = None
    accuracies: str | None = None
    default_class: str | None = None
    default_rate: float | None = None
    model: str = "auto"
    predict: Path | None = None
    report: Path | None = None
    save: Path | None = None
    plots: Path | None = None
    why: Path | None = None
    seed: int = 20
    reading: VoteOptions = field(default_factory=VoteOptions)


def label_votes(request: Request) -> DenoiseReport:
    """Fit a label model on a file of votes, and write labels and the other requested files.

    Parameters
    ----------
    request
        The files and the priors of the model.

    Returns
    -------
    DenoiseReport
        Coverage, what was estimated, of each function too.

    Raises
    ------
    ConfigError
        An option means nothing for these votes or this model.
    DataError
        A file cannot be read, or does not hold what is promised of it.
    """
    others = (request.predict, request.gold)
    refuse_twice((request.votes, *others))
    with contextlib.ExitStack() as stack:
        votes = stack.enter_context(file_of(request.votes))
        predict, gold = (None if path is None else stack.enter_context(file_of(path)) for path in others)
        return _label_votes(replace(request, votes=votes, predict=predict, gold=gold))


def _label_votes(request: Request) -> DenoiseReport:
    classes, told = _classes(request.classes)
    report_reading(told)
    _check_outputs(request)
    train = read_votes(request.votes, classes, options=request.reading)
    report_reading(train.notes)
    other = train if request.predict is None else _others(request, classes, train.functions)
    features, other_features = _features(request, train, other)
    gold = _gold(request, train, classes)
    parameters = _parameters(request, train.functions, classes)
    make = functools.partial(create, request.model, len(classes), **parameters)
    model, blind = fit_twice(make, train.votes, features=features, gold=gold)
    fitted = Fitted(model, blind.predict_proba(train.votes, features=features), train, features, gold)
    probabilities = model.predict_proba(other.votes, features=other_features)
    about = gold_report(fitted.gold_free, train.votes, gold, classes=classes, seed=request.seed)
    about |= {"identifiability": identifiability(train.votes, classes)} | _explained(request, fitted, classes)
    if gold is not None:
        about |= {"label_value": value_of(fitted.gold_free, train.votes, features, gold, request.seed)}
    report = describe(model, other.votes, probabilities, names=train.functions, classes=classes, about=about)
    _write(request, labels_table(pl.Series(other.rows), probabilities, classes), report)
    if request.save is not None:
        save_label_model(model, train.functions, classes).write(request.save)
    if request.why is not None:
        why = row_evidence(
            model, other.votes, pl.Series(other.rows), names=other.functions, classes=classes, features=other_features
        )
        write_frame(why, request.why, source=request.predict or request.votes)
    return report


def _check_outputs(request: Request) -> None:
    """Refuse to write over what is read, or two results into one file."""
    features = None if request.features is None else Path(request.features)
    sources = (request.votes, request.predict, request.gold, features, request.predict_features)
    outputs = {"--out": request.out, "--explanations": request.why, "--report": request.report, "--save": request.save}
    check_apart(outputs, sources)
    for path in (request.out, request.why):
        if path is not None:
            check_out(path)
            keep_hand_labels(path)


def _gold(request: Request, train: VotesFile, classes: tuple[str, ...]) -> Any:
    if request.gold is None:
        return None
    result, notes = read_gold(request.gold, train.rows, classes, by_name=train.by_name)
    report_reading([*notes, *columns_like_gold(train.votes, train.functions, result)])
    return result


def _others(request: Request, classes: tuple[str, ...], functions: Sequence[str]) -> VotesFile:
    assert request.predict is not None  # noqa: S101 - the rows learned from are labeled otherwise
    result = read_votes(request.predict, classes, functions=functions, options=request.reading)
    report_reading(result.notes)
    return result


@dataclass(frozen=True)
class Fitted:
    """The fitted model, probabilities of one without gold on the training rows, and these rows with features and gold."""

    model: BaseLabelModel
    gold_free: Probabilities
    train: VotesFile
    features: Features | None
    gold: Any


def _classes(given: str | Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    names, notes = read_class_names(given)
    if len(names) == 1 and names[0].isdigit():
        names = tuple(str(k) for k in range(int(names[0])))
    if len(names) < 2:  # noqa: PLR2004 - fewer leave nothing to decide
        shown = given if isinstance(given, str) else " ".join(given)
        raise ConfigError(f"--classes {shown}: promised a number of at least 2, or different names such as ham,spam")
    return names, notes


def _parameters(request: Request, functions: Sequence[str], classes: tuple[str, ...]) -> dict[str, Any]:
    takes = _known(request.model).parameters
    given: dict[str, Any] = {"seed": request.seed} if "seed" in takes else {}
    if request.default_class is not None:
        given["default"] = class_index(request.default_class, classes, "--default-class")
    if request.default_rate is not None:
        given["default_rate"] = request.default_rate
    try:
        if request.balance is not None:
            given["balance"] = _shares(request.balance)
        if request.accuracies is not None:
            pairs = [part.split("=") for part in request.accuracies.split(",")]
            result = dict(pairs)
            if len(result) < len(pairs):
                raise ConfigError(
                    f"--accuracies {request.accuracies}: a function stands there twice; keep one share of each"
                )
            given["accuracies_hint"] = [None if result.get(name) is None else float(result[name]) for name in functions]
    except ValueError as error:
        promised = "shares such as 0.9,0.1, and accuracies such as short=0.9,links=0.6"
        raise ConfigError(
            f"--class-balance {request.balance}, --accuracies {request.accuracies}: promised {promised}"
        ) from error
    unknown = sorted(set(result) - set(functions)) if request.accuracies is not None else []
    if unknown:
        raise ConfigError(f"--accuracies: {unknown[0]!r} is none of the functions {', '.join(functions)}")
    return given


def _shares(text: str) -> list[float]:
    shares = [float(share) for share in text.split(",")]
    total = sum(shares)
    if min(abs(total - 1), abs(total / 100 - 1)) > _ROUNDED:
        raise ConfigError(f"--class-balance {text}: shares add to {total:g}, not to 1 (or 100 percent)")
    return shares


def _known(name: str) -> type[BaseLabelModel]:
    if name not in MODELS:
        raise ConfigError(f"--model {name}: unknown label model; valid are {', '.join(sorted(MODELS))}")
    return MODELS[name]


def _features(request: Request, train: VotesFile, other: VotesFile) -> tuple[Features | None, Features | None]:
    if request.features is None:
        return None, None
    if request.features == "text":
        if train.texts is None or other.texts is None:
            raise ConfigError("--features text: only WRENCH's .json holds texts, and not all of its rows do here")
        reader = TextFeatures(train.texts, dimensions=DIMENSIONS, seed=request.seed)
        return reader(train.texts), reader(other.texts)
    learned = read_features(Path(request.features), train.rows)
    if other is train:
        return learned, learned
    if request.predict_features is None:
        raise ConfigError("--features with --predict needs --predict-features: the features of the other rows")
    return learned, read_features(request.predict_features, other.rows)


def _write(request: Request, labels: pl.DataFrame, report: DenoiseReport) -> None:
    write_frame(labels, request.out, source=request.predict or request.votes)
    if request.report is not None:
        report.write(request.report)


def _explained(request: Request, fitted: Fitted, classes: tuple[str, ...]) -> dict[str, Any]:
    if request.report is None and request.plots is None:
        return {}
    train = fitted.train
    posterior = fitted.model.predict_proba(train.votes, features=fitted.features)
    result = explain_votes(train.votes, posterior, names=train.functions, classes=classes)
    if request.plots is not None:
        from tidemill.denoise.report.plots import draw

        draw(request.plots, result, train.votes, fitted.gold_free, gold=fitted.gold)
    return dependences_and_intervals(result) | {"confusions": result.functions}


def summary(report: DenoiseReport, out: Path) -> str:
    """Summarize a report in a few lines.

    Parameters
    ----------
    report
        What ``label_votes`` returned.
    out
        Where the labels are.

    Returns
    -------
    str
        A line each for rows, the model's facts, and the file of labels.
    """
    lines = [f"{name}: {text}" for name, text in facts(report)]
    return "\n".join([f"rows: {report.rows:,}, coverage {report.coverage:.1%}", *lines, f"labels: {out}"])
