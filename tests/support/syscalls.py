"""
What a traced process asked of the kernel, read back from the output of `support.strace`.

Law: a call begins and ends, and others may come between; what was handed to the kernel is known
when it begins, what came of it when it ends.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

# What `strace(whole_data=True)` writes: every string in hexadecimal, so no text holds a quote.
_HEX = r"(?:\\x[0-9a-f]{2})*"
_LINE = re.compile(r"(?P<thread>\d+) +[\d.]+ (?P<text>.*)", re.DOTALL)
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(?P<text>.*)", re.DOTALL)
_CALL = re.compile(r"(?P<name>\w+)\((?P<arguments>.*)", re.DOTALL)
_DESCRIPTOR = re.compile(
    r"(?P<number>\d+)<(?P<path>(?:socket:|pipe:)?[^>]*)>(?P<gone>\(deleted\))?"
)
_STRING = re.compile(rf'"(?P<hex>{_HEX})"')
_NUMBERS = re.compile(r"-?\d+")
# An error has a name (`-1 EPIPE (Broken pipe)`); one without is what strace reads of the dying.
_RESULT = re.compile(r"\) += (?P<result>-?\d+\b)(?! \(errno )")


@dataclass(frozen=True)
class Call:
    """
    One system call; `result` is None while it runs, and for ever if the process died in it.

    `path` is that of its descriptor, and `data` then what is written to that; without a descriptor
    they are the first and the last string. `numbers` are those behind: of a pwrite64 its length and
    offset.
    """

    thread: int
    name: str
    flags: str
    descriptor: int | None
    path: str
    data: bytes
    numbers: tuple[int, ...]
    result: int | None


Moment = tuple[Literal["begin", "end"], Call]


def moments(trace: Path) -> Iterator[Moment]:
    """Yield each begin and each end of a call, in the order in which they happened."""
    with trace.open(encoding="ascii") as lines:
        yield from _moments(lines)


def _moments(lines: Iterable[str]) -> Iterator[Moment]:
    begun: dict[int, str] = {}
    for line in lines:
        match = _LINE.match(line)
        if match is None:
            continue
        thread, text = int(match["thread"]), match["text"].rstrip("\n")
        if resumed := _RESUMED.match(text):
            call = _parsed(thread, begun.pop(thread) + resumed["text"])
            if call is not None:
                yield "end", call
            continue
        unfinished = text.endswith("<unfinished ...>")
        if unfinished:
            text = text.removesuffix("<unfinished ...>")
            begun[thread] = text
        call = _parsed(thread, text)
        if call is not None:
            yield "begin", call
            if not unfinished:
                yield "end", call


def _parsed(thread: int, text: str) -> Call | None:
    match = _CALL.match(text)
    if match is None:  # the end of the process
        return None
    arguments = match["arguments"]
    result = _RESULT.search(arguments)
    given = arguments if result is None else arguments[: result.start()]
    found = _DESCRIPTOR.match(given)
    strings = [_unhexed(each["hex"]) for each in _STRING.finditer(given)]
    rest = given.rpartition('"')[2] if strings else given.partition(">")[2]
    name = strings[0].decode("utf-8", "replace") if strings else ""
    path = name if found is None else _unhexed(found["path"]).decode("utf-8", "replace")
    return Call(
        thread=thread,
        name=match["name"],
        flags=rest,
        descriptor=None if found is None else int(found["number"]),
        path=path + ("(deleted)" if found is not None and found["gone"] else ""),
        data=(strings[-1] if found is None else strings[0]) if strings else b"",
        numbers=tuple(int(each) for each in _NUMBERS.findall(rest)),
        result=None if result is None else int(result["result"]),
    )


def _unhexed(text: str) -> bytes:
    if "\\x" not in text:
        return text.encode()
    return bytes.fromhex(text.replace("\\x", ""))
