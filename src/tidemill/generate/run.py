"""The votes of all generators of a problem: fitted or read, cast, checked on gold of dev."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tidemill.contracts import ABSTAIN, ConfigError, Probabilities
from tidemill.generate.few_gold import FewGoldModel, fit_on_gold, fit_on_labels, mean_prediction, sure_rows
from tidemill.generate.fitted import (
    KeptVoter,
    draw_grid,
    identity_of,
    likeness_fields,
    likeness_from,
    read_members,
    read_voter,
    votes_by_row,
    write_voter,
)
from tidemill.generate.gold_check import Checked, check_on_gold, lines
from tidemill.generate.label_gain import LEAST, keep_what_helps
from tidemill.generate.learners import LEARNERS
from tidemill.generate.prompt.voter import ask_rows, choose_examples, folds_of, is_soft
from tidemill.generate.rows import Indices, Rows
from tidemill.generate.storage import Storage
from tidemill.generate.thresholds import NEVER, cast, cast_held_out, choose_thresholds, silent_on, uncertain_on
from tidemill.generate.zero_shot import fit_likeness, likeness_of
from tidemill.label.conditions.generated import Generated, Model, Prompt, ZeroShot
from tidemill.label.engine.vote_cache import VoteColumn, cache_key
from tidemill.label.functions.declared import DeclaredLabelingFunction
from tidemill.reports.generate import ClassVotes, GeneratedReport, GeneratedVoter, Spending

DRAWN: Final = "drawn.png"
Column = npt.NDArray[np.int16]


@dataclass(frozen=True)
class GeneratedVotes:
    """What generators say.

    Parameters
    ----------
    votes : (n_rows, n_generators)
        In the order of the functions.
    report
        A line for each.
    notes
        What was dropped and why.
    seconds
        Time that those took that were fitted or asked in this run, by name.
    """

    votes: npt.NDArray[np.int16]
    report: GeneratedReport
    notes: list[str]
    seconds: dict[str, float]


@dataclass(frozen=True)
class _Cast:
    """Votes of one generator before they are checked."""

    votes: Column
    voter: KeptVoter
    group: str
    by: str
    learns_from: str
    worked: bool
    spending: Spending | None = None
    notes: tuple[str, ...] = ()


def generate(functions: Sequence[DeclaredLabelingFunction], rows: Rows, storage: Storage) -> GeneratedVotes:
    """Make the votes of all generators.

    Parameters
    ----------
    functions
        Functions whose conditions are ``Generated``.
    rows
        Rows of the problem and votes of all other functions.
    storage
        Where generators are kept; those that are no function any more are removed.

    Returns
    -------
    GeneratedVotes

    Raises
    ------
    ConfigError
        A generator cannot read such rows.
    """
    others, names = rows.votes, list(rows.names)
    columns, voters, notes, seconds = [], [], [], {}
    for function in functions:
        start = time.perf_counter()
        open_rows = _open_rows(function, rows)
        made = _cast_votes(function, rows, storage)
        made = replace(made, votes=np.where(open_rows, made.votes, np.int16(ABSTAIN)))
        judged = _judged(open_rows, rows)
        checked = check_on_gold(made.votes, rows.gold, judged, others=others, names=names, classes=rows.problem.classes)
        checked = keep_what_helps(checked, rows, others)
        if made.worked:
            seconds[function.name] = round(time.perf_counter() - start, 1)
        others, names = np.column_stack([others, checked.votes]), [*names, function.name]
        columns.append(checked.votes)
        voters.append(_line(function, made, checked, rows))
        reasons = [f"{function.name} does not vote: {made.voter.reason}"] if made.voter.reason else []
        notes += [*made.notes, *reasons, *lines(function.name, checked, rows.n_classes)]
    _remove_others(storage.folder, functions)
    report = GeneratedReport(voters=tuple(voters))
    return GeneratedVotes(np.column_stack(columns), report, notes, seconds)


def _cast_votes(function: DeclaredLabelingFunction, rows: Rows, storage: Storage) -> _Cast:
    condition, folder = function.condition, storage.folder / _folder_of(function)
    if isinstance(condition, ZeroShot):
        return _by_descriptions(condition, rows, storage, folder)
    if isinstance(condition, Model):
        return _by_model(function.name, condition, rows, storage, folder)
    if isinstance(condition, Prompt):
        return _by_prompt(function.name, condition, rows, storage, folder)
    raise ConfigError(f"{function.name}: nothing generates its votes")


def _open_rows(function: DeclaredLabelingFunction, rows: Rows) -> npt.NDArray[np.bool_]:
    """The rows that a generator is for: all, or those that the functions that generate nothing leave open. Votes that are kept are of all."""
    if getattr(function.condition, "learns_from", "gold") == "labels":
        return silent_on(rows.votes, rows.names, rows.names)
    if getattr(function.condition, "sample", "all") == "all":
        return np.ones(rows.ids.height, dtype=np.bool_)
    return uncertain_on(rows.votes, n_classes=rows.n_classes)


def _judged(open_rows: npt.NDArray[np.bool_], rows: Rows) -> Indices:
    """Gold rows whose shares of the classes are chance: those that a generator is for, all of them where these are few.

    Where functions disagree classes are more even than elsewhere.
    """
    open_gold = rows.labeled[open_rows[rows.labeled]]
    return open_gold if len(open_gold) >= LEAST else rows.labeled


def _folder_of(function: DeclaredLabelingFunction) -> str:
    assert isinstance(function.condition, Generated)  # noqa: S101 - no others come here
    return function.condition.column.split()[-1]


def _remove_others(folder: Path, functions: Sequence[DeclaredLabelingFunction]) -> None:
    kept = {_folder_of(function) for function in functions}
    for inner in sorted(folder.iterdir()) if folder.is_dir() else ():
        if inner.is_dir() and inner.name not in kept:
            shutil.rmtree(inner)


def _by_descriptions(condition: ZeroShot, rows: Rows, storage: Storage, folder: Path) -> _Cast:
    by = condition.model or rows.embedder().settings.backbone
    about = rows.embedder().about.model_dump_json() if condition.model is None else by
    known = rows.ids["row_id"].gather(rows.fitted_on).hash().to_numpy().tobytes().hex()
    identity = identity_of(condition, rows, about, known)
    kept = read_voter(folder, identity)
    voter = _write_likeness(condition, rows, identity, folder) if kept is None else kept

    def probabilities(where: Indices) -> Probabilities:
        assert voter.likeness is not None  # noqa: S101 - of this kind
        return likeness_from(voter.likeness).probabilities(likeness_of(condition, rows, where), rows.n_classes)

    votes = _votes(voter, rows, storage, probabilities)
    learns = "gold" if voter.learned_from else "nothing"
    return _Cast(votes, voter, f"zero_shot {by}", by, learns, kept is None)


def _write_likeness(condition: ZeroShot, rows: Rows, identity: str, folder: Path) -> KeptVoter:
    likeness, held_out, folds = fit_likeness(likeness_of(condition, rows, _all(rows)), rows, condition)
    voter = _kept(condition, rows, identity, held_out, folds).model_copy(
        update={"likeness": likeness_fields(likeness), "learned_from": _calibrated_on(likeness, rows)}
    )
    write_voter(folder, voter)
    return voter


def _calibrated_on(likeness: Any, rows: Rows) -> int:
    return len(rows.labeled) if likeness.weight is not None else 0


def _by_model(name: str, condition: Model, rows: Rows, storage: Storage, folder: Path) -> _Cast:
    learner = LEARNERS[condition.learner]
    about = rows.embedder().about.model_dump_json() if learner.reads == "features" else str(condition.size)
    sure = sure_rows(condition, rows) if condition.learns_from == "labels" else None
    others = [about, "" if sure is None else sure.digest()]
    if learner.uses_unlabeled:
        others += rows.ids["row_id"].gather(rows.fitted_on).to_list()
    identity = identity_of(condition, rows, *others)
    kept = read_voter(folder, identity)
    if kept is None:
        model = fit_on_gold(condition, rows) if sure is None else fit_on_labels(condition, rows, sure)
        voter = _write_model(condition, rows, identity, model, folder)
    else:
        voter = kept

    def probabilities(where: Indices) -> Probabilities:
        found = np.full((len(where), rows.n_classes), np.nan)
        asked = np.ones(len(where), dtype=np.bool_) if sure is None else sure.silent[where]
        if asked.any() and voter.members:
            found[asked] = mean_prediction(read_members(folder, condition, voter), condition, rows, where[asked])
        return found

    votes = _votes(voter, rows, storage, probabilities)
    return _Cast(votes, voter, name, condition.learner, condition.learns_from, kept is None)


def _write_model(condition: Model, rows: Rows, identity: str, model: FewGoldModel | str, folder: Path) -> KeptVoter:
    if isinstance(model, str):
        voter = KeptVoter(identity=identity, thresholds=(NEVER,) * rows.n_classes, reason=model)
        write_voter(folder, voter)
        return voter
    voter = _kept(condition, rows, identity, model.held_out, model.folds)
    voter = voter.model_copy(update={"learned_from": model.learned_from, "members": len(model.members)})
    write_voter(folder, voter, model.members)
    if model.drawn is not None:
        draw_grid(model.drawn, folder / DRAWN)
    return voter


def _kept(condition: Generated, rows: Rows, identity: str, held_out: Probabilities, folds: Any) -> KeptVoter:
    how = {"precision": condition.precision, "at_least": condition.at_least}
    gold = rows.gold[rows.labeled]
    thresholds = tuple(choose_thresholds(held_out, gold, **how).tolist())
    return KeptVoter(
        identity=identity,
        thresholds=thresholds,
        held_out=votes_by_row(cast_held_out(held_out, gold, folds, **how), rows),
        reason=_unsure(condition, rows) if min(thresholds) >= NEVER else None,
    )


def _unsure(condition: Generated, rows: Rows) -> str:
    return (
        f"for no class it keeps a precision of {condition.precision:g} on {len(rows.labeled)} gold rows held out: lower "
        f"`precision`, or label more (tidemill gold sample {rows.problem.name})"
    )


def _by_prompt(name: str, condition: Prompt, rows: Rows, storage: Storage, folder: Path) -> _Cast:
    """Answers are kept, not votes: thresholds are chosen anew from them. An answer without probability is a vote as it is."""
    before = read_voter(folder, None)
    examples = choose_examples(condition, rows, () if before is None else before.examples)
    said = ask_rows(name, condition, rows, storage, examples)
    gold, held_out = rows.gold[rows.labeled], said.probabilities[rows.labeled]
    voter = KeptVoter(identity=identity_of(condition, rows), thresholds=(condition.at_least,) * rows.n_classes)
    if is_soft(condition):
        voter = _kept(condition, rows, voter.identity, held_out, folds_of(gold))
    voter = voter.model_copy(
        update={"examples": tuple(row_id for row_id, _ in examples), "learned_from": len(examples)}
    )
    if before != voter:
        write_voter(folder, voter)
    votes = _cast_batch(voter, rows, _all(rows), lambda where: said.probabilities[where])
    learns = "gold" if examples else "nothing"
    group = f"prompt {condition.endpoint}/{condition.model}"
    return _Cast(votes, voter, group, condition.model, learns, said.asked > 0, said.spending, tuple(said.notes))


def _all(rows: Rows) -> Indices:
    return np.arange(rows.ids.height)


def _votes(voter: KeptVoter, rows: Rows, storage: Storage, probabilities: Any) -> Column:
    """Votes of batches that are kept are not cast again; gold rows get the votes cast without having seen them."""
    batch = rows.ids["batch"].rle_id().to_numpy()
    votes = np.full(rows.ids.height, ABSTAIN, dtype=np.int16)
    key = cache_key("generated", voter.identity)
    for number, cache in enumerate(storage.caches):
        where = np.flatnonzero(batch == number)
        kept = cache.get(key)
        if kept is None or len(kept.values) != len(where):
            kept = VoteColumn(_cast_batch(voter, rows, where, probabilities))
            cache.put(key, kept)
        votes[where] = kept.values
    return votes


def _cast_batch(voter: KeptVoter, rows: Rows, where: Indices, probabilities: Any) -> Column:
    votes = cast(probabilities(where), np.array(voter.thresholds))
    for place, row_id in enumerate(rows.ids["row_id"].gather(where).to_list() if voter.held_out else ()):
        votes[place] = voter.held_out.get(row_id, votes[place])
    return votes


def _line(function: DeclaredLabelingFunction, made: _Cast, checked: Checked, rows: Rows) -> GeneratedVoter:
    thresholds = made.voter.thresholds
    return GeneratedVoter(
        function=function.name,
        folder=_folder_of(function),
        kind=str(getattr(function.condition, "kind", "")),
        by=made.by,
        group=made.group,
        learns_from=made.learns_from,
        learned_from=made.voter.learned_from,
        coverage=round(float((made.votes != ABSTAIN).mean()), 6),
        kept=round(float((checked.votes != ABSTAIN).mean()), 6),
        repeats=None if checked.repeats is None else checked.repeats[0],
        agreement=None if checked.repeats is None else round(checked.repeats[1], 6),
        reason=made.voter.reason,
        spending=made.spending,
        classes={
            name: ClassVotes(
                threshold=None if thresholds[k] >= NEVER else round(thresholds[k], 6),
                votes=checked.classes[k].votes,
                right=checked.classes[k].right,
                dropped=checked.dropped.get(k),
            )
            for k, name in enumerate(rows.problem.classes)
        },
    )
