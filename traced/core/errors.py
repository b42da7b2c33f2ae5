"""
What can go wrong, and whose fault it is.

    TracedError
    ├── OrderTaken        an event names a step order that another step has: reject that event
    ├── Malformed         bytes that are not what they should be: reject that line
    ├── StoreError        the database cannot be opened or read: tell the user what to do
    │   └── StoreBusy     it cannot be written just now: keep the batch, try again later
    │       └── StoreBroken       its connection is of no use any more: reopen it before that
    │           ├── StoreDamaged  the file is no sound database: if that stays so, set it aside
    │           └── StoreMoved    the files at its path are not the ones that are open
    ├── SessionUnknown    nothing recorded goes by this name: say how to see what is there
    ├── SessionAmbiguous  several sessions go by this name: list them
    ├── NothingToFind     a text to search for holds no word: say what is expected
    ├── AlreadyRunning    another daemon holds the database or the socket: leave it alone
    ├── NotRunning        no daemon answers: start it, or read the database without it
    │   └── NotAnswering  there is one, which starts or hangs: wait, or see its log
    ├── EventsLost        the daemon ended without keeping all that it had read: say how many
    └── ConfigError       settings or folders are wrong: exit 78

Messages say what was read and what was expected. They carry plain values, never other objects of
the house, so that every floor may raise and catch them.
"""


class TracedError(Exception):
    """Anything that traced itself reports."""


class OrderTaken(TracedError):
    """An explicit step order is taken."""


class Malformed(TracedError):
    """Bytes that cannot be understood; `reason` is one of the closed list in SPEC 3."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class StoreError(TracedError):
    """The database cannot be opened or read."""


class StoreBusy(StoreError):
    """The database cannot be written just now; the batch is still whole."""


class StoreBroken(StoreBusy):
    """The connection is of no use any more; a new one may be."""


class StoreDamaged(StoreBroken):
    """The file is not, or no longer, a sound database."""


class StoreMoved(StoreBroken):
    """The files at the path of the database are gone, or others than those that are open."""


class SessionUnknown(TracedError):
    """No session, or no prompt of it, goes by the name that was given."""


class SessionAmbiguous(TracedError):
    """More than one session goes by the name that was given."""


class NothingToFind(TracedError):
    """A text holds no word that could be searched for, or too many."""


class AlreadyRunning(TracedError):
    """Another daemon holds what this one needs."""


class NotRunning(TracedError):
    """No daemon answers."""


class NotAnswering(NotRunning):
    """A daemon is there, but it does not answer in time, or not yet."""


class EventsLost(TracedError):
    """The daemon could neither store nor spool some of what it had read."""


class ConfigError(TracedError):
    """Settings or folders are wrong."""
