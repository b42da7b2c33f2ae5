import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from traced import service_manager
from traced.core.errors import ConfigError
from traced.service_manager import ServiceManager, passed_socket

FIRST = 200  # instead of 3, which pytest uses


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., dict[str, str]]]:
    """A function that passes descriptors as a manager does; it returns the environment."""
    monkeypatch.setattr(service_manager, "DESCRIPTORS_START", FIRST)
    passed: list[int] = []

    def passes(*descriptors: int, names: str | None = None) -> dict[str, str]:
        for number, descriptor in enumerate(descriptors, FIRST):
            passed.append(os.dup2(descriptor, number))
        environment = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(descriptors))}
        return environment | ({} if names is None else {"LISTEN_FDNAMES": names})

    yield passes
    for number in passed:
        with suppress(OSError):
            os.close(number)


@pytest.fixture
def listening(short_folder: Path) -> Iterator[socket.socket]:
    """A Unix stream socket that listens at ``l``, of mode 0600."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(short_folder / "l"))
        (short_folder / "l").chmod(0o600)
        sock.listen()
        yield sock


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


def test_what_a_busy_manager_has_no_room_for_is_said_later(manager: socket.socket) -> None:
    """A state, that is; a beat is not worth more than the next one."""
    said = ServiceManager({"NOTIFY_SOCKET": str(manager.getsockname())})
    manager.setblocking(False)
    with capture_logs() as lines:
        for _ in range(5000):  # the kernel keeps some hundreds at most
            said.beat()
        said.stopping(1)
        said.ready()
    with suppress(BlockingIOError):
        while True:
            assert heard(manager) == "WATCHDOG=1"
    said.beat()

    assert [heard(manager) for _ in range(3)] == ["STOPPING=1", "READY=1", "WATCHDOG=1"]
    assert [line["event"] for line in lines] == ["service_manager_deaf"]


def test_a_status_is_one_line(manager: socket.socket) -> None:
    """What follows a newline would be an order to the manager."""
    ServiceManager({"NOTIFY_SOCKET": str(manager.getsockname())}).status("failed:\nREADY=1")

    assert heard(manager) == "STATUS=failed: READY=1"


def test_the_socket_named_for_us_is_taken(
    short_folder: Path, listening: socket.socket, passing: Callable[..., dict[str, str]]
) -> None:
    """It does not block, no child inherits it, and the others are closed or no child's either."""
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(short_folder / "o"))
        other.listen()
        environment = passing(
            other.fileno(), listening.fileno(), names="agent-traced-web:agent-traced"
        )
        sock = passed_socket(environment)

        assert sock is not None
        with sock:
            assert sock.getsockname() == str(short_folder / "l")
            assert (sock.getblocking(), os.get_inheritable(sock.fileno())) == (False, False)
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(FIRST)
    assert environment == {}


@pytest.mark.parametrize("names", [None, "agent-traced.socket", "unknown", ""])
def test_the_only_socket_is_taken_whatever_its_name(
    names: str | None, listening: socket.socket, passing: Callable[..., dict[str, str]]
) -> None:
    """The name of its unit, for one, which is what systemd gives by itself."""
    sock = passed_socket(passing(listening.fileno(), names=names))

    assert sock is not None
    with closing(sock):
        assert sock.fileno() == FIRST


@pytest.mark.parametrize(
    "environment",
    [{}, {"LISTEN_PID": "1", "LISTEN_FDS": "1"}, {"LISTEN_FDS": "1"}, {"LISTEN_PID": "{own}"}],
)
def test_what_was_passed_to_nobody_or_another_is_left_alone(environment: dict[str, str]) -> None:
    """And its variables do not reach a child."""
    found = {key: value.format(own=os.getpid()) for key, value in environment.items()}

    assert passed_socket(found) is None
    assert found == {}


def test_a_count_that_is_no_number_is_wrong() -> None:
    """What was meant cannot be told."""
    with pytest.raises(ConfigError, match="LISTEN_FDS is 'two', expected a number"):
        passed_socket({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "two"})


def test_a_descriptor_that_is_not_open_is_wrong(passing: Callable[..., dict[str, str]]) -> None:
    """The count says more than there is."""
    environment = passing() | {"LISTEN_FDS": "1"}
    with pytest.raises(ConfigError, match="descriptor 200, expected it to be open: Bad file"):
        passed_socket(environment)


def test_what_is_no_listening_unix_socket_is_told(
    listening: socket.socket, passing: Callable[..., dict[str, str]]
) -> None:
    """Each with its name and kind; one of our name that does not fit is not made up for."""
    with socket.socket(socket.AF_UNIX) as deaf, socket.socket(socket.AF_INET) as internet:
        internet.bind(("127.0.0.1", 0))
        internet.listen()
        with Path("/dev/null").open("rb") as file:
            environment = passing(
                deaf.fileno(),
                internet.fileno(),
                file.fileno(),
                listening.fileno(),
                names="agent-traced:web::other",
            )
            with pytest.raises(ConfigError) as caught:
                passed_socket(environment)

    told = str(caught.value)
    assert "200 (agent-traced, <AddressFamily.AF_UNIX: 1> <SocketKind.SOCK_STREAM: 1>" in told
    assert "that does not listen), 201 (web, <AddressFamily.AF_INET: 2>" in told
    assert "202 (unnamed, no socket)" in told
    assert "expected one listening Unix stream socket" in told


def test_two_that_fit_are_one_too_many(
    listening: socket.socket, passing: Callable[..., dict[str, str]]
) -> None:
    """Which one is meant is not guessed; both are closed."""
    with pytest.raises(ConfigError, match="several one with FileDescriptorName=agent-traced"):
        passed_socket(passing(listening.fileno(), listening.fileno(), names="a:b"))
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(FIRST + 1)


def test_a_socket_for_everybody_is_refused(
    short_folder: Path, listening: socket.socket, passing: Callable[..., dict[str, str]]
) -> None:
    """That is what a unit makes that does not say SocketMode."""
    (short_folder / "l").chmod(0o666)
    with pytest.raises(ConfigError) as caught:
        passed_socket(passing(listening.fileno()))

    assert str(caught.value) == (
        f"socket {short_folder}/l has mode 0666, expected 0600, or 0660 for a group:"
        " set SocketMode= in its unit"
    )


def test_a_group_may_be_let_in(
    short_folder: Path, listening: socket.socket, passing: Callable[..., dict[str, str]]
) -> None:
    """In the system variant the socket's group is who may write events."""
    (short_folder / "l").chmod(0o660)
    sock = passed_socket(passing(listening.fileno()))

    assert sock is not None
    sock.close()
