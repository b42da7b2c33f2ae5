"""The command of the operator who lets systemd run the daemon."""

import os
from enum import Enum
from pathlib import Path
from typing import Annotated, Final

import typer

from traced.cli.asking import ask
from traced.cli.main import EXIT_CONFIG
from traced.cli.output import complain, print_json
from traced.core.errors import NotRunning, TracedError
from traced.folders import home_folder
from traced.install.errors import UnitError
from traced.install.service import Change, additions, put_in_place, removals, take_away
from traced.install.systemctl import Manager, lingers
from traced.install.units import (
    SERVICE,
    SOCKET,
    SYSTEM_SOCKET,
    UNITS,
    UnitFile,
    Variant,
    check_for_system,
    interpreter,
    system_units,
    user_units,
)
from traced.settings import effective
from traced.show.escape import printable

SYSTEM_ROOT: Final = Path("/etc")
# What the user's manager may not know of the shell in which the service is installed.
HANDED_ON: Final = ("XDG_CONFIG_HOME", "XDG_STATE_HOME")


class Action(Enum):
    """What is to be done with the service."""

    INSTALL = "install"
    UNINSTALL = "uninstall"
    STATUS = "status"


def service(
    action: Annotated[
        Action, typer.Argument(metavar="ACTION", help="install, uninstall or status.")
    ],
    *,
    system: Annotated[
        bool, typer.Option("--system", help="One daemon for several users; needs root.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change; change nothing.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the status as one JSON document.")
    ] = False,
) -> None:
    """
    Run the daemon under systemd: started by the first event, restarted if it dies.

    install writes your user's units and starts the socket; after an upgrade it switches to the new
    program without turning any client away. uninstall removes what install wrote; recordings stay.
    status exits 1 unless the socket is listening.

    Example: traced service install --dry-run
    """
    if as_json and action is not Action.STATUS:
        raise typer.BadParameter("--json goes with status alone")
    if dry_run and action is Action.STATUS:
        raise typer.BadParameter("--dry-run does not go with status")
    variant: Variant = "system" if system else "user"
    match action:
        case Action.STATUS:
            _status(Manager(variant, os.environ), variant, as_json=as_json)
        case Action.INSTALL:
            _install(variant, additions(_units(variant)), dry_run=dry_run)
        case Action.UNINSTALL:
            _uninstall(variant, removals(_units(variant)), dry_run=dry_run)


def _install(variant: Variant, changes: list[Change], *, dry_run: bool) -> None:
    if variant == "system":
        check_for_system(interpreter())
    if dry_run:
        _show(changes)
        return
    manager = _manager_to_change(variant)
    _refuse_another(manager, variant)
    put_in_place(manager, changes)
    _tell_done(changes)
    typer.echo("systemd listens now; the daemon starts at the first event")
    if variant == "system":
        typer.echo("who may record is a member of the group: usermod -aG agent-traced NAME")
        return
    if not lingers():
        typer.echo(
            "it ends with your last login, and hooks spool until the next one;"
            " to let it run always: loginctl enable-linger"
        )
    typer.echo("the viewer too: systemctl --user enable --now agent-traced-web.service")


def _uninstall(variant: Variant, changes: list[Change], *, dry_run: bool) -> None:
    if dry_run:
        _show(changes)
        return
    take_away(_manager_to_change(variant), changes)
    _tell_done(changes)
    typer.echo("the service is gone; what was recorded stays")


def _manager_to_change(variant: Variant) -> Manager:
    manager = Manager(variant, os.environ)
    if variant == "system" and os.geteuid() != 0:
        raise UnitError(f"this is user {os.geteuid()}, expected root: run it by sudo")
    return manager


def _units(variant: Variant) -> list[UnitFile]:
    if variant == "system":
        return system_units(SYSTEM_ROOT, interpreter())
    found = effective({}, os.environ)
    environment = {
        setting.origin: os.environ[setting.origin]
        for setting in found.settings.values()
        if setting.origin in os.environ
    }
    environment |= {name: os.environ[name] for name in HANDED_ON if os.environ.get(name)}
    return user_units(_user_folder(), interpreter(), found.config.socket, environment)


def _user_folder() -> Path:
    """Return where the user's own units belong: systemd.unit(5)."""
    named = os.environ.get("XDG_CONFIG_HOME", "")
    folder = Path(named) if named.startswith("/") else home_folder(os.environ) / ".config"
    return folder / "systemd/user"


def _show(changes: list[Change]) -> None:
    for change in changes:
        if change.changes:
            for line in change.diff().split("\n"):
                typer.echo(printable(line))
        else:
            typer.echo(f"{change.path}: nothing to change")
    typer.echo("nothing was written: this was a dry run")


def _tell_done(changes: list[Change]) -> None:
    for change in changes:
        if not change.changes:
            typer.echo(f"{change.path}: nothing to change")
        elif change.after is None:
            typer.echo(f"{change.path}: removed")
        else:
            typer.echo(f"{change.path}: {'created' if change.before is None else 'changed'}")


def _refuse_another(manager: Manager, variant: Variant) -> None:
    """Refuse to take the place of a daemon that systemd did not start."""
    place = SYSTEM_SOCKET if variant == "system" else effective({}, os.environ).config.socket
    if manager.show(SOCKET).get("ActiveState") == "active":
        return
    try:
        pid = ask([place], "ping").get("pid")
    except (NotRunning, TracedError):
        return
    if str(pid) != manager.show(SERVICE).get("MainPID"):
        raise UnitError(
            f"a daemon that systemd did not start listens at {place} (pid {pid}):"
            " stop that one, then do this again"
        )


def _status(manager: Manager, variant: Variant, *, as_json: bool) -> None:
    units = {unit: manager.show(unit) for unit in UNITS}
    stale = [str(each.path) for each in _changes(variant) if each.changes and each.before]
    listens = units[SOCKET].get("ActiveState") == "active"
    if as_json:
        print_json(
            {
                "service": {
                    "variant": variant,
                    "listens": listens,
                    "lingers": lingers() if variant == "user" else None,
                    "differing_files": stale,
                    "units": {unit: _plain(shown) for unit, shown in units.items()},
                }
            }
        )
    else:
        _tell_status(variant, units, stale)
    if not listens:
        raise typer.Exit(1)


def _changes(variant: Variant) -> list[Change]:
    """Return what an install would change; nothing if this program has no units to install."""
    try:
        return additions(_units(variant))
    except UnitError as error:
        complain(f"warning: {error}")
        return []


def _plain(shown: dict[str, str]) -> dict[str, object]:
    """Return the properties of a unit with their names in our way, numbers as such."""
    names = {
        "LoadState": "load",
        "ActiveState": "active",
        "SubState": "sub",
        "UnitFileState": "enabled",
        "MainPID": "pid",
        "NRestarts": "restarts",
        "Result": "result",
        "ExecMainStatus": "exit_status",
        "StatusText": "status",
    }
    return {
        name: int(shown[key]) if shown[key].isdecimal() else shown[key] or None
        for key, name in names.items()
        if key in shown
    }


def _tell_status(variant: Variant, units: dict[str, dict[str, str]], stale: list[str]) -> None:
    for unit, shown in units.items():
        parts = [shown.get("ActiveState", "unknown"), shown.get("SubState", "")]
        if shown.get("LoadState") == "not-found":
            parts = ["not installed"]
        if (pid := shown.get("MainPID", "0")) != "0":
            parts.append(f"pid {pid}")
        if (restarts := shown.get("NRestarts", "0")) != "0":
            parts.append(f"{restarts} restarts")
        if text := shown.get("StatusText"):
            parts.append(text)
        typer.echo(f"{unit:<28}{', '.join(printable(part) for part in parts if part)}")
    if units[SERVICE].get("ExecMainStatus") == str(EXIT_CONFIG):
        typer.echo("the settings are wrong: journalctl has the reason; then traced service install")
    for path in stale:
        typer.echo(f"{path} is not what this version writes: run traced service install")
    if variant == "user" and not lingers():
        typer.echo("not lingering: it ends with your last login; loginctl enable-linger")
