"""
A connection to whoever listens at the first of some places.

Law: who asks says how long he waits; what to do when nobody answers is his to say as well.
"""

import os
import socket
from collections.abc import Sequence
from pathlib import Path


def connected(places: Sequence[Path], seconds_max: float) -> socket.socket:
    """
    Return a connection to the first of `places` that takes one, with that patience for all it does.

    Raises:
        OSError: If none does; it is the last one's.
    """
    problem = OSError(None, "nowhere to look for it")
    for place in places:
        stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        stream.settimeout(seconds_max)
        try:
            stream.connect(os.fspath(place))
        except OSError as error:
            stream.close()
            problem = error
        else:
            return stream
    raise problem
