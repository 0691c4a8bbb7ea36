"""The tags of a repository, those that are damaged too: git's own listing ends at the first tag whose object is gone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tidemill.runs.git import common_folder, git

TRAILER: Final = "Promoted-by: "
"""How the last line of the text of a version or assignment begins; what decided follows."""
UNSIGNED: Final = ": promote"
"""How the first line of the gate's tags ended before they named who decided."""
_VERSION: Final = "@v"
_END: Final = "\x1e"


@dataclass(frozen=True)
class LostTag:
    """An object that was a tag, or was to be one.

    Attributes
    ----------
    digest
        Its id.
    commit
        Commit that it names.
    when
        Seconds since 1970 at which it was made; 0 where it does not say.
    """

    digest: str
    commit: str
    when: int


@dataclass(frozen=True)
class Tags:
    """Tags by name.

    Attributes
    ----------
    commits
        Of each whole tag the commit that it names.
    unreadable
        Tags whose file in the repository is torn.
    dangling
        Tags that name an object which is not there, or no commit.
    unrecorded
        Whole tags of versions that say nothing of a promotion: somebody has set them by hand.
    """

    commits: dict[str, str]
    unreadable: tuple[str, ...]
    dangling: tuple[str, ...]
    unrecorded: frozenset[str] = frozenset()

    @property
    def names(self) -> set[str]:
        """All names that are taken."""
        return {*self.commits, *self.unreadable, *self.dangling}


def read_tags(root: Path) -> Tags:
    """Read all tags of the repository of a checkout.

    Parameters
    ----------
    root
        Top folder of the checkout.

    Returns
    -------
    Tags
        Those of all checkouts of the repository.

    Raises
    ------
    PublishError
        There is no repository, or git cannot read it.
    """
    listed = git("for-each-ref", "refs/tags", "--format=%(refname:strip=2)", folder=root).splitlines()
    asked = "".join(f"refs/tags/{name}^{{commit}}\n" for name in listed)
    answers = git("cat-file", "--batch-check=%(objectname)", folder=root, stdin=asked).splitlines() if listed else []
    commits = {name: answer for name, answer in zip(listed, answers, strict=True) if not answer.endswith(" missing")}
    files = {path.name for path in tags_folder(root).glob("*") if path.is_file() and path.suffix != ".lock"}
    return Tags(
        commits,
        tuple(sorted(files - set(listed))),
        tuple(sorted(set(listed) - set(commits))),
        _unrecorded([name for name in commits if _VERSION in name], root),
    )


def _unrecorded(names: list[str], root: Path) -> frozenset[str]:
    """Lightweight tags have no text, and git would give that of the commit."""
    if not names:
        return frozenset()
    asked = "".join(f"refs/tags/{name}\n" for name in names)
    kinds = git("cat-file", "--batch-check=%(objecttype)", folder=root, stdin=asked).splitlines()
    patterns = [f"refs/tags/{name}" for name in names]
    texts = git("for-each-ref", f"--format=%(refname:strip=2)%00%(contents){_END}", *patterns, folder=root)
    by_name = dict(record.lstrip("\n").split("\0", 1) for record in texts.split(_END) if "\0" in record)
    return frozenset(
        name for name, kind in zip(names, kinds, strict=True) if kind != "tag" or not _is_record(by_name.get(name, ""))
    )


def _is_record(text: str) -> bool:
    subject, _, body = text.partition("\n")
    return subject.endswith(UNSIGNED) or any(line.startswith(TRAILER) for line in body.splitlines())


def tags_folder(root: Path) -> Path:
    """Locate the folder in which git keeps a file for each tag that it has not packed.

    Parameters
    ----------
    root
        Top folder of the checkout.

    Returns
    -------
    Path
        Absolute; it may be missing.
    """
    return common_folder(root) / "refs" / "tags"


def lost_tags(root: Path) -> dict[str, list[LostTag]]:
    """Find annotated tags that were deleted, or whose file was torn: git keeps their objects for weeks.

    All objects of the repository are looked at, which takes a while in a large one.

    Parameters
    ----------
    root
        Top folder of the checkout.

    Returns
    -------
    dict
        Name of a tag to the objects that were it.
    """
    predicted = git(
        "fsck", "--unreachable", "--no-reflogs", "--connectivity-only", "--no-progress", folder=root, check=False
    )
    results: dict[str, list[LostTag]] = {}
    for line in predicted.splitlines():
        if line.startswith("unreachable tag "):
            digest = line.split()[-1]
            head = git("cat-file", "tag", digest, folder=root).partition("\n\n")[0]
            fields = dict(splitline.split(" ", 1) for splitline in head.splitlines() if " " in splitline)
            if fields.get("type") == "commit":
                results.setdefault(fields["tag"], []).append(LostTag(digest, fields["object"], _seconds(fields)))
    return results


def _seconds(fields: dict[str, str]) -> int:
    when = fields.get("tagger", "").split()[-2:-1]
    return int(when[0]) if when and when[0].isdigit() else 0
