import json
import pwd
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.daemon import wait_until
from support.private_systemd import SERVICE, SOCKET, needs_systemd
from support.whole_system import WholeSystem

pytestmark = [pytest.mark.systemd, needs_systemd]

GROUP = "agent-traced"
UIDS = {name: pwd.getpwnam(name).pw_uid for name in ("daemon", "nobody")}
SEND = """
import socket, sys
with socket.socket(socket.AF_UNIX) as sock:
    sock.connect("/run/agent-traced/traced.sock")
    sock.sendall(sys.argv[1].encode())
    sock.shutdown(socket.SHUT_WR)
    print(sock.recv(4096).decode())
"""
DROP = """
import sys
from pathlib import Path
from traced.client.spool import write
print(write(Path("/var/spool/agent-traced"), sys.argv[1].encode()))
"""


@pytest.fixture(scope="module")
def system() -> Iterator[WholeSystem]:
    """A system in which the service is installed."""
    with tempfile.TemporaryDirectory(prefix="traced-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        with WholeSystem(Path(folder)) as system:
            system.install()
            yield system


def line(session_id: str, **more: object) -> str:
    """A whole step."""
    told = {"v": 1, "session_id": session_id, "trace_type": "tool", "name": "n", **more}
    return json.dumps(told) + "\n"


def send(
    system: WholeSystem, text: str, user: str, group: str = ""
) -> subprocess.CompletedProcess[str]:
    """Send a line as a user."""
    return system.run(str(system.python), "-c", SEND, text, user=user, group=group)


def owners(system: WholeSystem, session_id: str) -> list[str]:
    """Return which users have a session of this id."""
    return [
        user
        for user, uid in UIDS.items()
        if system.read("show", session_id, "--uid", str(uid)) is not None
    ]


def test_group_may_send_and_others_may_not(system: WholeSystem) -> None:
    """The socket's mode decides; nothing asks for a uid."""
    member = send(system, line("first", ack=True), "nobody", GROUP)
    stranger = send(system, line("second", ack=True), "nobody")

    assert json.loads(member.stdout)["status"] == "stored", member.stderr
    assert "PermissionError" in stranger.stderr
    assert system.show("User") == "agent-traced"


def test_two_users_sessions_of_one_id_are_two(system: WholeSystem) -> None:
    """The uid is part of a session's identity."""
    for user in ("nobody", "daemon"):
        answer = send(system, line("same", ack=True), user, GROUP)
        assert json.loads(answer.stdout)["step_order"] == 1, answer.stderr

    assert owners(system, "same") == ["daemon", "nobody"]


def test_what_the_group_drops_is_taken_in(system: WholeSystem) -> None:
    """The daemon can read and remove it; others of the group can neither see nor remove it."""
    system.systemctl("stop", SERVICE)
    dropped = system.run(
        str(system.python), "-c", DROP, line("dropped"), user="nobody", group=GROUP
    )
    assert dropped.returncode == 0, dropped.stderr
    path = dropped.stdout.strip()
    assert system.run("stat", "--format=%a %U %G", path).stdout == "640 nobody agent-traced\n"
    listed = system.run("ls", "/var/spool/agent-traced", user="daemon", group=GROUP)
    assert "Permission denied" in listed.stderr
    removed = system.run("rm", path, user="daemon", group=GROUP)
    assert "Operation not permitted" in removed.stderr
    send(system, line("wakes it", ack=True), "nobody", GROUP)
    wait_until(lambda: not list(system.spool.iterdir()), "it to be taken in")

    assert owners(system, "dropped") == ["nobody"]


def test_socket_outlives_the_daemon(system: WholeSystem) -> None:
    """Its folder is not removed with the runtime folder of a service that ends."""
    send(system, line("first", ack=True), "nobody", GROUP)
    system.systemctl("restart", SERVICE)
    system.systemctl("stop", SERVICE)
    assert system.socket.is_socket()

    answer = send(system, line("after", ack=True), "nobody", GROUP)
    assert json.loads(answer.stdout)["status"] == "stored"


def test_wrong_settings_stop_it_once(system: WholeSystem) -> None:
    """As root, which the daemon is not, its socket is closed."""
    config = system.root / "etc/traced/config.toml"
    system.systemctl("stop", SERVICE)
    config.write_text("batch_events_max = 0\n")
    send(system, line("lost", ack=True), "nobody", GROUP)
    system.waits_for("failed")
    system.waits_for("inactive", unit=SOCKET)
    assert (system.show("ExecMainStatus"), system.show("NRestarts")) == ("78", "0")
    config.unlink()
    system.install()

    answer = send(system, line("mended", ack=True), "nobody", GROUP)
    assert json.loads(answer.stdout)["status"] == "stored"


def test_sandbox_is_the_one_that_was_asked_for(system: WholeSystem) -> None:
    """Nothing warns, and systemd finds no more than 2.0 of 10 exposed."""
    for unit in (SERVICE, "agent-traced-web.service"):
        found = system.run("systemd-analyze", "security", "--threshold=20", "--no-pager", unit)
        assert found.returncode == 0, found.stdout
    files = map(str, (system.units.glob("agent-traced*.*")))
    inside = [name.removeprefix(str(system.root)) for name in files]
    verified = system.run("systemd-analyze", "verify", "--man=no", *inside)

    assert len(inside) == 3
    assert "agent-traced" not in verified.stderr
