"""Sources that were refused on this machine, so that a run does not read each of them again before it is mended."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field, ValidationError

from tidemill.common.files import atomic_write
from tidemill.contracts import Problem, Settings
from tidemill.ingest.settings import IngestSettings
from tidemill.project.layout import Paths


class Refusal(Settings):
    """Why a source was refused, and what it was judged by; None: it is read again each time."""

    reason: str
    stamp: str | None


class Refusals(Settings):
    """Refused sources by name; a file of this machine, which may be deleted."""

    sources: dict[str, Refusal] = Field(default_factory=dict)

    @classmethod
    def read(cls, paths: Paths) -> Refusals:
        """Read those of a problem; none where the file is not there or torn.

        Parameters
        ----------
        paths
            Of the problem.

        Returns
        -------
        Refusals
            Of this machine.
        """
        try:
            return cls.model_validate_json(_file(paths).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, ValidationError):
            return cls()

    def write(self, paths: Paths) -> None:
        """Write those of a problem; no file where there is none.

        Parameters
        ----------
        paths
            Of the problem.
        """
        path = _file(paths)
        if not self.sources:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as part:
            part.write_text(self.model_dump_json(indent=2), encoding="utf-8")

    def knows(self, source: str, reason: str) -> bool:
        """Whether a source was refused for the same reason before.

        Parameters
        ----------
        source
            Its name.
        reason
            As an error gives it.

        Returns
        -------
        bool
        """
        known = self.sources.get(source)
        return known is not None and known.reason == reason

    def reason(self, source: str, stamp: str | None) -> str | None:
        """Why a source was refused; None where it was not, or what it was judged by has changed since.

        Parameters
        ----------
        source
            Its name.
        stamp
            As ``stamp_of`` makes it now.

        Returns
        -------
        str or None
            As it was refused then.
        """
        known = self.sources.get(source)
        return known.reason if known is not None and stamp is not None and known.stamp == stamp else None


def _file(paths: Paths) -> Path:
    return paths.state / "refused" / f"{paths.name}.json"


def stamp_of(location: str, problem: Problem, settings: IngestSettings, batches: Sequence[str]) -> str | None:
    """Digest of all that decides whether a file of texts is refused: its size and time, the settings, the batches before it.

    Parameters
    ----------
    location
        Of the source.
    problem
        Whose classes labels must have.
    settings
        Of ingest.
    batches
        Those of the manifest.

    Returns
    -------
    str or None
        None where more than the file decides, such as images beside it: it is read again.
    """
    path = Path(location)
    if settings.modality != "text" or "://" in location or not path.is_file():
        return None
    about = path.stat()
    decided_by = [about.st_size, about.st_mtime_ns, problem.classes, settings.model_dump(), list(batches)]
    return hashlib.sha256(json.dumps(decided_by, sort_keys=True).encode()).hexdigest()
