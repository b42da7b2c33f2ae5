"""
A client that had said everything and left before anybody looked, as most that want no answer do.

Law: what it said is taken as from any other; only nothing is built to wait for more of it.
"""

import socket
import time
from collections.abc import Sequence
from typing import Final, NamedTuple

from traced.core.event import Outcome
from traced.core.protocol import Protocol
from traced.core.wire import Control, Item
from traced.ingest.inlet import Inlet
from traced.ingest.intake import Record, Submission
from traced.ingest.replies import asked

# As much as is read of any client at first.
VISIT_BYTES_MAX: Final = 4 * 1024


class Words(NamedTuple):
    """What a client has said so far; `over` if it has closed or shut down its writing side."""

    data: bytes
    over: bool


def first_words(sock: socket.socket) -> Words:
    """Read once from a non-blocking socket, and look if that was all."""
    inlet = Inlet(sock)
    data = inlet.take(VISIT_BYTES_MAX)
    if not data:
        return Words(b"", over=data is not None)
    over = len(data) < VISIT_BYTES_MAX and inlet.look(1) == b""
    return Words(data, over)


def visit(protocol: Protocol, data: bytes, uid: int | None, events_max: int) -> Submission | None:
    """
    Return what a client that is gone has sent, or None if it asked for an answer or is too much.

    `protocol` holds no unfinished line, and none afterwards.
    """
    items: list[Item] = protocol.receive_data(data)
    size = protocol.lines_bytes
    items += protocol.receive_eof()
    size += protocol.lines_bytes
    records: list[Record] = []
    for item in items:
        if isinstance(item, Control) or asked(item):
            return None
        records.append(item)
    if len(records) > events_max:
        return None
    return Submission(records, size, time.time_ns() // 1_000_000, uid, _nobody_asks)


def _nobody_asks(_outcomes: Sequence[Outcome]) -> None:
    """Tell nobody."""
