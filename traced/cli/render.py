"""
A session as people see it: a header, a card for each prompt, under it the tree of what ran.

Law: pure; lines fit a screen of 60 columns or more, and text from outside comes through the
screen's `clean`, `cut`, `fold` or `folder`. Lines are `Text`, so markup is never interpreted.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from traced.cli import steps as words
from traced.cli.cards import Card
from traced.cli.screen import Screen, pad, pad_left
from traced.show import times
from traced.show.amounts import counted
from traced.show.tree import Heading, Mark, Node, Tree
from traced.show.usage import tokens
from traced.store.rows import Prompt, SessionEntry, Step

LEVEL: Final = 2
GAP: Final = "  "
# A name may take so much of the width, and is never cut below so many cells by it.
LEFT_SHARE_MAX: Final = 0.4
NAME_CELLS_MIN: Final = 8


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths in cells, the same for all cards of a session so that they line up."""

    left: int
    badge: int
    summary: int
    duration: int


def session_lines(
    screen: Screen, entry: SessionEntry, cards: Sequence[Card], *, whole: bool
) -> Iterator[Text]:
    """Yield the lines of a session; with `whole` each prompt's tokens and all of its steps."""
    yield from header(screen, entry)
    columns = measure(screen, cards)
    day = times.date(entry.session.started_at)
    for card in cards:
        yield Text()
        yield card_line(screen, card, day)
        if whole and (used := tokens(card.prompt)):
            yield Text(screen.cut(f"{GAP}tokens: {used}", screen.width), "dim")
        branches = Branches(screen, columns, entry.session.cwd, whole=whole)
        yield from branches.lines(card.tree)


def header(screen: Screen, entry: SessionEntry) -> Iterator[Text]:
    """Yield what the session is: agent, id, folder, model, when, how long, how much, tokens."""
    session = entry.session
    yield Text(screen.cut(session.agent, screen.width), "bold")
    for piece in screen.fold(session.session_id, screen.width):
        yield Text(piece, "bold")
    if session.cwd is not None:
        yield Text(screen.cut(f"in {screen.folder(session.cwd)}", screen.width))
    if session.model is not None:
        yield Text(screen.cut(f"with {session.model}", screen.width))
    yield Text(screen.cut(", ".join(_life(screen, entry)), screen.width))
    counts = [counted(entry.prompts, "prompt")] if entry.prompts else []
    line = Text(", ".join([*counts, counted(session.steps, "step")]))
    if session.errors:
        line.append(", ").append(counted(session.errors, "error"), words.STATUS_STYLES["error"])
    if entry.running:
        line.append(", ").append(f"{entry.running} running", words.STATUS_STYLES["running"])
    yield line
    if used := tokens(session):
        yield Text(screen.cut(f"tokens: {used}", screen.width))


def card_line(screen: Screen, card: Card, day: str) -> Text:
    """Return a prompt's line; `day` is the date that need not be said."""
    prompt = card.prompt
    when = times.clock(prompt.started_at)
    if times.date(prompt.started_at) not in {day, ""}:
        when = times.date_and_clock(prompt.started_at)
    line = Text().append(f"#{prompt.prompt_number} {when}".rstrip() + GAP, "bold")
    end = _card_end(screen, card)
    room = screen.width - line.cell_len - len(GAP) - end.cell_len
    line.append(pad(_asked(screen, prompt, room), room), "bold")
    return line.append(GAP).append(end)


def measure(screen: Screen, cards: Iterable[Card]) -> Columns:
    """Return the widths that the cards' steps need, within what the screen has."""
    left, badge, duration, status, indent = 0, 0, 0, 1, 0
    for card in cards:
        depths = dict(_depths(card.tree))
        for step in card.steps:
            badge = max(badge, len(step.trace_type))
            duration = max(duration, len(times.duration(words.length_ms(screen, step))))
            status = max(status, words.status_text(screen, step.status).cell_len)
            indent = max(indent, (depths[step.id] + 1) * LEVEL)
            name_cells = cell_len(screen.clean(words.name(screen, step)))
            left = max(left, (depths[step.id] + 1) * LEVEL + name_cells)
    left_max = max(int(screen.width * LEFT_SHARE_MAX), indent + badge + 1 + NAME_CELLS_MIN)
    left = min(left + badge + 1, left_max)
    summary = screen.width - left - 2 * len(GAP) - duration - 1 - status
    return Columns(left, badge, max(summary, 0), duration)


class Branches:
    """Draws trees: brackets on the left join steps that ran side by side."""

    def __init__(
        self, screen: Screen, columns: Columns, folder: str | None, *, whole: bool
    ) -> None:
        self._screen = screen
        self._columns = columns
        self._folder = folder
        self._whole = whole

    def lines(self, tree: Tree) -> Iterator[Text]:
        """Yield the lines of one prompt's tree."""
        for node in tree.nodes:
            yield from self._node(node, "")
        for heading in tree.headings:
            yield self._heading(heading)
            for node in heading.children:
                yield from self._node(node, " " * LEVEL)

    def _node(self, node: Node, prefix: str) -> Iterator[Text]:
        glyphs = self._screen.glyphs
        own = {Mark.FIRST: glyphs.first, Mark.INSIDE: glyphs.inside, Mark.LAST: glyphs.last}
        goes_on = node.mark in {Mark.FIRST, Mark.INSIDE}
        below = prefix + (glyphs.through if goes_on else " ") + " "
        yield from self._step(node, prefix + own.get(node.mark, " ") + " ", below)
        for child in node.children:
            yield from self._node(child, below)

    def _heading(self, heading: Heading) -> Text:
        of_type = f" {heading.agent_type}" if heading.agent_type is not None else ""
        text = f"{GAP}sub-agent{of_type} {heading.agent_id}"
        return Text(self._screen.cut(text, self._screen.width), words.TYPE_STYLES["agent"])

    def _step(self, node: Node, lead: str, below: str) -> Iterator[Text]:
        screen, columns, step = self._screen, self._columns, node.step
        line = Text().append(lead, "dim")
        line.append(pad(step.trace_type, columns.badge), words.TYPE_STYLES.get(step.trace_type, ""))
        line.append(" ")
        name = screen.cut(words.name(screen, step), columns.left - line.cell_len)
        line.append(pad(name, columns.left - line.cell_len), "bold")
        line.append(GAP)
        remarks = " ".join(words.notes(screen, step, node.launched))
        summary = words.summary(step, self._folder)
        about = words.cut_summary(screen, summary, columns.summary)
        fits = cell_len(about) + 1 + len(remarks) <= columns.summary
        line.append(about)
        if remarks and fits:
            line.append(" " if about else "").append(remarks, "dim")
        line.append(" " * (columns.left + len(GAP) + columns.summary - line.cell_len) + GAP)
        length = times.duration(words.length_ms(screen, step))
        line.append(pad_left(length, columns.duration)).append(" ")
        yield line.append_text(words.status_text(screen, step.status))
        indent = below + " " * (columns.badge + 1)
        if remarks and not fits:
            yield self._detail(indent, remarks)
        if self._whole:
            yield from self._everything(step, indent)
        elif error := words.error_line(screen, step):
            yield self._detail(indent, error)

    def _detail(self, indent: str, text: str) -> Text:
        room = self._screen.width - cell_len(indent)
        return Text(indent + self._screen.cut(text, room), "dim")

    def _everything(self, step: Step, indent: str) -> Iterator[Text]:
        ids = {"call": step.call_id, "agent": step.agent_id, "launched": step.child_agent_id}
        named = [f"{key} {value}" for key, value in ids.items() if value is not None]
        started = times.date_and_clock(step.started_at) or "unknown"
        about = [f"#{step.step_order} {step.name}", f"started {started}", *named]
        texts = {
            "": ", ".join(about),
            "input: ": step.input_summary,
            "output: ": step.output_summary,
            "error: ": step.error,
        }
        room = self._screen.width - cell_len(indent)
        for label, text in texts.items():
            for part in f"{label}{text}".split("\n") if text else ():
                for piece in self._screen.fold(part, room):
                    yield Text(indent + piece, "dim")


def _life(screen: Screen, entry: SessionEntry) -> Iterator[str]:
    session = entry.session
    started_ms, ended_ms = times.epoch_ms(session.started_at), times.epoch_ms(session.ended_at)
    if started_ms is not None:
        yield f"started {times.date_and_clock(session.started_at)}"
    if session.ended_at is None:
        last_ms = times.epoch_ms(session.last_event_at) or screen.now_ms
        yield f"not ended, last event {times.ago(screen.now_ms - last_ms)}"
        return
    reason = f" ({session.end_reason})" if session.end_reason is not None else ""
    if started_ms is not None and ended_ms is not None and ended_ms >= started_ms:
        yield f"ended {times.duration(ended_ms - started_ms)} later{reason}"
    else:
        yield f"ended {times.date_and_clock(session.ended_at)}{reason}"


def _asked(screen: Screen, prompt: Prompt, room: int) -> str:
    if prompt.summary is None:
        text = "outside any prompt" if prompt.prompt_number == 0 else "(no text)"
        return screen.cut(text, room)
    by = "by the agent: " if prompt.source == "agent" else ""
    return by + f'"{screen.cut(prompt.summary, room - len(by) - 2)}"'


def _card_end(screen: Screen, card: Card) -> Text:
    prompt = card.prompt
    started_ms, ended_ms = times.epoch_ms(prompt.started_at), times.epoch_ms(prompt.ended_at)
    parts: list[Text] = []
    if started_ms is not None and any(step.status == "running" for step in card.steps):
        elapsed = times.duration(max(0, screen.now_ms - started_ms))
        glyph = screen.glyphs.status["running"]
        parts.append(Text(f"{glyph} {elapsed}", words.STATUS_STYLES["running"]))
    elif started_ms is not None and ended_ms is not None and ended_ms >= started_ms:
        parts.append(Text(times.duration(ended_ms - started_ms)))
    # On a narrow screen what the agent was asked says more than a number.
    if screen.width >= words.WORDS_WIDTH_MIN:
        parts.append(Text(counted(len(card.steps), "step")))
    if errors := sum(step.status == "error" for step in card.steps):
        parts.append(Text(counted(errors, "error"), words.STATUS_STYLES["error"]))
    return Text(GAP).join(parts)


def _depths(tree: Tree) -> Iterator[tuple[int, int]]:
    """Yield how many levels deep each step stands, by its id."""
    todo = [(node, 0) for node in tree.nodes]
    todo += [(node, 1) for heading in tree.headings for node in heading.children]
    while todo:
        node, depth = todo.pop()
        yield node.step.id, depth
        todo += [(child, depth + 1) for child in node.children]
