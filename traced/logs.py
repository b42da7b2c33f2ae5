"""
The log: one line a state change, on stderr, in the form that its reader can use.

Law: never the text of a payload; names of events, counts, paths and reasons only.
"""

import os
import sys
from typing import Final, Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

LogFormat = Literal["auto", "text", "json", "journal"]
LogLevel = Literal["debug", "info", "warning", "error"]

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
# sd-daemon(3): a line that begins with <n> has that priority of syslog(3).
_PRIORITIES: Final = {"debug": 7, "info": 6, "warning": 4, "error": 3}


def configure(log_format: LogFormat, level: LogLevel) -> None:
    """Set up the log of this process; ``auto`` looks at where stderr leads."""
    chosen = _by_surroundings() if log_format == "auto" else log_format
    processors: list[Processor] = [
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
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


class _JournalRenderer:
    """JSON behind the priority that the journal takes off the line."""

    def __init__(self) -> None:
        self._render = structlog.processors.JSONRenderer()

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> str:
        line = self._render(logger, name, event)
        text = line.decode() if isinstance(line, bytes) else line
        return f"<{_PRIORITIES[event['level']]}>{text}"


def _by_surroundings() -> Literal["text", "json", "journal"]:
    if sys.stderr.isatty():
        return "text"
    return "journal" if "JOURNAL_STREAM" in os.environ else "json"
