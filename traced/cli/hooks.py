"""Commands of the hook author: put traced's hook into an agent's settings, and take it out."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from traced.cli.asking import ask
from traced.cli.operate import Socket, Spool, socket_places
from traced.cli.output import complain
from traced.core.errors import NotRunning
from traced.folders import user_folders
from traced.install.agent import Agent, Subscription
from traced.install.compiled import Choice, choose
from traced.install.errors import InstallError
from traced.install.registry import AGENTS
from traced.install.settings_file import Plan
from traced.settings import effective
from traced.show.escape import printable

Agents = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[AGENT]...",
        help=f"Which agents: {', '.join(AGENTS)}. Default: all that are found on this machine.",
    ),
]
AgentsToLeave = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[AGENT]...", help=f"Which agents: {', '.join(AGENTS)}. Default: all of them."
    ),
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
        str | None,
        typer.Option(help="The version of Claude Code, where it cannot be asked.", metavar="X.Y.Z"),
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
    chosen = _known(agents) or _found()
    if agent_version is not None and not any(agent.choose for agent in chosen):
        raise typer.BadParameter(f"--agent-version: {_named(chosen)} has hooks for any version")
    folder = _existing(project)
    failures = _Failures()
    wanted: list[tuple[Agent, Subscription]] = []
    for agent in chosen:
        with failures.told(agent):
            wanted.append((agent, agent.subscription(agent_version)))
    if not wanted:
        raise typer.Exit(1)
    config = effective({"socket": socket, "spool": spool}, os.environ).config
    programs = user_folders(os.environ).state / "bin"
    choice = choose(wanted[0][0].name, config.socket, config.spool, programs, dry_run=dry_run)
    for agent, subscription in wanted:
        with failures.told(agent):
            command = replace(choice.command, agent=agent.name)
            path = agent.settings_path(os.environ, folder)
            plan = agent.form.plan(path, command.shell, subscription.events)
            warnings = agent.warnings(plan)
            _carry_out(plan, dry_run=dry_run)
            _tell_of_agent(agent, subscription, warnings, dry_run=dry_run)
    if dry_run:
        typer.echo("nothing was written: this was a dry run")
    else:
        _tell_of_client(choice)
        _tell_of_daemon(socket)
    failures.end()


def uninstall(
    agents: AgentsToLeave = None,
    *,
    project: Project = None,
    dry_run: DryRun = False,
) -> None:
    """
    Take traced's hook out of the settings of your agents; what others put there stays.

    Example: traced uninstall claude-code
    """
    failures = _Failures()
    changes = False
    for agent in _known(agents) or AGENTS.values():
        with failures.told(agent):
            plan = agent.form.plan_uninstall(agent.settings_path(os.environ, project))
            if agents or plan.changes:
                _carry_out(plan, dry_run=dry_run)
            if not dry_run and plan.changes:
                typer.echo(f"{agent.name}: traced's hook is gone")
            changes = changes or plan.changes
    if dry_run:
        typer.echo("nothing was written: this was a dry run")
    elif not agents and not changes:
        typer.echo("no agent's settings hold traced's hook")
    failures.end()


def hook(
    agent: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose hook this is, as claude-code.")
    ] = None,
    event: Annotated[
        str | None, typer.Option(metavar="NAME", help="The event, where the payload names none.")
    ] = None,
    socket: Socket = None,
    spool: Spool = None,
    agent_pid: Annotated[
        int | None,
        typer.Option(
            metavar="PID", help="The agent's process: when it is gone, so is what it left running."
        ),
    ] = None,
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


class _Failures:
    """What went wrong with one agent, told at once, while the others get theirs."""

    def __init__(self) -> None:
        self._count = 0

    @contextmanager
    def told(self, agent: Agent) -> Iterator[None]:
        """Complain of an InstallError, and go on."""
        try:
            yield
        except InstallError as error:
            complain(f"traced: {agent.name}: {error}")
            self._count += 1

    def end(self) -> None:
        """End with 1 if there were any."""
        if self._count:
            raise typer.Exit(1)


def _known(names: list[str] | None) -> list[Agent]:
    for name in names or []:
        if name not in AGENTS:
            raise typer.BadParameter(f"{name!r} is no agent, expected one of {', '.join(AGENTS)}")
    return [AGENTS[name] for name in dict.fromkeys(names or [])]


def _found() -> list[Agent]:
    """Return the agents that are on this machine, and say which are and which are not."""
    found = []
    for agent in AGENTS.values():
        sign = agent.sign(os.environ)
        if sign is not None:
            found.append(agent)
            typer.echo(f"{agent.name}: found {sign}")
        else:
            programs = " or ".join(agent.programs)
            missing = f"no {programs} on PATH, no {agent.folder(os.environ)}"
            typer.echo(f"{agent.name}: not found: {missing}")
    if not found:
        complain("traced: found no agent on this machine; name the one to install into")
        raise typer.Exit(1)
    return found


def _named(agents: list[Agent]) -> str:
    return " and ".join(agent.name for agent in agents)


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
        return
    backup = plan.apply()
    done = "created" if plan.before is None else "removed" if plan.after is None else "changed"
    typer.echo(f"{plan.path}: {done}")
    if backup is not None:
        typer.echo(f"{backup}: as it was before")


def _tell_of_agent(
    agent: Agent, subscription: Subscription, warnings: list[str], *, dry_run: bool
) -> None:
    for warning in warnings:
        complain(f"warning: {warning}")
    if not dry_run:
        title = " ".join(filter(None, (agent.name, subscription.version)))
        typer.echo(f"{title}: {len(subscription.events)} events call traced's hook")
    for note in agent.notes:
        typer.echo(f"{agent.name}: {note}")


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
