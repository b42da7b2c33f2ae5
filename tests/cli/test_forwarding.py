"""`traced forward`, as a process, and what it shows."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.daemon import wait_until
from support.otlp import Backend
from support.rows import Recording

from traced.cli.bringing import Asked, bring
from traced.cli.forwarding import forward
from traced.core.errors import AlreadyRunning
from traced.settings import effective


@pytest.mark.usefixtures("session")
def test_how_far_it_got_is_shown(
    environ: dict[str, str],
    otlp: Backend,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """For a person and as JSON; before the first time there is nothing to show."""
    monkeypatch.setenv("HOME", environ["HOME"])
    monkeypatch.setenv("TRACED_DB", environ["TRACED_DB"])
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    forward(status=True)
    assert "nothing has been forwarded yet" in capsys.readouterr().err
    bring(effective({}, environ), environ, Asked(once=True))
    capsys.readouterr()

    forward(status=True)
    shown = capsys.readouterr().out
    assert f"to           {otlp.url}/v1/traces\nsent         2 spans, the last 20" in shown
    forward(status=True, as_json=True)
    (found,) = json.loads(capsys.readouterr().out)["forwarders"]
    assert (found["spans_sent"], found["behind"], found["held_why"]) == (2, 0, None)


@pytest.mark.usefixtures("session")
def test_it_goes_on_until_it_is_stopped(
    environ: dict[str, str],
    recording: Recording,
    otlp: Backend,
    tmp_path: Path,
) -> None:
    """A second one is turned away meanwhile; at SIGTERM it ends in order."""
    log = tmp_path / "log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "traced", "forward"],
            env=environ,
            stdin=subprocess.DEVNULL,
            stderr=stderr,
        )
    try:
        folder = tmp_path / ".local/state/traced/forward"
        wait_until(lambda: any(folder.glob("*.json")), "the first spans")
        recording.step(recording.session("s2"), 1, name="Later")
        (noted,) = folder.glob("*.json")
        wait_until(lambda: '"spans_sent":3' in noted.read_text(), "the later span")
        assert otlp.names[2:] == ["execute_tool Later"]
        with pytest.raises(AlreadyRunning, match=f"in use by another traced .pid {process.pid}"):
            bring(effective({}, environ), environ, Asked(once=True))
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
    finally:
        process.kill()
        process.wait()

    assert process.returncode == 0
    assert [json.loads(line)["event"] for line in log.read_text().splitlines()] == [
        *["forwarding", "spans_sent", "signal", "spans_sent", "stopped"]
    ]


def test_missing_extra_is_named(environ: dict[str, str]) -> None:
    """Where no HTTP client is installed, the message is how to install it."""
    code = (
        "import sys; sys.modules['httpx'] = None; sys.argv = ['traced', 'forward'];"
        "from traced.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("pip install 'agent-traced[otlp]', or '.[otlp]' in a clone\n")
    assert "Traceback" not in done.stderr
