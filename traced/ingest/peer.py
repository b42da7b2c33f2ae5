"""Who is at the other end of a Unix socket; the one place that asks the kernel."""

import socket
import struct
import sys
from typing import Final

# struct ucred of Linux: pid, uid, gid.
_UCRED: Final = struct.Struct("3i")
# macOS, <sys/un.h>: SOL_LOCAL, LOCAL_PEERCRED and struct xucred, which begins with version, uid.
_SOL_LOCAL: Final = 0
_LOCAL_PEERCRED: Final = 1
_XUCRED_BYTES: Final = 76
_XUCRED_HEAD: Final = struct.Struct("2I")


def peer_uid(connection: socket.socket) -> int | None:
    """Return the uid of the process that connected, or None where the kernel does not tell."""
    try:
        if sys.platform == "linux":
            credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
            return int(_UCRED.unpack(credentials)[1])
        credentials = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_BYTES)
        return int(_XUCRED_HEAD.unpack_from(credentials)[1])
    except OSError:
        return None
