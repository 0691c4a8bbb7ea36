"""What was found of each new batch by itself, kept between runs: a batch is compared once with one reference."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from tidemill.apps.models.champion_reference import Reference
from tidemill.apps.models.watched_stream import Arrivals
from tidemill.common.files import atomic_write
from tidemill.contracts import Settings
from tidemill.monitor.compare import compare
from tidemill.monitor.settings import MonitorSettings
from tidemill.reports.monitor import BatchDrift

_WHAT_IS_DONE = {"actions", "retrain", "sequential"}
"""Settings that do not decide what is found of a batch by itself."""


class _Kept(Settings):
    """Findings by fingerprint; a file of this machine, which may be deleted."""

    findings: dict[str, BatchDrift] = Field(default_factory=dict)


def find_of_batches(
    file: Path, reference: Reference, arrivals: Arrivals, settings: MonitorSettings, *, code: str
) -> dict[str, BatchDrift]:
    """Compare new batches with the reference; what is known of the same batch, reference, settings and code is taken from a file.

    Parameters
    ----------
    file
        The cache. One that is missing, torn or of other batches is made anew.
    reference
        What batches are compared with.
    arrivals
        The batches, by name.
    settings
        Of the monitor.
    code
        Fingerprint of the code that compares.

    Returns
    -------
    dict of str to BatchDrift
        By batch, in the order of arrival.
    """
    kept, common = _read(file), _fingerprint_of(reference, settings, code)
    keys = {name: f"{common}-{fingerprint}" for name, fingerprint in arrivals.fingerprints.items()}
    found = {
        name: kept.get(keys[name]) or compare(reference.rows, rows, reference.names, settings)
        for name, (_, rows) in arrivals.rows.items()
    }
    now = {keys[name]: finding for name, finding in found.items()}
    if now != kept:
        _write(file, now)
    return found


def _fingerprint_of(reference: Reference, settings: MonitorSettings, code: str) -> str:
    about = [code, reference.names.classes, reference.names.functions, settings.model_dump(exclude=_WHAT_IS_DONE)]
    content = hashlib.blake2b(json.dumps(about, sort_keys=True).encode(), digest_size=16)
    for array in (reference.rows.features, reference.rows.probabilities, reference.rows.votes):
        content.update(array.tobytes())
    return content.hexdigest()


def _read(file: Path) -> Mapping[str, BatchDrift]:
    try:
        return _Kept.model_validate_json(file.read_text(encoding="utf-8")).findings
    except (OSError, UnicodeDecodeError, ValidationError):
        return {}


def _write(file: Path, findings: Mapping[str, BatchDrift]) -> None:
    with atomic_write(file) as part:
        part.write_text(_Kept(findings=dict(findings)).model_dump_json(), encoding="utf-8")
