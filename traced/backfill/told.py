"""What readers and those who hand them files say to each other."""

from collections.abc import Callable

from msgspec import Struct

from traced.core.errors import TracedError


class Asked(Struct, frozen=True):
    """How recently (Unix ms) a session must have been used to be imported, and where flaws go."""

    oldest_ms: int
    complain: Callable[[str], None]


class Unreadable(TracedError):
    """A file cannot be imported; says why, without its name."""


class SubAgent(Struct, frozen=True):
    """Whose file it is, where it is a sub-agent's."""

    agent_id: str
    agent_type: str | None


class Counts(Struct):
    """How many sessions and calls were read, and how many sessions were too old to be."""

    sessions: int = 0
    calls: int = 0
    too_old: int = 0

    def add(self, more: "Counts") -> None:
        """Count what another reader read, too."""
        self.sessions += more.sessions
        self.calls += more.calls
        self.too_old += more.too_old
