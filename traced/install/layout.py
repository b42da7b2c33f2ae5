"""
How a JSON text is laid out, and how new members are written into it in the same way.

Law: a place for new members always directly follows a bracket, a comma, a value or a comment; so
all white space before a member that we added is ours, and goes with it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from traced.install.jsonc import NEWLINE, Document, Member, Node, Span

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"

DEFAULT_UNIT = "  "  # what agents themselves write
# How many spaces follow the bracket of a container that was there, and empty, before us: its inner
# white space was nothing, or is what now stands before the closing bracket. We never write these
# after the bracket of a container of our own, so that what we made can be told from what we found.
FOUND_BARE = 1
FOUND_SPACED = 2


class Edit(NamedTuple):
    """Put `text` in the place of what stands from `start` to `end`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Layout:
    """The habits of one text: its newline, its indentation by level, its separators in a line."""

    newline: str
    unit: str
    comma: str
    colon: str

    def write(self, key: str | None, value: Json, indent: str | None) -> str:
        """Write one member: over several lines at the level `indent`, or, if None, in one."""
        separators = (self.comma, self.colon) if indent is None else (",", ": ")
        unit = None if indent is None else self.unit
        text = json.dumps(value, ensure_ascii=False, indent=unit, separators=separators)
        if key is not None:
            text = json.dumps(key, ensure_ascii=False) + separators[1] + text
        return text if indent is None else text.replace("\n", self.newline + indent)


def layout_of(document: Document) -> Layout:
    """Return the habits of `document`, told from its first lines and first members."""
    text, members = document.text, document.root.members
    newline = NEWLINE.search(text)
    unit, comma, colon = DEFAULT_UNIT, ", ", ": "
    if members:
        first = members[0]
        if starts_line(text, first):
            unit = indent_at(text, first.start).removeprefix(indent_at(text, document.root.start))
        colon = ": " if text[first.value.start - 1].isspace() else ":"
        comma = ", " if colon == ": " else ","
        if len(members) > 1:
            comma = ", " if text[members[1].start - 1].isspace() else ","
    return Layout(newline[0] if newline else "\n", unit, comma, colon)


def fresh(members: Mapping[str, Json]) -> str:
    """Return a new text: one object with `members`, as agents themselves write it."""
    return json.dumps(members, ensure_ascii=False, indent=DEFAULT_UNIT) + "\n"


def splice(text: str, edits: Iterable[Edit]) -> str:
    """Return `text` with `edits` made, which do not overlap; at one place in the order given."""
    parts: list[str] = []
    done = 0
    for edit in sorted(edits, key=lambda edit: edit.start):
        parts += (text[done : edit.start], edit.text)
        done = edit.end
    return "".join((*parts, text[done:]))


def insertion(
    document: Document, layout: Layout, node: Node, added: Sequence[tuple[str | None, Json]]
) -> list[Edit]:
    """Return the edits that append `added` (keys are None in an array) to the container `node`."""
    if node.members:
        return _append(document, layout, node, added)
    return _fill(document, layout, node, added)


def _append(
    document: Document, layout: Layout, node: Node, added: Sequence[tuple[str | None, Json]]
) -> list[Edit]:
    text, last = document.text, node.members[-1]
    in_lines = starts_line(text, last)
    indent = indent_at(text, last.start) if in_lines else None
    lead = layout.newline + str(indent) if in_lines else layout.comma[1:]
    between = "," + lead
    body = lead + between.join(layout.write(key, value, indent) for key, value in added)
    # A comment at the end of the last member's line speaks of that member: it stays with it.
    place = _end_of_line_comments(document, last.end) if in_lines else last.end
    if last.comma is not None:
        return [Edit(place, place, body + ",")]
    return [Edit(last.end, last.end, ","), Edit(place, place, body)]


def _fill(
    document: Document, layout: Layout, node: Node, added: Sequence[tuple[str | None, Json]]
) -> list[Edit]:
    text = document.text
    inside = Span(node.start + 1, node.end - 1)
    comments = document.comments_between(*inside)
    in_lines = bool(comments) or _is_alone_on_its_line(document, node)
    outer = indent_at(text, node.start)
    indent = outer + layout.unit if in_lines else None
    lead = layout.newline + str(indent) if in_lines else ""
    between = "," + lead if in_lines else layout.comma
    body = lead + between.join(layout.write(key, value, indent) for key, value in added)
    if comments:  # they keep the container from ever counting as ours
        return [Edit(comments[-1].end, comments[-1].end, body)]
    if inside.start < inside.end:
        return [Edit(inside.start, inside.start, " " * FOUND_SPACED + body)]
    tail = layout.newline + outer if in_lines else ""
    return [Edit(inside.start, inside.start, " " * FOUND_BARE + body + tail)]


def starts_line(text: str, member: Member) -> bool:
    """Tell whether `member` stands on another line than the bracket or comma before it."""
    return NEWLINE.search(text, member.gap, member.start) is not None


def indent_at(text: str, at: int) -> str:
    """Return the white space with which the line of the character `at` begins."""
    line_start = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
    end = line_start
    while end < at and text[end] in " \t":
        end += 1
    return text[line_start:end]


def _is_alone_on_its_line(document: Document, node: Node) -> bool:
    """Tell whether the container `node` is the whole text, or the value of a line of its own."""
    if node is document.root:
        return True
    parent = document.root
    while True:
        member = next(m for m in parent.members if m.start <= node.start < m.value.end)
        if member.value is node:
            return starts_line(document.text, member)
        parent = member.value


def _end_of_line_comments(document: Document, at: int) -> int:
    """Return the end of the last comment that begins on the line of `at`, or `at`."""
    for comment in document.comments:
        if comment.start < at:
            continue
        if document.text[at : comment.start].strip(" \t"):
            break
        at = comment.end
    return at
