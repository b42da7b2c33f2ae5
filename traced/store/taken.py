"""
Which events were taken, for who knows their ids and not their sessions.

Law: only sessions that were heard of since are looked into, so that it costs little however much is
recorded; an event that is forgotten by then counts as one that never came.
"""

import sqlite3
from collections.abc import Collection
from hashlib import blake2b
from typing import Final

from traced.store.statements import json_list, statement

DIGEST_BYTES: Final = 8


def digest_of(event_id: str) -> int:
    """Return the number by which an event is known again within its session."""
    digest = blake2b(event_id.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()
    return int.from_bytes(digest, "big", signed=True)


def taken(
    connection: sqlite3.Connection, event_ids: Collection[str], since_ms: int
) -> frozenset[str]:
    """
    Return which of these events were taken since a time (Unix ms).

    Raises:
        sqlite3.Error: If they cannot be read.
    """
    by_digest = {digest_of(event_id): event_id for event_id in event_ids}
    asked = {"digests": json_list(by_digest), "since": since_ms}
    found = connection.execute(statement("select_taken"), asked).fetchall()
    return frozenset(by_digest[digest] for (digest,) in found)
