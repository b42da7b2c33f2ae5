"""
Where spans go, by the variables that OpenTelemetry's specification names for every exporter.

Law: `OTEL_EXPORTER_OTLP_TRACES_*` comes before `OTEL_EXPORTER_OTLP_*`, an empty one counts as
unset, and a wrong one is never replaced by a default. What headers hold is never shown.

The one default that is ours is gzip: what is sent is text that shrinks to a tenth.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx
import msgspec

from traced.core.errors import ConfigError
from traced.core.secrets.names import Kind, kind_of_name

T = TypeVar("T")
Protocol = Literal["http/protobuf", "http/json"]
Compression = Literal["gzip", "none"]

PREFIX: Final = "OTEL_EXPORTER_OTLP_"
ENDPOINT: Final = "http://localhost:4318"
TRACES_PATH: Final = "v1/traces"
TIMEOUT_MS: Final = 10_000
TIMEOUT_MS_MAX: Final = 3_600_000
TIMEOUT_DIGITS_MAX: Final = 20
# Of RFC 9110, section 5.6.2; and what a value may hold besides spaces.
HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HEADER_VALUE: Final = re.compile(r"[\x20-\x7e\t]*")
# Of a vendor's own headers those that hold a key: x-honeycomb-team does.
KEYS: Final = ("key", "-team")
OURS: Final = frozenset({"content-type", "content-encoding", "content-length", "host"})


class Destination(NamedTuple):
    """A backend; the files of TLS are None where the system's certificates do."""

    url: str
    protocol: Protocol
    compression: Compression
    headers: dict[str, str]
    timeout_seconds: float
    certificate: Path | None
    client_certificate: Path | None
    client_key: Path | None

    @property
    def shown(self) -> str:
        """The address for logs: without user, password and query."""
        parts = urlsplit(self.url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        port = "" if parts.port is None else f":{parts.port}"
        return urlunsplit((parts.scheme, host + port, parts.path, "", ""))

    @property
    def tenant(self) -> str:
        """
        What distinguishes backends at one address, which is never logged; "" if nothing does.

        That is user, query, and the headers except keys and tokens: these are renewed, and
        everything would be sent once more.
        """
        parts = urlsplit(self.url)
        headers = {name: self.headers[name] for name in sorted(self.headers) if not _is_key(name)}
        if not (parts.username or parts.query or headers):
            return ""
        return msgspec.json.encode([parts.username or "", parts.query, headers]).decode()


def _is_key(header: str) -> bool:
    return kind_of_name(header) is not Kind.NONE or header.endswith(KEYS)


class _Wrong(Exception):
    """A value that does not fit; the text is what was read, if it may be told, and expected."""


def destination(environ: Mapping[str, str], endpoint: str | None = None) -> Destination:
    """
    Return where to send; `endpoint` stands for OTEL_EXPORTER_OTLP_ENDPOINT, and beats both.

    Raises:
        ConfigError: If anything is wrong: one line for each wrong value.
    """
    problems: list[str] = []

    def read(name: str, convert: Callable[[str], T], default: T) -> T:
        for variable in (f"{PREFIX}TRACES_{name}", PREFIX + name):
            if text := environ.get(variable, "").strip():
                try:
                    return convert(text)
                except _Wrong as wrong:
                    problems.append(f"{variable} {wrong}")
                    return default
        return default

    found = Destination(
        url=_url(environ, endpoint, problems),
        protocol=read("PROTOCOL", _protocol, "http/protobuf"),
        compression=read("COMPRESSION", _compression, "gzip"),
        headers=_headers_of_both(environ, problems),
        timeout_seconds=read("TIMEOUT", _seconds, TIMEOUT_MS / 1000),
        certificate=read("CERTIFICATE", _file, None),
        client_certificate=read("CLIENT_CERTIFICATE", _file, None),
        client_key=read("CLIENT_KEY", _file, None),
    )
    if found.client_key is not None and found.client_certificate is None:
        problems.append(f"{PREFIX}CLIENT_KEY is set, expected {PREFIX}CLIENT_CERTIFICATE too")
    if problems:
        raise ConfigError("\n".join(problems))
    return found


def _url(environ: Mapping[str, str], endpoint: str | None, problems: list[str]) -> str:
    traces = environ.get(f"{PREFIX}TRACES_ENDPOINT", "").strip()
    base = environ.get(f"{PREFIX}ENDPOINT", "").strip()
    if endpoint is not None:
        name, given = "--endpoint", endpoint
    elif traces:
        name, given = f"{PREFIX}TRACES_ENDPOINT", traces
    else:
        name, given = f"{PREFIX}ENDPOINT", base or ENDPOINT
    if not _is_address(given):
        # A user, a password or a query may be a secret.
        found = "no address" if "@" in given or "?" in given else repr(given)
        problems.append(f"{name} is {found}, expected an address like {ENDPOINT}")
        return ENDPOINT
    # Of the three, that of traces alone is whole.
    return given if given is traces else _below(given)


def _below(base: str) -> str:
    parts = urlsplit(base)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{TRACES_PATH}"))


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        # What sends reads it too, and is stricter of numbers and of names in Punycode.
        sound = sound and bool(httpx.URL(url).host)
    except (ValueError, httpx.InvalidURL):
        return False
    return sound and url.isascii() and url.isprintable() and " " not in url


def _protocol(text: str) -> Protocol:
    match text.lower():
        case "http/protobuf":
            return "http/protobuf"
        case "http/json":
            return "http/json"
    raise _Wrong(f"is {text!r}, expected http/protobuf or http/json")


def _compression(text: str) -> Compression:
    match text.lower():
        case "gzip":
            return "gzip"
        case "none":
            return "none"
    raise _Wrong(f"is {text!r}, expected gzip or none")


def _seconds(text: str) -> float:
    is_number = text.isascii() and text.isdigit() and len(text) <= TIMEOUT_DIGITS_MAX
    if not is_number or not 0 < int(text) <= TIMEOUT_MS_MAX:
        raise _Wrong(f"is {text!r}, expected 1 to {TIMEOUT_MS_MAX} milliseconds")
    return int(text) / 1000


def _file(text: str) -> Path | None:
    path = Path(text)
    try:
        is_file = path.is_file()
    except OSError:  # too long for a name, or in a folder that is closed to us
        is_file = False
    if not is_file:
        raise _Wrong(f"is {text!r}, expected a file of PEM")
    return path


def _headers_of_both(environ: Mapping[str, str], problems: list[str]) -> dict[str, str]:
    # Of both variables, as the specification has it; those of TRACES win.
    headers: dict[str, str] = {}
    for variable in (f"{PREFIX}HEADERS", f"{PREFIX}TRACES_HEADERS"):
        try:
            headers |= _headers(environ.get(variable, ""))
        except _Wrong as wrong:
            problems.append(f"{variable} {wrong}")
    return headers


def _headers(text: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for number, pair in enumerate(text.split(","), 1):
        if not pair.strip():
            continue
        name, equals, value = pair.partition("=")
        name, value = unquote(name).strip().lower(), unquote(value).strip()
        fits = equals and HEADER_NAME.fullmatch(name) and HEADER_VALUE.fullmatch(value)
        if not fits or name in OURS:
            raise _Wrong(f"has no header as its part {number}, expected name=value,name=value")
        headers[name] = value
    return headers
