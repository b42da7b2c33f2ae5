"""
What a page of a session is asked to show: the filter, as it stands in the URL.

Law: whoever opens the same URL sees the same selection.
"""

from typing import Final, get_args
from urllib.parse import urlencode

from traced.core.event import TraceType
from traced.store.viewing import Filter
from traced.web.asked import Asked
from traced.web.problem import WrongField

TYPES: Final[tuple[str, ...]] = get_args(TraceType)
STATUSES: Final = ("running", "ok", "error", "denied", "cancelled", "unknown")
PARAMETERS: Final = ("type", "name", "status", "q")
TEXT_CHARS_MAX: Final = 256


def filter_asked(asked: Asked) -> Filter:
    """
    Return the filter of a URL; a field that a form sent empty is not set.

    Raises:
        WrongField: If a type or status is none of SPEC 4, or a text is too long.
    """
    return Filter(
        _one_of(asked, "type", TYPES),
        _text(asked, "name"),
        _one_of(asked, "status", STATUSES),
        _text(asked, "q"),
    )


def filter_query(wanted: Filter) -> dict[str, str]:
    """Return the parameters that ask for this filter."""
    given = zip(PARAMETERS, wanted, strict=True)
    return {name: value for name, value in given if value is not None}


def with_query(path: str, query: dict[str, str]) -> str:
    """Return a path with its query, if there is any."""
    return f"{path}?{urlencode(query)}" if query else path


def _one_of(asked: Asked, name: str, known: tuple[str, ...]) -> str | None:
    value = asked.value(name) or None
    if value is not None and value not in known:
        raise WrongField(name, value, f"one of {', '.join(known)}")
    return value


def _text(asked: Asked, name: str) -> str | None:
    return asked.text(name, TEXT_CHARS_MAX) if asked.value(name) else None
