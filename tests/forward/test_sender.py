"""One request to a backend, over a real connection."""

import gzip
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from support.otlp import Backend, Reply, backend, resource_of

from traced import __version__
from traced.core.errors import ConfigError
from traced.forward.answers import Answer, Held, Refused, Taken
from traced.forward.destination import Destination, destination
from traced.forward.protobuf import Partial
from traced.forward.sender import open_sender
from traced.telemetry.spans import Span

SPAN = Span(b"t" * 16, b"s" * 8, None, "Bash", 1, 2, {"a": "b"})


async def sent(place: Destination) -> Answer:
    """Send a span."""
    async with open_sender(place, {"host.name": "h"}) as sender:
        return await sender.send([SPAN])


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json"])
@pytest.mark.parametrize("compression", ["gzip", "none"])
async def test_a_span_arrives(otlp: Backend, protocol: str, compression: str) -> None:
    """In both encodings, compressed or not, with the headers that were asked for."""
    environ = {
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_EXPORTER_OTLP_COMPRESSION": compression,
        "OTEL_EXPORTER_OTLP_HEADERS": "x-key=1",
    }

    assert await sent(destination(environ, otlp.url)) == Taken()
    (request,) = otlp.requests
    (span,) = otlp.spans
    assert (span.trace_id, span.span_id, span.name) == ("74" * 16, "73" * 8, "Bash")
    assert span.attributes == {"a": "b"}
    assert resource_of(request) == {"host.name": "h"}
    assert request.path == "/v1/traces"
    assert request.headers["x-key"] == "1"
    assert request.headers["user-agent"] == f"agent-traced/{__version__}"
    assert ("content-encoding" in request.headers) == (compression == "gzip")


async def test_what_the_backend_says_is_read(otlp: Backend) -> None:
    """Its status, how long to wait, what it did not take; of a long text the beginning."""
    otlp.replies += [
        Reply(503, b"", (("Retry-After", "3"),)),
        Reply(400, b"x" * 1_000_000),
        Reply(
            200,
            b'{"partialSuccess":{"rejectedSpans":1}}',
            (("Content-Type", "application/json"),),
        ),
    ]
    place = destination({}, otlp.url)

    assert await sent(place) == Held("it answers 503", 3.0)
    refused = await sent(place)
    assert isinstance(refused, Refused)
    assert len(refused.why) < 300
    assert await sent(place) == Taken(Partial(1, ""))


async def test_nobody_there_is_an_answer_too(otlp: Backend) -> None:
    """No exception of the network's gets out."""
    place = destination({}, otlp.url)
    answers = [
        await sent(place._replace(url="http://127.0.0.1:1/v1/traces")),
        await sent(place._replace(url=otlp.url.replace("http", "https"))),
    ]

    assert all(isinstance(answer, Held) for answer in answers)


@pytest.mark.parametrize("value", ["ftp://u:secret@a", "socks5://u:secret@a"])
async def test_a_proxy_is_one(otlp: Backend, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """What the variable holds may be a password, and is not told."""
    monkeypatch.setenv("HTTP_PROXY", value)

    with pytest.raises(ConfigError, match=r"^HTTP_PROXY, .* cannot be used, expected") as caught:
        await sent(destination({}, otlp.url))
    assert "secret" not in str(caught.value)


async def test_a_proxy_of_an_impossible_port_is_an_answer_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is found at the first request."""
    monkeypatch.setenv("HTTP_PROXY", "http://u:secret@127.0.0.1:99999")

    answer = await sent(destination({}, "http://traced.invalid"))
    assert isinstance(answer, Held)
    assert "secret" not in answer.why


async def test_an_answer_in_gzip_is_read_up_to_a_bound(otlp: Backend) -> None:
    """It was not asked for; one that unpacks to a gigabyte unpacks to as much as others hold."""
    packed = gzip.compress(b'{"message":"no room"}'), gzip.compress(bytes(100_000_000))
    headers = (("Content-Type", "application/json"), ("Content-Encoding", "gzip"))
    otlp.replies += [Reply(503, body, headers) for body in (*packed, b"torn")]
    place = destination({}, otlp.url)

    assert await sent(place) == Held("it answers 503: no room")
    assert await sent(place) == Held("it answers 503")
    assert await sent(place) == Held("it answers 503")


async def test_no_cookie_is_kept(otlp: Backend) -> None:
    """A backend that sets new ones with each answer makes nothing grow."""
    otlp.replies.append(Reply(200, b"", (("Set-Cookie", "a=b"),)))
    async with open_sender(destination({}, otlp.url), {}) as sender:
        await sender.send([SPAN])
        await sender.send([SPAN])

    assert ["cookie" in request.headers for request in otlp.requests] == [False, False]


async def test_a_silent_backend_is_given_up() -> None:
    """After the timeout, whatever it waits for."""
    with backend() as silent:
        silent.delay_seconds = 30.0
        place = destination({"OTEL_EXPORTER_OTLP_TIMEOUT": "100"}, silent.url)

        assert await sent(place) == Held("no answer within 0.1 s")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
async def test_a_private_certificate_is_trusted_where_named(tmp_path: Path) -> None:
    """And the backend may ask for one of ours."""
    certificate, key = make_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificate)
    context.load_cert_chain(certificate, key)
    context.verify_mode = ssl.CERT_REQUIRED
    environ = {
        "OTEL_EXPORTER_OTLP_CERTIFICATE": str(certificate),
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": str(certificate),
        "OTEL_EXPORTER_OTLP_CLIENT_KEY": str(key),
    }
    with backend(context) as secure:
        assert await sent(destination(environ, secure.url)) == Taken()
        stranger = await sent(destination({}, secure.url))

    assert isinstance(stranger, Held)
    assert "certificate verify failed" in stranger.why.lower()


async def test_a_file_that_is_no_certificate_is_wrong(tmp_path: Path) -> None:
    """It is named."""
    path = tmp_path / "c.pem"
    path.write_text("no")

    with pytest.raises(ConfigError, match="cannot be used for TLS"):
        await sent(destination({"OTEL_EXPORTER_OTLP_CERTIFICATE": str(path)}))


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1 that signs itself, and its key."""
    certificate, key = folder / "c.pem", folder / "k.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=traced"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-out", certificate, "-keyout", key),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key
