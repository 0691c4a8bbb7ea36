"""Where generators are kept, which servers they may ask, and what that may cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tidemill.generate.prompt.budget import Purse
from tidemill.label.engine.vote_cache import BatchCache
from tidemill.label.settings import EndpointSettings


@dataclass(frozen=True)
class Storage:
    """Where generators are kept.

    Parameters
    ----------
    folder
        Folder of fitted generators and answers, which DVC tracks.
    caches
        Votes cast before, a cache per batch, in the order of the rows.
    journal
        File to which answers are appended as they arrive, local to the machine.
    endpoints
        Servers that rows may be sent to, by name.
    purse
        Money of the run.
    """

    folder: Path
    caches: Sequence[BatchCache]
    journal: Path
    endpoints: Mapping[str, EndpointSettings] = field(default_factory=dict)
    purse: Purse = field(default_factory=lambda: Purse(None))

    @property
    def tracked(self) -> Path:
        """File of all answers that DVC tracks."""
        return self.folder / "answers.jsonl"

    def answer_files(self) -> list[Path]:
        """List the files that hold answers.

        Returns
        -------
        list of Path
            They need not exist.
        """
        return [self.tracked, self.journal]
