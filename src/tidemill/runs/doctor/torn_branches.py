"""Branches whose file in the repository is torn, and the commit that git noted when it wrote them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tidemill.runs.doctor.misnamed_refs import is_allowed
from tidemill.runs.git import common_folder, git, succeeds


def torn_branches(root: Path) -> dict[str, str | None]:
    """Find branches that git cannot read.

    Parameters
    ----------
    root
        Top folder of the checkout.

    Returns
    -------
    dict
        Name to the commit that the branch's log names last; None where that is not there either. Files whose names git does not allow
        are no branches.
    """
    heads = common_folder(root) / "refs" / "heads"
    listed = set(git("for-each-ref", "refs/heads", "--format=%(refname:strip=2)", folder=root).splitlines())
    files = {path.relative_to(heads).as_posix() for path in _files(heads)}
    lost = (name for name in sorted(files - listed) if is_allowed(f"refs/heads/{name}", root))
    return {name: _noted(name, root) for name in lost}


def mend_branches(root: Path) -> list[str]:
    """Set torn branches to the commits that their logs name.

    Parameters
    ----------
    root
        Top folder of the checkout.

    Returns
    -------
    list of str
        A line for each branch.
    """
    texts = []
    for name, commit in torn_branches(root).items():
        if commit is not None:
            (common_folder(root) / "refs" / "heads" / name).unlink()
            git("update-ref", f"refs/heads/{name}", commit, folder=root)
            texts.append(f"branch {name}: set to {commit[:12]}, as its log says")
    return texts


def _files(heads: Path) -> Iterator[Path]:
    return (path for path in heads.rglob("*") if path.is_file() and path.suffix != ".lock")


def _noted(name: str, root: Path) -> str | None:
    log = common_folder(root) / "logs" / "refs" / "heads" / name
    for line in reversed(log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []):
        words = line.split()
        if len(words) > 1 and succeeds("cat-file", "-e", f"{words[1]}^{{commit}}", folder=root):
            return words[1]
    return None
