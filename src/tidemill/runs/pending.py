"""A candidate that waits for a person: an annotated tag under ``refs/tidemill``, written with the run's results in one transaction.

It is on the commit whose ``dvc.lock`` holds the candidate, and so as safe as a version. It has expired where another
version is champion by now. A candidate that was rejected is remembered in the same way, so that nobody is asked twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tidemill.errors import ConfigError, PublishError
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.reports.promotion import PendingCandidate
from tidemill.runs.dvc_cache import outputs, parse_lock
from tidemill.runs.git import UPDATE_REFS, git, succeeds
from tidemill.runs.model_registry import file_at_version, read_registry, tag_object

_PENDING: Final = "refs/tidemill/pending"
_REJECTED: Final = "refs/tidemill/rejected"


@dataclass(frozen=True)
class Question:
    """A candidate about which a person is asked.

    Attributes
    ----------
    about
        What is asked.
    commit
        Commit whose ``dvc.lock`` holds the candidate.
    tag
        Id of the tag object.
    expired
        Whether another version is champion by now.
    """

    about: PendingCandidate
    commit: str
    tag: str
    expired: bool


def read_question(project: Project, problem: str) -> Question | None:
    """Read the question about a problem's candidate.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.

    Returns
    -------
    Question or None
        None where nobody is asked; an expired one says so.
    """
    return _read(project, problem, _PENDING)


def open_question(project: Project, target: str, problems: list[str]) -> Question:
    """Find the question that a person means.

    Parameters
    ----------
    project
        The project.
    target
        Name of a problem, id of the Prefect run that asks, or the commit of the candidate; both may be cut short.
    problems
        Names of the project's problems.

    Returns
    -------
    Question

    Raises
    ------
    ConfigError
        There is none, or it has expired.
    """
    questions = {name: read_question(project, name) for name in problems}
    meant = [name for name, item in questions.items() if name == target or _is_of(item, target)]
    question = questions[meant[0]] if meant else None
    if question is None:
        waiting = ", ".join(name for name, item in questions.items() if item is not None and not item.expired)
        raise ConfigError(f"{target}: no candidate waits for a decision; waiting: {waiting or 'none'}")
    if question.expired:
        raise ConfigError(
            f"{target}: the question was about replacing {question.about.champion or 'no champion'}, and another version is "
            f"champion by now: tidemill run problem={question.about.problem} compares with that"
        )
    return question


def _is_of(question: Question | None, target: str) -> bool:
    if question is None or len(target) < 6:  # noqa: PLR2004 - shorter beginnings are of many
        return False
    return question.commit.startswith(target) or (question.about.flow_run or "").startswith(target)


def was_rejected(project: Project, about: PendingCandidate) -> bool:
    """Whether a person has rejected this candidate, for the same champion.

    Parameters
    ----------
    project
        The project.
    about
        The candidate.

    Returns
    -------
    bool
    """
    rejected = _read(project, about.problem, _REJECTED)
    return rejected is not None and (rejected.about.candidate, rejected.about.champion) == (
        about.candidate,
        about.champion,
    )


def answer_since(project: Project, problem: str, asked_of: str | None) -> str | None:
    """Tell what has become of a question that the last gate asked.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    asked_of
        The champion that the candidate would replace; None: there was none.

    Returns
    -------
    str or None
        None where the question is open, or nobody was asked.
    """
    champion = read_registry(project, problem).champion
    if champion != asked_of:
        return f"{champion} is the champion since"
    rejected = _read(project, problem, _REJECTED)
    question = read_question(project, problem)
    if question is None and rejected is not None and rejected.about.champion == asked_of:
        return f"rejected by a person, {asked_of or 'no champion'} stays"
    return None


def _read(project: Project, problem: str, place: str) -> Question | None:
    ref, folder = f"{place}/{problem}", project.shared
    if not succeeds("rev-parse", "--verify", "-q", f"{ref}^{{commit}}", folder=folder):
        return None
    tag, commit = (git("rev-parse", "--verify", name, folder=folder) for name in (ref, f"{ref}^{{commit}}"))
    text = git("cat-file", "tag", tag, folder=folder).partition("\n\n")[2].partition("\n\n")[0]
    about = PendingCandidate.parse(text, where=ref)
    return Question(about, commit, tag, about.champion != read_registry(project, problem).champion)


def asking(project: Project, about: PendingCandidate | None, commit: str) -> list[str]:
    """Prepare a question.

    Parameters
    ----------
    project
        The project.
    about
        What is asked; None: nothing.
    commit
        Commit whose ``dvc.lock`` holds the candidate.

    Returns
    -------
    list of str
        Lines of a ref transaction.
    """
    if about is None:
        return []
    tag = tag_object(f"pending-{about.problem}", commit, about.text().strip(), project.shared)
    return [f"update {_PENDING}/{about.problem} {tag}"]


def closing(project: Project, problem: str) -> list[str]:
    """Prepare the end of a question.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.

    Returns
    -------
    list of str
        Lines of a ref transaction; none where nobody is asked.
    """
    ref = f"{_PENDING}/{problem}"
    if not succeeds("rev-parse", "--verify", "-q", ref, folder=project.shared):
        return []
    return [f"delete {ref} {git('rev-parse', '--verify', ref, folder=project.shared)}"]


def rejecting(project: Project, question: Question, reason: str) -> list[str]:
    """Prepare a rejection.

    Parameters
    ----------
    project
        The project.
    question
        What was asked.
    reason
        Why it is rejected.

    Returns
    -------
    list of str
        Lines of a ref transaction.
    """
    problem = question.about.problem
    text = f"{question.about.text().strip()}\n\n{reason}"
    tag = tag_object(f"rejected-{problem}", question.commit, text, project.shared)
    return [f"delete {_PENDING}/{problem} {question.tag}", f"update {_REJECTED}/{problem} {tag}"]


def candidate_digest(project: Project, problem: str, commit: str) -> str | None:
    """Look up the candidate that a commit's ``dvc.lock`` holds.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    commit
        The commit.

    Returns
    -------
    str or None
        MD5 of its folder; None where there is none.
    """
    return dict(locked_outputs(project, problem, commit)).get(Paths.within(problem).model.as_posix())


def locked_outputs(project: Project, problem: str, commit: str) -> list[tuple[str, str]]:
    """List path and MD5 of every output of a problem, as a commit's ``dvc.lock`` has them.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    commit
        The commit.

    Returns
    -------
    list of (str, str)
    """
    content = parse_lock(file_at_version(project, Path("dvc.lock"), commit) or "{}")
    stages = (content or {}).get("stages") or {}
    return outputs({name: entry for name, entry in stages.items() if name.endswith(f"@{problem}")})


def transact(lines: list[str], folder: Path) -> None:
    """Move refs, all or none.

    Parameters
    ----------
    lines
        Of a ref transaction.
    folder
        Checkout.

    Raises
    ------
    PublishError
        A ref has moved meanwhile.
    """
    try:
        git(
            *UPDATE_REFS,
            folder=folder,
            stdin="\n".join(["start", *lines, "prepare", "commit", ""]),
        )
    except PublishError as error:
        raise PublishError(f"{error}; another command has decided meanwhile: `tidemill models` shows how") from error
