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
        help=f"One or more of {', '.join(AGENTS)}. Default: every agent found.",
    ),
]
AgentsToLeave = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[AGENT]...", help=f"One or more of {', '.join(AGENTS)}. Default: all of them."
    ),
]
Project = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Only for this project, in its local settings.",
        show_default=False,
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change; change nothing.")]
AgentVersion = Annotated[
    str | None,
    typer.Option(
        metavar="X.Y.Z", help="The version of Claude Code, if `claude` is not on the PATH."
    ),
]


def install(
    agents: Agents = None,
    *,
    project: Project = None,
    dry_run: DryRun = False,
    agent_version: AgentVersion = None,
    socket: Socket = None,
    spool: Spool = None,
) -> None:
    """
    Add traced's hook to your agents' settings.

    Everything else in the settings stays as it is, byte for byte, and a backup is
    put beside them. Installing twice changes nothing. If there is a C compiler, the
    hook client is compiled into traced's state folder; otherwise it is a Python
    script.

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
    failures.end("not installed", among=len(chosen))


def uninstall(
    agents: AgentsToLeave = None,
    *,
    project: Project = None,
    dry_run: DryRun = False,
) -> None:
    """
    Remove traced's hook from your agents' settings, and nothing else.

    Example: traced uninstall claude-code
    """
    failures = _Failures()
    changes = False
    chosen = _known(agents) or list(AGENTS.values())
    for agent in chosen:
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
    failures.end("not uninstalled", among=len(chosen))


def hook(
    agent: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The agent whose hook this is, such as claude-code."),
    ] = None,
    event: Annotated[
        str | None, typer.Option(metavar="NAME", help="The event, if the payload does not name it.")
    ] = None,
    socket: Socket = None,
    spool: Spool = None,
    agent_pid: Annotated[
        int | None,
        typer.Option(
            metavar="PID",
            help="The agent's process: when it is gone, what it left running is `unknown`.",
        ),
    ] = None,
    deadline_ms: Annotated[
        int, typer.Option(help="How long to wait for the daemon before spooling.")
    ] = 250,
) -> None:
    """
    Send a hook's payload from standard input to the daemon, or else to the spool.

    Always exits 0 and prints nothing: an agent would take either as the hook's answer.

    Example: traced hook --agent claude-code < payload.json
    """
    # Never reached: `python -m traced hook` runs the client before any command line is read.


class _Failures:
    """What went wrong with one agent, told at once, while the others get theirs."""

    def __init__(self) -> None:
        self._names: list[str] = []

    @contextmanager
    def told(self, agent: Agent) -> Iterator[None]:
        """Complain of an InstallError, and go on."""
        try:
            yield
        except InstallError as error:
            complain(f"traced: {agent.name}: {error}")
            self._names.append(agent.name)

    def end(self, what: str, *, among: int) -> None:
        """End with 1 if there were any; say which, where the lines of others hide them."""
        if self._names and among > 1:
            complain(f"{what}: {', '.join(self._names)} (see above)")
        if self._names:
            raise typer.Exit(1)


def _known(names: list[str] | None) -> list[Agent]:
    for name in names or []:
        if name not in AGENTS:
            raise typer.BadParameter(f"unknown agent {name!r}, expected one of {', '.join(AGENTS)}")
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
        raise typer.BadParameter(f"project {str(project)!r} is not an existing folder")
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
    typer.echo(f"the hook works: a probe event took {took} (the client in {form})")
    if choice.why_python is not None:
        typer.echo(f"the one in C would be faster, but: {choice.why_python}")


def _tell_of_daemon(socket: Path | None) -> None:
    try:
        ask(socket_places(socket), "ping")
    except NotRunning:
        typer.echo("no daemon runs: events wait in the spool until you start `traced run`")
