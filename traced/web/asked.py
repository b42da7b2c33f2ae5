"""
What a request asks for: its query and path, read and checked.

Law: what does not fit is refused with its name, its value and what was expected; a parameter that
no route knows is refused too, for whoever misspells one would believe the answer.
"""

import re
from collections.abc import Collection
from http import HTTPStatus
from typing import Final, Literal

from starlette.requests import Request

from traced.web.problem import WrongField

LIMIT_MAX: Final = 500
LIMIT_DEFAULT: Final = 100
NUMBER_MAX: Final = 999_999_999  # of a prompt: SPEC 3.1
UID_MAX: Final = 2**32 - 2
NAME_CHARS_MAX: Final = 256  # of a session or an agent: SPEC 3.1
ALWAYS_KNOWN: Final = "token"  # the door has read it

_WHOLE: Final = re.compile(r"[0-9]{1,20}")


class Asked:
    """
    The query of a request.

    Raises:
        WrongField: If it has a parameter that is not among `known`, or one of them twice.
    """

    def __init__(self, request: Request, known: Collection[str]) -> None:
        self._values: dict[str, str] = {}
        for name, value in request.query_params.multi_items():
            if name not in known and name != ALWAYS_KNOWN:
                known_ones = f"one of {', '.join(known)}" if known else "none"
                raise WrongField(name, value, f"no such parameter, but {known_ones}")
            if name in self._values:
                raise WrongField(name, value, "to be given once")
            self._values[name] = value

    def text(self, name: str, chars_max: int) -> str | None:
        """Return the parameter, of 1 to `chars_max` characters, or None if it was not given."""
        value = self._values.get(name)
        if value is not None and not 1 <= len(value) <= chars_max:
            raise WrongField(name, value, f"1 to {chars_max} characters")
        return value

    def number(self, name: str, low: int, high: int) -> int | None:
        """Return the whole number, or None if it was not given."""
        value = self._values.get(name)
        return None if value is None else whole_number(name, value, low, high)

    def limit(self, default: int = LIMIT_DEFAULT) -> int:
        """Return how many rows are asked for."""
        limit = self.number("limit", 1, LIMIT_MAX)
        return default if limit is None else limit

    def agent(self) -> str | None:
        """Return of which agent the rows are to be."""
        return self.text("agent", NAME_CHARS_MAX)

    def uid(self) -> int | None:
        """Return of which user the session is to be, where several share a database."""
        return self.number("uid", 0, UID_MAX)

    def flag(self, name: str) -> bool:
        """Return whether it is `true`; not given is `false`."""
        value = self._values.get(name, "false")
        if value not in {"true", "false"}:
            raise WrongField(name, value, "true or false")
        return value == "true"

    def value(self, name: str) -> str | None:
        """Return the parameter as it was given."""
        return self._values.get(name)


def whole_number(
    name: str,
    value: str,
    low: int,
    high: int,
    status: Literal[HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND] = HTTPStatus.BAD_REQUEST,
) -> int:
    """
    Return the number that ASCII digits write.

    Raises:
        WrongField: If it is none, or out of bounds.
    """
    if not _WHOLE.fullmatch(value) or not low <= int(value) <= high:
        raise WrongField(name, value, f"a whole number from {low} to {high}", status)
    return int(value)


def path_value(request: Request, name: str) -> str:
    """Return a part of the path; a `/` in it came as %2F."""
    value: str = request.path_params[name]
    return value
