"""
One request to the backend: spans in, what became of them out.

Law: whatever the network or the backend does, it ends within the timeout, in an answer and never in
an exception; of what the backend says a bounded part is read.
"""

import gzip
import ssl
import time
import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import anyio
import httpx

from traced import __version__
from traced.core.errors import ConfigError
from traced.forward.answers import Answer, Held, answer_of, shown
from traced.forward.destination import Destination
from traced.forward.protobuf import encode
from traced.telemetry.otlp_json import traces_data
from traced.telemetry.spans import Span, Value

ANSWER_BYTES_MAX: Final = 65_536
# Fast and nearly as small: 500 spans of 400 KB become 35 KB at 1, 30 KB at 9.
GZIP_LEVEL: Final = 1
GZIP_WBITS: Final = 31  # with gzip's own head and foot
MEDIA_TYPES: Final = {"http/protobuf": "application/x-protobuf", "http/json": "application/json"}
# A wrong port of a proxy overflows below anyio, which raises it in a group.
UNSENT: Final = (httpx.HTTPError, httpx.StreamError, OSError, ValueError, ExceptionGroup)


class Sender:
    """Sends to one backend, as one resource."""

    def __init__(
        self, client: httpx.AsyncClient, place: Destination, resource: Mapping[str, Value]
    ) -> None:
        self._client = client
        self._place = place
        self._resource = resource

    async def send(self, spans: Sequence[Span]) -> Answer:
        """Send some spans once."""
        body = self._encoded(spans)
        try:
            with anyio.fail_after(self._place.timeout_seconds):
                return await self._post(body)
        except TimeoutError:
            return Held(f"no answer within {self._place.timeout_seconds:g} s")
        except UNSENT as error:
            return Held(shown(f"{type(error).__name__}: {error}"))

    async def _post(self, body: bytes) -> Answer:
        async with self._client.stream("POST", self._place.url, content=body) as response:
            said = bytearray()
            async for chunk in response.aiter_raw():
                said += chunk
                if len(said) > ANSWER_BYTES_MAX:
                    del said[ANSWER_BYTES_MAX:]
                    break
        headers = response.headers
        return answer_of(
            response.status_code,
            headers.get("content-type", ""),
            headers.get("retry-after"),
            _unpacked(bytes(said), headers.get("content-encoding", "")),
            time.time(),
        )

    def _encoded(self, spans: Sequence[Span]) -> bytes:
        form = encode if self._place.protocol == "http/protobuf" else traces_data
        body = form(spans, self._resource, __version__)
        if self._place.compression == "gzip":
            return gzip.compress(body, GZIP_LEVEL, mtime=0)
        return body


@asynccontextmanager
async def open_sender(place: Destination, resource: Mapping[str, Value]) -> AsyncIterator[Sender]:
    """
    Hold the connections to a backend for the length of the block.

    Raises:
        ConfigError: If a file of TLS cannot be used.
    """
    headers = {
        "user-agent": f"agent-traced/{__version__}",
        **place.headers,
        # Nothing that unpacks to more than was read.
        "accept-encoding": "identity",
        # Exactly this: Phoenix refuses it with a charset behind it.
        "content-type": MEDIA_TYPES[place.protocol],
    }
    if place.compression == "gzip":
        headers["content-encoding"] = "gzip"
    async with _client(place, headers) as client:
        yield Sender(client, place, resource)


def _client(place: Destination, headers: dict[str, str]) -> httpx.AsyncClient:
    # A backend is asked for nothing that it would have to know us again for, and can give without
    # end: no cookie is kept.
    jar = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    try:
        return httpx.AsyncClient(
            headers=headers, verify=_tls(place), timeout=place.timeout_seconds, cookies=jar
        )
    except (httpx.InvalidURL, ValueError, ImportError) as error:
        # Which it was is not told, for a proxy's address may hold a password.
        raise ConfigError(
            "HTTP_PROXY, HTTPS_PROXY, ALL_PROXY or NO_PROXY cannot be used, expected addresses"
            " like http://proxy:3128, and names of hosts"
        ) from error


def _unpacked(said: bytes, encoding: str) -> bytes:
    """Return an answer as it was before gzip, which was not asked for, up to the same bound."""
    if encoding.strip().lower() not in {"gzip", "x-gzip"}:
        return said
    try:
        return zlib.decompressobj(GZIP_WBITS).decompress(said, ANSWER_BYTES_MAX)
    except zlib.error:
        return b""


def _tls(place: Destination) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=place.certificate)
        if place.client_certificate is not None:
            context.load_cert_chain(place.client_certificate, place.client_key)
    except (ssl.SSLError, OSError) as error:
        files = (place.certificate, place.client_certificate, place.client_key)
        named = ", ".join(str(each) for each in files if each is not None)
        raise ConfigError(
            f"{named} cannot be used for TLS ({error}), expected certificates and keys as PEM"
        ) from error
    return context
