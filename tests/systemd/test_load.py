from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.daemon import wait_until
from support.load import Sender
from support.private_systemd import SERVICE, UserSystemd, needs_systemd

pytestmark = [pytest.mark.systemd, needs_systemd]

SENDERS = 4
ROUNDS = 4
EVENTS = 100


@pytest.fixture
def systemd(short_folder: Path) -> Iterator[UserSystemd]:
    """A user's systemd in which the service is installed."""
    with UserSystemd(short_folder) as systemd:
        systemd.install()
        yield systemd


def under_load(
    systemd: UserSystemd, senders: Sequence[Sender], again: Callable[[], object]
) -> None:
    """Do something again and again while senders get on, each of them in between."""
    with ExitStack() as stack:
        for sender in senders:
            stack.enter_context(sender)
        for _ in range(ROUNDS):
            get_on(senders)
            again()
        get_on(senders)
    systemd.systemctl("stop", SERVICE)


def get_on(senders: Sequence[Sender]) -> None:
    """Wait until each has sent some more."""
    before = [sender.count for sender in senders]
    wait_until(
        lambda: all(
            sender.count >= count + EVENTS for sender, count in zip(senders, before, strict=True)
        ),
        "each sender to get on",
    )


def recorded(systemd: UserSystemd) -> set[str]:
    """Return the names of all steps; each is there once, and their orders have no gap."""
    rows = systemd.rows()
    names = [row["name"] for row in rows]
    assert len(set(names)) == len(names)
    assert [row["step_order"] for row in rows] == list(range(1, len(rows) + 1))
    return set(names)


def test_restarts_under_load_lose_nothing_and_turn_nobody_away(systemd: UserSystemd) -> None:
    """Who came was stored by the one that ended, or waited in the kernel for the next."""
    senders = [Sender(systemd.socket, number, asks=True) for number in range(SENDERS)]
    under_load(systemd, senders, lambda: systemd.systemctl("restart", SERVICE))

    assert [(sender.refused, sender.reset) for sender in senders] == [(0, 0)] * SENDERS
    assert recorded(systemd) == {name for sender in senders for name in sender.acked}


def test_restarts_under_load_lose_nothing_of_who_asks_for_no_ack(systemd: UserSystemd) -> None:
    """What was sent whole on a connection is stored, whether it was accepted by then or not."""
    senders = [Sender(systemd.socket, number, asks=False) for number in range(SENDERS)]
    under_load(systemd, senders, lambda: systemd.systemctl("restart", SERVICE))

    assert [(sender.refused, sender.reset) for sender in senders] == [(0, 0)] * SENDERS
    assert recorded(systemd) == {name for sender in senders for name in sender.sent}


def test_kills_under_load_lose_nothing_that_was_acked(systemd: UserSystemd) -> None:
    """Nobody is turned away: who comes before the next one is there waits in the kernel."""
    senders = [Sender(systemd.socket, number, asks=True) for number in range(SENDERS)]
    under_load(systemd, senders, systemd.kill)

    assert [sender.refused for sender in senders] == [0] * SENDERS
    assert int(systemd.show("NRestarts")) == ROUNDS
    # Those that were accepted and not answered were reset: at most one each at each kill.
    assert all(sender.reset <= ROUNDS for sender in senders)
    assert recorded(systemd) >= {name for sender in senders for name in sender.acked}


def test_what_waits_in_the_kernel_outlives_a_kill(systemd: UserSystemd) -> None:
    """Its senders are long gone when the next one accepts them."""
    systemd.drop_in("RestartSec=3")
    with systemd.connect() as client:
        client.send(b'{"v":1,"session_id":"s","trace_type":"tool","name":"before"}')
        client.flush()
    systemd.kill()
    systemd.waits_for("auto-restart", "SubState")
    for number in range(50):
        with systemd.connect() as client:
            client.send(b'{"v":1,"session_id":"s","trace_type":"tool","name":"%d"}' % number)
    wait_until(lambda: len(systemd.rows()) == 51, "all to be recorded")

    assert recorded(systemd) == {"before", *map(str, range(50))}
