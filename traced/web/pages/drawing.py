"""
How pages are drawn: the templates, and the words that they have for what is in them.

Law: every text from outside goes through `line`, `block` or, in an attribute that is read, `plain`.
"""

import time
from functools import partial
from pathlib import PurePosixPath
from typing import Final

from traced.show import times
from traced.show.usage import tokens
from traced.web.app import folder
from traced.web.pages import visible
from traced.web.pages.rows import HeadingRow
from traced.web.pages.wanted import STATUSES, TYPES
from traced.web.rendering import Renderer

SECOND_MS: Final = 1000


def now_ms() -> int:
    """Return the time, in Unix milliseconds."""
    return round(time.time() * SECOND_MS)


def renderer() -> Renderer:
    """Return the renderer of the viewer's pages."""
    made = Renderer(folder("templates"))
    made.environment.filters |= {
        "line": visible.line,
        "plain": visible.plain,
        "block": visible.block,
        "clock": times.clock,
        "moment": times.date_and_clock,
        "duration": times.duration,
        "ago": ago,
        "epoch_ms": times.epoch_ms,
        "base": base,
        "within": within,
        "thousands": thousands,
        "tokens": partial(tokens, number=thousands),
        "plural": plural,
    }
    made.environment.globals |= {"TYPES": TYPES, "STATUSES": STATUSES}
    made.environment.tests["heading"] = lambda row: isinstance(row, HeadingRow)
    return made


def ago(stored: str | None, now: int) -> str:
    """Return how long ago a stored time was."""
    moment = times.epoch_ms(stored)
    return "" if moment is None else times.ago(now - moment)


def base(path: str | None) -> str:
    """Return the last part of a folder's path."""
    return PurePosixPath(path or "").name or path or ""


def within(text: str | None, folder: str | None) -> str:
    """Return a summary; a path in the session's folder is shown relative to it."""
    return (text or "").removeprefix(f"{folder.rstrip('/')}/") if folder else text or ""


def thousands(number: int) -> str:
    """Return a number as people read it: `12,345`, as on the command line."""
    return f"{number:,}"


def plural(number: int, word: str) -> str:
    """Return a count with its word: `1 step`, `2 steps`."""
    return f"{thousands(number)} {word}" if number == 1 else f"{thousands(number)} {word}s"
