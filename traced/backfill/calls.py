"""
Calls as their hooks tell of them, kept until a transcript says what came of them.

Law: what is kept is bounded, whatever a file holds.
"""

from typing import Final, TypeVar

from msgspec import Struct

# No response has so many calls; a file of calls that never end must not fill the memory.
OPEN_MAX: Final = 1000

T = TypeVar("T")


class Call(Struct, frozen=True):
    """What each hook of a call says again."""

    call_id: str
    tool_name: str
    tool_input: object

    def payload(self) -> dict[str, object]:
        """Return it by the keys of a hook's payload."""
        return {
            "tool_use_id": self.call_id,
            "tool_name": self.tool_name,
            "tool_input": self.tool_input,
        }


def keep(open_calls: dict[str, T], call_id: str, call: T) -> None:
    """Keep a call until its end is read; where there are too many, the oldest is given up."""
    if len(open_calls) >= OPEN_MAX:
        del open_calls[next(iter(open_calls))]
    open_calls[call_id] = call


def failure(error: str, *, is_interrupt: bool) -> dict[str, object]:
    """Return what the payload of a failed call says besides."""
    return {"error": error, "is_interrupt": True} if is_interrupt else {"error": error}
