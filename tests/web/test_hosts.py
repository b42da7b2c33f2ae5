import pytest

from traced.web.hosts import Hosts, is_same_origin

LOCAL = Hosts(["127.0.0.1"], loopback_only=True)
BEYOND = Hosts(["box.lan"], loopback_only=False)


@pytest.mark.parametrize(
    "authority",
    ["localhost", "localhost:8377", "LOCALHOST:1", "127.0.0.1:9", "127.8.8.8", "[::1]:8377"],
)
def test_names_of_this_machine(authority: str) -> None:
    """Loopback has these names, at any port: it may have been forwarded."""
    assert LOCAL.allow(authority)


@pytest.mark.parametrize(
    "authority",
    [
        "evil.com",
        "evil.com:8377",
        "localhost.evil.com",
        "127.0.0.1.evil.com",
        "192.168.1.2",
        "[fe80::1]",
        "::1",
        "",
        "localhost:",
        "localhost:x",
        "localhost:8377:1",
        "localhost evil.com",
        "localhost@evil.com",
        "0x7f000001",
        "0.0.0.0",
        "[::ffff:8.8.8.8]",
        "[localhost]",
    ],
)
def test_names_of_others(authority: str) -> None:
    """A name that others can point at this machine is refused, and so is what is no name."""
    assert not LOCAL.allow(authority)


def test_beyond_this_machine_addresses_are_no_names() -> None:
    """An address cannot be pointed elsewhere by a name server; a name must be known."""
    assert BEYOND.allow("192.168.1.2:8377")
    assert BEYOND.allow("[fe80::1]:8377")
    assert BEYOND.allow("Box.Lan.:8377")
    assert not BEYOND.allow("evil.com")


@pytest.mark.parametrize(
    ("origin", "is_ours"),
    [
        ("http://localhost:8377", True),
        ("https://localhost:8377", True),
        ("HTTP://LOCALHOST:8377", True),
        ("http://localhost", False),
        ("http://localhost:83770", False),
        ("http://evil.com", False),
        ("http://evil.com?localhost:8377", False),
        ("null", False),
        ("", False),
    ],
)
def test_origins(origin: str, is_ours: bool) -> None:
    """Of one origin are pages of the same host and port; a proxy may have added TLS."""
    assert is_same_origin(origin, "localhost:8377") is is_ours
