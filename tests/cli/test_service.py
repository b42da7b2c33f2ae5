import subprocess
import sys
from pathlib import Path

import pytest
from support.daemon import PYTHON


def service(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `traced service` for a user whose systemctl is not there."""
    return subprocess.run(
        [PYTHON, "-m", "traced", "service", *arguments],
        env={"HOME": str(home), "PATH": str(home / "bin"), **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_dry_run_shows_the_units_and_writes_nothing(tmp_path: Path) -> None:
    """It needs no systemd for that."""
    done = service(
        tmp_path, "install", "--dry-run", TRACED_DB="/x/t.db", XDG_STATE_HOME=str(tmp_path)
    )

    assert done.returncode == 0, done.stderr
    assert f"+++ {tmp_path}/.config/systemd/user/agent-traced.service" in done.stdout
    assert '+Environment="TRACED_DB=/x/t.db"' in done.stdout
    assert f'+Environment="XDG_STATE_HOME={tmp_path}"' in done.stdout
    assert f'+ExecStart="{sys.executable}" -P -m traced run' in done.stdout
    assert done.stdout.endswith("nothing was written: this was a dry run\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("action", ["install", "uninstall", "status"])
def test_without_systemd_nothing_is_written(tmp_path: Path, action: str) -> None:
    """The message says what to do instead."""
    done = service(tmp_path, action)

    assert (done.returncode, done.stdout) == (1, "")
    assert "systemd does not run here" in done.stderr
    assert "`traced run`" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments", [["install", "--json"], ["status", "--dry-run"], ["start"], []]
)
def test_wrong_usage_is_told(tmp_path: Path, arguments: list[str]) -> None:
    """Exit 2, as everywhere."""
    assert service(tmp_path, *arguments).returncode == 2


def test_settings_of_the_unit_are_those_of_the_shell_alone(tmp_path: Path) -> None:
    """What config.toml says is read by the daemon itself, and may change."""
    (tmp_path / ".config/traced").mkdir(parents=True)
    (tmp_path / ".config/traced/config.toml").write_text(f'socket = "{tmp_path}/s"\n')
    done = service(tmp_path, "install", "--dry-run")

    assert f"+ListenStream={tmp_path}/s\n" in done.stdout
    assert "Environment=" not in done.stdout
