"""
Each agent's hook settings: installed, for the right places, with a command that works.

Law: what the agent would run is what is judged; and an agent that is not on this machine, and has
no hook of traced, is passed over.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from traced.doctor.commands import failure, gone, named_in
from traced.doctor.finding import Finding, failed, ok, warning, wrong
from traced.install.agent import Agent
from traced.install.errors import AgentError, InstallError
from traced.install.settings_file import Plan


class Places(NamedTuple):
    """Where hooks may hand over: one of the sockets, and this spool."""

    sockets: Sequence[Path]
    spool: Path


def look(agent: Agent, environ: Mapping[str, str], places: Places) -> Iterator[Finding]:
    """Yield how the hooks of `agent` are."""
    check = f"hooks of {agent.name}"
    again = f"run `traced install {agent.name}`"
    path = agent.settings_path(environ, None)
    try:
        settings = agent.form.plan_uninstall(path).before
        calls = [] if settings is None else agent.form.calls(settings)
        idle = agent.warnings(Plan(path, settings, settings))
    except InstallError as error:
        yield failed(check, error, f"fix {path}, then {again}")
        return
    if not calls:
        if agent.sign(environ) is not None:
            yield warning(check, f"{path} has none of traced: nothing of it is recorded", again)
        return
    findings = [wrong(check, why, f"change {path}") for why in idle]
    findings += [
        each
        for command in dict.fromkeys(call.command for call in calls)
        for each in _of_command(check, command, environ, places, again)
    ]
    findings += _of_events(check, agent, [call.event for call in calls], again)
    if findings:
        yield from findings
    else:
        yield ok(check, f"{len(calls)} events of {path} run a command that works")


def _of_command(
    check: str, command: str, environ: Mapping[str, str], places: Places, again: str
) -> Iterator[Finding]:
    named = named_in(command)
    if named.socket is None or named.spool is None:
        yield warning(check, "a command leaves its socket or spool to the environment", again)
    if named.socket is not None and named.socket not in places.sockets:
        expected = " or ".join(map(str, places.sockets))
        yield wrong(check, f"a command sends to {named.socket}, expected {expected}", again)
    if named.spool is not None and named.spool != places.spool:
        yield wrong(check, f"a command spools to {named.spool}, expected {places.spool}", again)
    missing = ", ".join(map(str, gone(named.programs)))
    why = failure(command, environ)
    if why is not None:
        because = f"{missing} cannot be run; " if missing else ""
        yield wrong(check, f"the command does not work: {because}{why}", again)
    elif missing:
        yield warning(check, f"{missing} cannot be run; another client takes over", again)


def _of_events(check: str, agent: Agent, found: list[str], again: str) -> Iterator[Finding]:
    twice = sorted({event for event in found if found.count(event) > 1})
    if twice:
        yield warning(check, f"called more than once: {', '.join(twice)}", again)
    try:
        known = set(agent.subscription().events)
    except AgentError:  # it is not on this PATH; what it knows is not known either
        return
    if missing := sorted(known.difference(found)):
        yield warning(check, f"not called for {', '.join(missing)}", again)
    if unknown := sorted(set(found) - known):
        told = f"called for {', '.join(unknown)}, which its version may not know, and run no hook"
        yield warning(check, told, again)
