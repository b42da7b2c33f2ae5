"""
Steps of any program: `with step("fetch"): …` is one row, with its outcome and its length.

Law: nothing that goes wrong here reaches the program. A step is handed to the daemon when it starts
and when it ends, each within the deadline; what the daemon does not take in time is in the spool,
and what the spool does not take is named in syslog, as it is with the hook client, whose way it is.
"""

import os
import time
from contextlib import suppress
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Final, Literal, Self

from traced.client import hook
from traced.client.values import exception_text, json_text

TraceType = Literal["tool", "skill", "mcp", "agent", "hook", "command"]
Status = Literal["ok", "error", "denied", "cancelled"]

# The part that differs comes first: lists show the beginning of an id.
SESSION_ID: Final = f"{os.urandom(4).hex()}-{time.strftime('%Y%m%dT%H%M%S')}"
"""The session of steps that name none: one run of this program."""

_enclosing: ContextVar["Step | None"] = ContextVar("traced_step", default=None)


class Step:
    """
    One step, from the start of its ``with`` block to the end; `step` makes it.

    Inside the block `output` can be set to what came of it, any JSON or else what `str` says of it,
    `status` to other than ``ok``, and `error` to why. An exception that leaves the block sets
    `status` and `error` itself, and goes on to the caller: ``error`` for an ordinary one,
    ``cancelled`` where a task was cancelled or somebody pressed Ctrl-C.
    """

    def __init__(
        self, told: dict[str, object], given: object, call_id: str | None, flags: dict[str, str]
    ) -> None:
        self.output: object = None
        self.error: object = None
        self.status: Status = "ok"
        self.call_id = call_id or os.urandom(16).hex()
        self._given = given
        self._told = told
        self._flags = flags
        self._outer: Step | None = None
        self._token: Token[Step | None] | None = None
        self._started_ns = self._began_ns = 0

    @property
    def session_id(self) -> str:
        """The session of this step: once it has begun, that of the step around it if need be."""
        return str(self._told.get("session_id", SESSION_ID))

    def __enter__(self) -> Self:
        self._outer = _enclosing.get()
        _inherit(self._told, self._flags, self._outer)
        if self._told["trace_type"] == "agent":
            self._told["child_agent_id"] = self.call_id
        self._token = _enclosing.set(self)
        self._started_ns, self._began_ns = time.time_ns(), time.perf_counter_ns()
        started: dict[str, object] = {
            "phase": "start",
            "started_at": self._started_ns // 1_000_000,
            "input": self._given,
        }
        try:
            self._send(started, self._started_ns)
        except BaseException:  # Ctrl-C: the block will not run
            self._leave()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        duration_ns = time.perf_counter_ns() - self._began_ns
        self._leave()
        if exception is not None and not _is_plain_exit(exception):
            self.status = "error" if isinstance(exception, Exception | SystemExit) else "cancelled"
            self.error = exception_text(exception)
        ended: dict[str, object] = {
            "phase": "end",
            "status": self.status,
            "started_at": self._started_ns // 1_000_000,
            "duration_ms": duration_ns / 1_000_000,
            "output": self.output,
            "error": self.error,
        }
        self._send(ended, self._started_ns + duration_ns)

    def _leave(self) -> None:
        """Let what follows stand where this step stood."""
        try:
            if self._token is not None:
                _enclosing.reset(self._token)
        except ValueError:  # a generator that was resumed in another context
            _enclosing.set(self._outer)

    def _send(self, more: dict[str, object], at_ns: int) -> None:
        try:
            event_id = os.urandom(16).hex()
            head = {"v": 1, "ack": True, "event_id": event_id, "sent_at": at_ns // 1_000_000}
            about = {"call_id": self.call_id, "agent_pid": os.getpid()}
            event = {**head, **self._told, **about, **more}
            known = {key: value for key, value in event.items() if value is not None}
            line = bytearray(json_text(known) + "\n", "ascii")
        except Exception:  # noqa: BLE001 - the program has no part in this
            return
        _hand_over(line, event_id, at_ns, self._flags)


def step(
    name: str,
    *,
    trace_type: TraceType = "tool",
    input: object = None,  # noqa: A002 - the word of the event and of the column
    session_id: str | None = None,
    agent: str | None = None,
    source: str | None = None,
    call_id: str | None = None,
    prompt_number: int | None = None,
    model: str | None = None,
    socket: str | os.PathLike[str] | None = None,
    spool: str | os.PathLike[str] | None = None,
    deadline_ms: int = hook.DEADLINE_MS,
) -> Step:
    """
    Return a step to be entered with ``with``, in any thread or coroutine; nothing is raised.

    What is left out of `session_id`, `agent`, `prompt_number`, `socket` and `spool` comes from the
    step around it. The outermost has the session `SESSION_ID` and the agent ``custom``, and finds
    socket and spool where the hook client does. Steps within one of type ``agent`` are those of
    that sub-agent. Each of its two events waits at most `deadline_ms` for the daemon.
    """
    told: dict[str, object] = {
        "trace_type": trace_type,
        "name": name,
        "session_id": session_id,
        "agent": agent,
        "source": source,
        "prompt_number": prompt_number,
        "model": model,
    }
    places = {"--socket": socket, "--spool": spool}
    flags = {flag: str(place) for flag, place in places.items() if place is not None}
    flags["--deadline-ms"] = str(deadline_ms)
    known = {key: value for key, value in told.items() if value is not None}
    return Step(known, input, call_id, flags)


def _inherit(told: dict[str, object], flags: dict[str, str], outer: Step | None) -> None:
    """Fill in what a step does not say itself from the one around it, and from the process."""
    if outer is not None:
        around = outer._told  # noqa: SLF001 - of the same house
        told.setdefault("agent", around.get("agent"))
        if told.setdefault("session_id", outer.session_id) == outer.session_id:
            told.setdefault("prompt_number", around.get("prompt_number"))
            _place(told, around)
        for flag, place in outer._flags.items():  # noqa: SLF001
            flags.setdefault(flag, place)
    told.setdefault("session_id", SESSION_ID)
    told["cwd"] = _folder()
    for flag, variable in (("--socket", "TRACED_SOCKET"), ("--spool", "TRACED_SPOOL")):
        if value := os.environ.get(variable):  # the client's own look sees the start's alone
            flags.setdefault(flag, value)


def _place(told: dict[str, object], around: dict[str, object]) -> None:
    """Say who runs the step: the sub-agent around it, if it stands in one."""
    if "child_agent_id" in around:
        told["agent_id"], told["agent_type"] = around["child_agent_id"], around["name"]
        told["parent_agent_id"] = around.get("agent_id")
        return
    told |= {key: around.get(key) for key in ("agent_id", "agent_type", "parent_agent_id")}


def _folder() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 - a text to be sent
    except OSError:  # somebody removed it
        return None


def _hand_over(line: bytearray, event_id: str, at_ns: int, flags: dict[str, str]) -> None:
    """Get a line settled within the deadline, else spooled, else its loss told to syslog."""
    try:
        hook.pass_on(line, event_id, at_ns, flags)
    except Exception as error:  # noqa: BLE001 - the program has no part in this
        _report(event_id, len(line), error)
    except BaseException:  # Ctrl-C while it waited: the event goes where no one waits
        _hand_over(line, event_id, at_ns, flags | {"--deadline-ms": "0"})
        raise


def _report(event_id: str, size: int, error: Exception) -> None:
    with suppress(Exception):  # there is nobody left to tell
        hook.report_lost(event_id, size, error, hook.SYSLOG_ADDRESSES)


def _is_plain_exit(exception: BaseException) -> bool:
    """Tell whether it is `sys.exit()` of a program that has done well."""
    return isinstance(exception, SystemExit) and exception.code in (None, 0)
