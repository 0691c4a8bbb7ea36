"""What passes between the service and the process of its model: a JSON header and bytes, never a pickle."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any, Final, Protocol

_HEAD: Final = struct.Struct("<IQ")


class Readable(Protocol):
    """A file, or what else gives as many bytes as are asked for, and fewer at its end."""

    def read(self, size: int, /) -> bytes:
        """Read bytes.

        Parameters
        ----------
        size
            How many.

        Returns
        -------
        bytes
            Fewer at the end alone.
        """


def frame(header: dict[str, Any], parts: Sequence[bytes] = ()) -> bytes:
    """Write a header and bytes.

    Parameters
    ----------
    header
        What JSON can hold.
    parts
        Bytes.

    Returns
    -------
    bytes
        Sizes, the header, the parts.
    """
    text = json.dumps(header | {"sizes": [len(part) for part in parts]}).encode()
    return b"".join([_HEAD.pack(len(text), sum(map(len, parts))), text, *parts])


def read_frame(source: Readable) -> tuple[dict[str, Any], list[bytes]] | None:
    """Read a header and bytes.

    Parameters
    ----------
    source
        Where they come from.

    Returns
    -------
    tuple of dict and list of bytes, or None
        None where there is no whole frame any more.
    """
    head = source.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    size, total = _HEAD.unpack(head)
    text, content = source.read(size), source.read(total)
    if len(text) < size or len(content) < total:
        return None
    header: dict[str, Any] = json.loads(text)
    parts, start = [], 0
    for length in header.pop("sizes"):
        parts.append(content[start : start + length])
        start += length
    return header, parts
