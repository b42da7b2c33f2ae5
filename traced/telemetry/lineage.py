"""
Whose child a span is: steps of a sub-agent belong to the call that launched it.

Law: a parent lies in the trace of its child, and no chain of parents is a circle; where rows say
otherwise, the root of the trace is the parent.
"""

from collections.abc import Iterable
from typing import NamedTuple

from traced.store.rows import Agent, Step
from traced.telemetry.ids import Origin, agent_span_id, call_span_id, root_span_id


class _Launch(NamedTuple):
    prompt_number: int
    span_id: bytes


class Lineage:
    """
    The sub-agents of one session, and under which span each works.

    It grows with their number, never with that of their steps.
    """

    def __init__(self, origin: Origin, agents: Iterable[Agent]) -> None:
        by_id = {agent.agent_id: agent for agent in agents}
        self._parents = {key: agent.parent_agent_id for key, agent in by_id.items()}
        self._launches = {
            key: launch
            for key, agent in by_id.items()
            if (launch := _launch(origin, agent)) is not None and not self._is_circle(key)
        }

    def has_own_span(self, agent: Agent) -> bool:
        """Tell whether a sub-agent needs a span of its own, because no call of it is known."""
        return agent.call_id is None and agent.agent_id in self._launches

    def parent_of_step(self, step: Step, trace: bytes) -> bytes:
        """Return the id of the span under which a step of this trace ran."""
        return self._under(step.agent_id, step.prompt_number) or root_span_id(trace)

    def parent_of_agent(self, agent: Agent, trace: bytes) -> bytes:
        """Return the id of the span under which a sub-agent with a span of its own worked."""
        number = agent.prompt_number or 0
        return self._under(agent.parent_agent_id, number) or root_span_id(trace)

    def _under(self, agent_id: str | None, prompt_number: int) -> bytes | None:
        # Up from sub-agents of which neither call nor start is known; circles were left out.
        seen: set[str] = set()
        while agent_id is not None and agent_id not in seen:
            launch = self._launches.get(agent_id)
            if launch is not None:
                return launch.span_id if launch.prompt_number == prompt_number else None
            seen.add(agent_id)
            agent_id = self._parents.get(agent_id)
        return None

    def _is_circle(self, start: str) -> bool:
        seen = {start}
        above = self._parents.get(start)
        while above is not None and above not in seen:
            seen.add(above)
            above = self._parents.get(above)
        return above is not None


def _launch(origin: Origin, agent: Agent) -> _Launch | None:
    number = agent.prompt_number or 0
    if agent.call_id is not None:
        return _Launch(number, call_span_id(origin, agent.call_id))
    if agent.started_at is not None:
        return _Launch(number, agent_span_id(origin, agent.agent_id))
    return None
