"""Commands of the hook author: put traced's hook into an agent's settings, and take it out."""

import os
from pathlib import Path
from typing import Annotated, Final

import typer

from traced.cli.asking import ask
from traced.cli.operate import Socket, Spool, socket_places
from traced.cli.output import complain
from traced.core.errors import NotRunning
from traced.folders import user_folders
from traced.install import claude_code
from traced.install.compiled import Choice, choose
from traced.install.settings_file import Plan
from traced.settings import effective
from traced.show.escape import printable

AGENTS: Final = (claude_code.NAME,)

Agents = Annotated[
    list[str] | None,
    typer.Argument(metavar="[AGENT]...", help=f"Which agents: {', '.join(AGENTS)}. Default: all."),
]
Project = Annotated[
    Path | None,
    typer.Option(help="Only for this project's folder, in its local settings.", show_default=False),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change; change nothing.")]


def install(
    agents: Agents = None,
    *,
    project: Project = None,
    dry_run: DryRun = False,
    agent_version: Annotated[
        str | None, typer.Option(help="The agent's version, where it cannot be asked.")
    ] = None,
    socket: Socket = None,
    spool: Spool = None,
) -> None:
    """
    Put traced's hook into the settings of your agents.

    Everything else in the settings stays as it is, byte for byte, and a backup is
    put beside them. Doing it twice is doing it once. Where there is a C compiler the
    hook's client is compiled, into traced's state folder; else it is a Python script.

    Example: traced install claude-code --dry-run
    """
    for agent in _known(agents):
        config = effective({"socket": socket, "spool": spool}, os.environ).config
        version = (
            claude_code.parse_version(agent_version)
            if agent_version is not None
            else claude_code.detect_version()
        )
        events = claude_code.events_for(version)
        programs = user_folders(os.environ).state / "bin"
        choice = choose(agent, config.socket, config.spool, programs, dry_run=dry_run)
        path = claude_code.settings_path(os.environ, _existing(project))
        plan = claude_code.plan(path, choice.command.shell, events)
        _carry_out(plan, dry_run=dry_run)
        for warning in claude_code.warnings(plan):
            complain(f"warning: {warning}")
        if dry_run:
            continue
        typer.echo(f"{agent} {version}: {len(events)} events call traced's hook")
        _tell_of_client(choice)
        _tell_of_daemon(socket)


def uninstall(
    agents: Agents = None,
    *,
    project: Project = None,
    dry_run: DryRun = False,
) -> None:
    """
    Take traced's hook out of the settings of your agents; what others put there stays.

    Example: traced uninstall claude-code
    """
    for agent in _known(agents):
        plan = claude_code.uninstall_plan(claude_code.settings_path(os.environ, project))
        _carry_out(plan, dry_run=dry_run)
        if not dry_run and plan.changes:
            typer.echo(f"{agent}: traced's hook is gone")


def hook(
    agent: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose hook this is, as claude-code.")
    ] = None,
    event: Annotated[
        str | None, typer.Option(metavar="NAME", help="The event, where the payload names none.")
    ] = None,
    socket: Socket = None,
    spool: Spool = None,
    deadline_ms: Annotated[
        int, typer.Option(help="How long to wait for the daemon before spooling.")
    ] = 250,
) -> None:
    """
    Hand a hook's payload from standard input to the daemon, else to the spool.

    Always exits 0 and prints nothing: an agent would take either for the hook's word.

    Example: traced hook --agent claude-code < payload.json
    """
    # Never reached: `python -m traced hook` runs the client before any command line is read.


def _known(agents: list[str] | None) -> list[str]:
    for agent in agents or []:
        if agent not in AGENTS:
            raise typer.BadParameter(f"{agent!r} is no agent, expected {' or '.join(AGENTS)}")
    return agents or list(AGENTS)


def _existing(project: Path | None) -> Path | None:
    if project is not None and not project.is_dir():
        raise typer.BadParameter(f"project {str(project)!r} is no folder, expected one that exists")
    return project


def _carry_out(plan: Plan, *, dry_run: bool) -> None:
    if not plan.changes:
        typer.echo(f"{plan.path}: nothing to change")
        return
    if dry_run:
        for line in plan.diff().split("\n"):
            typer.echo(printable(line))
        typer.echo("nothing was written: this was a dry run")
        return
    backup = plan.apply()
    done = "created" if plan.before is None else "removed" if plan.after is None else "changed"
    typer.echo(f"{plan.path}: {done}")
    if backup is not None:
        typer.echo(f"{backup}: as it was before")


def _tell_of_client(choice: Choice) -> None:
    form = "Python" if choice.command.compiled is None else "C"
    took = f"{choice.seconds * 1000:.1f} ms, shell included"
    typer.echo(f"the hook works: a probe event took the client in {form} {took}")
    if choice.why_python is not None:
        typer.echo(f"the one in C would be faster, but: {choice.why_python}")


def _tell_of_daemon(socket: Path | None) -> None:
    try:
        ask(socket_places(socket), "ping")
    except NotRunning:
        typer.echo("no daemon runs: events wait in the spool until you start `traced run`")
