"""
The hook client in C, compiled on this machine: a tenth of the time of the one in Python.

Law: it comes to its place whole, for this user alone, and not before a probe event has come out of
it; and nothing depends on it, for the command that runs it falls back to Python.
"""

import os
import shutil
import stat
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from traced.client import hook
from traced.install.command import HookCommand, fastest, hook_commands, require_text
from traced.install.errors import ClientError

NAME = "traced-hook"  # by it `is_ours` knows the command
SOURCES = Path(hook.__file__).absolute().parent / "native"
COMPILER = "cc"
COMPILER_FLAGS = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Wpedantic")
# Static starts in two thirds of the time, and no LD_* variable of a project meddles with it. Where
# there is no static C library (macOS, most of Fedora's family), the shared one does.
LINKS = (("-static",), ())
COMPILE_SECONDS_MAX = 60.0
FOLDER_MODE = 0o700
PROGRAM_MODE = 0o700


class Choice(NamedTuple):
    """The command to install, how long it runs, and, if it is Python's, why it is not C's."""

    command: HookCommand
    seconds: float
    why_python: str | None


def choose(agent: str, socket: Path, spool: Path, folder: Path, *, dry_run: bool = False) -> Choice:
    """
    Return the client in C, put into `folder`, where it works; else the fastest one in Python.

    Which of the two is faster is known, and is not measured: on a busy machine a figure would say
    now this and now that, and installing twice would not be installing once.

    With `dry_run` it is compiled and tried elsewhere, and `folder` stays as it is.

    Raises:
        ClientError: If not even the client in Python works.
    """
    pythons = hook_commands(agent, socket, spool)
    python, seconds = fastest(pythons)
    try:
        require_text(folder)
        if not dry_run:
            _prepare(folder)
        with tempfile.TemporaryDirectory(
            prefix=".compiling-", dir=None if dry_run else folder
        ) as scratch:
            program = Path(scratch) / NAME
            compile_client(program)
            # What takes over need not be the fastest: the first one lasts longest.
            command, compiled_seconds = fastest([replace(pythons[0], compiled=program)])
            if not dry_run:
                program.replace(folder / NAME)
    except (ClientError, OSError) as error:
        return Choice(python, seconds, str(error))
    return Choice(replace(command, compiled=folder.absolute() / NAME), compiled_seconds, None)


def compile_client(program: Path, *flags: str) -> None:
    """
    Compile the client in C to the new file `program`, for this user alone.

    Raises:
        ClientError: If there is no compiler, or it fails.
        OSError: If the file cannot be written.
    """
    compiler = shutil.which(COMPILER)
    if compiler is None:
        raise ClientError(f"{COMPILER} is not on PATH, expected a C compiler")
    sources = sorted(map(str, SOURCES.glob("*.c")))
    failure = ""
    for link in LINKS:
        command = [compiler, *COMPILER_FLAGS, *flags, *link, "-o", str(program), *sources]
        try:
            run = subprocess.run(  # noqa: S603 - the user's own compiler, our own sources
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=COMPILE_SECONDS_MAX,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ClientError(
                f"{compiler}: still running after {COMPILE_SECONDS_MAX:g} s, expected an end"
            ) from error
        if run.returncode == 0:
            program.chmod(PROGRAM_MODE)
            return
        first = run.stdout.decode(errors="replace").strip().partition("\n")[0]
        failure = f"{compiler}: exit code {run.returncode}, expected 0: {first[:200]}"
    raise ClientError(failure)


def _prepare(folder: Path) -> None:
    """Make `folder` for this user alone, or refuse one in which others could put a program."""
    for path in (*reversed(folder.absolute().parents), folder):
        if not path.exists():
            path.mkdir(FOLDER_MODE, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ClientError(
            f"{folder} has mode {stat.S_IMODE(found.st_mode):04o} and belongs to user"
            f" {found.st_uid}, expected one that only user {os.geteuid()} may write in"
        )
