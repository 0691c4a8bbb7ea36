"""Ids of rows, made of what they hold and what their source calls them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def row_ids(hashes: Sequence[str], keys: Sequence[str]) -> list[str]:
    """Make row ids of content hashes and source keys.

    Parameters
    ----------
    hashes, keys
        Hash of the content and key in the source, of each row.

    Returns
    -------
    list of str
        16 hexadecimal digits each.

    Examples
    --------
    >>> row_ids(["00"], ["sms-1"])
    ['84d6bbaec2f5bec7']
    """
    return [hashlib.sha256(f"{item}\0{key}".encode()).hexdigest()[:16] for item, key in zip(hashes, keys, strict=True)]
