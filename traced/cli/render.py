"""
A session as people see it: a header, a card for each prompt, under it the tree of what ran.

Law: pure; every line fits the screen's width, and every text from outside comes through
`Screen.clean`, `cut` or `fold`. Texts are `rich.text.Text`, so that markup is never interpreted.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from traced.cli import times
from traced.cli.screen import Screen, pad, pad_left
from traced.cli.tree import Heading, Mark, Node, Tree
from traced.store.rows import Prompt, Session, SessionEntry, Step

STATUS_STYLES: Final = {
    "ok": "green",
    "error": "bold red",
    "denied": "yellow",
    "cancelled": "yellow",
    "unknown": "magenta",
    "running": "bold cyan",
}
TYPE_STYLES: Final = {
    "tool": "blue",
    "skill": "magenta",
    "mcp": "cyan",
    "agent": "bold yellow",
    "hook": "dim",
    "command": "green",
}
# Below this the word of a status gives way to its glyph alone.
WORDS_WIDTH_MIN: Final = 80
# What a sub-agent may run on after its call without a remark: hooks take some milliseconds.
OUTLIVED_MS_MIN: Final = 1000
LEVEL: Final = 2
GAP: Final = "  "


@dataclass(frozen=True, slots=True)
class Card:
    """A prompt and what ran under it; `open_ended`: the last prompt of a session still open."""

    prompt: Prompt
    steps: Sequence[Step]
    tree: Tree
    open_ended: bool


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths in cells that all cards share, so that their columns line up."""

    left: int
    badge: int
    duration: int
    status: int
    summary: int


def status_label(screen: Screen, status: str) -> str:
    """Return the glyph of a status, with its word where it is not `ok` and the screen is wide."""
    glyph = screen.glyphs.status.get(status, "?")
    return glyph if status == "ok" or screen.width < WORDS_WIDTH_MIN else f"{glyph} {status}"


def step_name(screen: Screen, step: Step) -> str:
    """Return a step's name, for an MCP tool behind its server."""
    return f"{step.source}{screen.glyphs.dot}{step.name}" if is_mcp(step) else step.name


def is_mcp(step: Step) -> bool:
    """Return whether the step's source is the server whose tool it called."""
    return step.trace_type == "mcp" and step.source is not None


def step_length_ms(screen: Screen, step: Step) -> float | None:
    """Return how long a step took, or has been running."""
    started = times.epoch_ms(step.started_at)
    if step.status == "running" and started is not None:
        return max(0, screen.now_ms - started)
    return step.duration_ms


def summary(step: Step, folder: str | None) -> str:
    """Return what a step was about, a path in the session's folder without that folder."""
    text = step.input_summary or step.output_summary or ""
    return text.removeprefix(folder.rstrip("/") + "/") if folder else text


def home_relative(path: str) -> str:
    """Return a path with `~` for the user's own home folder."""
    home = os.path.expanduser("~")
    return "~" + path[len(home) :] if (path + "/").startswith(home + "/") else path


def count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 step`, `2 steps`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def render(
    screen: Screen, entry: SessionEntry, cards: Sequence[Card], *, whole: bool
) -> Iterator[Text]:
    """Yield the lines of a session; with `whole` every step's full summaries and ids."""
    yield from header(screen, entry)
    columns = _measure(screen, cards)
    day = times.date(entry.session.started_at)
    tree = TreeLines(screen, columns, entry.session.cwd, whole=whole)
    for card in cards:
        yield Text()
        yield card_line(screen, card, day)
        yield from tree.lines(card.tree)
