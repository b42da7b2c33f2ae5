"""
The system's log: what hook clients could neither hand over nor spool.

Law: only the client's own lines are looked for, which hold nothing of a payload; who may not read
the log is told nothing, for that says nothing of events.
"""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from traced.doctor.finding import Finding, ok, warning

CHECK: Final = "syslog"
SENDER: Final = "traced-hook"
LOST: Final = b"lost event "
# Debian, Fedora, macOS; where a journal is, these may be too.
FILES: Final = tuple(map(Path, ("/var/log/syslog", "/var/log/messages", "/var/log/system.log")))
TAIL_BYTES: Final = 4 << 20
JOURNAL_SECONDS_MAX: Final = 10.0
SHOWN_CHARS_MAX: Final = 200


def look(journalctl: str | None, files: Sequence[Path] = FILES) -> Iterator[Finding]:
    """Yield what was lost in the last day by the journal, else as far back as a log file goes."""
    lines = None if journalctl is None else _of_journal(journalctl)
    if lines is None:
        lines = _of_files(files)
    if lines is None:
        return
    if not lines:
        yield ok(CHECK, "no hook client tells of a lost event")
        return
    last = lines[-1].decode(errors="replace").strip()[:SHOWN_CHARS_MAX]
    yield warning(
        CHECK,
        f"{len(lines)} events could be neither handed over nor spooled; the last: {last}",
        "make room in the spool, or fix its mode: it was not writable when a hook needed it",
    )


def _of_journal(program: str) -> list[bytes] | None:
    command = [program, "--quiet", "--no-pager", "--output=cat", "--since=-24h"]
    try:
        run = subprocess.run(  # noqa: S603 - systemd's own program, fixed words
            [*command, f"--identifier={SENDER}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=JOURNAL_SECONDS_MAX,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if run.returncode else _of_clients(run.stdout)


def _of_files(files: Sequence[Path]) -> list[bytes] | None:
    for path in files:
        with suppress(OSError), path.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - TAIL_BYTES))
            return [line for line in _of_clients(file.read(TAIL_BYTES)) if SENDER.encode() in line]
    return None


def _of_clients(text: bytes) -> list[bytes]:
    return [line for line in text.splitlines() if LOST in line]
