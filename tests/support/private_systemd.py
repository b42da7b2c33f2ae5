"""
A systemd of a test's own, in namespaces: the manager of a user, or of a whole system.

Law: it sees nothing of the machine's own systemd and changes nothing outside its folder: /run and
the control groups are its own; the system's manager has /etc, /var and /tmp of its own, too.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import pytest

from support.daemon import DEADLINE_SECONDS, Client, Daemon, wait_until

SYSTEMD = Path("/lib/systemd/systemd")
JOURNALD = Path("/lib/systemd/systemd-journald")
PROGRAMS = ("unshare", "nsenter", "setpriv", "systemctl", "journalctl", "systemd-analyze")
SERVICE, SOCKET = "agent-traced.service", "agent-traced.socket"
# Where a control group may be made: of one hierarchy, or of several.
CGROUPS = tuple(map(Path, ("/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd")))
SPACES = ("--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--cgroup")

JOINED = ("--mount", "--pid", "--cgroup")

# Into control groups of its own, named by the first argument, then on with the others.
IN_CGROUPS = """
name=$1; shift
for each in {cgroups}; do
  test ! -w $each/cgroup.procs || {{ mkdir $each/$name && echo $$ > $each/$name/cgroup.procs; }}
done
exec "$@"
"""
BEGIN = """
set -e
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/systemd/system
mount -t tmpfs tmpfs /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
"""
# As the first process systemd would be the system's manager.
BEGIN_USER = """
mkdir -p /run/systemd/journal /run/log/journal
mount -t tmpfs tmpfs /var/log
{journald} &
{systemd} --user &
wait
"""


def why_not() -> str:
    """Return why there can be no systemd of a test's own here, empty if there can."""
    if sys.platform != "linux":
        return "systemd runs on Linux"
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    missing += [str(path) for path in (SYSTEMD, JOURNALD) if not path.exists()]
    if missing:
        return f"systemd is not installed: {', '.join(missing)} missing"
    if os.geteuid() != 0:
        return "a systemd of its own takes namespaces, and those root"
    trial = subprocess.run(
        ["unshare", *SPACES, "sh", "-c", BEGIN], capture_output=True, text=True, check=False
    )
    return f"no systemd of its own here: {trial.stderr.strip()}" if trial.returncode else ""


WHY_NOT = why_not()
needs_systemd = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "-")


class PrivateSystemd:
    """
    A manager; killed with all that it started when the block ends.

    Subclasses say how it begins, and where the service has its files as they are seen from here.
    """

    script: str
    spaces: Sequence[str] = ()
    flags: Sequence[str] = ()
    python: Path = Path(sys.executable)
    is_up = "running"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._name = folder.name
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        """Where hooks report to."""
        raise NotImplementedError

    @property
    def units(self) -> Path:
        """The folder with the units that were installed."""
        raise NotImplementedError

    @property
    def environment(self) -> dict[str, str]:
        """What the manager and the test's commands find."""
        return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(self.folder / "home")}

    def __enter__(self) -> Self:
        (self.folder / "home").mkdir(mode=0o700)
        into = IN_CGROUPS.format(cgroups=" ".join(map(str, CGROUPS)))
        command = ["unshare", *SPACES, *self.spaces, "sh", "-c", BEGIN + self.script]
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                ["sh", "-c", into, "sh", self._name, *command],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until(self._is_up, f"systemd to come up; its log: {self.folder / 'log'}")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        for each in CGROUPS:
            wait_until(lambda each=each: _is_removed(each / self._name), "its groups to be empty")  # type: ignore[misc]

    @property
    def init(self) -> int:
        """The first process of its namespace, as it is numbered outside."""
        assert self._process is not None
        pid = self._process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def run(
        self, *command: str, user: str = "root", group: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command where this is the systemd, as a user with no further group than `group`."""
        become: list[str] = []
        if user != "root":
            groups = f"--groups={group}" if group else "--clear-groups"
            become = ["setpriv", f"--reuid={user}", "--regid=nogroup", groups]
        return subprocess.run(
            ["nsenter", *JOINED, f"--target={self.init}", "--", *become, *command],
            env=self.environment,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=2 * DEADLINE_SECONDS,
            check=False,
        )

    def traced(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a `traced` command there."""
        return self.run(str(self.python), "-P", "-m", "traced", *arguments)

    def install(self) -> None:
        """Put the service in place."""
        done = self.traced("service", "install", *(["--system"] if not self.flags else []))
        assert done.returncode == 0, done.stderr

    def systemctl(self, *arguments: str) -> str:
        """Run systemctl, which has to succeed; return what it prints."""
        done = self.run("systemctl", *self.flags, "--no-pager", *arguments)
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout

    def show(self, name: str, unit: str = SERVICE) -> str:
        """Return a property of a unit."""
        return self.systemctl("show", unit, f"--property={name}", "--value").strip()

    def waits_for(self, value: str, name: str = "ActiveState", unit: str = SERVICE) -> None:
        """Wait until a property has this value."""
        wait_until(lambda: self.show(name, unit) == value, f"{name} of {unit} to be {value}")

    def pid(self) -> int:
        """Return the daemon's process as it is numbered outside; fails if it does not run."""
        inside = self.show("MainPID")
        ours = Path(f"/proc/{self.init}/ns/pid").stat()
        for status in Path("/proc").glob("[0-9]*/status"):
            with suppress(OSError):  # it ended, or is none that may be looked at
                lines = status.read_text().splitlines()
                numbers = next(line for line in lines if line.startswith("NSpid:")).split()[1:]
                space = (status.parent / "ns/pid").stat()
                if numbers[1:] == [inside] and os.path.samestat(space, ours):
                    return int(numbers[0])
        raise AssertionError(f"no process has the number {inside} in there")

    def kill(self) -> None:
        """Kill the daemon without a chance to tidy up."""
        os.kill(self.pid(), signal.SIGKILL)

    def drop_in(self, *lines: str) -> None:
        """Change the service as `systemctl edit` does."""
        folder = self.units / f"{SERVICE}.d"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "test.conf").write_text("\n".join(["[Service]", *lines]) + "\n")
        self.systemctl("daemon-reload")

    def connect(self) -> Client:
        """Connect to the socket, whoever listens there."""
        return Client(self.socket)

    def journal(self) -> list[dict[str, Any]]:
        """Return what the journal has of the daemon."""
        told = self.run("journalctl", "--identifier=agent-traced", "--output=json", "--no-pager")
        return [json.loads(line) for line in told.stdout.splitlines()]

    def _is_up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "log").read_text()
        try:
            told = self.run("systemctl", *self.flags, "is-system-running")
        except (FileNotFoundError, IndexError):  # it is not there yet
            return False
        return told.stdout.strip() == "running"


class UserSystemd(PrivateSystemd):
    """The manager of a user whose folders are all below `folder`."""

    script = BEGIN_USER.format(systemd=SYSTEMD, journald=JOURNALD)
    flags = ("--user",)

    def __enter__(self) -> Self:
        self.runtime.mkdir(mode=0o700)
        return super().__enter__()

    @property
    def runtime(self) -> Path:
        """The user's runtime folder."""
        return self.folder / "run"

    @property
    def socket(self) -> Path:
        """Where hooks report to."""
        return self.runtime / "traced/traced.sock"

    @property
    def db(self) -> Path:
        """The database."""
        return self.folder / "home/.local/state/traced/traced.db"

    @property
    def spool(self) -> Path:
        """What waits for the next start."""
        return self.folder / "home/.local/state/traced/spool"

    @property
    def units(self) -> Path:
        """The folder with the units that were installed."""
        return self.folder / "home/.config/systemd/user"

    @property
    def environment(self) -> dict[str, str]:
        """What the manager and the test's commands find."""
        return super().environment | {"XDG_RUNTIME_DIR": str(self.runtime)}

    def rows(self) -> list[dict[str, Any]]:
        """Return the steps that are recorded, in their order."""
        recorded = Daemon(self.folder)
        recorded.db = self.db
        return recorded.steps()

    def configure(self, text: str) -> None:
        """Write config.toml."""
        path = self.folder / "home/.config/traced/config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _is_removed(group: Path) -> bool:
    """Remove a control group with those below it, unless something runs there still."""
    with suppress(OSError):
        for folder, _, _ in os.walk(group, topdown=False):
            Path(folder).rmdir()
    return not group.exists()
