"""
By which names this server may be called.

Law: a name that somebody else's name server resolves is none of them. A page from elsewhere whose
own name is pointed at this machine (DNS rebinding) calls us by that name, and is refused.
"""

import ipaddress
import re
from collections.abc import Iterable
from typing import Final

LOOPBACK_NAMES: Final = frozenset({"localhost"})
# RFC 3986, section 3.2: a name, an IPv4 address, or an IPv6 address in brackets; and a port.
_AUTHORITY: Final = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::[0-9]{1,5})?")


class Hosts:
    """
    The names of a server: `localhost`, addresses, and those in `names`.

    With `loopback_only` the only addresses are those of this machine to itself.
    """

    def __init__(self, names: Iterable[str] = (), *, loopback_only: bool) -> None:
        self._names = LOOPBACK_NAMES | {name.lower().rstrip(".") for name in names}
        self._loopback_only = loopback_only

    def allow(self, authority: str) -> bool:
        """Return whether a request with this Host header, of any port, is meant for us."""
        found = _AUTHORITY.fullmatch(authority)
        if found is None:
            return False
        host = found[1].strip("[]").lower().rstrip(".")
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return host in self._names
        return address.is_loopback or not self._loopback_only


def is_same_origin(origin: str, authority: str) -> bool:
    """Return whether a page of this origin is ours; a proxy may have added TLS."""
    return origin.lower() in {f"http://{authority}".lower(), f"https://{authority}".lower()}
