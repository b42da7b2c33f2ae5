"""
The real programs of others: each version fetched by npm into a folder of its own.

Law: what is half there is not there, and why something cannot be had is told.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

INSTALL_SECONDS_MAX = 300.0
ASK_SECONDS_MAX = 60.0
VERSION = re.compile(r"\d+\.\d+\.\d+")


class NotInstalled(Exception):
    """npm could not install the program; the text says why."""


@dataclass(frozen=True)
class Program:
    """One installed version."""

    path: Path
    version: tuple[int, ...]


@cache
def install(package: str, binary: str, wanted: str, folder: Path) -> Program:
    """
    Return version `wanted` (or a tag, as latest), fetched into a part of `folder` if it is not.

    Raises:
        NotInstalled: If npm is missing, or fails, or what it installed does not run.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise NotInstalled("npm is not on PATH, expected Node.js with npm")
    place = folder / f"{package.rpartition('/')[2]}-{wanted}"
    if not VERSION.fullmatch(wanted):
        shutil.rmtree(place, ignore_errors=True)  # a tag moves
    try:
        if not place.exists():
            place.mkdir(parents=True)
            (place / "package.json").write_text('{"private": true}')
            fetch = [npm, "install", "--no-audit", "--no-fund", f"{package}@{wanted}"]
            ask(fetch, cwd=place, seconds_max=INSTALL_SECONDS_MAX)
        path = place / "node_modules" / ".bin" / binary
        return Program(path, version_of(path))
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)  # half of it is worse than nothing
        raise


def version_of(path: Path) -> tuple[int, ...]:
    """Return the version that a program says it is; raise NotInstalled if it says none."""
    with tempfile.TemporaryDirectory() as home:
        said = ask([str(path), "--version"], HOME=home)
    found = VERSION.search(said)
    if found is None:
        raise NotInstalled(f"{path} --version said {said[:80]!r}, expected a version")
    return tuple(map(int, found[0].split(".")))


def ask(
    command: Sequence[str],
    cwd: Path | None = None,
    seconds_max: float = ASK_SECONDS_MAX,
    **env: str,
) -> str:
    """Return what a command printed; raise NotInstalled if it failed or did not end."""
    try:
        run = subprocess.run(
            command,
            cwd=cwd,
            env=os.environ | env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds_max,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"{' '.join(command)}: no end after {seconds_max:g} s") from None
    except OSError as error:
        raise NotInstalled(f"{' '.join(command)}: {error.strerror}") from error
    if run.returncode:
        last = run.stderr.strip().splitlines()[-3:]
        raise NotInstalled(f"{' '.join(command)}: exit code {run.returncode}: {' / '.join(last)}")
    return run.stdout
