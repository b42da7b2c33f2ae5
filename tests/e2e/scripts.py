"""
What the model says: scripts, whatever API it is asked through.

Law: the answer depends on the conversation alone. The newest `[[script:NAME]]` in the texts of the
user chooses the script, the number of the model's turns after it the turn: so a retry gets the same
answer, and a sub-agent follows the marker in the prompt that launched it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

MARKER = re.compile(r"\[\[script:([a-z0-9-]+)\]\]")

Json = dict[str, Any]
# Who said what, in its order; one entry for each turn of the model, whose words do not matter.
Said = tuple[Literal["user", "model"], str]


@dataclass(frozen=True)
class Call:
    """The model calls a tool; `space` is that of Codex's tools, which may take a text as input."""

    tool: str
    input: Json | str
    space: str | None = None


@dataclass(frozen=True)
class Failure:
    """The API refuses the request."""

    status: int
    kind: str


Turn = Sequence[str | Call] | Failure
Scripts = Mapping[str, Sequence[Turn]]
OVER: Turn = ("Done.",)


def position(said: Iterable[Said]) -> tuple[str | None, int]:
    """Return the script that a conversation follows, and how many of its turns were played."""
    script, played = None, 0
    for who, text in said:
        if who == "model":
            played += 1
        elif markers := MARKER.findall(text):
            script, played = markers[-1], 0
    return script, played
