"""
The table of settings: everything that can be set, with its bounds, unit, default and help.

Law: the fields of `Config` are the only such table; variables, flags, messages and help derive from
it; and nothing below the roof sees it, for values are handed down one by one.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import msgspec

ENV_PREFIX = "TRACED_"
MIB = 1 << 20
UNITS = ("bytes", "seconds", "days", "events", "connections")


def _row(
    help_text: str, low: float | None = None, high: float | None = None, *, reloads: bool = False
) -> msgspec.Meta:
    return msgspec.Meta(description=help_text, ge=low, le=high, extra={"reloads": reloads})


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that hold, in the units that their names end in. Lives on the roof only."""

    socket: Annotated[Path, _row("where the daemon listens")]
    db: Annotated[Path, _row("the SQLite file")]
    spool: Annotated[Path, _row("folder that holds events while the daemon cannot be reached")]
    # 64 MiB is what the hook client reads at most; 8 KiB leaves room for the kept ends of a line.
    line_bytes_max: Annotated[int, _row("longest line on the socket", 8192, 64 * MIB)] = 8 * MIB
    intake_bytes_max: Annotated[
        int, _row("lines that wait for the writer before senders have to", MIB, 4096 * MIB)
    ] = 8 * MIB
    partial_bytes_max: Annotated[
        int, _row("unfinished lines before only the oldest is read on", MIB, 4096 * MIB)
    ] = 32 * MIB
    partial_seconds_max: Annotated[
        float, _row("what that oldest line may take before it is rejected", 0.1, 3600)
    ] = 5
    connections_max: Annotated[
        int, _row("connections before the longest idle one is closed", 1, 1_000_000)
    ] = 10_000
    # Where sessions are interleaved each has index pages of its own, written once a transaction: a
    # third of the time less an event than with 1,000. Above 2,000 latency grows more than it gains.
    batch_events_max: Annotated[int, _row("events of one transaction", 1, 10_000)] = 2000
    senders: Annotated[
        Literal["own", "group"],
        _row("who may send: this user and root, or whoever the socket's group lets in"),
    ] = "own"
    durability: Annotated[
        Literal["power", "process"],
        _row("what an acked event survives: a power cut, or the daemon's death only"),
    ] = "power"
    drain_seconds_max: Annotated[
        float, _row("what storing the rest at a stop may take", 0, 3600, reloads=True)
    ] = 10
    capture: Annotated[
        Literal["metadata", "summary", "full"],
        _row("what of an event's content is kept: nothing, summaries, or all", reloads=True),
    ] = "summary"
    redact_patterns: Annotated[
        tuple[str, ...],
        _row("regular expressions of what is redacted besides known secrets", reloads=True),
    ] = msgspec.field(default=(), name="redact.patterns")
    spool_scan_seconds: Annotated[
        float, _row("pause between two looks into the spool", 0.05, 3600, reloads=True)
    ] = 2
    retention_days_max: Annotated[
        int,
        _row("how long sessions stay after their last event; 0: for ever", 0, 36_500, reloads=True),
    ] = msgspec.field(default=90, name="retention.days_max")
    retention_bytes_max: Annotated[
        int,
        _row(
            "database before sessions unused for longest go; 0: any size", 0, 1 << 50, reloads=True
        ),
    ] = msgspec.field(default=2048 * MIB, name="retention.bytes_max")
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        _row("least level that is logged", reloads=True),
    ] = "info"
    log_format: Annotated[
        Literal["auto", "text", "json", "journal"],
        _row(
            "form of the log on stderr; auto: text on a terminal, journal under systemd, else json"
        ),
    ] = "auto"


class Rule(NamedTuple):
    """A row of the table of settings: `key` as in config.toml, with dots."""

    key: str
    kind: object  # the annotated type that its values are converted to
    default: object  # None where it depends on the user's folders
    expected: str  # for messages and --help: "1 to 10000"
    unit: str  # "bytes", "seconds", "days", "events", "connections" or ""
    reloads: bool  # whether SIGHUP can change it
    help: str

    @property
    def env(self) -> str:
        """The variable's name: `TRACED_REDACT_PATTERNS`."""
        return ENV_PREFIX + self.key.upper().replace(".", "_")

    @property
    def flag(self) -> str:
        """The flag's name: `--redact-patterns`."""
        return "--" + re.sub(r"[._]", "-", self.key)


def _rules() -> Iterator[Rule]:
    for field in msgspec.structs.fields(Config):
        match msgspec.inspect.type_info(field.type):
            case msgspec.inspect.Metadata(
                type=kind,
                extra_json_schema={"description": str(help_text)},
                extra={"reloads": bool(reloads)},
            ):
                yield Rule(
                    key=field.encode_name,
                    kind=field.type,
                    default=None if field.default is msgspec.NODEFAULT else field.default,
                    expected=_expected(kind),
                    unit=next((word for word in field.name.split("_") if word in UNITS), ""),
                    reloads=reloads,
                    help=help_text,
                )
            case bare:
                raise TypeError(f"Config.{field.name} is {bare}, expected Annotated by _row()")


def _expected(kind: msgspec.inspect.Type) -> str:
    match kind:
        case msgspec.inspect.IntType(ge=low, le=high) | msgspec.inspect.FloatType(ge=low, le=high):
            return f"{low} to {high}"
        case msgspec.inspect.LiteralType(values=values):
            *others, last = map(str, values)
            return f"{', '.join(others)} or {last}"
        case msgspec.inspect.VarTupleType():
            return "regular expressions that match no empty text"
        case _:
            return "an absolute path below /"


RULES: dict[str, Rule] = {rule.key: rule for rule in _rules()}
