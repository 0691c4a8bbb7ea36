"""Models by their name on the Hugging Face hub: from the local cache first, then from the network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from tidemill.contracts import PackageError

T = TypeVar("T")


def from_hub(load: Callable[..., T], name: str) -> T:
    """Load a model from the cache, or fetch it.

    Parameters
    ----------
    load
        Loads the model; takes ``local_files_only``.
    name
        Of the model, for the error.

    Returns
    -------
    object
        What ``load`` returns.

    Raises
    ------
    PackageError
        It is not in the cache and cannot be fetched.
    """
    try:
        return load(local_files_only=True)
    except (OSError, ValueError, RuntimeError):  # what the libraries raise for a file that is not in the cache
        return fetch_weights(lambda: load(local_files_only=False), name)


def fetch_weights(load: Callable[[], T], name: str) -> T:
    """Load a model that may have to be fetched.

    Parameters
    ----------
    load
        Loads the model and may use the network.
    name
        Of the model, for the error.

    Returns
    -------
    object
        What ``load`` returns.

    Raises
    ------
    PackageError
        It cannot be fetched.
    """
    import httpx

    try:
        return load()
    except (OSError, ValueError, RuntimeError, httpx.HTTPError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise PackageError(
            f"backbone {name!r} is not in the local cache and cannot be fetched from the hub ({first}): check the name, "
            "the network and HF_HUB_OFFLINE, or put its files in a folder and name that in embed.weights"
        ) from error


def quiet_transformers() -> None:
    """Switch off the progress bars and the advice of transformers; what matters is raised or printed by the stage."""
    from transformers.utils import logging

    quiet: Any = logging
    quiet.set_verbosity_error()
    quiet.disable_progress_bar()
