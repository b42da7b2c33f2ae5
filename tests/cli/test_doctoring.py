import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.daemon import Daemon

from traced.cli.doctoring import drawn, summary
from traced.cli.screen import Screen
from traced.doctor.finding import ok, warning, wrong
from traced.install import claude_code
from traced.install.command import hook_commands

UTF8 = Screen(width=60, encoding="utf-8", now_ms=0, home="/home/me")
LATIN = Screen(width=60, encoding="ascii", now_ms=0, home="/home/me")
CLAUDE = "#!/bin/sh\necho '2.1.330 (Claude Code)'\n"
EVENTS = claude_code.events_for(claude_code.Version(2, 1, 330))


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    """A daemon whose user has Claude Code 2.1.330, with traced's hooks."""
    with tempfile.TemporaryDirectory(prefix="traced-") as folder:
        running = Daemon(Path(folder) / "d")
        program = running.folder / "bin/claude"
        program.parent.mkdir()
        program.write_text(CLAUDE)
        program.chmod(0o700)
        running.settings["PATH"] = f"{program.parent}:/usr/bin:/bin"
        command = hook_commands("claude-code", running.socket, running.spool)[0].shell
        claude_code.AGENT.form.plan(settings(running), command, EVENTS).apply()
        with running:
            yield running


def settings(daemon: Daemon) -> Path:
    """Where this user's Claude Code has its settings."""
    return daemon.folder / "home/.claude/settings.json"


def test_a_healthy_installation_is_ok(daemon: Daemon) -> None:
    """Every part is found ok, the probe in the database; exit 0."""
    done = daemon.traced("doctor", "--json")
    document = json.loads(done.stdout)
    found = {finding["check"]: finding["state"] for finding in document["findings"]}

    assert done.returncode == 0, done.stdout
    assert document["ok"] is True
    assert found.pop("disk") in {"ok", "warning"}  # of the machine of the tests
    found.pop("syslog", None)  # so is this
    assert found == dict.fromkeys(
        ("places", "daemon", "writer", "database", "spool", "hooks of claude-code", "probe"), "ok"
    )


def test_what_is_wrong_is_told_with_its_remedy(daemon: Daemon) -> None:
    """A mode that is too loose: exit 1, and the command that mends it."""
    daemon.spool.chmod(0o755)
    try:
        done = daemon.traced("doctor")
    finally:
        daemon.spool.chmod(0o700)

    assert done.returncode == 1
    text = done.stdout.decode()
    assert "✗ places" in text
    assert f"`chmod 700 {daemon.spool}`" in text.replace("\n" + " " * 25, " ")
    assert "1 thing is wrong" in text


def test_a_warning_is_no_failure(daemon: Daemon) -> None:
    """Exit 0, though there is something to do."""
    stranger = daemon.spool / "notes.txt"
    stranger.touch()
    done = daemon.traced("doctor")
    stranger.unlink()

    assert done.returncode == 0, done.stdout
    assert f"1 files of {daemon.spool} are no" in done.stdout.decode()
    assert re.search(r"^nothing is wrong, \d warning", done.stdout.decode(), re.MULTILINE)


def test_a_finding_is_drawn_with_its_remedy_below() -> None:
    """Mark, part, what was found; what is long goes on in the same column."""
    finding = wrong("spool", "12 files wait in /s, the oldest for an hour", "see the log")

    assert [line.plain.rstrip() for line in drawn(finding, UTF8)] == [
        "✗ spool                  12 files wait in /s, the oldest for",
        "                         an hour",
        "                         do: see the log",
    ]


def test_marks_of_a_poor_terminal_are_ascii() -> None:
    """Where the encoding has no check mark."""
    drawings = [
        next(drawn(finding, LATIN)).plain[0]
        for finding in (ok("a", "b"), warning("a", "b", "c"), wrong("a", "b", "c"))
    ]

    assert drawings == ["+", "!", "x"]


def test_names_from_outside_cannot_steer_the_terminal() -> None:
    """A file in the spool can have any name."""
    (line,) = drawn(ok("spool", "odd: \x1b[2J"), UTF8)

    assert line.plain.endswith(r"odd: \x1b[2J")


def test_the_last_line_counts() -> None:
    """What is wrong first; without anything, that all is well."""
    assert summary(Counter({"ok": 5})) == "all is well"
    assert summary(Counter({"ok": 5, "warning": 1})) == "nothing is wrong, 1 warning"
    assert summary(Counter({"wrong": 2, "warning": 3})) == "2 things are wrong, 3 warnings"
