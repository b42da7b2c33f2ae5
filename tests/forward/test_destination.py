"""Where spans go, by the standard variables."""

from pathlib import Path

import pytest

from traced.core.errors import ConfigError
from traced.forward.destination import Destination, destination

OTLP = "OTEL_EXPORTER_OTLP_"


def test_without_variables_it_is_this_machine() -> None:
    """As the specification has it, but compressed."""
    assert destination({}) == Destination(
        "http://localhost:4318/v1/traces", "http/protobuf", "gzip", {}, 10.0, None, None, None
    )


@pytest.mark.parametrize(
    ("environ", "flag", "url"),
    [
        ({"ENDPOINT": "https://a"}, None, "https://a/v1/traces"),
        ({"ENDPOINT": "https://a:4318/otlp/"}, None, "https://a:4318/otlp/v1/traces"),
        ({"ENDPOINT": " "}, None, "http://localhost:4318/v1/traces"),
        ({"TRACES_ENDPOINT": "https://a/t", "ENDPOINT": "https://b"}, None, "https://a/t"),
        ({"TRACES_ENDPOINT": "https://a/t"}, "http://c?k=1", "http://c/v1/traces?k=1"),
    ],
    ids=["base", "path", "empty", "traces", "flag"],
)
def test_the_address(environ: dict[str, str], flag: str | None, url: str) -> None:
    """The one of traces is whole, to the others the path is added, and the flag wins."""
    named = {OTLP + name: value for name, value in environ.items()}

    assert destination(named, flag).url == url


def test_what_is_said_of_traces_wins() -> None:
    """Variable by variable; headers of both are sent."""
    found = destination(
        {
            f"{OTLP}PROTOCOL": "http/protobuf",
            f"{OTLP}TRACES_PROTOCOL": "http/json",
            f"{OTLP}COMPRESSION": "none",
            f"{OTLP}TIMEOUT": "2500",
            f"{OTLP}HEADERS": "Authorization=Bearer%20x%3D%3D, X-Project=a",
            f"{OTLP}TRACES_HEADERS": "x-project=b",
        }
    )

    assert (found.protocol, found.compression, found.timeout_seconds) == ("http/json", "none", 2.5)
    assert found.headers == {"authorization": "Bearer x==", "x-project": "b"}


def test_every_wrong_variable_is_told_at_once(tmp_path: Path) -> None:
    """With what was expected; of headers only which one, for they hold keys."""
    with pytest.raises(ConfigError) as caught:
        destination(
            {
                f"{OTLP}ENDPOINT": "localhost:4318",
                f"{OTLP}PROTOCOL": "grpc",
                f"{OTLP}COMPRESSION": "zstd",
                f"{OTLP}TIMEOUT": "0",
                f"{OTLP}HEADERS": "a=b,secret",
                f"{OTLP}CERTIFICATE": f"{tmp_path}/none.pem",
                f"{OTLP}CLIENT_KEY": __file__,
            }
        )

    assert str(caught.value).splitlines() == [
        f"{OTLP}ENDPOINT is 'localhost:4318', expected an address like http://localhost:4318",
        f"{OTLP}PROTOCOL is 'grpc', expected http/protobuf or http/json",
        f"{OTLP}COMPRESSION is 'zstd', expected gzip or none",
        f"{OTLP}HEADERS has no header as its part 2, expected name=value,name=value",
        f"{OTLP}TIMEOUT is '0', expected 1 to 3600000 milliseconds",
        f"{OTLP}CERTIFICATE is '{tmp_path}/none.pem', expected a file of PEM",
        f"{OTLP}CLIENT_KEY is set, expected {OTLP}CLIENT_CERTIFICATE too",
    ]


@pytest.mark.parametrize(
    "text",
    ["a b=c", "=c", "a=b%0Ac", "a=\u00e9", "Content-Type=text/plain"],
    ids=["space", "nameless", "line-break", "not-ascii", "ours"],
)
def test_a_header_is_one(text: str) -> None:
    """What HTTP cannot carry, or we must say, is refused."""
    with pytest.raises(ConfigError, match="has no header as its part 1"):
        destination({f"{OTLP}HEADERS": text})


@pytest.mark.parametrize(
    ("name", "text"), [("TIMEOUT", "1" * 5000), ("CERTIFICATE", "a" * 5000)], ids=["number", "path"]
)
def test_a_value_without_end_is_wrong(name: str, text: str) -> None:
    """Neither Python's bound on numbers nor the system's on names ends it in another way."""
    with pytest.raises(ConfigError, match=f"{OTLP}{name} is "):
        destination({f"{OTLP}{name}": text})


def test_the_address_is_shown_without_keys() -> None:
    """User, password and query may be secrets."""
    found = destination({}, "https://u:p@[::1]:9/x?key=1")

    assert found.shown == "https://[::1]:9/x/v1/traces"


def test_what_tells_backends_at_one_address_apart() -> None:
    """User, query and headers, but for keys and tokens, which are renewed."""
    keys = "Authorization=Bearer a,api-key=b,x-honeycomb-team=c,signoz-ingestion-key=d,x-token=e"
    told = {
        destination({"OTEL_EXPORTER_OTLP_HEADERS": headers}, url).tenant
        for url in ("http://a", "http://u:p@a", "http://a?u")
        for headers in ("", "experiment=0", f"experiment=1,{keys}")
    }

    assert len(told) == 9
    assert destination({}, "http://a").tenant == ""
    renewed = destination({"OTEL_EXPORTER_OTLP_HEADERS": keys}, "http://u:p@a")
    assert renewed.tenant == destination({}, "http://u:other@a").tenant


@pytest.mark.parametrize(
    "url",
    [
        *("http://", "ftp://a", "http://a:99999", "http://a b", "http://[a"),
        *("http://999.1.1.1", "http://[v1.x]", "http://xn--a"),
    ],
)
def test_an_address_is_one(url: str) -> None:
    """The flag is named as such, and what it is."""
    with pytest.raises(ConfigError) as caught:
        destination({}, url)

    assert (
        str(caught.value)
        == f"--endpoint is {url!r}, expected an address like http://localhost:4318"
    )


@pytest.mark.parametrize("url", ["u:hidden@a", "a?key=hidden"])
def test_what_is_no_address_is_not_shown_where_it_may_hold_a_secret(url: str) -> None:
    """A scheme is soon forgotten before a user and a password."""
    with pytest.raises(
        ConfigError, match="--endpoint is no address, expected an address like"
    ) as caught:
        destination({}, url)

    assert "hidden" not in str(caught.value)
