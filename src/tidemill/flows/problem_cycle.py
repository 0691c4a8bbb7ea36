"""The cycle of one problem in a workspace of its own: stages, gate, publication; once more when batches have arrived."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from tidemill.apps.reports.refresh_page import Refresh
from tidemill.common.locks import locked
from tidemill.common.spelling import counted
from tidemill.evaluate.gate import ASK, PROMOTE
from tidemill.flows.decisions import STAGE_OF, find_due, note_start
from tidemill.flows.events import emit
from tidemill.flows.kept_tables import reuse_tables
from tidemill.flows.notifications import notify_decision
from tidemill.flows.refresh_report import tell_refresh
from tidemill.flows.steps import run_steps
from tidemill.flows.unchanged import keep_unchanged, unchanged_steps
from tidemill.monitor.retrain_decision import Findings, choose
from tidemill.monitor.settings import MonitorSettings
from tidemill.project.arrivals import RefusedFile, arrive
from tidemill.project.compose import compose_all
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.reports.evaluate import Verdict
from tidemill.reports.project import ChampionPin, Manifest
from tidemill.reports.promotion import PendingCandidate
from tidemill.runs.champion_pin import champion_pin
from tidemill.runs.checkout import branch_to_publish_on
from tidemill.runs.dvc_cache import locked_stages, outputs
from tidemill.runs.model_registry import lost_versions, read_registry
from tidemill.runs.pending import candidate_digest, read_question, was_rejected
from tidemill.runs.plan import Step, plan_apart, steps_up_to
from tidemill.runs.publish import Publication, publish
from tidemill.runs.run_progress import run_lock
from tidemill.runs.worktree import Workspace, advance, restore, workspace

_NOT_OPEN: Final = "nothing to do: the decision was carried out, or is held back"
_NOTHING_CHANGED: Final = "nothing has changed, so nothing was recomputed"

Log = logging.Logger | logging.LoggerAdapter[Any]


@dataclass(frozen=True)
class CycleResult:
    """Result of one cycle of a problem: stages computed, the version promoted, the commit, and a summary.

    ``was_idle`` is whether not even outputs were put in place.
    """

    problem: str
    computed: tuple[str, ...]
    version: str | None
    commit: str
    summary: str
    was_idle: bool = False


def refresh_cycles(
    project: Project, problem: str, overrides: list[str], *, log: Log, because: str = ""
) -> list[CycleResult]:
    """Run the cycles of a refresh.

    The first champion is made from the batches that the manifest names; what has arrived since is then taken in,
    compared with that champion, and learned from. Where a decision of the monitor is the cause, it is carried out as far
    as it goes, and not at all where that has happened already.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    overrides
        In Hydra's grammar.
    log
        Logger of the run.
    because
        Key of the decision that is to be carried out; empty where a person or a schedule asks.

    Returns
    -------
    list of CycleResult
        One per cycle.
    """
    registry = read_registry(project, problem)
    for damage in (*registry.damages, *lost_versions(project, registry)):
        log.warning(str(damage))
    with only_run(project, problem, log):
        stage = "" if not because else _begin(project, problem, because, log=log)
        if stage is None:
            return [CycleResult(problem, (), None, "", _NOT_OPEN, was_idle=True)]
        with workspace(project.shared) as work:
            compose_all(work.project, overrides)
            if (steps := unchanged_steps(work, problem)) is not None:
                run_steps(steps, work)  # each is shown as skipped
                return [CycleResult(problem, (), None, work.base, _NOTHING_CHANGED, was_idle=True)]
            restore(work, problem, log.info)
            if stage == "denoise":
                return [_label_cycle(work, problem, log=log)]
            return _cycles(project, work, problem, log=log)


def _begin(project: Project, problem: str, because: str, *, log: Log) -> str | None:
    """The stage that a decision goes up to; None where it is not to be carried out."""
    due = find_due(project, problem)
    if due is None or due.key != because:
        log.info(
            f"{problem}: the decision {because} is not open: another run has carried it out, or a newer one replaced it"
        )
        return None
    if due.held is not None:
        log.info(f"{problem}: {due.decision} is held back: {due.held}")
        return None
    note_start(project, problem, because)
    return STAGE_OF[due.decision]


def _cycles(project: Project, work: Workspace, problem: str, *, log: Log) -> list[CycleResult]:
    if not Manifest.read(work.project.paths(problem).manifest).batches:
        take_in_arrivals(work, problem, log=log)
    first = [_cycle(work, problem, (), log=log)] if read_registry(project, problem).champion is None else []
    now = advance(work, first[0].commit) if first else work
    arrived = take_in_arrivals(now, problem, log=log)
    again = [_cycle(now, problem, arrived, log=log)] if arrived or not first else []
    return first + again


def _label_cycle(work: Workspace, problem: str, *, log: Log) -> CycleResult:
    """Labels anew, of all batches that have arrived; no model is trained, so the champion stays."""
    take_in_arrivals(work, problem, log=log)
    computed = run_steps(steps_up_to(f"denoise@{problem}", planned_steps(work, problem)), work)
    if not computed:
        return CycleResult(problem, (), None, work.base, "nothing has changed, so nothing was labeled anew")
    branch = work.branch or branch_to_publish_on(work.root)
    message = f"{problem}: label anew"
    done = publish(work, problem, branch=branch, promote=False, message=message, say=log.info)
    text = f"{counted(len(computed), 'stage')} computed; labeled anew, {done.summary}"
    log.info(f"{problem}: {text}")
    return CycleResult(problem, computed, None, done.commit, text)


def prepare(work: Workspace, problem: str, overrides: list[str], *, log: Log) -> None:
    """Compose params.yaml and code.yaml of a workspace, and put the outputs of earlier runs in place.

    Parameters
    ----------
    work
        Workspace of the run.
    problem
        Name of the problem.
    overrides
        In Hydra's grammar, such as ``spam.train.seed=1``.
    log
        Logger of the flow's run.

    Raises
    ------
    ConfigError
        An override names a key or an option that does not exist.
    """
    compose_all(work.project, overrides)
    restore(work, problem, log.info)


def take_in_arrivals(work: Workspace, problem: str, *, log: Log) -> list[str]:
    """Add the batches that have arrived to the workspace's manifest.

    Parameters
    ----------
    work
        Workspace of the run.
    problem
        Name of the problem.
    log
        Logger of the flow's run; it lists new batches and refused files.

    Returns
    -------
    list of str
        Names of the new batches.
    """
    result = arrive(work.project, problem)
    for note in result.notes:
        log.info(f"{problem}: {note}")
    for item in result.refused:
        log.warning(f"{problem}: {item.source} is set aside: {item.reason}")
    _emit_broken(work, problem, [item for item in result.refused if item.is_new])
    if result.batches:
        log.info(f"{problem}: {counted(len(result.batches), 'new batch', 'new batches')}: {', '.join(result.batches)}")
        reuse_tables(work.project.paths(problem), result.batches)
    return result.batches


def _emit_broken(work: Workspace, problem: str, refused: list[RefusedFile]) -> None:
    """Once for each file and reason; what is done about the other batches is decided apart."""
    if refused:
        actions = work.project.load(problem, "monitor", MonitorSettings)[1].actions
        decision, _ = choose(Findings(arrived=False, broken=True), actions)
        for item in refused:
            reason = f"{item.source}: {item.reason}"
            emit(problem, decision, f"{item.source} {item.reason}", [reason])
            notify_decision(work.project, problem, decision, [reason])


def planned_steps(work: Workspace, problem: str) -> list[Step]:
    """Plan the problem's steps; where one has changed, the champion to compare with is pinned first.

    Parameters
    ----------
    work
        Workspace of the run.
    problem
        Name of the problem.

    Returns
    -------
    list of Step
        A step per stage, with those that it waits for and whether it has changed.
    """
    steps = plan_apart(work, problem)
    if not any(step.changed for step in steps):
        return steps
    pin = work.project.paths(problem).champion
    champion = champion_pin(work.project, problem)
    if ChampionPin.read(pin).version == champion.version:  # drifts that were accepted for it stay
        return steps
    champion.write(pin)
    return plan_apart(work, problem)


def _cycle(work: Workspace, problem: str, arrived: Sequence[str], *, log: Log) -> CycleResult:
    steps = planned_steps(work, problem)
    computed = run_steps(steps, work)
    verdict = Verdict.read(work.project.paths(problem).reports / "verdict.json")
    compared = _pin_is_champion(work, problem)
    promote = compared and verdict.verdict == PROMOTE
    pending = _pending(work, problem, verdict) if compared and verdict.verdict == ASK else None
    if not computed and not promote and not pending:
        keep_unchanged(work, problem, steps)
        return CycleResult(problem, (), None, work.base, _NOTHING_CHANGED)
    word = "promote" if promote else "ask about the candidate" if pending else "keep the champion"
    message = f"{problem}: {word}\n\n" + "\n".join(verdict.reasons)
    branch = work.branch or branch_to_publish_on(work.root)
    done = publish(work, problem, branch=branch, promote=promote, message=message, say=log.info, pending=pending)
    text = f"{counted(len(computed), 'stage')} computed; {_came_of(problem, done, asks=pending is not None)}, {done.summary}"
    log.info(f"{problem}: {text}")
    skipped = tuple(step.address for step in steps if step.address not in computed)
    refresh = Refresh(
        problem, done.commit, tuple(arrived), computed, skipped, done.version, asks=pending is not None, summary=text
    )
    tell_refresh(work, refresh, verdict, log=log)
    return CycleResult(problem, computed, done.version, done.commit, text)


def _came_of(problem: str, done: Publication, *, asks: bool) -> str:
    if asks:
        return f'champion kept, a person is asked: `tidemill approve {problem} --reason "…"`, or `--reject`'
    return f"promoted {done.version}" if done.version else "champion kept"


def _pending(work: Workspace, problem: str, verdict: Verdict) -> PendingCandidate | None:
    """None where the candidate is the champion, is asked about already, or was rejected."""
    from prefect.runtime import flow_run

    project = work.project
    model = Paths.within(problem).model.as_posix()
    digest = dict(outputs(locked_stages(work.folder, problem))).get(model, "")
    champion, versions = verdict.champion, read_registry(project, problem).versions
    if champion is not None and candidate_digest(project, problem, versions[champion]) == digest:
        return None
    about = PendingCandidate(
        problem=problem,
        candidate=digest,
        champion=champion,
        reasons=verdict.reasons,
        flow_run=None if flow_run.id is None else str(flow_run.id),
    )
    question = read_question(project, problem)
    is_open = question is not None and not question.expired and question.about.candidate == digest
    return None if is_open or was_rejected(project, about) else about


def _pin_is_champion(work: Workspace, problem: str) -> bool:
    """Whether the gate compared with the champion of now; a verdict against an older one promotes nothing."""
    pin = ChampionPin.read(work.project.paths(problem).champion)
    return pin.version == read_registry(work.project, problem).champion


@contextmanager
def only_run(project: Project, problem: str, log: Log) -> Iterator[None]:
    """Make sure that a problem has one run at a time on this machine, for the length of a block.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    log
        Logger of the flow's run; it reports where another run is waited for.
    """
    with locked(
        run_lock(project, problem),
        waits=lambda: log.info(f"{problem}: another run is under way; waiting for it"),
    ):
        yield
