"""
A step in words: its name, what it was about, how long it took and how it ended.

Law: pure; what is returned is not yet safe to show, unless it says so.
"""

from collections.abc import Iterator
from typing import Final

from rich.text import Text

from traced.cli.screen import Screen
from traced.show import times
from traced.store.rows import Agent, Step

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
    "agent": "yellow",
    "hook": "dim",
    "command": "green",
}
# Below this the word of a status gives way to its glyph alone.
WORDS_WIDTH_MIN: Final = 80
# Less than a person needs to answer: an agent that asked and went on by itself.
WAIT_MS_MIN: Final = 100
# What a sub-agent may outlive its call by without a remark: their two end hooks take that long.
OUTLIVED_MS_MIN: Final = 1000


def status_text(screen: Screen, status: str) -> Text:
    """Return the glyph of a status, with its word where it is not `ok` and the screen is wide."""
    glyph = screen.glyphs.status.get(status, "?")
    alone = status == "ok" or screen.width < WORDS_WIDTH_MIN
    return Text(glyph if alone else f"{glyph} {status}", STATUS_STYLES.get(status, ""))


def name(screen: Screen, step: Step) -> str:
    """Return a step's name, for an MCP tool behind its server's."""
    return full_name(screen, step.source if step.trace_type == "mcp" else None, step.name)


def full_name(screen: Screen, server: str | None, tool: str) -> str:
    """Return a tool's name behind that of its MCP server, if it is of one."""
    return tool if server is None else f"{server}{screen.glyphs.dot}{tool}"


def length_ms(screen: Screen, step: Step) -> float | None:
    """Return how long a step took, or for how long it has been running."""
    started_ms = times.epoch_ms(step.started_at)
    if step.status == "running" and started_ms is not None:
        return max(0, screen.now_ms - started_ms)
    return step.duration_ms


def summary(step: Step, folder: str | None) -> str:
    """Return what a step was about; a path in the session's `folder` is shown relative to it."""
    text = step.input_summary or ""
    return text.removeprefix(f"{folder.rstrip('/')}/") if folder else text


def cut_summary(screen: Screen, text: str, width: int) -> str:
    """Return a summary that fits and is safe to show; of a path its end says more."""
    is_path = text.startswith("/") and " " not in text
    return screen.cut_left(text, width) if is_path else screen.cut(text, width)


def error_line(screen: Screen, step: Step) -> str:
    """Return a step's error in one line; its first line alone is often just an exit status."""
    lines = (line.strip() for line in (step.error or "").split("\n"))
    return f" {screen.glyphs.dot} ".join(line for line in lines if line)


def notes(screen: Screen, step: Step, launched: Agent | None) -> Iterator[str]:
    """Yield what a step's own columns do not tell, each in brackets and safe to show."""
    if step.permission_wait_ms is not None and step.permission_wait_ms >= WAIT_MS_MIN:
        yield f"(+{times.duration(step.permission_wait_ms)} waiting for permission)"
    if launched is None or step.status == "running":
        return
    if launched.status == "running":
        started_ms = times.epoch_ms(launched.started_at)
        elapsed = None if started_ms is None else max(0, screen.now_ms - started_ms)
        yield f"(sub-agent still running, {times.duration(elapsed) or 'since when is unknown'})"
        return
    ended_ms, call_ended_ms = times.epoch_ms(launched.ended_at), times.epoch_ms(step.ended_at)
    if ended_ms is None or call_ended_ms is None:
        return
    if ended_ms - call_ended_ms >= OUTLIVED_MS_MIN:
        yield f"(sub-agent ended {times.duration(ended_ms - call_ended_ms)} after its call)"
