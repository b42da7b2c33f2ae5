"""
All checks, one after the other: from where things lie to the way of an event through them.

Law: no check keeps the next from being made, and each is yielded as soon as it is known.
"""

import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from traced.doctor import hooks, lingering, places, probe, record, service, spool, syslog
from traced.doctor.finding import Finding, ok, warning
from traced.folders import home_folder
from traced.install.registry import AGENTS
from traced.install.systemctl import BOOTED, lingers
from traced.install.units import SOCKET
from traced.settings import Effective


def examine(found: Effective, ask: service.Ask, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is found, with the settings that hold and a way to ask the daemon."""
    config = found.config
    for each in found.warnings:
        yield warning("settings", each, "correct its name, or take it out of the environment")
    yield from places.look(found)
    daemon = service.reached(ask)
    runs = isinstance(daemon, service.Status)
    yield from service.look(daemon) if isinstance(daemon, service.Status) else (daemon,)
    yield from record.look(config.db, time.time_ns() // 1_000_000)
    yield from record.disks((config.db.parent, config.spool))
    scan_seconds = config.spool_scan_seconds
    yield from spool.look(config.spool, scan_seconds, daemon_runs=runs)
    yield from syslog.look(shutil.which("journalctl") if BOOTED.is_dir() else None)
    named = hooks.Places(found.socket_places, config.spool)
    of_hooks = [each for agent in AGENTS.values() for each in hooks.look(agent, environ, named)]
    yield from of_hooks or [ok("hooks", "no agent is here that traced can install hooks into")]
    if BOOTED.is_dir():
        yield from lingering.look(is_installed=_user_unit(environ).exists(), lingers=lingers())
    way = probe.Way(config.db, config.socket, config.spool)
    yield probe.send(way, scan_seconds, daemon_runs=runs)


def _user_unit(environ: Mapping[str, str]) -> Path:
    named = environ.get("XDG_CONFIG_HOME", "")
    folder = Path(named) if named.startswith("/") else home_folder(environ) / ".config"
    return folder / "systemd/user" / SOCKET
