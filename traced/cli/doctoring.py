"""The command that checks that all is well, and says how to fix what is not."""

import os
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

import typer
from rich.text import Text

from traced.cli.asking import ask
from traced.cli.common import AsJson
from traced.cli.operate import Database, Socket, Spool
from traced.cli.output import Output, print_json
from traced.cli.screen import Screen, pad
from traced.doctor.examination import examine
from traced.doctor.finding import Finding, State
from traced.settings import effective

STYLES: Final[dict[State, str]] = {"ok": "green", "warning": "yellow", "wrong": "red"}
CHECK_CELLS: Final = 22  # "hooks of copilot-cli"
TOLD_CELLS_MIN: Final = 20


def doctor(
    socket: Socket = None, db: Database = None, spool: Spool = None, *, as_json: AsJson = False
) -> None:
    """
    Check that everything works, and say how to fix what does not.

    It checks folders and their modes, the daemon and its writer, the database, the disk, the spool
    and each agent's hooks, and sends an event all the way from the hook client into the database.
    That leaves a session named traced-doctor, which `traced sessions` does not list. Exits 1 if
    something is wrong; warnings do not count.

    Example: traced doctor --json
    """
    found = effective({"socket": socket, "db": db, "spool": spool}, os.environ)
    findings = examine(found, partial(ask, found.socket_places), os.environ)
    seen = list(findings) if as_json else list(_printed(findings))
    is_ok = all(each.state != "wrong" for each in seen)
    if as_json:
        print_json({"findings": seen, "ok": is_ok})
    if not is_ok:
        raise typer.Exit(1)


def _printed(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Print each finding as it comes, and at the end how many there are of which state."""
    output = Output()
    counts: Counter[State] = Counter()
    for each in findings:
        counts[each.state] += 1
        output.print(drawn(each, output.screen))
        yield each
    output.print([Text(), Text(summary(counts))])


def drawn(finding: Finding, screen: Screen) -> Iterator[Text]:
    """Yield the lines of a finding: its mark, what was looked at, what was found, what to do."""
    marks = screen.glyphs.status
    mark = {"ok": marks["ok"], "warning": "!", "wrong": marks["error"]}[finding.state]
    style = STYLES[finding.state]
    head = Text(f"{mark} ", style) + Text(pad(screen.cut(finding.check, CHECK_CELLS), CHECK_CELLS))
    told = [Text(line) for line in _wrapped(finding.told, screen)]
    if finding.remedy is not None:
        told += [Text(line, "bold") for line in _wrapped(f"do: {finding.remedy}", screen)]
    for line in told:
        yield head + Text(" ") + line
        head = Text(" " * head.cell_len)


def summary(counts: Counter[State]) -> str:
    """Return one line for all findings."""
    warnings = "1 warning" if counts["warning"] == 1 else f"{counts['warning']} warnings"
    if counts["wrong"]:
        things = "1 thing is" if counts["wrong"] == 1 else f"{counts['wrong']} things are"
        return f"{things} wrong, {warnings}"
    return f"nothing is wrong, {warnings}" if counts["warning"] else "all is well"


def _wrapped(text: str, screen: Screen) -> list[str]:
    """Return the text clean, in lines as wide as is left; what is to be copied stays whole."""
    room = max(screen.width - CHECK_CELLS - 3, TOLD_CELLS_MIN)
    clean = screen.clean(text)
    return textwrap.wrap(clean, room, break_long_words=False, break_on_hyphens=False) or [""]
