"""
Folders, files and socket: are they there, and private enough.

Law: the rules are the daemon's own, and what is missing is not made.
"""

import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

from traced.core.errors import ConfigError
from traced.doctor.finding import Finding, failed, ok, warning, wrong
from traced.folders import DB_SUFFIXES, OTHERS, check_private_file, folder_rules
from traced.settings import Effective

CHECK = "places"
ADVICE = "make it a folder of your own, or name another place in config.toml"


def look(found: Effective) -> Iterator[Finding]:
    """Yield what is wrong with a place, or that none is."""
    findings = [*_folders(found), *_files(found.config.db), *_sockets(found)]
    if findings:
        yield from findings
    else:
        config = found.config
        yield ok(CHECK, f"permissions are private: {config.db.parent}, {config.spool}")


def _folders(found: Effective) -> Iterator[Finding]:
    config = found.config
    rules = folder_rules(
        db=config.db,
        socket=config.socket,
        spool=config.spool,
        own=found.folders,
        is_shared=config.senders == "group",
    )
    for folder, check in rules:
        if not os.path.lexists(folder):
            yield warning(
                CHECK, f"{folder} does not exist", "start the daemon, which creates it: traced run"
            )
            continue
        try:
            check(folder)
        except ConfigError as error:
            yield failed(CHECK, error, ADVICE)


def _files(db: Path) -> Iterator[Finding]:
    for suffix in DB_SUFFIXES:
        try:
            check_private_file(db.with_name(db.name + suffix))
        except ConfigError as error:
            yield failed(CHECK, error, ADVICE)


def _sockets(found: Effective) -> Iterator[Finding]:
    may_others = found.config.senders == "group"
    for place in found.socket_places:
        try:
            mode = place.stat().st_mode
        except OSError:
            continue  # who asks the daemon tells of it
        if not stat.S_ISSOCK(mode):
            yield wrong(CHECK, f"{place} is not a socket", "move it away, then restart the daemon")
        elif mode & OTHERS and not may_others:
            yield wrong(
                CHECK,
                f"{place} has mode {stat.S_IMODE(mode):04o}, expected 0600",
                f"run `chmod 600 {shlex.quote(str(place))}`",
            )
