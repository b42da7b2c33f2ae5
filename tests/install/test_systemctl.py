import os
import pwd
from pathlib import Path

import pytest

from traced.install import systemctl
from traced.install.errors import UnitError
from traced.install.systemctl import Manager, run

# Prints its arguments; `fail` among them fails.
STAND_IN = """#!/bin/sh
echo "$@" >> "{log}"
case "$*" in
  *fail*) echo "Job failed." >&2; echo "See the log." >&2; exit 3 ;;
  *LoadState*) printf 'LoadState=loaded\\nStatusText=a = b\\nMainPID=7\\n' ;;
esac
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where a stand-in for systemctl, first on PATH, writes what it was asked."""
    program = tmp_path / "systemctl"
    program.write_text(STAND_IN.format(log=tmp_path / "log"))
    program.chmod(0o755)
    monkeypatch.setattr(systemctl, "BOOTED", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    return tmp_path / "log"


@pytest.mark.parametrize(("variant", "flag"), [("user", "--user "), ("system", "")])
def test_each_manager_is_asked_as_such(log: Path, variant: str, flag: str) -> None:
    """Whether it is there, then what is wanted."""
    Manager(variant, os.environ).tell("daemon-reload")  # type: ignore[arg-type]

    assert log.read_text() == (
        f"{flag}--no-pager show --property=Version\n{flag}--no-pager daemon-reload\n"
    )


def test_a_failure_is_told_with_what_was_asked(log: Path) -> None:
    """The first line of what systemctl says, which names the job."""
    manager = Manager("user", os.environ)
    with pytest.raises(UnitError) as caught:
        manager.tell("start", "fail.socket")

    assert str(caught.value) == "`systemctl --user start fail.socket` failed: Job failed."
    manager.try_to_tell("start", "fail.socket")
    assert log.read_text().count("fail.socket") == 2


def test_properties_are_read_as_they_are(log: Path) -> None:
    """A value may hold what separates them from their names."""
    assert log.parent.is_dir()
    shown = Manager("user", os.environ).show("agent-traced.service")

    assert shown == {"LoadState": "loaded", "StatusText": "a = b", "MainPID": "7"}


def test_where_no_systemd_runs_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what to do instead; whether systemctl is missing, or what it speaks to."""
    with pytest.raises(UnitError, match="let what starts your programs run `traced run`"):
        Manager("user", {"PATH": str(tmp_path)})
    monkeypatch.setattr(systemctl, "BOOTED", tmp_path / "none")
    with pytest.raises(UnitError, match="systemd does not run here"):
        Manager("user", os.environ)


def test_who_has_no_manager_is_told_how_to_get_one(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell of su or cron has none."""
    program = log.with_name("systemctl")
    program.write_text("#!/bin/sh\necho 'Failed to connect to bus' >&2\nexit 1\n")
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    with pytest.raises(UnitError) as caught:
        Manager("user", os.environ)

    assert "Failed to connect to bus" in str(caught.value)
    assert "loginctl enable-linger 1234" in str(caught.value)
    assert "export XDG_RUNTIME_DIR=/run/user/1234" in str(caught.value)


def test_a_program_that_is_missing_is_told(tmp_path: Path) -> None:
    """systemd-sysusers need not be installed."""
    with pytest.raises(UnitError, match="could not be asked"):
        run([str(tmp_path / "missing")])


def test_lingering_is_a_file_of_the_users_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By which logind knows it."""
    monkeypatch.setattr(systemctl, "LINGERING", tmp_path)
    assert not systemctl.lingers()
    (tmp_path / pwd.getpwuid(os.geteuid()).pw_name).touch()

    assert systemctl.lingers()
