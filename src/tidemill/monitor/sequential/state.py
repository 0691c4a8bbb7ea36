"""The state of a stream: arrays whose size does not grow with the rows, and their bytes with a checksum."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tidemill.common.files import atomic_write
from tidemill.contracts import DataError

_MAGIC: Final = b"tidemill drift state 1\n"
_DIGEST: Final = 16
_HEADER: Final = 4
_DTYPES: Final = {
    "counts": "<i4",
    "log_sums": "<f4",
    "recent": "<f4",
    "began": "<i4",
    "batches": "<u8",
    "rows": "<i4",
}


@dataclass(frozen=True)
class Alarm:
    """The first alarm of a stream, which stays.

    Attributes
    ----------
    column
        Whose martingale crossed, such as ``rarest``.
    view
        Rows that it is of: all, or a stratum.
    check
        At which it did, from 0 on.
    change
        Check at which the change is estimated to have come.
    log_evidence
        Natural logarithm of the martingale.
    log_threshold
        Of the value that it had to reach.
    rows
        From the estimated change on.
    """

    column: str
    view: str
    check: int
    change: int
    log_evidence: float
    log_threshold: float
    rows: int


@dataclass(frozen=True)
class State:
    """What is known of a stream after some batches.

    Attributes
    ----------
    key
        Hash of what the stream depends on and of the batches so far, in order.
    counts : (n_groups, n_cells_of_all_columns)
        Histograms of the pools.
    log_sums : (n_views, n_bets_in_use)
        Log wealth of every bet that has begun, summed over change points.
    recent : (n_views, n_bets_in_use)
        Log wealth of the bet that began at the most likely change point (Page's cumulative sum).
    began : (n_views, n_bets_in_use)
        That change point, as a check.
    batches : (n_batches,)
        Hashes of the names of the batches so far.
    rows : (n_batches,)
        How many rows each had.
    alarm
        None as long as there is none.
    """

    key: str
    counts: npt.NDArray[np.int32]
    log_sums: npt.NDArray[np.float32]
    recent: npt.NDArray[np.float32]
    began: npt.NDArray[np.int32]
    batches: npt.NDArray[np.uint64]
    rows: npt.NDArray[np.int32]
    alarm: Alarm | None = None

    @property
    def checks(self) -> int:
        """How many batches have been taken."""
        return len(self.batches)

    def to_bytes(self) -> bytes:
        """Write the state: the same bytes for the same state.

        Returns
        -------
        bytes
        """
        arrays = {name: np.ascontiguousarray(getattr(self, name), dtype=dtype) for name, dtype in _DTYPES.items()}
        about = {
            "key": self.key,
            "alarm": None if self.alarm is None else asdict(self.alarm),
            "shapes": {name: list(array.shape) for name, array in arrays.items()},
        }
        header = json.dumps(about, sort_keys=True).encode()
        body = b"".join(array.tobytes() for array in arrays.values())
        content = _MAGIC + len(header).to_bytes(_HEADER, "little") + header + body
        return content + hashlib.blake2b(content, digest_size=_DIGEST).digest()

    @classmethod
    def from_bytes(cls, content: bytes) -> State:
        """Read a state.

        Parameters
        ----------
        content
            As `to_bytes` gives it.

        Returns
        -------
        State

        Raises
        ------
        DataError
            The bytes are torn or no state.
        """
        body, digest = content[:-_DIGEST], content[-_DIGEST:]
        if not body.startswith(_MAGIC) or hashlib.blake2b(body, digest_size=_DIGEST).digest() != digest:
            raise DataError("the state of the drift monitor is torn or of another version: delete it, it is made again")
        start = len(_MAGIC) + _HEADER
        length = int.from_bytes(body[len(_MAGIC) : start], "little")
        about = json.loads(body[start : start + length])
        arrays = _arrays(body[start + length :], about["shapes"])
        alarm = None if about["alarm"] is None else Alarm(**about["alarm"])
        return cls(key=about["key"], alarm=alarm, **arrays)

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all.

        Parameters
        ----------
        path
            The file.
        """
        with atomic_write(path) as temporary:
            temporary.write_bytes(self.to_bytes())

    def __eq__(self, other: object) -> bool:
        """Whether all of it is the same."""
        return isinstance(other, State) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.key)


def read_state(path: Path) -> State | None:
    """Read the file of a state; None where there is none, or a torn one.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    State or None
    """
    try:
        return State.from_bytes(path.read_bytes())
    except (FileNotFoundError, DataError):
        return None


def _arrays(body: bytes, shapes: dict[str, list[int]]) -> dict[str, Any]:
    results: dict[str, Any] = {}
    offset = 0
    for name, dtype in _DTYPES.items():
        count = int(np.prod(shapes[name]))
        results[name] = np.frombuffer(body, dtype=dtype, count=count, offset=offset).reshape(shapes[name])
        offset += results[name].nbytes
    return results


assert {field.name for field in fields(State)} == {"key", "alarm", *_DTYPES}  # noqa: S101 - a field is written, or lost
