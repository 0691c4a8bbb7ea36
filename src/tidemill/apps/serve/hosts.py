"""Names by which the service may be asked for: a page of another site that points its own name at this address gets no answer."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Sequence
from typing import Final

_HOST: Final = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.%]+)\]|(?P<name>[^\[\]:/@?#\s]+|[0-9A-Fa-f]*(?::[0-9A-Fa-f]*){2,}))(?::\d*)?"
)
"""A name or an address, and a port; people leave out the brackets around an address of IPv6."""


def is_allowed(host: str, names: Sequence[str]) -> bool:
    """Tell whether a request's ``Host`` is one of the service's.

    An address is: a browser sends one only where the person asked for it, and DNS rebinding needs a name. So are ``localhost`` and
    the machine's own name.

    Parameters
    ----------
    host
        What the header says, with or without a port; empty where there is none, as in HTTP/1.0.
    names
        Further names; ``*`` allows every one, ``*.example.org`` all below.

    Returns
    -------
    bool

    Examples
    --------
    >>> [is_allowed(host, ["api.example.org"]) for host in ("127.0.0.1:80", "[::1]", "api.example.org:80", "evil.example.com")]
    [True, True, True, False]
    """
    match = _HOST.fullmatch(host)
    if match is None:
        return not host
    name = (match["v6"] or match["name"]).lower().rstrip(".")
    if name == "localhost" or _is_address(name) or name == socket.gethostname().lower():
        return True
    return any(_matches(name, allowed.lower().rstrip(".")) for allowed in names)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _matches(name: str, allowed: str) -> bool:
    return allowed in {"*", name} or (allowed.startswith("*.") and name.endswith(allowed[1:]))
