"""A real daemon without a terminal is told by SIGHUP to read its config.toml anew."""

import json
import signal
from pathlib import Path

from support.daemon import Client, Daemon, Row, wait_until
from support.streams import Stream, check_file, check_steps

HANGUPS = 100
EVENTS_A_HANGUP = 5
NO_PATTERN = (
    "regular expressions, and '(' is none: missing ), unterminated subpattern at position 0"
)


class ServiceDaemon(Daemon):
    """One that runs as under systemd, in a session of its own, with a config.toml of its user."""

    def __init__(self, folder: Path, text: str = "") -> None:
        super().__init__(folder, around=["setsid"])
        self.config = self.folder / "home/.config/traced/config.toml"
        self.config.parent.mkdir(parents=True)
        self.config.write_text(text)

    @property
    def environment(self) -> dict[str, str]:
        """The user's environment, in which nothing names another folder of settings."""
        return {key: each for key, each in super().environment.items() if key[:4] != "XDG_"}

    def write(self, text: str) -> None:
        """Replace the file as an editor does: who reads it sees the old or the new one."""
        new = self.config.with_suffix(".new")
        new.write_text(text)
        new.rename(self.config)

    def hang_up(self) -> None:
        """Send SIGHUP."""
        assert self.process
        self.process.send_signal(signal.SIGHUP)

    def told(self, event: str) -> list[Row]:
        """What the log says of an event, without when."""
        lines = [line for line in self.log.read_text().splitlines() if line.startswith("{")]
        found: list[Row] = [json.loads(line) for line in lines]
        return [
            {key: each for key, each in line.items() if key not in ("timestamp", "event")}
            for line in found
            if line["event"] == event
        ]

    def reload(self, text: str, event: str) -> Row:
        """Reload this text, wait for the event that follows from it, return what it says."""
        known = len(self.told(event))
        self.write(text)
        self.hang_up()
        wait_until(lambda: len(self.told(event)) > known, event)
        return self.told(event)[-1]


def native(name: str, **more: object) -> Row:
    """A whole step."""
    return {"v": 1, "session_id": "s", "trace_type": "tool", "name": name, **more}


def told_twice(client: Client, name: str) -> None:
    """Send a step whose input says hush7, and a line with hush7 that is no event."""
    client.send_json(native(name, input={"command": "say hush7"}))
    client.send(b"no json, hush7")
    client.flush()


def test_capture_and_patterns_hold_for_what_comes_next(tmp_path: Path) -> None:
    """Also on a connection that was there before; the log names both, and no pattern's text."""
    with ServiceDaemon(tmp_path / "d") as daemon, daemon.connect() as client:
        told_twice(client, "before")
        said = daemon.reload(
            'capture = "full"\nredact.patterns = ["hush[0-9]"]', "settings_reloaded"
        )
        told_twice(client, "full")
        daemon.reload('capture = "metadata"', "settings_reloaded")
        told_twice(client, "metadata")

        assert said == {
            "level": "info",
            "capture": "summary->full",
            "redact.patterns": "0 patterns->1 patterns",
        }
        assert [(step["input_summary"], step["input"]) for step in daemon.steps()] == [
            ("command=say hush7", None),
            ("command=say [redacted:custom]", '{"command":"say [redacted:custom]"}'),
            (None, None),
        ]
        kept = [row["raw"] for row in daemon.rows("rejected_events")]
        assert kept[:2] == [b"no json, hush7", b"no json, [redacted:custom]"]
        assert not kept[2]
        assert daemon.stop() == 0


def test_a_wrong_file_changes_nothing(tmp_path: Path) -> None:
    """Each wrong key is told with file, value and what was expected; the old settings stay."""
    with ServiceDaemon(tmp_path / "d", 'capture = "full"') as daemon:
        said = daemon.reload(
            'capture = "metadata"\nbatch_events_max = 0\nlog_levle = "info"\n'
            'redact.patterns = ["("]\n',
            "settings_not_reloaded",
        )
        daemon.send(json.dumps(native("next", input=[1])).encode())
        not_toml = daemon.reload("capture =", "settings_not_reloaded")

        assert said["level"] == "error"
        assert said["wrong"] == [
            f"{daemon.config}: log_levle is not a setting, did you mean log_level?",
            f"{daemon.config}: batch_events_max is 0, expected 1 to 10000",
            f"{daemon.config}: redact.patterns is ['('], expected {NO_PATTERN}",
        ]
        assert [step["input"] for step in daemon.steps()] == ["[1]"]
        assert str(daemon.config) in not_toml["wrong"][0]
        assert daemon.told("settings_reloaded") == []
        assert daemon.stop() == 0


def test_what_needs_a_restart_is_named(tmp_path: Path) -> None:
    """At each reload, until the file says again what holds; what can change, does."""
    text = 'line_bytes_max = 9000\ndurability = "process"\nlog_level = "warning"\n'
    with ServiceDaemon(tmp_path / "d") as daemon:
        said = daemon.reload(text, "settings_need_restart")
        again = daemon.reload(text, "settings_need_restart")
        daemon.reload("", "settings_reloaded")

        assert said == again
        assert said == {
            "level": "warning",
            "line_bytes_max": "8388608->9000",
            "durability": "power->process",
        }
        # While it was "warning", this line was below the level.
        assert daemon.told("settings_reloaded") == [
            {"level": "info", "log_level": "warning->info"},
        ]
        assert len(daemon.told("settings_need_restart")) == 2
        assert daemon.stop() == 0


def is_metadata(daemon: Daemon, stream: Stream) -> bool:
    """Send one step more and tell whether its content was left out."""
    stream.send(1, input={"command": "ls"})
    stream.receive()
    (step,) = daemon.steps(event_id=stream.sent[-1])
    return step["input_summary"] is None


def test_a_hundred_hangups_lose_nothing_and_halve_nothing(tmp_path: Path) -> None:
    """Clients stream meanwhile: each step is stored once and in one mode; the last mode stays."""
    with ServiceDaemon(tmp_path / "d") as daemon:
        streams = [Stream(daemon, f"c{number}") for number in range(3)]
        for number in range(HANGUPS):
            daemon.write(f'capture = "{("full", "metadata")[number % 2]}"')
            daemon.hang_up()
            for stream in streams:
                stream.send(EVENTS_A_HANGUP, input={"command": "ls"})
        for stream in streams:
            stream.receive()
        wait_until(lambda: is_metadata(daemon, streams[0]), "the last mode to hold")
        for stream in streams:
            stream.close()
        steps = daemon.steps()
        assert daemon.stop() == 0

        assert len(steps) == sum(len(stream.sent) for stream in streams)
        check_steps(steps, [told for stream in streams for told in stream.told.values()])
        check_file(daemon.db)
        kinds = {(step["input_summary"], step["input"]) for step in steps}
        assert kinds <= {
            ("ls", None),  # before the first
            ("ls", '{"command":"ls"}'),
            (None, None),
        }
        assert daemon.told("settings_not_reloaded") == []
        assert daemon.told("settings_reloaded")
