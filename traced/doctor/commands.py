r"""
A hook's command as it stands in an agent's settings: what it names, and whether it works.

Law: it is run as it stands, by `sh -c`, but with a socket and a spool of its own; so what it left
in that spool is what it would hand over, and nothing that runs is disturbed.

What install writes, of whatever version, has flags and absolute paths; what people write by hand
may name neither.
"""

import os
import re
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from traced.install.command import PROBE_PAYLOAD, PROBE_SECONDS_MAX

WORD: Final = re.compile(r"""(?:[^\s'"\\;|&<>(){}]|'[^']*'|"(?:[^"\\]|\\.)*"|\\.)+""")
FLAGS: Final = ("--agent", "--event", "--socket", "--spool", "--agent-pid", "--deadline-ms")
NOWHERE: Final = "/dev/null"


class Word(NamedTuple):
    """A word without its quotes, the value of `flag` if any; of `--x=1`, `before` is `--x=`."""

    start: int
    end: int
    text: str
    flag: str = ""
    before: str = ""


class Named(NamedTuple):
    """What a command names; None where it leaves that to the environment."""

    socket: Path | None
    spool: Path | None
    programs: list[Path]  # interpreter, client: whatever has an absolute path


def named_in(command: str) -> Named:
    """Return what `command` names."""
    values: dict[str, Path] = {}
    programs: dict[Path, None] = {}
    for word in _words(command):
        if word.flag:
            values[word.flag] = Path(word.text)
        elif word.text.startswith("/") and word.text != NOWHERE:
            programs[Path(word.text)] = None
    return Named(values.get("--socket"), values.get("--spool"), list(programs))


def gone(programs: list[Path]) -> list[Path]:
    """Return those that are not there, or cannot be run; a script need only be readable."""
    return [
        path
        for path in programs
        if not os.access(path, os.R_OK if path.suffix == ".py" else os.X_OK) or path.is_dir()
    ]


def failure(command: str, environ: Mapping[str, str]) -> str | None:
    """Try `command`; return what is wrong with it, None if an event came out of it in silence."""
    with tempfile.TemporaryDirectory(prefix="traced-doctor-") as folder:
        socket, spool = Path(folder) / "nobody.sock", Path(folder) / "spool"
        places = {"TRACED_SOCKET": str(socket), "TRACED_SPOOL": str(spool)}
        try:
            run = subprocess.run(  # noqa: S603 - the very command that the agent runs
                ["/bin/sh", "-c", _redirected(command, socket, spool)],
                env={**environ, **places},
                input=PROBE_PAYLOAD,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=PROBE_SECONDS_MAX,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"it still ran after {PROBE_SECONDS_MAX:g} s"
        spooled = [file.read_bytes() for file in spool.glob("*.ndjson")]
    if run.returncode or run.stdout:
        return f"exit code {run.returncode}, output {run.stdout[:200]!r}, expected 0 and none"
    if len(spooled) != 1 or PROBE_PAYLOAD.strip() not in spooled[0]:
        return f"a trial event left {len(spooled)} spool files, expected 1 with it"
    return None


def _redirected(command: str, socket: Path, spool: Path) -> str:
    """Return `command` with other places in the words that name them."""
    others = {"--socket": str(socket), "--spool": str(spool)}
    parts: list[str] = []
    after = 0
    for word in _words(command):
        if word.flag in others:
            parts += [command[after : word.start], shlex.quote(word.before + others[word.flag])]
            after = word.end
    return "".join([*parts, command[after:]])


def _words(command: str) -> Iterator[Word]:
    flag = ""
    for match in WORD.finditer(command):
        text = _unquoted(match[0])
        name, equals, value = text.partition("=")
        if flag:
            yield Word(*match.span(), text, flag)
            flag = ""
        elif equals and name in FLAGS:
            yield Word(*match.span(), value, name, f"{name}=")
        elif text in FLAGS:
            flag = text
        else:
            yield Word(*match.span(), text)


def _unquoted(word: str) -> str:
    try:
        return "".join(shlex.split(word))
    except ValueError:  # a backslash at the very end
        return word
