"""
A session and its sub-agents: who launched whom, and what may yet be told of that.

Law: nothing is waited for longer than it can come: a session's end ends all waiting.
"""

from typing import Final, NamedTuple

from traced.core.times import parse_time
from traced.store import queries
from traced.store.forwarding import Root
from traced.store.reader import ReadConnection
from traced.store.rows import Agent, Step
from traced.telemetry.ids import Origin
from traced.telemetry.lineage import Lineage
from traced.telemetry.spans import Scene

# Hooks are processes of their own: what belongs to one end comes within a moment, or by the spool,
# which is looked into every two seconds.
SETTLE_MS: Final = 5000


class Telling(NamedTuple):
    """What is sent besides the rows' own facts: content where asked for, and the machine's name."""

    content: bool
    host: str


class Moment(NamedTuple):
    """When it is (Unix ms), and how long what has ended waits for what may belong to its end."""

    now_ms: int
    settle_ms: int = SETTLE_MS

    def is_fresh(self, time_text: str | None) -> bool:
        """Tell whether something was a moment ago; what is yet to come is no reason to wait."""
        time_ms = parse_time(time_text)
        return time_ms is not None and 0 <= self.now_ms - time_ms < self.settle_ms


class Family:
    """A session as its spans need it."""

    def __init__(self, connection: ReadConnection, root: Root, telling: Telling) -> None:
        told = root.prompt
        origin = Origin(told.agent, told.session_id, root.owner_uid)
        self.scene = Scene(origin, root.model, telling.host, telling.content)
        self.agents = queries.agents(connection, root.session_pk)
        self.lineage = Lineage(origin, self.agents)
        self._by_id = {agent.agent_id: agent for agent in self.agents}

    def awaits_parent(self, step: Step, root: Root, moment: Moment) -> bool:
        """Tell whether it may still turn out who launched the step's agent, or that agent's."""
        if root.session_is_over:
            return False
        agent_id, seen = step.agent_id, set[str]()
        while agent_id is not None and agent_id not in seen:
            seen.add(agent_id)
            agent = self._by_id.get(agent_id)
            if agent is None or agent.call_id is None:
                return not root.is_over or (agent is not None and may_return(agent, moment))
            agent_id = agent.parent_agent_id
        return False

    def own_agents(self, prompt_number: int) -> list[Agent]:
        """Return the sub-agents of a prompt of which no call is known."""
        return [
            agent
            for agent in self.agents
            if (agent.prompt_number or 0) == prompt_number and self.lineage.has_own_span(agent)
        ]


def may_return(agent: Agent, moment: Moment) -> bool:
    """Tell whether a sub-agent's call, which names it at its end, may still be to end."""
    is_running = agent.status == "running" and agent.started_at is not None
    return is_running or moment.is_fresh(agent.ended_at)
