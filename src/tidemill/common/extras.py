"""Which extra of the package a missing library belongs to, and the command that installs it."""

from __future__ import annotations

import importlib.util
import re
from typing import Final

_DISTRIBUTIONS: Final = {
    "PIL": "pillow",
    "hydra": "hydra-core",
    "multipart": "python-multipart",
    "omegaconf": "hydra-core",
    "ruamel": "ruamel.yaml",
    "sklearn": "scikit-learn",
    "xgboost": "xgboost-cpu",
    "yaml": "pyyaml",
}
_EXTRA: Final = re.compile(r"""extra\s*==\s*['"]([\w-]+)['"]""")
_NAME: Final = re.compile(r"[\w.-]+")
_COLLECTIONS: Final = {"all", "test"}


def require(module: str, *, extra: str | None = None) -> None:
    """Check that a library which an extra installs is installed.

    Parameters
    ----------
    module
        Top module of the library, such as ``prefect``.
    extra
        Extra to name where several have it; None: the smallest.

    Raises
    ------
    ModuleNotFoundError
        It is not; the message names the extra and the command that installs it.
    """
    if importlib.util.find_spec(module) is None:
        raise ModuleNotFoundError(_message(module, extra), name=module)


def remedy(error: ModuleNotFoundError) -> str | None:
    """Word what to do about a missing library.

    Parameters
    ----------
    error
        What an import raised.

    Returns
    -------
    str or None
        The command that installs the library; None where no extra of Tidemill has it.
    """
    module = (error.name or "").partition(".")[0]
    return _message(module) if extra_of(module) else None


def extra_of(module: str) -> str | None:
    """Find the extra that installs a library.

    Parameters
    ----------
    module
        Top module of the library, such as ``sklearn``.

    Returns
    -------
    str or None
        Name of the smallest extra; None where no extra of Tidemill has the library.
    """
    wanted = _normal(_DISTRIBUTIONS.get(module, module))
    return next((extra for extra, names in extras().items() if wanted in names), None)


def extras() -> dict[str, set[str]]:
    """Read the extras of the installed package.

    Returns
    -------
    dict
        Extra, smallest first, to the normalised names of the distributions that it installs.
    """
    from importlib import metadata

    results: dict[str, set[str]] = {}
    for line in metadata.requires("tidemill") or []:
        name, extra = _NAME.match(line), _EXTRA.search(line)
        if name and extra and name[0] != "tidemill" and extra[1] not in _COLLECTIONS:
            results.setdefault(extra[1], set()).add(_normal(name[0]))
    return dict(sorted(results.items(), key=lambda one: len(one[1])))


def _message(module: str, extra: str | None = None) -> str:
    return f"this needs {module}, which is not installed: pip install 'tidemill[{extra or extra_of(module)}]'"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
