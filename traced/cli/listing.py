"""
Lists as people see them: sessions, figures, rejected events, and the lines of `tail`.

Law: pure; lines fit the screen but for ids, which are of no use when cut; and text from outside
comes through the screen's `clean`, `cut`, `fold` or `folder`.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.text import Text

from traced.cli import steps as words
from traced.cli.screen import Screen, pad, pad_left
from traced.cli.table import Column, table
from traced.show import times
from traced.show.amounts import counted
from traced.store.rows import RejectedEvent, SessionEntry, Step, StepStats
from traced.store.viewing import TitledSession

# The first group of a UUID; what people compare by eye.
SHORT_ID_CHARS: Final = 8
WIDE_MIN: Final = words.WORDS_WIDTH_MIN
# On a narrower one a folder of some length leaves no room for what a session was about.
TITLED_MIN: Final = 110
TITLE_CELLS_MIN: Final = 20
# Of a text whose word stands further back than this, its beginning is left out.
EXCERPT_AFTER_CHARS: Final = 24
EXCERPT_BEFORE_CHARS: Final = 12
GAP: Final = "  "
INDENT: Final = "    "


def session_table(screen: Screen, found: Sequence[TitledSession]) -> Iterator[Text]:
    """
    Yield a table of sessions.

    On a narrow screen without agent, prompts and length; only a wider one has their first prompts.
    """
    short = short_ids([entry.session.session_id for entry, _ in found])
    folder = Column("FOLDER", cut=screen.cut_left)
    counts = [Column("STEPS", right=True), Column("ERRORS", right=True)]
    columns = [Column("SESSION"), folder, *counts, Column("LAST EVENT", right=True), Column("")]
    if screen.width >= WIDE_MIN:
        columns.insert(1, Column("AGENT"))
        columns.insert(3, Column("PROMPTS", right=True))
        columns.insert(6, Column("LENGTH", right=True))
    if screen.width >= TITLED_MIN:
        columns.append(Column("FIRST PROMPT", cut=screen.cut, cells_min=TITLE_CELLS_MIN))
    rows = []
    for entry, title in found:
        session = entry.session
        last_ms = times.epoch_ms(session.last_event_at) or screen.now_ms
        row = [
            Text(screen.clean(short[session.session_id]), "bold"),
            Text(screen.folder(session.cwd or "")),
            Text(str(session.steps)),
            _errors(session.errors),
            Text(times.ago(screen.now_ms - last_ms)),
            _state(screen, entry),
        ]
        if screen.width >= WIDE_MIN:
            started_ms = times.epoch_ms(session.started_at)
            end_ms = times.epoch_ms(session.ended_at) or last_ms
            length = "" if started_ms is None else times.duration(max(0, end_ms - started_ms))
            row.insert(1, Text(screen.clean(session.agent)))
            row.insert(3, Text(str(entry.prompts)))
            row.insert(6, Text(length))
        if screen.width >= TITLED_MIN:
            row.append(Text(screen.clean(title or ""), "dim"))
        rows.append(row)
    return table(screen.width, columns, rows)


def short_ids(ids: Sequence[str]) -> dict[str, str]:
    """Return for each id its beginning, of 8 characters or as many as tell it from the others."""
    ordered = sorted(set(ids))
    short: dict[str, str] = {}
    for index, each in enumerate(ordered):
        neighbours = ordered[max(index - 1, 0) : index] + ordered[index + 1 : index + 2]
        shared = max((_shared(each, other) for other in neighbours), default=0)
        short[each] = each[: max(shared + 1, SHORT_ID_CHARS)]
    return short


def stats_table(screen: Screen, stats: Sequence[StepStats]) -> Iterator[Text]:
    """Yield a table of what ran how often and how long."""
    columns = [
        Column("TYPE"),
        Column("NAME", cut=screen.cut),
        Column("COUNT", right=True),
        Column("ERRORS", right=True),
        Column("P50", right=True),
        Column("P95", right=True),
        Column("TOTAL", right=True),
    ]
    rows = [
        [
            Text(each.trace_type, words.TYPE_STYLES.get(each.trace_type, "")),
            Text(screen.clean(words.full_name(screen, each.source, each.name)), "bold"),
            Text(str(each.count)),
            _errors(each.errors),
            Text(times.duration(each.p50_ms)),
            Text(times.duration(each.p95_ms)),
            Text(times.duration(each.total_ms) if each.p50_ms is not None else ""),
        ]
        for each in stats
    ]
    return table(screen.width, columns, rows)


def rejected_lines(screen: Screen, event: RejectedEvent) -> Iterator[Text]:
    """Yield what is known of an event that could not be taken, its text cut to one line."""
    line = Text(times.date_and_clock(event.received_at) + GAP)
    line.append(event.kind, "yellow").append(GAP).append(screen.clean(event.reason), "bold red")
    if event.count != 1:
        line.append(f"{GAP}{counted(event.count, 'event')}")
    line.append(GAP)
    yield line.append(screen.cut(event.detail or "", screen.width - line.cell_len))
    known = [event.agent, event.session_id]
    about = " ".join(each for each in known if each is not None)
    length = "" if event.length is None else f"{event.length} bytes"
    room = screen.width - len(INDENT)
    if origin := ", ".join(each for each in (about, length) if each):
        yield Text(INDENT + screen.cut(origin, room), "dim")
    if event.raw:
        yield Text(INDENT + screen.cut(event.raw, room), "dim")


def tail_line(screen: Screen, step: Step) -> Text:
    """Return one line for a step that started or ended; widths depend on the screen alone."""
    wide = screen.width >= WIDE_MIN
    moment = step.started_at if step.status == "running" else step.ended_at
    line = Text().append(times.clock(moment or step.created_at) + GAP, "dim")
    line.append(pad(screen.clean(step.session_id[:SHORT_ID_CHARS]), SHORT_ID_CHARS), "cyan")
    if wide:
        line.append(pad_left(f"#{step.step_order}", 6), "dim")
        line.append(GAP)
        line.append(pad(step.trace_type, 7), words.TYPE_STYLES.get(step.trace_type, ""))
    name_cells = 20 if wide else 14
    line.append(GAP)
    line.append(pad(screen.cut(words.name(screen, step), name_cells), name_cells), "bold")
    line.append(GAP)
    # The longest status is "cancelled", behind its glyph and a space.
    end_cells = 11 + 1 + (11 if wide else 1)
    room = max(screen.width - line.cell_len - end_cells, 0)
    line.append(pad(words.cut_summary(screen, words.summary(step, None), room), room))
    line.append(pad_left(times.duration(words.length_ms(screen, step)), 11)).append(" ")
    return line.append_text(words.status_text(screen, step.status))


def found_line(screen: Screen, step: Step, text: str) -> Text:
    """Return one line for a step found by `text`: when and where it ran, and what matched."""
    wide = screen.width >= WIDE_MIN
    moment = step.started_at or step.ended_at or step.created_at
    line = Text().append((times.date_and_clock if wide else times.date)(moment) + GAP, "dim")
    line.append(pad(screen.clean(step.session_id[:SHORT_ID_CHARS]), SHORT_ID_CHARS), "cyan")
    line.append(pad_left(f"{step.prompt_number}", 4), "dim")
    name_cells = 20 if wide else 12
    line.append(GAP)
    line.append(pad(screen.cut(words.name(screen, step), name_cells), name_cells), "bold")
    line.append(GAP)
    line.append_text(words.status_text(screen, step.status)).append(" ")
    return line.append(screen.cut(excerpt(step, text), max(screen.width - line.cell_len, 0)))


def excerpt(step: Step, text: str) -> str:
    """Return what a step says from shortly before the first of the words in `text` that it has."""
    told = [each for each in (step.input_summary, step.error, step.output_summary) if each]
    for each in told:
        lower = each.lower()
        places = [place for word in text.lower().split() if (place := lower.find(word)) >= 0]
        if places:
            start = min(places)
            return each if start <= EXCERPT_AFTER_CHARS else each[start - EXCERPT_BEFORE_CHARS :]
    return told[0] if told else ""


def _errors(number: int) -> Text:
    return Text(str(number), words.STATUS_STYLES["error"] if number else "")


def _state(screen: Screen, entry: SessionEntry) -> Text:
    if entry.running:
        return words.status_text(screen, "running")
    return Text("open" if entry.session.ended_at is None else "ended", "dim")


def _shared(one: str, other: str) -> int:
    for index, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return index
    return min(len(one), len(other))
