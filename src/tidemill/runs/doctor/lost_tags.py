"""What can be put back of a registry's tags, from what git keeps of deleted ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tidemill.project.project import Project
from tidemill.runs.git import git, succeeds
from tidemill.runs.model_registry import (
    Registry,
    comes_after,
    is_version,
    problem_of,
    problems_in,
    registry_of,
    without_model,
)
from tidemill.runs.tags import LostTag, Tags, lost_tags, read_tags, tags_folder
from tidemill.runs.tags_being_set import never_set


@dataclass(frozen=True)
class DeletedTag:
    """A version or an assignment of which git has the object alone.

    Attributes
    ----------
    tag
        Its name.
    what
        What that means.
    digest
        The one object that it was; None where it cannot be put back as it was.
    remedy
        What to do about it.
    """

    tag: str
    what: str
    digest: str | None
    remedy: str


def deleted_tags(project: Project) -> Iterator[DeletedTag]:
    """Find versions and assignments that were deleted by hand, or that a clone without tags has not fetched.

    Tags without a model, and objects of commands that were killed before they set the tag, are left out.

    Parameters
    ----------
    project
        The project.

    Yields
    ------
    DeletedTag
        By name.
    """
    root = project.shared
    tags, unset = read_tags(root), never_set(root)
    for tag, objects in sorted(lost_tags(root).items()):
        problem = problem_of(tag)
        if problem is None or tag in tags.names:
            continue
        fitting = [lost for lost in objects if lost.digest not in unset and _holds_model(project, problem, lost.commit)]
        if fitting:
            yield _deleted(tag, fitting, registry_of(problem, tags), root)


def _deleted(tag: str, objects: Sequence[LostTag], registry: Registry, root: Path) -> DeletedTag:
    has_remote = bool(git("remote", folder=root))
    gone = "it was deleted or never fetched" if has_remote else "it was deleted"
    first = "`git fetch --tags` brings it if a remote has it; else " if has_remote else ""
    what, latest = gone, comes_after(tag, registry)
    if latest and registry.champion:
        what += f", so {registry.champion} counts as the champion"
    elif latest:
        what += ", so there is no champion"
    by_hand = (
        f"{first}`git update-ref 'refs/tags/{tag}' OBJECT` with {' or '.join(lost.digest[:12] for lost in objects)}"
    )
    if len(objects) > 1:
        return DeletedTag(tag, f"{what}, and git has {len(objects)} objects of that name", None, by_hand)
    (lost,) = objects
    last = list(registry.assignments)[-1] if registry.assignments else None
    if latest and last and lost.when < _made(last, root):
        later = f"{gone}, and {last}, which was made later, assigns {registry.champion or 'another commit'}"
        return DeletedTag(tag, later, None, f"nothing, if that is the champion that is meant; else {by_hand}")
    put_back_here = f"{first}`tidemill doctor --fix` puts it back; git forgets it in some weeks"
    return DeletedTag(tag, what, lost.digest, put_back_here)


def put_back_deleted(tag: DeletedTag, root: Path) -> list[str]:
    """Put back a tag that was deleted.

    Parameters
    ----------
    tag
        The tag, and its object.
    root
        Checkout.

    Returns
    -------
    list of str
        A line; none where the tag is there by now.
    """
    if tag.digest is None or tag.tag in read_tags(root).names:
        return []
    git("update-ref", f"refs/tags/{tag.tag}", tag.digest, "0" * 40, folder=root)
    return [f"{tag.tag}: put back as it was"]


def _made(tag: str, root: Path) -> int:
    return int(git("for-each-ref", "--format=%(creatordate:unix)", f"refs/tags/{tag}", folder=root) or 0)


def _holds_model(project: Project, problem: str, commit: str) -> bool:
    known = Registry(problem, {"": commit}, {})
    return _is_there(commit, project.shared) and not without_model(project, known)


def put_back(root: Path) -> list[str]:
    """Put back damaged and deleted tags of the registry, and remove the files of those that are torn.

    Parameters
    ----------
    root
        Checkout.

    Returns
    -------
    list of str
        Lines that say what was done.
    """
    torn = [tag for problem in problems_in(read_tags(root)) for tag in _unreadable(problem, root)]
    for tag in torn:
        (tags_folder(root) / tag).unlink(missing_ok=True)
    tags = read_tags(root)
    left = tuple(tag for tag in torn if tag not in tags.names)  # what git has packed of the others counts again
    result = _mendable(root, replace(tags, unreadable=left))
    for tag, digest in result.items():
        git("update-ref", f"refs/tags/{tag}", digest, folder=root)
    nothing = "its torn file is removed; git has nothing else of it here: `git fetch --tags` if a remote has it"
    return [f"{tag}: put back as it was" for tag in sorted({*torn, *result} - (set(left) - set(result)))] + [
        f"{tag}: {nothing}" for tag in left if tag not in result
    ]


def _unreadable(problem: str, root: Path) -> list[str]:
    tags = read_tags(root)
    taken = registry_of(problem, tags).taken
    return [tag for tag in tags.unreadable if tag in taken]


def _mendable(root: Path, tags: Tags) -> dict[str, str]:
    """Tags that one object alone can have been.

    A version is among them where an assignment names its commit, an assignment only where it is damaged; others that
    were deleted are found by ``deleted_tags``.
    """
    damaged = {damage.tag for problem in problems_in(tags) for damage in registry_of(problem, tags).damages}
    if not damaged:
        return {}
    orphans = {tags.commits[tag] for tag in damaged if tag in tags.commits}
    results: dict[str, str] = {}
    for tag, objects in lost_tags(root).items():
        wanted = tag in damaged
        fitting = {
            lost.digest
            for lost in objects
            if (wanted or (is_version(tag) and lost.commit in orphans)) and _is_there(lost.commit, root)
        }
        if len(fitting) == 1 and tag not in tags.commits:
            results[tag] = fitting.pop()
    return results


def _is_there(commit: str, root: Path) -> bool:
    return succeeds("cat-file", "-e", f"{commit}^{{commit}}", folder=root)
