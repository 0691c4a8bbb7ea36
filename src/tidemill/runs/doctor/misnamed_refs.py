"""Files among a repository's refs whose names git does not allow, as programs that synchronize folders name copies."""

from __future__ import annotations

from pathlib import Path

from tidemill.runs.git import common_folder, git, succeeds


def misnamed_refs(root: Path) -> dict[Path, str | None]:
    """Find files that git passes over as it lists branches and tags.

    Parameters
    ----------
    root
        Top folder of the checkout.

    Returns
    -------
    dict
        Path to the commit that the file names; None where it names none that is here. Names that begin with a dot are those of
        file managers, and left out.
    """
    common = common_folder(root)
    listed = set(git("for-each-ref", "--format=%(refname)", folder=root).splitlines())
    files = (path for kind in ("heads", "tags") for path in sorted((common / "refs" / kind).rglob("[!.]*")))
    return {
        path: _commit(path, root)
        for path in files
        if path.is_file()
        and path.suffix != ".lock"
        and (ref := path.relative_to(common).as_posix()) not in listed
        and not is_allowed(ref, root)
    }


def is_allowed(ref: str, root: Path) -> bool:
    """Decide whether git allows the name of a ref.

    Parameters
    ----------
    ref
        Whole name, such as ``refs/heads/main``.
    root
        Top folder of the checkout.

    Returns
    -------
    bool
        What ``git check-ref-format`` says.
    """
    return succeeds("check-ref-format", ref, folder=root)


def _commit(path: Path, root: Path) -> str | None:
    named = path.read_text(encoding="utf-8", errors="replace").strip()
    wanted = f"{named}^{{commit}}"
    is_there = named.isalnum() and succeeds("cat-file", "-e", wanted, folder=root)
    return git("rev-parse", wanted, folder=root) if is_there else None
