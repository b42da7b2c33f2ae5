import socket
from functools import partial

from traced import __version__
from traced.cli.asking import ask
from traced.doctor.finding import Finding
from traced.doctor.service import START, WAIT, Retention, Status, look, reached
from traced.ingest.locks import locked
from traced.settings import Effective


def states(status: Status) -> dict[str, str]:
    """What is found of each part."""
    return {finding.check: finding.state for finding in look(status)}


def healthy(**figures: object) -> Status:
    """The status of a daemon that has committed a second ago, but for these figures."""
    told: dict[str, object] = {"version": __version__, "pid": 7, "state": "ok", "queued": 0}
    told |= {"uptime_seconds": 60.0, "last_commit_age_seconds": 1.0}
    return Status(**(told | figures))  # type: ignore[arg-type]  # by name


def test_nobody_at_the_socket_is_wrong(found: Effective) -> None:
    """The remedy says how to start a daemon."""
    finding = reached(partial(ask, found.socket_places))

    assert isinstance(finding, Finding)
    assert (finding.check, finding.state, finding.remedy) == ("daemon", "wrong", START)
    assert "No such file or directory" in finding.told


def test_a_socket_of_a_dead_daemon_is_wrong(found: Effective, listening: socket.socket) -> None:
    """What is left of a daemon that was killed refuses connections."""
    listening.close()
    finding = reached(partial(ask, found.socket_places))

    assert isinstance(finding, Finding)
    assert finding.state == "wrong"
    assert "Connection refused" in finding.told


def test_a_daemon_that_does_not_listen_yet_is_waited_for(found: Effective) -> None:
    """Nobody should start another one beside it."""
    with locked(found.socket_places[0], "socket"):
        finding = reached(partial(ask, found.socket_places))

    assert isinstance(finding, Finding)
    assert (finding.check, finding.state, finding.remedy) == ("daemon", "wrong", WAIT)


def test_an_answer_that_is_no_status_is_wrong() -> None:
    """Something else may listen there."""
    finding = reached(lambda _control: {"version": 1})

    assert isinstance(finding, Finding)
    assert finding.state == "wrong"


def test_a_daemon_that_gets_on_is_ok() -> None:
    """Of losses and retention nothing is said then."""
    assert states(healthy()) == {"daemon": "ok", "writer": "ok"}


def test_a_daemon_of_another_version_is_a_warning() -> None:
    """After an upgrade the old program goes on until it is restarted."""
    daemon, _ = look(healthy(version="0.0.1"))

    assert daemon.state == "warning"
    assert __version__ in daemon.told
    assert daemon.remedy is not None
    assert daemon.remedy.startswith("restart the daemon")


def test_a_writer_that_retries_is_wrong() -> None:
    """It says itself that it cannot write."""
    assert states(healthy(state="retrying"))["writer"] == "wrong"


def test_a_writer_that_stops_is_a_warning() -> None:
    """The next daemon goes on."""
    assert states(healthy(state="stopping"))["writer"] == "warning"


def test_events_that_wait_without_a_commit_are_wrong() -> None:
    """A writer that hangs says ok until its watchdog sees it."""
    assert states(healthy(queued=3, last_commit_age_seconds=30.0))["writer"] == "wrong"
    assert states(healthy(queued=3, last_commit_age_seconds=None))["writer"] == "wrong"


def test_a_quiet_daemon_is_ok_however_long_ago_it_committed() -> None:
    """Without events there is nothing to commit."""
    assert states(healthy(last_commit_age_seconds=86_400.0))["writer"] == "ok"


def test_losses_are_warnings_with_their_reasons() -> None:
    """Discarded and rejected events are told apart."""
    lost = [
        finding
        for finding in look(healthy(discarded={"spool_full": 2}, rejected={"not_json": 1}))
        if finding.check == "losses"
    ]

    assert [finding.told for finding in lost] == [
        "2 events discarded since the daemon started: spool_full 2",
        "1 event rejected since the daemon started: not_json 1",
    ]


def test_a_limit_that_cannot_be_met_is_a_warning() -> None:
    """So is a removal that failed, or waits."""
    retention = Retention(unmet="all was used today", put_off="doubt", failure="locked")
    unmet = list(look(healthy(retention=retention)))

    assert [finding.state for finding in unmet if finding.check == "retention"] == ["warning"] * 3
