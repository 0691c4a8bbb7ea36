"""DVC's settings of a checkout: where its cache is, which remote is the default, and the same for a worktree of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tidemill.project.layout import main_checkout_of

_LINKS = ("hardlink", "copy")
_NAMED = ("remote", "machine", "db")
"""Sections of DVC's settings that come once for each name."""


def cache_folder(root: Path) -> Path:
    """Locate DVC's cache for a checkout.

    A cache that DVC's settings name comes first. A linked worktree without one uses the main checkout's, so that a model
    outlives the worktree in which it was made.

    Parameters
    ----------
    root
        Checkout.

    Returns
    -------
    Path
        Absolute; it may be missing.
    """
    predicted = _settings(root)["cache"].get("dir")
    if predicted is not None:
        return Path(str(predicted))
    main = main_checkout_of(root)
    return root / ".dvc" / "cache" if main is None else cache_folder(main)


def default_remote(root: Path) -> str | None:
    """Name the default DVC remote of a checkout, None where it has none.

    Parameters
    ----------
    root
        Top folder of the checkout.

    Returns
    -------
    str or None
        None where it has no default remote.
    """
    name = _settings(root)["core"].get("remote")
    return None if name is None else str(name)


def share_cache(root: Path) -> None:
    """Let DVC's own commands in a linked worktree use the main checkout's cache and settings; elsewhere nothing is done.

    Parameters
    ----------
    root
        Top folder of the checkout.
    """
    main = main_checkout_of(root)
    if main is not None and "dir" not in _settings(root)["cache"]:
        adopt_settings(root, main)


def adopt_settings(folder: Path, root: Path) -> None:
    """Give a worktree the DVC settings of a checkout, and its cache.

    Paths in DVC's settings are relative to the file that they are in, so they are written as absolute ones. Links take the
    place of copies where the checkout's settings choose nothing.

    Parameters
    ----------
    folder
        The worktree.
    root
        The checkout.
    """
    from dvc.config import Config, merge

    theirs, cache = Config(dvc_dir=str(root / ".dvc"), validate=False), cache_folder(root)
    mine = Config(dvc_dir=str(folder / ".dvc"), validate=False).load_one("local")
    merge(mine, _absolute(theirs.load_one("repo"), relative_only=True))
    merge(mine, _absolute(theirs.load_one("local")))
    if "remote" in theirs["core"]:
        mine["core"]["remote"] = theirs["core"]["remote"]  # which may not be committed yet
    mine["cache"]["dir"] = str(cache)
    mine["cache"].setdefault("type", list(_LINKS))
    _write(_absolute(mine), folder / ".dvc" / "config.local")


def _write(settings: Mapping[str, Any], file: Path) -> None:
    """As DVC would, but in UTF-8: it writes ASCII alone, and fails in /home/josé."""
    from configobj import ConfigObj

    written = ConfigObj(encoding="utf-8")
    for section, options in settings.items():
        if section in _NAMED:
            written.update({f'{section} "{name}"': named for name, named in options.items()})
        else:
            written[section] = options
    with file.open("wb") as target:
        written.write(target)


def _settings(root: Path) -> dict[str, Any]:
    from dvc.config import Config

    return dict(Config(dvc_dir=str(root / ".dvc"), validate=False))


def _absolute(settings: Mapping[str, Any], *, relative_only: bool = False) -> dict[str, Any]:
    """Paths as plain texts: DVC would write its own relative again. What is tracked is in the worktree, but for paths."""
    from dvc.config_schema import RelPath

    results: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            inner = _absolute(value, relative_only=relative_only)
            results |= {key: inner} if inner else {}
        elif not relative_only or isinstance(value, RelPath):
            results[key] = str(value) if isinstance(value, str) else value
    return results
