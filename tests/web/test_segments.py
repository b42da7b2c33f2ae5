import pytest
from starlette.types import Receive, Scope, Send

from traced.web.segments import Segments, in_segments


def path_of(raw: bytes) -> str:
    """Return the path that routes see."""
    return str(in_segments({"type": "http", "raw_path": raw, "path": "unused"})["path"])


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        (b"/api/traces", "/api/traces"),
        (b"/api/traces/a%2Fb", "/api/traces/a%2Fb"),
        (b"/api/traces/a%2fb", "/api/traces/a%2Fb"),
        (b"/%61pi/traces", "/api/traces"),
        (b"/a//b/", "/a//b/"),
        (b"/100%", "/100%25"),
        (b"/%252F", "/%252F"),
        (b"/a;b@c", "/a%3Bb%40c"),
        (b"/\xff", "/%FF"),
    ],
)
def test_parts_are_canonical(raw: bytes, seen: str) -> None:
    """Each part has one form, in which a slash of its own is no border."""
    assert path_of(raw) == seen


def test_a_server_that_tells_no_raw_path() -> None:
    """ASGI allows that: the path as it is told stands in."""
    assert in_segments({"type": "http", "path": "/a b"})["path"] == "/a%20b"


async def test_only_requests_are_changed() -> None:
    """What is no request passes through, as it came."""
    seen: list[Scope] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope)

    async def never() -> dict[str, object]:
        raise AssertionError

    async def send(_: object) -> None:
        raise AssertionError

    lifespan = {"type": "lifespan"}
    await Segments(app)(lifespan, never, send)
    await Segments(app)({"type": "http", "raw_path": b"/%61", "path": "/a"}, never, send)

    assert seen[0] is lifespan
    assert seen[1]["path"] == "/a"
