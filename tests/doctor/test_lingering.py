from traced.doctor.lingering import look


def test_without_the_unit_nothing_is_said() -> None:
    """Who runs the daemon otherwise has nothing to do with it."""
    assert list(look(is_installed=False, lingers=False)) == []


def test_a_daemon_that_ends_with_the_login_is_a_warning() -> None:
    """The remedy names the command of systemd."""
    (finding,) = look(is_installed=True, lingers=False)

    assert finding.state == "warning"
    assert finding.remedy is not None
    assert "loginctl enable-linger" in finding.remedy


def test_a_daemon_that_lingers_is_ok() -> None:
    """It runs from boot on."""
    assert [finding.state for finding in look(is_installed=True, lingers=True)] == ["ok"]
