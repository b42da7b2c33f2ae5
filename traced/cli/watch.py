"""
`show --follow`: a session while it runs.

Law: a terminal shows the session as it is, in place, and keeps the whole of it at the end; anything
else gets plain lines that are never taken back.
"""

import time
from pathlib import Path
from typing import Final, NoReturn

from traced.cli.follow import Commits, Follower, Shown
from traced.cli.listing import tail_line
from traced.cli.output import Output, pause
from traced.cli.render import session_lines
from traced.cli.session import Asked, Moment, read_session
from traced.store.reader import ReadConnection

POLL_SECONDS: Final = 0.25
# The time that running steps have taken so far is shown in whole seconds.
TICK_SECONDS: Final = 1.0


def watch(connection: ReadConnection, path: Path, asked: Asked, *, whole: bool) -> NoReturn:
    """
    Show a session and go on showing it, until Ctrl-C.

    Raises:
        SessionUnknown: If there is no such session, or it was removed since.
        SessionAmbiguous: If there are several.
        StoreError: If the file is no longer the one that was opened.
    """
    output = Output()
    if output.can_update:
        _in_place(output, connection, path, asked, whole=whole)
    _in_lines(output, connection, path, asked, whole=whole)


def _in_place(
    output: Output, connection: ReadConnection, path: Path, asked: Asked, *, whole: bool
) -> NoReturn:
    commits = Commits(connection, path)
    found = read_session(connection, asked)
    same = _same(found, asked)  # `last` may come to mean another session
    try:
        with output.in_place() as show:
            drawn_at = 0.0
            while True:
                if commits.came():
                    found = read_session(connection, same)
                    drawn_at = 0.0
                if time.monotonic() - drawn_at >= TICK_SECONDS:
                    show(session_lines(output.screen, found.entry, found.cards, whole=whole))
                    drawn_at = time.monotonic()
                pause(POLL_SECONDS)
    finally:
        output.print(session_lines(output.screen, found.entry, found.cards, whole=whole))


def _in_lines(
    output: Output, connection: ReadConnection, path: Path, asked: Asked, *, whole: bool
) -> NoReturn:
    found = read_session(connection, asked)
    follower, shown = Follower(connection, path, found.entry.pk, content=False), Shown()
    follower.latest(0)
    found = read_session(connection, _same(found, asked))  # with all that will be no news
    for card in found.cards:
        for step in card.steps:
            shown.is_news(step)
    output.print(session_lines(output.screen, found.entry, found.cards, whole=whole))
    while True:
        if steps := follower.news():
            screen = output.screen
            output.print(
                tail_line(screen, step)
                for step in steps
                if asked.prompt in (None, step.prompt_number) and shown.is_news(step)
            )
        else:
            pause(POLL_SECONDS)


def _same(found: Moment, asked: Asked) -> Asked:
    session = found.entry.session
    return Asked(session.session_id, asked.prompt, session.agent, asked.uid)
