"""Optuna's study on disk, whole again after a kill: its journal is appended to and flushed with every step."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tidemill.common.locks import locked
from tidemill.contracts import RunError

STUDY: Final = "search"
_STARTUP: Final = 4  # trials before any is pruned, and before the sampler learns from them


@contextmanager
def open_study(path: Path, *, seed: int) -> Iterator[Any]:
    """Open a study, for one search at a time; a trial that was running when it was killed has failed.

    Parameters
    ----------
    path
        File of the journal.
    seed
        Of the sampler.

    Yields
    ------
    optuna.Study

    Raises
    ------
    RunError
        Another search has the journal open.
    """
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    optuna.logging.set_verbosity(logging.WARNING)

    def refuse() -> None:
        raise RunError(f"another search is at work on {path}: wait for it, or end it")

    with locked(path.with_suffix(".open"), waits=refuse):
        path.with_name(f"{path.name}.lock").unlink(missing_ok=True)  # nobody else can hold it now: a killed search did
        _repair(path)
        lock = JournalFileOpenLock(str(path))
        storage = JournalStorage(JournalFileBackend(str(path), lock))
        pruner = optuna.pruners.MedianPruner(n_startup_trials=_STARTUP)
        study = optuna.create_study(study_name=STUDY, storage=storage, load_if_exists=True, pruner=pruner)
        for trial in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        # what the sampler has drawn before a kill is gone: its seed moves on with the trials
        study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials), n_startup_trials=2 * _STARTUP)
        yield study


def _repair(path: Path) -> None:
    """A line that a kill has torn is cut off: what would be appended to it could not be read."""
    if path.exists():
        content = path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            with path.open("r+b") as file:
                file.truncate(whole)
