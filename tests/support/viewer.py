"""A page of the viewer as a person reads it."""

import re
from collections.abc import Awaitable, Callable
from html import unescape
from html.parser import HTMLParser

import httpx


class Page:
    """A page as it was answered."""

    def __init__(self, answer: httpx.Response) -> None:
        self.status = answer.status_code
        self.html = answer.text
        self.headers = answer.headers

    @property
    def text(self) -> str:
        """What stands outside of tags, white space folded."""
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", self.html)).split())

    def all(self, pattern: str) -> list[str]:
        """Return what a pattern with one group finds in the markup."""
        return [unescape(found) for found in re.findall(pattern, self.html)]

    @property
    def attributes(self) -> set[str]:
        """The names of all attributes, as a browser takes them."""
        reader = _Attributes()
        reader.feed(self.html)
        return reader.names

    @property
    def orders(self) -> list[int]:
        """The steps of the rows on it, in their order."""
        return [int(order) for order in self.all(r'id="step-(\d+)"')]


class _Attributes(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag
        self.names.update(name for name, _ in attrs)


# Opens a path, with parameters as keywords.
Look = Callable[..., Awaitable[Page]]
