"""Every recorded session, delivered in every way that hooks deliver: always the same steps."""

import os
from collections.abc import Callable, Iterator

import pytest
from support.daemon import Daemon
from support.expected import check_session, check_steps
from support.recorded import Scenario, scenarios, twice

Deliver = Callable[[Daemon, Scenario], None]
# Of the same text two are two where they have no id: prompts of 2.0.76, in 1.0 calls as well.
GENUINE = {
    "1.0.128": (b'"UserPromptSubmit"', b'"PreToolUse"', b'"PostToolUse"'),
    "2.0.76": (b'"UserPromptSubmit"',),
}
SHUFFLES = 20 if "TRACED_TORTURE_KILLS" in os.environ else 1


def in_order(daemon: Daemon, scenario: Scenario) -> None:
    daemon.send(*scenario.lines())


def enveloped(daemon: Daemon, scenario: Scenario) -> None:
    daemon.send(*scenario.envelopes())


def one_connection_each(daemon: Daemon, scenario: Scenario) -> None:
    for line in scenario.envelopes():
        with daemon.connect() as client:
            client.send(line)
            client.flush()


def shuffled(seed: int) -> Deliver:
    def deliver(daemon: Daemon, scenario: Scenario) -> None:
        lines = scenario.envelopes()
        for number in scenario.overlapping_order(seed):
            with daemon.connect() as client:
                client.send(lines[number])
                client.flush()

    return deliver


def envelopes_twice(daemon: Daemon, scenario: Scenario) -> None:
    daemon.send(*twice(scenario.envelopes()))


def all_again(daemon: Daemon, scenario: Scenario) -> None:
    daemon.send(*scenario.envelopes(), *scenario.envelopes())


def bare_twice(daemon: Daemon, scenario: Scenario) -> None:
    genuine = GENUINE.get(scenario.path.parent.name, ())
    lines = [
        line
        for payload in scenario.lines()
        for line in twice([payload])[any(name in payload for name in genuine) :]
    ]
    daemon.send(*lines)


AGENTS = ("claude-code", "codex", "gemini-cli", "cursor", "copilot-cli", "opencode")
SCENARIOS = [scenario for agent in AGENTS for scenario in scenarios(agent)]
WAYS: dict[str, Deliver] = {
    "in order": in_order,
    "enveloped": enveloped,
    "one connection each": one_connection_each,
    **{f"shuffled {seed}": shuffled(seed) for seed in range(1, SHUFFLES + 1)},
    "envelopes twice": envelopes_twice,
    "all again": all_again,
    "bare twice": bare_twice,
}


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize(
    "scenario", SCENARIOS, ids=lambda scenario: f"{scenario.agent}/{scenario.name}"
)
def test_recorded_session_gives_the_steps_written_by_hand(
    scenario: Scenario, way: str, daemon_pool: Callable[[str], Daemon]
) -> None:
    """However the hooks of a recorded session arrive, each call is one step as expected."""
    daemon = daemon_pool(way)
    WAYS[way](daemon, scenario)

    for session_id, expected in scenario.expected.items():
        check_session(daemon, session_id, expected)
        check_steps(daemon.steps(session_id=session_id), expected["steps"])


@pytest.fixture(scope="module")
def daemon_pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Daemon]]:
    """One daemon for each way of delivery, so that no way meets the sessions of another."""
    running: dict[str, Daemon] = {}

    def get(way: str) -> Daemon:
        if way not in running:
            running[way] = Daemon(tmp_path_factory.mktemp("way") / "d")
            running[way].start()
        return running[way]

    yield get
    for daemon in running.values():
        assert daemon.stop() == 0
