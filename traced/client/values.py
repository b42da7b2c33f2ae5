"""
What a program hands over, as JSON: whatever it is, and whatever its own methods do.

Law: nothing is raised but for want of memory, and what is returned is plain ASCII within a bound.
"""

import json
from collections.abc import Callable
from typing import Final

VALUE_CHARS_MAX: Final = 1 << 20
"""The longest value that is sent whole; an event has at most two, and 8 MiB in all."""

ERROR_CHARS_MAX: Final = 16_384


def json_text(event: dict[str, object]) -> str:
    """Return an event as JSON in one line; each value that is no JSON becomes what it prints as."""
    return "{" + ",".join(f"{json.dumps(key)}:{_value(event[key])}" for key in event) + "}"


def exception_text(exception: BaseException) -> str:
    """Return the type and the message of an exception, as the last line of a traceback does."""
    kind = type(exception)
    name = kind.__qualname__
    if kind.__module__ not in {"builtins", "__main__"}:
        name = f"{kind.__module__}.{name}"
    message = _spelled(exception, str)[:ERROR_CHARS_MAX]
    return f"{name}: {message}" if message else name


def _value(value: object) -> str:
    try:
        # NaN and infinities are no JSON; what is in a container is spelled out by `default`.
        text = json.dumps(value, allow_nan=False, separators=(",", ":"), default=_readable)
    except (TypeError, ValueError, RecursionError):  # odd keys, circles, depths
        text = json.dumps(_spelled(value, repr)[:VALUE_CHARS_MAX])
    except Exception:  # noqa: BLE001 - a method of the value's own
        text = json.dumps(_fallback(value))
    return text if len(text) <= VALUE_CHARS_MAX else json.dumps(text[:VALUE_CHARS_MAX])


def _readable(value: object) -> str:
    return _spelled(value, str)


def _spelled(value: object, spell: Callable[[object], str]) -> str:
    try:
        return spell(value)
    except Exception:  # noqa: BLE001 - a method of the value's own
        return _fallback(value)


def _fallback(value: object) -> str:
    return f"<{type(value).__name__}>"
