"""Nested mappings of settings: dotted keys, and changes laid over what is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def flatten(nested: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """List every key of a nested mapping, groups before what is in them.

    Parameters
    ----------
    nested
        Its values may be mappings again.
    prefix
        What dotted keys begin with.

    Yields
    ------
    key : str
        Dotted from the top.
    value : object
        A mapping for a group.

    Examples
    --------
    >>> [key for key, _ in flatten({"head": {"dropout": 0.3}, "seed": 0})]
    ['head', 'head.dropout', 'seed']
    """
    for key, value in nested.items():
        yield f"{prefix}{key}", value
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{key}.")


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Lay changes over a nested mapping; both are left as they are.

    Parameters
    ----------
    base
        What there is.
    changes
        Nested like ``base``, with dotted keys, or both; a key that is not in ``base`` is added.

    Returns
    -------
    dict
        A new mapping.

    Examples
    --------
    >>> merged({"head": {"dropout": 0.3, "hidden_sizes": [8]}}, {"head.dropout": 0.1, "seed": 1})
    {'head': {'dropout': 0.1, 'hidden_sizes': [8]}, 'seed': 1}
    """
    result = dict(base)
    for key, value in changes.items():
        group, _, rest = key.partition(".")
        change = {rest: value} if rest else value
        there = result.get(group)
        if isinstance(change, Mapping) and isinstance(there, Mapping):
            result[group] = merged(there, change)
        else:
            result[group] = merged({}, change) if isinstance(change, Mapping) else change
    return result


def value_at(nested: Mapping[str, Any], key: str) -> Any:
    """Look up a dotted key.

    Parameters
    ----------
    nested
        Mapping of mappings.
    key
        Keys from the top, joined by dots.

    Returns
    -------
    Any
        The value, which may be a mapping itself.

    Raises
    ------
    KeyError
        The key does not exist.

    Examples
    --------
    >>> value_at({"head": {"dropout": 0.3}}, "head.dropout")
    0.3
    """
    value: Any = nested
    for part in key.split("."):
        if not isinstance(value, Mapping):
            raise KeyError(key)
        value = value[part]
    return value
