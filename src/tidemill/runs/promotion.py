"""What a person decides about a candidate: approved, rejected, or promoted whatever the gate says.

Each is one ref transaction. Nothing is computed, and no server is needed.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from tidemill.common.locks import locked
from tidemill.errors import ConfigError, PublishError
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.reports.evaluate import Verdict
from tidemill.runs.checkout import repository_state
from tidemill.runs.dvc_cache import damaged_objects, missing_objects
from tidemill.runs.dvc_config import cache_folder
from tidemill.runs.git import git, succeeds
from tidemill.runs.model_registry import file_at_version, read_registry
from tidemill.runs.pending import (
    Question,
    candidate_digest,
    closing,
    locked_outputs,
    read_question,
    rejecting,
    transact,
)
from tidemill.runs.promotion_record import PERSON, promotion_tags, signed
from tidemill.runs.tags_being_set import tags_are_set


def approve(project: Project, question: Question, reason: str) -> str:
    """Promote a candidate about which a person was asked.

    Parameters
    ----------
    project
        The project.
    question
        What was asked.
    reason
        Why it is approved; it becomes part of the version's tag.

    Returns
    -------
    str
        The version.

    Raises
    ------
    ConfigError
        The question is no longer open, or no reason is given.
    PublishError
        A file of the model is missing or damaged.
    """
    problem = question.about.problem
    with _deciding(project, reason):
        _require_open(project, question)
        return _promote(project, problem, question.commit, f"{problem}: approved by a person\n\n{reason}")


def reject(project: Project, question: Question, reason: str) -> None:
    """Keep the champion, and ask no more about this candidate.

    Parameters
    ----------
    project
        The project.
    question
        What was asked.
    reason
        Why it is rejected.

    Raises
    ------
    ConfigError
        The question is no longer open, or no reason is given.
    """
    with _deciding(project, reason):
        _require_open(project, question)
        transact(rejecting(project, question, reason), project.shared)


def promote(project: Project, problem: str, reason: str) -> str:
    """Promote the candidate of the checkout's commit, or of the problem's own branch where results went there.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    reason
        Why; it becomes part of the version's tag.

    Returns
    -------
    str
        The version.

    Raises
    ------
    ConfigError
        There is no candidate, it is a version already, it did not load in a clean process, or no reason is given.
    PublishError
        A file of the model is missing or damaged.
    """
    with _deciding(project, reason):
        commit = latest_run(project, problem)
        _require_candidate(project, problem, commit)
        return _promote(project, problem, commit, f"{problem}: promoted by a person\n\n{reason}")


def _deciding(project: Project, reason: str) -> AbstractContextManager[None]:
    if not reason.strip():
        raise ConfigError("a decision needs a reason, which is kept with it: --reason")
    return locked(repository_state(project.shared) / "publish.lock")


def _require_open(project: Project, question: Question) -> None:
    now = read_question(project, question.about.problem)
    if now is None or now.tag != question.tag or now.expired:
        raise ConfigError(f"{question.about.problem}: the question about {question.commit[:12]} is no longer open")


def latest_run(project: Project, problem: str) -> str:
    """Find the commit of a problem's last run: HEAD, or the branch on which a run publishes where HEAD's has changes, if that is ahead.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.

    Returns
    -------
    str
        The commit.
    """
    head, own = git("rev-parse", "HEAD^{commit}", folder=project.root), f"refs/heads/tidemill/{problem}"
    if not succeeds("merge-base", "--is-ancestor", head, own, folder=project.root):
        return head
    return git("rev-parse", f"{own}^{{commit}}", folder=project.root)


def _require_candidate(project: Project, problem: str, commit: str) -> None:
    digest = candidate_digest(project, problem, commit)
    if digest is None:
        raise ConfigError(f"commit {commit[:12]} holds no candidate of {problem}: tidemill run problem={problem}")
    registry = read_registry(project, problem)
    same = [name for name, where in registry.versions.items() if candidate_digest(project, problem, where) == digest]
    if registry.champion in same:
        raise ConfigError(f"the candidate is {registry.champion}, the champion, already")
    if same:
        raise ConfigError(f"the candidate is {same[-1]}: tidemill rollback {problem} {same[-1].partition('@')[2]}")
    text = file_at_version(project, Paths.within(problem).reports / "verdict.json", commit)
    check = None if text is None else Verdict.parse(text, where=f"verdict.json of {commit[:12]}").clean_process
    if check is not None and not check.passed:
        raise ConfigError(f"the candidate is not promoted: {check.reason}")


def _promote(project: Project, problem: str, commit: str, message: str) -> str:
    _require_whole(project, problem, commit)
    version, lines = promotion_tags(project, problem, commit, signed(message, PERSON))
    transact([*lines, *closing(project, problem)], project.shared)
    tags_are_set(lines, project.shared)
    return version


def _require_whole(project: Project, problem: str, commit: str) -> None:
    cache, model = cache_folder(project.shared), Paths.within(problem).model.parent
    for path, digest in locked_outputs(project, problem, commit):
        if not Path(path).is_relative_to(model):
            continue
        for lost in [*missing_objects(cache, digest), *damaged_objects(cache, digest)]:
            raise PublishError(
                f"object {lost} of {path} is missing or damaged; nothing was promoted. `tidemill run problem={problem}` makes it again"
            )
