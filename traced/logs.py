"""
The log: one line a state change, on stderr, in the form that its reader can use.

Law: never the text of a payload; names of events, counts, paths and reasons only. What repeats is
told with a count, and so is what nobody read; a reader who went away stops nothing.
"""

import os
import sys
import time
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Final, Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

LogFormat = Literal["auto", "text", "json", "journal"]
LogLevel = Literal["debug", "info", "warning", "error"]

# At most so many lines of one event in this time; the others are counted in the next one.
REPEATS_MAX: Final = 10
REPEAT_SECONDS: Final = 60.0

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
# sd-daemon(3): a line that begins with <n> has that priority of syslog(3).
_PRIORITIES: Final = {"debug": 7, "info": 6, "warning": 4, "error": 3}


def configure(log_format: LogFormat, level: LogLevel) -> None:
    """Set up the log of this process; ``auto`` looks at where stderr leads."""
    chosen = _by_surroundings() if log_format == "auto" else log_format
    processors: list[Processor] = [
        RepeatFilter(),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=chosen != "text"),
    ]
    match chosen:
        case "text":
            colors = sys.stderr.isatty() and "NO_COLOR" not in os.environ
            processors.append(structlog.dev.ConsoleRenderer(colors=colors))
        case "journal":
            processors.append(_JournalRenderer())
        case _:
            processors.append(structlog.processors.JSONRenderer())
    structlog.configure(
        processors=processors,
        logger_factory=lambda *_names: _Logger(sys.stderr),
    )
    set_level(level)


def set_level(level: LogLevel) -> None:
    """Log from this level on; what is held back as repeated goes on being counted."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]))


def tell_missing(lines: int) -> None:
    """Log how many lines were not written, for nobody read them or there was no room."""
    structlog.get_logger().error("log_lines_missing", count=lines)


class RepeatFilter:
    """
    Lets the first lines of an event through and counts the rest.

    The next line after `seconds` says in `repeats_hidden` how many there were in between. Whoever
    asked for DEBUG gets every line of it.
    """

    def __init__(self, repeats_max: int = REPEATS_MAX, seconds: float = REPEAT_SECONDS) -> None:
        self._repeats_max = repeats_max
        self._seconds = seconds
        self._windows: dict[str, _Window] = {}

    def __call__(self, _logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        """Return the event, or raise `structlog.DropEvent`."""
        if method == "debug":
            return event
        name = str(event["event"])
        now = time.monotonic()
        window = self._windows.get(name)
        if window is None or now - window.began >= self._seconds:
            hidden = 0 if window is None else max(0, window.lines - self._repeats_max)
            self._windows[name] = window = _Window(now)
            if hidden:
                event["repeats_hidden"] = hidden
        window.lines += 1
        if window.lines > self._repeats_max:
            raise structlog.DropEvent
        return event


class _Window:
    def __init__(self, began: float) -> None:
        self.began = began
        self.lines = 0


class _Logger(structlog.WriteLogger):
    """Writes as long as somebody reads; a closed terminal is no reason to stop recording."""

    def msg(self, message: str) -> None:
        with suppress(OSError, ValueError):
            super().msg(message)

    log = debug = info = warn = warning = fatal = failure = err = error = critical = exception = msg


class _JournalRenderer:
    """JSON behind the priority that the journal takes off the line."""

    def __init__(self) -> None:
        self._render = structlog.processors.JSONRenderer()

    def __call__(self, logger: WrappedLogger, name: str, event: MutableMapping[str, object]) -> str:
        line = self._render(logger, name, event)
        text = line.decode() if isinstance(line, bytes) else line
        return f"<{_PRIORITIES[str(event['level'])]}>{text}"


def _by_surroundings() -> Literal["text", "json", "journal"]:
    if sys.stderr.isatty():
        return "text"
    return "journal" if _leads_to_journal() else "json"


def _leads_to_journal() -> bool:
    """
    Tell whether stderr is the journal's: systemd.exec(5) on ``JOURNAL_STREAM``.

    Children inherit the variable, also those whose stderr leads elsewhere.
    """
    try:
        found = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"
