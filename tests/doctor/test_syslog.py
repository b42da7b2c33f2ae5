from pathlib import Path

from traced.doctor.syslog import look

LOST = (
    "Nov 22 10:00:00 host traced-hook[7]: lost event 0193e of 80 bytes: [Errno 28] No space left\n"
)


def test_a_lost_event_in_the_log_is_a_warning(tmp_path: Path) -> None:
    """The last one is shown; lines of others are not looked at."""
    log = tmp_path / "syslog"
    log.write_text(f"Nov 22 09:00:00 host other[1]: lost event\n{LOST}{LOST}")

    (finding,) = look(None, [tmp_path / "none", log])

    assert finding.state == "warning"
    assert finding.told.startswith("2 events could be neither handed over nor spooled")
    assert "[Errno 28] No space left" in finding.told


def test_a_log_without_losses_is_ok(tmp_path: Path) -> None:
    """It was read, and says nothing of hooks."""
    log = tmp_path / "syslog"
    log.write_text("Nov 22 09:00:00 host other[1]: hello\n")

    assert [finding.state for finding in look(None, [log])] == ["ok"]


def test_without_a_log_nothing_is_said(tmp_path: Path) -> None:
    """Containers have none, and on some systems only root may read it."""
    assert list(look(None, [tmp_path / "none"])) == []


def test_the_journal_goes_before_the_files(tmp_path: Path) -> None:
    """It is asked for the client's lines of the last day."""
    asked = tmp_path / "asked"
    journalctl = tmp_path / "journalctl"
    journalctl.write_text(
        f"#!/bin/sh\necho \"$*\" > {asked}\necho 'lost event 0193e of 80 bytes: why'\n"
    )
    journalctl.chmod(0o700)

    (finding,) = look(str(journalctl), [tmp_path / "none"])

    assert finding.told.endswith("the last: lost event 0193e of 80 bytes: why")
    assert "--identifier=traced-hook" in asked.read_text()


def test_a_journal_that_cannot_be_read_leaves_the_files(tmp_path: Path) -> None:
    """A machine can have both."""
    log = tmp_path / "syslog"
    log.write_text(LOST)

    (finding,) = look("/bin/false", [log])

    assert finding.state == "warning"
