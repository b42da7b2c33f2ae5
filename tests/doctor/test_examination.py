import socket
from functools import partial

from support.rows import Recording

from traced.cli.asking import ask
from traced.doctor.examination import examine
from traced.settings import Effective, effective


def test_no_check_keeps_the_next_from_being_made(
    environment: dict[str, str], found: Effective
) -> None:
    """Without daemon and database all the rest is looked at all the same."""
    states: dict[str, str] = {}
    for finding in examine(found, partial(ask, found.socket_places), environment):
        states[finding.check] = finding.state

    assert states.pop("disk") in {"ok", "warning"}  # of the machine of the tests
    states.pop("syslog", None)  # so is this
    assert states == {
        "places": "ok",
        "daemon": "wrong",
        "database": "wrong",
        "spool": "ok",
        "hooks": "ok",
        "probe": "wrong",
    }


def test_a_socket_left_by_a_dead_daemon_is_told(
    environment: dict[str, str],
    found: Effective,
    recording: Recording,
    listening: socket.socket,
) -> None:
    """Its database can be read; the probe comes as far as the spool and is taken back."""
    recording.session()
    listening.close()
    findings = list(examine(found, partial(ask, found.socket_places), environment))

    wrong = [finding.check for finding in findings if finding.state == "wrong"]
    assert wrong == ["daemon", "probe"]
    assert list(found.config.spool.iterdir()) == []


def test_a_variable_that_is_no_setting_is_told_first(
    environment: dict[str, str], found: Effective
) -> None:
    """It may be why the settings are not what its user thinks."""
    named = environment | {"TRACED_SOKET": "/x"}
    first = next(examine(effective({}, named), partial(ask, found.socket_places), named))

    assert (first.check, first.state) == ("settings", "warning")
    assert "TRACED_SOKET" in first.told
