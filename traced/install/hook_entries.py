"""
Adds our entries to the hooks of a settings text, and takes them out: pure functions on text.

Law: taking out what was added gives the very text back; and of a text that others changed in
between, only what is ours goes.

The settings are `{"hooks": {EVENT: [ENTRY, …]}}`. An entry is a group of handlers
(`{"matcher": …, "hooks": [HANDLER, …]}`: Claude Code, Codex, Gemini CLI) or itself a handler
(Cursor, Copilot CLI). A handler is ours if its `command` (or `bash`) is. What we had to make around
our entries (an event, `hooks`, the file) goes with the last of them; what we found there empty
stays, by the spaces that `layout` left in it. Where others took those away or added such things, an
empty container may stay or go, which means the same to the agent.

Some agents want a member beside the hooks (`"version": 1`). We write it only where we make `hooks`,
and directly after it, where nobody else would: so it goes with `hooks` if it stands there.
"""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from traced.install.errors import SettingsError
from traced.install.jsonc import Document, Member, Node, parse, position
from traced.install.layout import (
    FOUND_BARE,
    FOUND_SPACED,
    Edit,
    Json,
    fresh,
    insertion,
    layout_of,
    splice,
)

HOOKS = "hooks"  # the key of all hooks, and of the handlers of a group
COMMANDS = ("command", "bash")

NOTHING: Mapping[str, Json] = MappingProxyType({})

IsOurs: TypeAlias = Callable[[str], bool]


def add(text: str | None, entries: Mapping[str, Json], beside: Mapping[str, Json] = NOTHING) -> str:
    """
    Return `text` (None: no file) with one entry appended for each event of `entries`.

    The members `beside` come with `hooks` where that is not there, unless their keys are.

    Raises:
        SettingsError: If it is not JSON, or its hooks are not of the shape above.
    """
    made: Json = {event: [entry] for event, entry in entries.items()}
    if text is None:
        return fresh({HOOKS: made, **beside})
    document = parse(text)
    _expect(document, document.root, "object", "the settings")
    layout = layout_of(document)
    hooks = document.find(document.root, HOOKS)
    if hooks is None:
        there = {member.key for member in document.root.members}
        with_it = [(key, value) for key, value in beside.items() if key not in there]
        return splice(text, insertion(document, layout, document.root, [(HOOKS, made), *with_it]))
    _expect(document, hooks.value, "object", f'"{HOOKS}"')
    edits: list[Edit] = []
    missing: list[tuple[str | None, Json]] = []
    for event, entry in entries.items():
        found = document.find(hooks.value, event)
        if found is None:
            missing.append((event, [entry]))
        else:
            _expect(document, found.value, "array", f'"{event}"')
            edits += insertion(document, layout, found.value, [(None, entry)])
    if missing:
        edits += insertion(document, layout, hooks.value, missing)
    return splice(text, edits)


def remove(text: str, is_ours: IsOurs, beside: Mapping[str, Json] = NOTHING) -> str | None:
    """
    Return `text` without what is ours; None if it held nothing else, so that its file may go.

    If `hooks` goes, so do the members `beside` that directly follow it.

    Raises:
        SettingsError: If it is not JSON, or has "hooks" twice.
    """
    document = parse(text)
    hooks = document.find(document.root, HOOKS)
    if hooks is None:
        return text
    edits: list[Edit] = []
    events_gone: set[int] = set()
    for number, event in enumerate(hooks.value.members):
        cut = _cut_event(document, event.value, is_ours)
        if cut is None:
            events_gone.add(number)
        else:
            edits += cut
    cut = _cut(document, hooks.value, events_gone)
    if cut is not None:
        return splice(text, edits + cut)
    root = document.root
    cut = _cut(document, root, _with_beside(document, root.members.index(hooks), beside))
    if cut is not None:
        return splice(text, cut)
    around = text[: root.start] + text[root.end :]
    return splice(text, [Edit(root.start + 1, root.end - 1, "")]) if around.strip() else None


def installed(text: str, is_ours: IsOurs) -> list[tuple[str, str]]:
    """Return event and compact text of each entry in `text` that holds something of ours."""
    document = parse(text)
    hooks = document.find(document.root, HOOKS)
    if hooks is None:
        return []
    return [
        (str(event.key), document.compact(entry.value))
        for event in hooks.value.members
        for entry in event.value.members
        if _ours_in(document, _handlers(document, entry.value), is_ours)
        or _is_our_handler(document, entry.value, is_ours)
    ]


def _with_beside(document: Document, number: int, beside: Mapping[str, Json]) -> set[int]:
    """Return the number of `hooks` in the root, and those of what came with it."""
    gone = {number}
    for member in document.root.members[number + 1 :]:
        key = str(member.key)
        if key not in beside or document.compact(member.value) != json.dumps(beside[key]):
            break
        gone.add(max(gone) + 1)
    return gone


def _cut_event(document: Document, entries: Node, is_ours: IsOurs) -> list[Edit] | None:
    """Return the edits that take what is ours out of an event's `entries`; None: it goes whole."""
    edits: list[Edit] = []
    gone: set[int] = set()
    for number, entry in enumerate(entries.members):
        handlers = _handlers(document, entry.value)
        ours = _ours_in(document, handlers, is_ours)
        if _is_our_handler(document, entry.value, is_ours) or (
            handlers is not None and ours and len(ours) == len(handlers.members)
        ):
            gone.add(number)
        elif handlers is not None:
            edits += _cut(document, handlers, ours) or []
    cut = _cut(document, entries, gone)
    return None if cut is None else edits + cut


def _handlers(document: Document, entry: Node) -> Node | None:
    """Return the array of handlers of the group `entry`; None if it is no group."""
    found = document.find(entry, HOOKS)
    return found.value if found is not None and found.value.kind == "array" else None


def _ours_in(document: Document, handlers: Node | None, is_ours: IsOurs) -> set[int]:
    """Return the numbers of those of `handlers` that are ours."""
    members = () if handlers is None else handlers.members
    return {
        number
        for number, member in enumerate(members)
        if _is_our_handler(document, member.value, is_ours)
    }


def _is_our_handler(document: Document, handler: Node, is_ours: IsOurs) -> bool:
    return any(
        member.key in COMMANDS
        and member.value.kind == "string"
        and is_ours(document.string(member.value))
        for member in handler.members
    )


def _cut(document: Document, node: Node, gone: set[int]) -> list[Edit] | None:
    """
    Return the edits that take the members numbered `gone` out of the container `node`.

    None where that leaves nothing in a container that was not found empty: it goes as a whole.
    """
    text, members = document.text, node.members
    if not gone:
        return []
    kept = [number for number in range(len(members)) if number not in gone]
    if not kept and not _comments_between_members(document, node):
        inside = text[node.start + 1 : members[0].start]
        spaces = len(inside) - len(inside.lstrip(" "))
        if spaces == FOUND_BARE:
            return [Edit(node.start + 1, node.end - 1, "")]
        if spaces == FOUND_SPACED:
            return [Edit(node.start + 1, members[-1].end, "")]
        return None
    edits: list[Edit] = []
    for number in sorted(gone):
        member = members[number]
        edits.append(Edit(_start_of_cut(document, members, number, gone), member.value.end, ""))
        if member.comma is not None:
            edits.append(Edit(member.comma, member.comma + 1, ""))
    comma = members[kept[-1]].comma if kept else None
    if comma is not None and members[-1].comma is None and len(members) - 1 in gone:
        edits.append(Edit(comma, comma + 1, ""))
    return edits


def _start_of_cut(
    document: Document, members: tuple[Member, ...], number: int, gone: set[int]
) -> int:
    """
    Return where the cut of member `number` begins: with its white space, which is ours.

    But the newline that ends a `//` comment stays, unless another one directly follows the cut.
    """
    member = members[number]
    last = number
    while last + 1 in gone:
        last += 1
    end = members[last].end
    ends_comment = any(
        span.end == member.lead and document.text.startswith("//", span.start)
        for span in document.comments
    )
    newline_follows = document.text[end : end + 1] in ("\r", "\n")
    if ends_comment and (document.comments_between(member.start, end) or not newline_follows):
        return member.start
    return member.lead


def _comments_between_members(document: Document, node: Node) -> bool:
    within = sum(
        len(document.comments_between(member.start, member.value.end)) for member in node.members
    )
    return len(document.comments_between(node.start, node.end)) > within


def _expect(document: Document, node: Node, kind: str, what: str) -> None:
    if node.kind != kind:
        where = position(document.text, node.start)
        read = document.text[node.start : node.end][:20]
        raise SettingsError(f"{where}: {what} is {read!a}, expected an {kind}")
