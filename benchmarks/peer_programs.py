"""
The programs that traced is measured beside, each started, told what to do, and stopped by pid.

syslog-ng and socat come from the system's packages (Debian: ``syslog-ng-core``,
``syslog-ng-mod-sql``, ``libdbd-sqlite3``, ``socat``), sqlite-utils is installed into an
environment of its own.
"""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Self

from benchmarks.measure import cpu_seconds

START_SECONDS_MAX = 30.0
TRANSACTION_EVENTS = 1000
# sqlite-utils cuts batches to 999 values, here 90 rows, whatever it is told.
FIELDS = (
    *("session_id", "trace_type", "name", "agent", "input_summary", "output_summary", "status"),
    *("started_at", "ended_at", "duration_ms"),
)
CONFIG = """\
@version: 3.38
options {{ stats-freq(0); time-reopen(1); }};
source events {{
  unix-stream(
    "{socket}" flags(no-parse)
    max-connections(10) log-iw-size(50000) log-fetch-limit(1000));
}};
parser fields {{ json-parser(prefix(".event.")); }};
destination sqlite {{
  sql(
    type(sqlite3) database("{db}") table("events")
    columns({columns}) values({values}) indexes()
    {options} log-fifo-size(20000)
  );
}};
log {{ source(events); parser(fields); destination(sqlite); flags(flow-control); }};
"""
# Without them each message is a transaction of its own, in SQLite's default journal mode.
TUNED = f"""\
session-statements("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL")
    flags(explicit-commits, dont-create-tables)
    batch-lines({TRANSACTION_EVENTS}) batch-timeout(100)"""
AS_IT_COMES = "flags(dont-create-tables)"


def syslog_ng_command() -> str | None:
    """Return where syslog-ng is; None, having said so, where it is not."""
    found = shutil.which("syslog-ng", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        print("no syslog-ng: install syslog-ng-core, syslog-ng-mod-sql, libdbd-sqlite3")
    return found


def sqlite_utils_command(folder: Path, *, install: bool) -> str | None:
    """Return where below `folder` sqlite-utils is; None, having said why, where it is not."""
    if shutil.which("socat") is None:
        print("no socat: install it to measure beside sqlite-utils")
        return None
    command = folder / "bin" / "sqlite-utils"
    if not command.exists():
        if not install:
            print(f"no sqlite-utils in {folder}: --install puts it there")
            return None
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "sqlite-utils"], check=True)
    return str(command.absolute())


class SyslogNg:
    """syslog-ng in the foreground, with a configuration of its own."""

    def __init__(self, command: str, folder: Path, *, tuned: bool) -> None:
        self._tuned = tuned
        folder.mkdir()
        self.db, self.socket = folder / "syslog.db", folder / "in.sock"
        self._log = folder / "log"
        self._command = [
            *(command, "--foreground", "--stderr", "--no-caps", "-f", str(folder / "conf")),
            *("-R", str(folder / "persist"), "-p", str(folder / "pid"), "-c", str(folder / "ctl")),
        ]
        (folder / "conf").write_text(
            CONFIG.format(
                socket=self.socket,
                db=self.db,
                columns=", ".join(f'"{name}"' for name in FIELDS),
                values=", ".join(f'"${{.event.{name}}}"' for name in FIELDS),
                options=TUNED if tuned else AS_IT_COMES,
            )
        )

    def __enter__(self) -> Self:
        _make_table(self.db, wal=self._tuned)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        _wait_until(lambda: _takes(self.socket), self._log.read_text)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(START_SECONDS_MAX)

    def cpu(self) -> float:
        """Its CPU seconds so far."""
        return cpu_seconds(self._process.pid)


class SqliteUtils:
    """``socat -u UNIX-LISTEN:… STDOUT | sqlite-utils insert … - --nl``: it ends with its sender."""

    def __init__(self, command: str, folder: Path, *, tuned: bool) -> None:
        self._tuned = tuned
        folder.mkdir()
        self.db, self.socket = folder / "utils.db", folder / "in.sock"
        self._insert = [
            *(command, "insert", str(self.db), "events", "-", "--nl"),
            *(("--batch-size", str(TRANSACTION_EVENTS)) if tuned else ()),
        ]

    def __enter__(self) -> Self:
        _make_table(self.db, wal=self._tuned)
        listen = ["socat", "-u", "-b", "65536", f"UNIX-LISTEN:{self.socket}", "STDOUT"]
        self._socat = subprocess.Popen(listen, stdout=subprocess.PIPE)
        self._utils = subprocess.Popen(self._insert, stdin=self._socat.stdout)
        assert self._socat.stdout is not None
        self._socat.stdout.close()
        _wait_until(self.socket.exists, lambda: "socat does not listen")
        _wait_until(lambda: _is_idle(self._utils.pid), lambda: "sqlite-utils does not get ready")
        return self

    def __exit__(self, *_: object) -> None:
        for process in (self._socat, self._utils):
            process.terminate()
            process.wait(START_SECONDS_MAX)

    def cpu(self) -> float:
        """Their CPU seconds so far, also of one that has ended and was not waited for."""
        return cpu_seconds(self._socat.pid) + cpu_seconds(self._utils.pid)


def _make_table(db: Path, *, wal: bool) -> None:
    """Make the table, so that both have the same: texts, and numbers as they come."""
    numbers = ("started_at", "ended_at", "duration_ms")
    columns = ", ".join(f"{name} {'NUMERIC' if name in numbers else 'TEXT'}" for name in FIELDS)
    with closing(sqlite3.connect(db, isolation_level=None)) as connection:
        if wal:
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"CREATE TABLE events (v INTEGER, {columns})")


def _takes(path: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
    except OSError:
        return False
    return True


def _is_idle(pid: int) -> bool:
    """Tell whether a process has begun and now waits for its input."""
    before = cpu_seconds(pid)
    time.sleep(0.5)
    return before > 0.05 and cpu_seconds(pid) == before


def _wait_until(happened: Callable[[], bool], else_told: Callable[[], str]) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while not happened():
        if time.monotonic() > deadline:
            raise RuntimeError(else_told())
        time.sleep(0.02)
