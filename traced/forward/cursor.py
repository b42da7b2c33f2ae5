"""
How far a forwarder has got: enough to send everything once, and to know what still has no end.

Law: a cursor is plain values about one state of the database; it grows with what runs, never with
what was recorded. Whoever loses it sends everything once more, under the same ids.
"""

from collections.abc import Iterable
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta

from traced.store.forwarding import PromptKey, Witness

T = TypeVar("T")
# What SQLite takes as a key.
Key = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]

# Of each kind the latest; a span that is forgotten is, at worst, sent once more.
UNKNOWN_MAX: Final = 1000
UNNUMBERED_MAX: Final = 1000
TOLD_MAX: Final = 4000


class Cursor(msgspec.Struct, frozen=True):
    """
    A place in the database.

    Steps up to `revision` are sent, or `running`, or `held` until it is known whose children they
    are. Prompts up to `prompt_pk` have their roots sent, or are `owed`, or have no number yet.
    """

    revision: Key = 0
    prompt_pk: Key = 0
    running: tuple[Key, ...] = ()
    held: tuple[Key, ...] = ()
    unknown: tuple[Key, ...] = ()  # sent without an end, which may be told yet
    unnumbered: tuple[Key, ...] = ()
    owed: tuple[PromptKey, ...] = ()
    told: tuple[str, ...] = ()  # ids of roots and sub-agents, for which no revision speaks
    witness: Witness | None = None  # of the steps up to `revision` the newest


class Draft:
    """A cursor while a slice is read: what is added comes last, and nothing is in it twice."""

    def __init__(self, cursor: Cursor) -> None:
        self.revision = cursor.revision
        self.revision_before = cursor.revision
        self.prompt_pk = cursor.prompt_pk
        self.running = dict.fromkeys(cursor.running)
        self.held = dict.fromkeys(cursor.held)
        self.unknown = dict.fromkeys(cursor.unknown)
        self.unnumbered = dict.fromkeys(cursor.unnumbered)
        self.owed = dict.fromkeys(cursor.owed)
        self.told = dict.fromkeys(cursor.told)

    def done(self) -> Cursor:
        """Return the cursor that holds once the slice's spans are taken."""
        return Cursor(
            self.revision,
            self.prompt_pk,
            tuple(self.running),
            tuple(self.held),
            _latest(self.unknown, UNKNOWN_MAX),
            _latest(self.unnumbered, UNNUMBERED_MAX),
            tuple(self.owed),
            _latest(self.told, TOLD_MAX),
        )


def _latest(kept: Iterable[T], number_max: int) -> tuple[T, ...]:
    return tuple(kept)[-number_max:]
