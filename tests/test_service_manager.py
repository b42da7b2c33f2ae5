import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from traced.service_manager import ServiceManager


@pytest.fixture
def manager(short_folder: Path) -> Iterator[socket.socket]:
    """A manager's socket, bound to ``n`` in the folder."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(short_folder / "n"))
        listening.settimeout(10)
        yield listening


def heard(manager: socket.socket) -> str:
    """Return the next thing that was said."""
    return manager.recv(4096).decode()


def test_each_state_is_told_in_its_words(manager: socket.socket) -> None:
    """Those of sd_notify(3); times are in microseconds."""
    said = ServiceManager({"NOTIFY_SOCKET": str(manager.getsockname())})
    said.ready()
    said.beat()
    said.stopping(1.5)

    assert [heard(manager) for _ in range(4)] == [
        "READY=1",
        "WATCHDOG=1",
        "STOPPING=1",
        "EXTEND_TIMEOUT_USEC=1500000",
    ]


def test_a_status_is_told_when_it_is_news(manager: socket.socket) -> None:
    """Every few seconds the same would only be noise."""
    said = ServiceManager({"NOTIFY_SOCKET": str(manager.getsockname())})
    for text in ("a", "a", "b", "a"):
        said.status(text)

    assert [heard(manager) for _ in range(3)] == ["STATUS=a", "STATUS=b", "STATUS=a"]


def test_an_abstract_name_is_an_address_too() -> None:
    """Its first byte, which is zero, is written as @."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        name = f"traced-test-{os.getpid()}"
        listening.bind("\0" + name)
        listening.settimeout(10)
        ServiceManager({"NOTIFY_SOCKET": "@" + name}).ready()

        assert heard(listening) == "READY=1"


def test_no_child_inherits_the_variables() -> None:
    """A child that spoke for the daemon would make it look ready."""
    environment = {"NOTIFY_SOCKET": "/n", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1", "HOME": "/h"}
    ServiceManager(environment)

    assert environment == {"HOME": "/h"}


@pytest.mark.parametrize("address", ["", "relative/n"])
def test_without_a_manager_nothing_is_said(address: str) -> None:
    """Nor logged: most daemons run so."""
    with capture_logs() as lines:
        ServiceManager({"NOTIFY_SOCKET": address}).ready()

    assert lines == []


def test_a_manager_that_does_not_listen_is_told_of_once(short_folder: Path) -> None:
    """The daemon goes on."""
    said = ServiceManager({"NOTIFY_SOCKET": str(short_folder / "nobody")})
    with capture_logs() as lines:
        said.ready()
        said.beat()

    assert [line["event"] for line in lines] == ["service_manager_deaf"]
    assert lines[0]["why"] == "No such file or directory"


@pytest.mark.parametrize(
    ("usec", "pid", "seconds"),
    [
        ("3000000", "", 3.0),
        pytest.param("3000000", str(os.getpid()), 3.0, id="this process"),
        ("3000000", "1", None),
        ("", "", None),
        ("0", "", None),
        ("often", "", None),
    ],
)
def test_watchdog_watches_this_process_or_none(usec: str, pid: str, seconds: float | None) -> None:
    """The variables may have come from a parent that was meant."""
    manager = ServiceManager({"WATCHDOG_USEC": usec, "WATCHDOG_PID": pid})

    assert manager.watchdog_seconds == seconds
