"""Which version of a problem's model is where, from git tags in GTO's format.

``spam@v1.4.0`` names a version, ``spam#prod#7`` the seventh assignment of the stage prod. Both are annotated tags on the
commit whose ``dvc.lock`` holds the model. An assignment is never edited: a rollback is a new one. `gto show` reads the
same tags. A tag may be gone or torn: what is whole is read, and what is not is named.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from tidemill.common.spelling import counted
from tidemill.project.layout import Paths, problem_names
from tidemill.project.project import Project
from tidemill.runs.git import git, identity, succeeds
from tidemill.runs.tags import Tags, read_tags

_VERSION = re.compile(r"(?P<problem>[\w-]+)@v(?P<major>\d+)\.(?P<minor>\d+)\.(?P<patch>\d+)")
_ASSIGNMENT = re.compile(r"(?P<problem>[\w-]+)#prod#(?P<number>\d+)")
_MARK = re.compile(r"(?P<problem>[\w-]+)(?P<what>@v\d+\.\d+\.\d+!|#prod!|@deprecated)(#(?P<number>\d+))?")
"""What ``gto deprecate`` sets: on a version, on its stage, on all of a model."""


@dataclass(frozen=True)
class Damage:
    """Something of the registry that is not whole.

    Attributes
    ----------
    tag
        Its name.
    what
        What is wrong with it.
    remedy
        What to do about it.
    """

    tag: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.tag}: {self.what}; {self.remedy}"


@dataclass(frozen=True)
class Registry:
    """Versions and assignments of one problem: the commit of each tag, oldest first; and what of them is not whole.

    ``taken`` are the names of all tags of the problem, damaged ones too.
    """

    problem: str
    versions: dict[str, str]
    assignments: dict[str, str]
    damages: tuple[Damage, ...] = ()
    taken: Collection[str] = ()

    @property
    def champion(self) -> str | None:
        """The version in production, such as ``spam@v1.4.0``; None before the first promotion.

        It is the version of the last assignment whose commit has one; ``damages`` names an assignment without.
        """
        by_commit = {commit: version for version, commit in self.versions.items()}
        result = (by_commit[commit] for commit in reversed(self.assignments.values()) if commit in by_commit)
        return next(result, None)

    def next_tags(self, *, promotions: int = 0) -> tuple[str, str]:
        """Name the tags of the next promotion: a version one minor up (v1.0.0 first) and the next assignment.

        Parameters
        ----------
        promotions
            Promotions before this one that are known otherwise: where tags are gone, their versions' names are not given again.

        Returns
        -------
        version, assignment : str
            Such as ``spam@v1.4.0`` and ``spam#prod#7``.
        """
        return self._next_version(promotions), self.next_assignment()

    def _next_version(self, promotions: int) -> str:
        known = {tag for tag in {*self.versions, *self.taken} if _VERSION.fullmatch(tag)}
        gone = max(promotions - len(known), 0)
        if not known:
            return f"{self.problem}@v1.{gone}.0"
        major, minor, _ = max(map(_version_order, known))
        return f"{self.problem}@v{major}.{minor + 1 + gone}.0"

    def next_assignment(self) -> str:
        """Name the tag of the next assignment; a gap in the numbers stays one.

        Returns
        -------
        str
            Such as ``spam#prod#2``.
        """
        known = [tag for tag in {*self.assignments, *self.taken} if _ASSIGNMENT.fullmatch(tag)]
        return f"{self.problem}#prod#{max(map(_number, known), default=0) + 1}"


def read_registry(project: Project, problem: str) -> Registry:
    """Read versions and assignments of a problem from the tags of the repository.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.

    Returns
    -------
    Registry
        Commit of each tag, oldest first.

    Raises
    ------
    PublishError
        There is no repository, or git cannot read it.
    """
    return registry_of(problem, read_tags(project.shared))


def registry_of(problem: str, tags: Tags) -> Registry:
    """Read versions and assignments of a problem from tags.

    Parameters
    ----------
    problem
        Name of the problem.
    tags
        All tags of the repository.

    Returns
    -------
    Registry
        Commit of each tag, oldest first.
    """
    versions, assigned = _of(problem, _VERSION, tags.commits), _of(problem, _ASSIGNMENT, tags.commits)
    by_hand = [tag for tag in versions if tag in tags.unrecorded]
    versions = [tag for tag in versions if tag not in tags.unrecorded]
    registry = Registry(
        problem,
        {tag: tags.commits[tag] for tag in sorted(versions, key=_version_order)},
        {tag: tags.commits[tag] for tag in sorted(assigned, key=_number)},
        taken=frozenset({*_of(problem, _VERSION, tags.names), *_of(problem, _ASSIGNMENT, tags.names)}),
    )
    marks = [tag for tag in _of(problem, _MARK, tags.names) if not _is_over(tag, registry)]
    damages = (
        *_broken(registry, tags),
        *map(_set_by_hand, by_hand),
        *_without_version(registry),
        *(_deprecated(tag, registry.champion) for tag in sorted(marks)),
    )
    return Registry(problem, registry.versions, registry.assignments, damages, registry.taken)


def without_model(project: Project, registry: Registry) -> tuple[Damage, ...]:
    """Find versions whose commit holds no model: tags of that form that were set by hand.

    Parameters
    ----------
    project
        The project.
    registry
        Versions of a problem.

    Returns
    -------
    tuple of Damage
        One for each, oldest first.
    """
    commits = sorted(set(registry.versions.values()))
    model = Paths.within(registry.problem).model.as_posix()
    words = ("grep", "-l", "--fixed-strings", "-e", f"path: {model}", *commits, "--", "dvc.lock")
    found = git(*words, folder=project.shared, check=False).splitlines() if commits else []
    holding = {line.partition(":")[0] for line in found}
    return tuple(
        Damage(
            tag,
            f"it names commit {commit[:12]}, which holds no model of {registry.problem}",
            f"`git tag -d {tag}` if it was set by hand; `tidemill run` and `tidemill promote` make versions",
        )
        for tag, commit in registry.versions.items()
        if commit not in holding
    )


def problems_in(tags: Tags) -> list[str]:
    """List the problems that have a version or an assignment.

    Parameters
    ----------
    tags
        All tags of the repository.

    Returns
    -------
    list of str
        Sorted.
    """
    return sorted({problem for tag in tags.names if (problem := problem_of(tag))})


def own_problems(project: Project, tags: Tags) -> list[str]:
    """List the problems of this project that have a version or an assignment.

    Others put tags of the same form into a repository that they share: tools that release packages write ``tokenizer@v3.0.0``. A name is
    theirs where this project has no such problem, nor had it in a commit that a tag of that name marks, and no promotion has made one.

    Parameters
    ----------
    project
        The project.
    tags
        All tags of the repository.

    Returns
    -------
    list of str
        Sorted.
    """
    here = set(problem_names(project.shared))
    return [name for name in problems_in(tags) if name in here or _was_here(project, name, tags)]


def _was_here(project: Project, problem: str, tags: Tags) -> bool:
    """Whether a problem that is not there now may have been: tags that cannot be read alone say nothing against it."""
    named = {tag: commit for tag, commit in tags.commits.items() if problem_of(tag) == problem}
    if not named or any(is_version(tag) and tag not in tags.unrecorded for tag in named):
        return True
    asked = "".join(f"{commit}:./conf/problem/{problem}.yaml\n" for commit in set(named.values()))
    answers = git("cat-file", "--batch-check=%(objecttype)", folder=project.shared, stdin=asked).splitlines()
    return "blob" in answers


def problem_of(tag: str) -> str | None:
    """Name the problem of a version or an assignment.

    Parameters
    ----------
    tag
        Name of a tag.

    Returns
    -------
    str or None
        None where the tag is neither.

    Examples
    --------
    >>> problem_of("spam#prod#7"), problem_of("release-2")
    ('spam', None)
    """
    found = _VERSION.fullmatch(tag) or _ASSIGNMENT.fullmatch(tag)
    return found["problem"] if found else None


def comes_after(tag: str, registry: Registry) -> bool:
    """Whether an assignment's number is higher than those of all assignments that there are.

    Parameters
    ----------
    tag
        Name of a tag.
    registry
        Of its problem.

    Returns
    -------
    bool
        False for a version.
    """
    return bool(_ASSIGNMENT.fullmatch(tag)) and _number(tag) > max(map(_number, registry.assignments), default=0)


def promotions_before(problem: str, commit: str, root: Path) -> int:
    """Count the promotions by runs in the history of a commit, whether or not their tags are there.

    Parameters
    ----------
    problem
        Name of the problem.
    commit
        Whose own promotion does not count.
    root
        Top folder of the checkout.

    Returns
    -------
    int
    """
    subject = f"^{re.escape(problem)}: promote$"
    words = ("log", "--no-merges", "--format=%H", "--extended-regexp", f"--grep={subject}", commit)
    return len([found for found in git(*words, folder=root, check=False).split() if found != commit])


def lost_versions(project: Project, registry: Registry) -> tuple[Damage, ...]:
    """Tell of versions whose tags are not in this repository, though its history has their promotions.

    Parameters
    ----------
    project
        The project.
    registry
        Versions of a problem.

    Returns
    -------
    tuple of Damage
        One at most.
    """
    root = project.shared
    if not succeeds("rev-parse", "--verify", "--quiet", "HEAD", folder=root):
        return ()
    found = promotions_before(registry.problem, "HEAD", root)
    known = sum(is_version(tag) for tag in {*registry.versions, *registry.taken})
    if found <= known:
        return ()
    return (
        Damage(
            registry.problem,
            f"the history has {counted(found, 'promotion')}, and there {'is' if known == 1 else 'are'} {counted(known, 'version')}, so "
            f"{registry.champion or 'nothing'} counts as the champion",
            "`git fetch --tags` brings the tags that a clone was made without, `tidemill doctor --fix` puts deleted ones back",
        ),
    )


def is_version(tag: str) -> bool:
    """Whether a tag's name is that of a version.

    Parameters
    ----------
    tag
        Name of a tag.

    Returns
    -------
    bool
        Of whatever problem.
    """
    return _VERSION.fullmatch(tag) is not None


def _of(problem: str, pattern: re.Pattern[str], tags: Collection[str]) -> list[str]:
    return [tag for tag in tags if (match := pattern.fullmatch(tag)) and match["problem"] == problem]


def _broken(registry: Registry, tags: Tags) -> list[Damage]:
    mend = "`tidemill doctor --fix` puts it back if git still has it, `git fetch --tags --force` if a remote has"
    torn = [Damage(tag, "its file in .git is torn", mend) for tag in tags.unreadable if tag in registry.taken]
    gone = "it names a commit that is not in this repository"
    return torn + [Damage(tag, gone, mend) for tag in tags.dangling if tag in registry.taken]


def _is_over(mark: str, registry: Registry) -> bool:
    """Whether the stage was assigned again after it was taken away; GTO numbers both as one."""
    found = _MARK.fullmatch(mark)
    if found is None or found["what"] != "#prod!":
        return False
    return int(found["number"] or 0) < max(map(_number, registry.assignments), default=0)


def _deprecated(tag: str, champion: str | None) -> Damage:
    return Damage(
        tag,
        f"a mark by `gto deprecate`, which `gto show` follows and Tidemill does not: the champion is {champion or 'none'} still",
        f"`tidemill rollback` makes another version the champion, `git tag -d '{tag}'` takes the mark away",
    )


def _set_by_hand(tag: str) -> Damage:
    return Damage(
        tag,
        "it says nothing of a promotion, as a tag that was set by hand, and counts as no version",
        f"`git tag -d {tag}` takes it away; `tidemill run` and `tidemill promote` make versions",
    )


def _without_version(registry: Registry) -> list[Damage]:
    """Assignments to a commit that no version names."""
    known = set(registry.versions.values())
    lost = [(tag, commit) for tag, commit in registry.assignments.items() if commit not in known]
    return [
        Damage(
            tag,
            f"it assigns commit {commit[:12]}, which no version names"
            + (f", so {registry.champion or 'nothing'} counts as the champion" if tag == _last(registry) else ""),
            "`tidemill doctor --fix` puts a deleted version back, `tidemill rollback` names another champion",
        )
        for tag, commit in lost
    ]


def _last(registry: Registry) -> str:
    return list(registry.assignments)[-1]


def _version_order(tag: str) -> tuple[int, ...]:
    return tuple(int(part) for part in tag.rpartition("@v")[2].split("."))


def _number(tag: str) -> int:
    return int(tag.rpartition("#")[2])


def file_at_version(project: Project, path: Path, commit: str | None) -> str | None:
    """Read a file as it was at a version's commit.

    Parameters
    ----------
    project
        The project.
    path
        The file, relative to the project.
    commit
        Commit of the version; None: the file as it is in this checkout.

    Returns
    -------
    str or None
        Content of the file; None where there was none.
    """
    if commit is None:
        here = project.root / path
        return here.read_text(encoding="utf-8") if here.exists() else None
    place, root = f"{commit}:./{path.as_posix()}", project.root
    return git("show", place, folder=root) if succeeds("cat-file", "-e", place, folder=root) else None


def tag_object(name: str, commit: str, message: str, folder: Path) -> str:
    """Write an annotated tag object; no ref is created yet.

    Parameters
    ----------
    name, commit, message
        Name of the tag, the commit that it marks, and its text.
    folder
        Checkout.

    Returns
    -------
    str
        Its id.
    """
    return git("mktag", folder=folder, stdin=tag_text(name, commit, message, folder))


def tag_text(name: str, commit: str, message: str, folder: Path) -> str:
    """Word an annotated tag as git stores it.

    Parameters
    ----------
    name, commit, message
        Name of the tag, the commit that it marks, and its text.
    folder
        Checkout.

    Returns
    -------
    str
        Content of its object.
    """
    who = git(*identity(folder), "var", "GIT_COMMITTER_IDENT", folder=folder)
    return f"object {commit}\ntype commit\ntag {name}\ntagger {who}\n\n{message}\n"
