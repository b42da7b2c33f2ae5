"""The kinds of load by their names."""

from collections.abc import Iterator

from benchmarks.events import native_lines
from benchmarks.payloads import envelope_lines


def lines_of(kind: str, count: int) -> Iterator[bytes]:
    """
    Yield the lines of a load.

    Raises:
        ValueError: If there is no such kind.
    """
    match kind:
        case "native" | "one-shot" | "one-way":
            return native_lines(count)
        case "known":
            return native_lines(count, known=True)
        case "envelope":
            return envelope_lines(count)
        case _:
            raise ValueError(
                f"kind of load is {kind!r}, expected native, known, envelope, one-shot, one-way"
            )
