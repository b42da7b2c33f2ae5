import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, Router
from support.daemon import DEADLINE_SECONDS

from traced.web import serving
from traced.web.binding import bind
from traced.web.door import CONNECTION
from traced.web.serving import Stop, serve

SPOOFED = {"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https", "Forwarded": "for=1.2.3.4"}


class Running:
    """A server in this process, which ends with the block."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.port = port
        self.stop = Stop()
        self.is_over = False

    def connect(self) -> socket.socket:
        """Connect without a word."""
        sock = socket.create_connection(("127.0.0.1", self.port))
        sock.setblocking(False)
        return sock

    async def is_cut_off(self, sock: socket.socket) -> bool:
        """Wait until the server closes a connection; tell whether it said nothing."""
        with anyio.fail_after(DEADLINE_SECONDS):
            while True:
                try:
                    return sock.recv(1) == b""
                except ConnectionResetError:
                    return True
                except BlockingIOError:
                    await anyio.sleep(0.005)


@asynccontextmanager
async def running(*routes: Route) -> AsyncIterator[Running]:
    """Serve routes for the length of the block."""
    bound = bind("127.0.0.1", 0)
    server = Running(bound.port)

    async def run() -> None:
        await serve(Router(routes), bound.sockets, server.stop)
        server.is_over = True

    before = signal.getsignal(signal.SIGTERM)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        with anyio.fail_after(DEADLINE_SECONDS):
            while signal.getsignal(signal.SIGTERM) is before:
                await anyio.sleep(0.001)
        yield server
        if not server.stop():
            os.kill(os.getpid(), signal.SIGTERM)


async def who(request: Request) -> Response:
    """Tell who asks, as the server believes."""
    assert request.client is not None
    return PlainTextResponse(f"{request.url.scheme} {request.client.host}")


async def test_headers_about_the_sender_are_not_believed() -> None:
    """Who asks is who is connected: a header naming another address opens no door."""
    async with running(Route("/", who)) as server, httpx.AsyncClient() as client:
        answer = await client.get(server.url, headers=SPOOFED)

    assert answer.text == "http 127.0.0.1"
    assert "server" not in answer.headers


async def test_requests_of_a_connection_share_what_is_known() -> None:
    """What is found out about a connection is there for its next request, and for no other's."""

    async def count(request: Request) -> Response:
        known = request.scope["state"][CONNECTION]
        known["requests"] = known.get("requests", 0) + 1
        return PlainTextResponse(str(known["requests"]))

    async with running(Route("/", count)) as server:
        async with httpx.AsyncClient() as first:
            counted = [(await first.get(server.url)).text for _ in range(3)]
        async with httpx.AsyncClient() as second:
            counted.append((await second.get(server.url)).text)

    assert counted == ["1", "2", "3", "1"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_is_an_orderly_end(number: signal.Signals) -> None:
    """A signal ends open streams by their own means, then the server; and the process lives on."""
    before = signal.getsignal(number)

    async def stream(_request: Request) -> Response:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"begun"
            while not server.stop():
                await anyio.sleep(0.005)
            yield b" ended"

        return StreamingResponse(chunks())

    async with (
        running(Route("/", stream)) as server,
        httpx.AsyncClient() as client,
        client.stream("GET", server.url, timeout=DEADLINE_SECONDS) as answer,
    ):
        text = answer.aiter_bytes()
        begun = await anext(text)
        os.kill(os.getpid(), number)
        ended = b"".join([chunk async for chunk in text])

    assert (begun, ended) == (b"begun", b" ended")
    assert server.is_over
    assert signal.getsignal(number) is before


async def test_who_says_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection without a request, or with half of one, is closed after its time."""
    monkeypatch.setattr(serving, "HEAD_SECONDS_MAX", 0.1)
    async with running(Route("/", who)) as server:
        with server.connect() as silent, server.connect() as half:
            half.send(b"GET / HTTP/1.1\r\nHost: loc")

            assert await server.is_cut_off(silent)
            assert await server.is_cut_off(half)


async def test_who_asks_slowly_again_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time holds for each request of a connection, not for its first alone."""
    monkeypatch.setattr(serving, "HEAD_SECONDS_MAX", 0.1)
    async with running(Route("/", who)) as server:
        with server.connect() as sock:
            sock.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with anyio.fail_after(DEADLINE_SECONDS):
                received = b""
                while not received.endswith(b"http 127.0.0.1"):
                    await anyio.wait_readable(sock)
                    received += sock.recv(4096)
            sock.send(b"GET / HT")

            assert await server.is_cut_off(sock)


async def test_an_answer_may_take_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the head of a request has to come in time: a stream outlives that."""
    monkeypatch.setattr(serving, "HEAD_SECONDS_MAX", 0.05)

    async def slow(_request: Request) -> Response:
        await anyio.sleep(0.2)
        return PlainTextResponse("done")

    async with running(Route("/", slow)) as server, httpx.AsyncClient() as client:
        assert (await client.get(server.url)).text == "done"


async def test_connections_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the bound the newest connection is closed, and the others are served."""
    monkeypatch.setattr(serving, "CONNECTIONS_MAX", 2)
    async with running(Route("/", who)) as server:
        first, second, third = server.connect(), server.connect(), server.connect()
        with first, second, third:
            assert await server.is_cut_off(third)
            first.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with anyio.fail_after(DEADLINE_SECONDS):
                await anyio.wait_readable(first)
            assert first.recv(12) == b"HTTP/1.1 200"
