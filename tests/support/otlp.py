"""A backend of OpenTelemetry on loopback: it decodes what it gets, and answers as it is told."""

import base64
import gzip
import json
import ssl
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue


class Reply(NamedTuple):
    """An answer to one request."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/x-protobuf"),)


class Got(NamedTuple):
    """A request: its path, its headers by lower-case name, what it holds."""

    path: str
    headers: dict[str, str]
    message: ExportTraceServiceRequest


class Sent(NamedTuple):
    """A span as it came, ids in hexadecimal."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    attributes: dict[str, Any]
    status: int
    start_ns: int
    end_ns: int


class Backend:
    """What came; `replies` are given in turn, then 200; `refused` are names it never takes."""

    def __init__(self) -> None:
        self.requests: list[Got] = []
        self.replies: deque[Reply] = deque()
        self.refused: set[str] = set()
        self.url = ""
        self.delay_seconds = 0.0
        self.over = threading.Event()

    def take(self, request: Got) -> Reply:
        """Take a request in, after the delay or at the end."""
        self.over.wait(self.delay_seconds)
        if self.replies:
            reply = self.replies.popleft()
        elif any(span.name in self.refused for span in spans_of(request)):
            reply = Reply(422, b"cannot process")
        else:
            reply = Reply()
        if reply.status == 200:
            self.requests.append(request)
        return reply

    @property
    def spans(self) -> list[Sent]:
        """All spans that were taken, in the order in which they came."""
        return [span for request in self.requests for span in spans_of(request)]

    @property
    def names(self) -> list[str]:
        """Their names."""
        return [span.name for span in self.spans]


def spans_of(request: Got) -> Iterator[Sent]:
    """Yield the spans of a request."""
    for of in request.message.resource_spans:
        for scope in of.scope_spans:
            for span in scope.spans:
                told = {each.key: _value(each.value) for each in span.attributes}
                ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
                times = (span.start_time_unix_nano, span.end_time_unix_nano)
                yield Sent(*ids, span.name, told, span.status.code, *times)


def resource_of(request: Got) -> dict[str, Any]:
    """Return the attributes of a request's resource."""
    (of,) = request.message.resource_spans
    return {each.key: _value(each.value) for each in of.resource.attributes}


@contextmanager
def backend(tls: ssl.SSLContext | None = None) -> Iterator[Backend]:
    """Listen for the length of the block."""
    found = Backend()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = found.take(Got(self.path, headers, _decoded(body, headers)))
            self.send_response(reply.status)
            for name, value in (*reply.headers, ("Content-Length", str(len(reply.body)))):
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):  # whoever waited has gone
                self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            pass

    with _Server(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        scheme = "http"
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
            scheme = "https"
        found.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield found
        finally:
            found.over.set()
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: whoever sent may have been killed."""


def _decoded(body: bytes, headers: dict[str, str]) -> ExportTraceServiceRequest:
    if headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    if headers["content-type"] == "application/json":
        return ParseDict(_with_base64(json.loads(body)), ExportTraceServiceRequest())
    assert headers["content-type"] == "application/x-protobuf"
    return ExportTraceServiceRequest.FromString(body)


def _with_base64(document: Any) -> Any:
    # OTLP/JSON writes ids in hexadecimal, where protobuf's own mapping has base64.
    if isinstance(document, dict):
        return {
            key: _base64(value)
            if key in {"traceId", "spanId", "parentSpanId"}
            else _with_base64(value)
            for key, value in document.items()
        }
    if isinstance(document, list):
        return [_with_base64(each) for each in document]
    return document


def _base64(text: str) -> str:
    return base64.b64encode(bytes.fromhex(text)).decode()


def _value(value: AnyValue) -> Any:
    return getattr(value, value.WhichOneof("value") or "string_value")
