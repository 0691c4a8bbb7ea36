"""What can be put back of a registry's tags, from what git keeps of deleted ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tidemill.runs.git import git, succeeds
from tidemill.runs.model_registry import is_version, problems_in, registry_of
from tidemill.runs.tags import Tags, lost_tags, read_tags, tags_folder


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

    A version is among them where an assignment names its commit, an assignment only where it is damaged: one that was
    deleted may have been meant to be.
    """
    damaged = {damage.tag for problem in problems_in(tags) for damage in registry_of(problem, tags).damages}
    if not damaged:
        return {}
    orphans = {tags.commits[tag] for tag in damaged if tag in tags.commits}
    results: dict[str, str] = {}
    for tag, objects in lost_tags(root).items():
        wanted = tag in damaged
        fitting = {
            digest
            for digest, commit in objects
            if (wanted or (is_version(tag) and commit in orphans)) and _is_there(commit, root)
        }
        if len(fitting) == 1 and tag not in tags.commits:
            results[tag] = fitting.pop()
    return results


def _is_there(commit: str, root: Path) -> bool:
    return succeeds("cat-file", "-e", f"{commit}^{{commit}}", folder=root)
