"""
Lingering: does the user's systemd, which starts the daemon, run without a login.

Law: who has no systemd, or did not give it the daemon, is not told of it.
"""

from collections.abc import Iterator

from traced.doctor.finding import Finding, ok, warning

CHECK = "lingering"


def look(*, is_installed: bool, lingers: bool) -> Iterator[Finding]:
    """Yield whether hooks find a daemon while nobody is logged in."""
    if not is_installed:
        return
    if lingers:
        yield ok(CHECK, "systemd runs the daemon, logged in or not")
    else:
        yield warning(
            CHECK,
            "systemd ends the daemon with your last login; hooks that run then spool",
            "`loginctl enable-linger`, if agents run without a login",
        )
