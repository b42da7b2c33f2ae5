"""
The hook client: takes one payload from stdin to the daemon, or else to the spool.

Law: whatever happens it prints nothing, exits 0 and leaves no child; and once stdin is read to
its end, the event is settled by the daemon, or in the spool, or syslog has a line that it is lost.

It runs at every tool call, and starting Python is most of its cost: so it is one file for
``python -ISE``, imports only what is built in and ``_socket`` (``typing`` alone would double the
time), and parses nothing. Of the environment it reads, where no flag says it, CLAUDE_PID,
TRACED_SOCKET, TRACED_SPOOL, XDG_RUNTIME_DIR, XDG_STATE_HOME and HOME: the rest holds keys.
"""

import _signal  # type: ignore[import-not-found]  # not in typeshed; ``signal`` imports enum
import _socket
import posix
import pwd
import sys
import time

DEADLINE_MS = 250
DEADLINE_MS_MAX = 60_000
DIGITS_MAX = 9  # of a process id or a deadline
READ_BYTES = 65_536  # a pipe's capacity on Linux
STDIN_BYTES_MAX = 64 << 20  # eight times the daemon's longest line, which refuses what is left
ANSWER_BYTES_MAX = 65_536  # one ack: six short values
STUCK_SECONDS = 10  # how long a missed deadline keeps the next clients from connecting
SYSLOG_ADDRESSES = ("/dev/log", "/var/run/syslog")  # Linux, macOS
SYSLOG_ERROR = "<11>"  # facility user, severity error (RFC 5424, section 6.2.1)
WHITE = b" \t\r\n"  # of JSON (RFC 8259, section 2)
SETTLED = (b"stored", b"duplicate", b"rejected", b"ignored")  # any other status: to the spool


def main() -> None:
    """Hand over the payload on stdin, and end the process with 0 whatever was raised."""
    try:
        hand_over(sys.argv[1:], time.time_ns())
    finally:
        posix._exit(0)  # noqa: SLF001 - and no 3 ms for freeing what the kernel frees anyway


def hand_over(arguments: list[str], fired_ns: int) -> None:
    """Read stdin and get its payload settled or spooled, or say in syslog that it is lost."""
    event_id = f"{fired_ns // 1_000_000:012x}{posix.urandom(10).hex()}"
    line = bytearray()  # the payload's only copy, changed in place: memory may be scarce
    size, chunks = 0, iter(lambda: posix.read(0, READ_BYTES), b"")
    try:
        posix.set_blocking(0, True)  # it is our own end, whatever the agent's loop made of it
        for chunk in chunks:
            size += len(chunk)
            if len(line) < STDIN_BYTES_MAX:
                # In JSON a newline byte is only ever white space: a space changes no value.
                line += (chunk if line else chunk.lstrip(WHITE)).replace(b"\n", b" ")
        while line and line[-1] in WHITE:
            line[-READ_BYTES:] = line[-READ_BYTES:].rstrip(WHITE)
        if not line:
            return
        # From here on the event exists nowhere else, and the deadline bounds the wait.
        for number in (_signal.SIGHUP, _signal.SIGINT, _signal.SIGTERM):
            _signal.signal(number, _signal.SIG_IGN)
        flags = flags_of(arguments)
        line[:0] = envelope_head(event_id, fired_ns, flags)
        line += b"}\n"
        pass_on(line, event_id, fired_ns, flags)
    except BaseException as error:  # noqa: BLE001 - nobody above would tell that it is lost
        error.__traceback__ = None  # its frames hold the line: the report needs that memory
        del line
        scarce = isinstance(error, MemoryError)
        try:
            size += sum(map(len, chunks)) if scarce else 0  # the agent must meet no broken pipe
        finally:
            if size or scarce:  # else there was no event
                report_lost(event_id, size, error, SYSLOG_ADDRESSES)


def pass_on(line: bytearray, event_id: str, fired_ns: int, flags: dict[str, str]) -> None:
    """Get `line` settled within the deadline, else spooled; raise OSError if neither works."""
    ms = whole_number(flags.get("--deadline-ms", ""))
    deadline = time.monotonic() + min(DEADLINE_MS if ms is None else ms, DEADLINE_MS_MAX) / 1000
    spool = flags.get("--spool") or environment("TRACED_SPOOL") or state_folder() + "/spool"
    missed = False
    try:
        if not is_stuck(spool) and deliver(line, event_id, sockets_of(flags), deadline):
            return
    except TimeoutError:
        missed = True
    except Exception:  # noqa: BLE001, S110 - whatever keeps it from the daemon, the spool takes it
        pass
    write_spool(spool, f"{fired_ns:020d}-{posix.getpid()}-{event_id[12:]}.ndjson", line)
    if missed:  # only now: who does not connect needs a spool that works
        mark_stuck(spool)


def envelope_head(event_id: str, fired_ns: int, flags: dict[str, str]) -> bytes:
    """Return the line of the socket protocol up to its payload; what is not known is left out."""
    # By its first 17 bytes the daemon knows that it may answer even a line that does not parse.
    head = '{"v":1,"ack":true'
    for key in ("agent", "event"):
        if name := flags.get("--" + key):
            head += f',"{key}":{json_string(name)}'
    head += f',"event_id":"{event_id}","sent_at":{fired_ns // 1_000_000}'
    if pid := whole_number(flags.get("--agent-pid") or environment("CLAUDE_PID")):
        head += f',"agent_pid":{pid}'
    return head.encode() + b',"payload":'


def json_string(text: str) -> str:
    """Quote `text` as JSON; a lone surrogate (a byte of argv that is not UTF-8) is escaped."""
    quoted = ""
    for char in text:
        plain = char >= " " and char not in '"\\' and not "\ud800" <= char <= "\udfff"
        quoted += char if plain else f"\\u{ord(char):04x}"
    return f'"{quoted}"'


def flags_of(arguments: list[str]) -> dict[str, str]:
    """Return flag -> value of `--flag value` and `--flag=value`; anything else does no harm."""
    flags = {}
    pending = ""
    for argument in arguments:
        if not argument.startswith("--"):
            flags[pending], pending = argument, ""
        elif "=" in argument:
            flag, _, flags[flag] = argument.partition("=")
            pending = ""
        else:
            pending = argument
    return flags


def whole_number(text: str) -> int | None:
    """Return the number that `text` writes in up to DIGITS_MAX ASCII digits, else None."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX else None


def sockets_of(flags: dict[str, str]) -> list[str]:
    """Return the paths to try in turn: the one that is named, else both defaults."""
    if named := flags.get("--socket") or environment("TRACED_SOCKET"):
        return [named]
    runtime = environment("XDG_RUNTIME_DIR")
    sockets = [runtime + "/traced/traced.sock"] if runtime.startswith("/") else []
    return [*sockets, state_folder() + "/run/traced.sock"]


def state_folder() -> str:
    """Return the user's folder of traced; a relative path counts as unset (XDG)."""
    state = environment("XDG_STATE_HOME")
    if state.startswith("/"):
        return state + "/traced"
    home = environment("HOME")
    if not home.startswith("/"):
        home = pwd.getpwuid(posix.getuid()).pw_dir
    return home + "/.local/state/traced"


def environment(name: str) -> str:
    """Return the variable `name`, decoded as Python decodes paths; empty if it is unset."""
    value = posix.environ.get(name.encode(), b"")
    return value.decode(sys.getfilesystemencoding(), sys.getfilesystemencodeerrors())


def deliver(line: bytearray, event_id: str, sockets: list[str], deadline: float) -> bool:
    """
    Send `line` to the first of `sockets` where somebody listens; return whether it was settled.

    Raises:
        TimeoutError: If it was not settled until `deadline` (in seconds of the monotonic clock).
        OSError: If nobody listens, or the connection broke.
    """
    answer = b""
    connection = connect(sockets, deadline)
    try:
        connection.sendall(line)
        while b"\n" not in answer:
            connection.settimeout(seconds_left(deadline))
            chunk = connection.recv(4096)
            answer += chunk
            if not chunk or len(answer) > ANSWER_BYTES_MAX:
                return False
    finally:
        connection.close()
    return settles(answer, event_id)


def settles(answer: bytes, event_id: str) -> bool:
    """
    Tell whether `answer`, the first line back, is an ack that takes the event off our hands.

    An ack holds no white space, and a quote within a value is escaped: so what is looked for can
    only be a key with its value. The event_id is null where the daemon could not read the line.
    """
    ours = f'"event_id":"{event_id}"'.encode() in answer or b'"event_id":null' in answer
    return ours and any(b'"status":"%b"' % status in answer for status in SETTLED)


def connect(sockets: list[str], deadline: float) -> _socket.socket:
    """Return a connection to the first of `sockets` that takes one; raise OSError if none does."""
    for path in sockets:
        seconds = seconds_left(deadline)
        connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        connection.settimeout(seconds)
        if connection.connect_ex(path) == 0:
            return connection
        connection.close()
    raise ConnectionRefusedError


def seconds_left(deadline: float) -> float:
    """Return what is left until `deadline`, above 0; raise TimeoutError if nothing is."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def write_spool(spool: str, name: str, line: bytearray) -> None:
    """Write `line` to the new file `name` in `spool`; on OSError ``.….lost`` tells its whole id."""
    make_folders(spool)
    hidden = f"{spool}/.{name}"
    how = posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_NOFOLLOW
    is_shared = not ~posix.stat(spool).st_mode & 0o3000  # setgid, sticky: a drop folder
    file = posix.open(hidden, how, 0o600)
    try:
        try:
            posix.fchmod(file, 0o640 if is_shared else 0o600)  # the daemon is of that group
            rest = memoryview(line)
            while rest:
                rest = rest[posix.write(file, rest) :]
        finally:
            posix.close(file)
        posix.rename(hidden, f"{spool}/{name}")
    except OSError:
        posix.truncate(hidden, 0)  # on a full disk there is room for a name, and it counts as one
        posix.rename(hidden, hidden.removesuffix("ndjson") + "lost")
        raise


def make_folders(path: str) -> None:
    """Make the folder `path` and those above it, as far as they are missing, for us alone."""
    for end in [at for at, char in enumerate(path + "/") if at and char == "/"]:
        try:
            posix.mkdir(path[:end], 0o700)
            posix.chmod(path[:end], 0o700)  # the umask is not ours: `step` runs in any program
        except OSError:
            continue  # usually it exists; if not, opening a file in `path` says why


def marker_of(spool: str) -> str:
    """
    Return the path of the empty file whose time is that of the last missed deadline.

    It stands beside the spool, for that holds nothing but events; where that folder is not ours to
    write in (a system-wide spool), in our state folder.
    """
    spool = spool.rstrip("/")
    if posix.access(spool.rpartition("/")[0] or ".", posix.W_OK):
        return spool + ".stuck"
    return f"{state_folder()}/{spool.replace('/', '-')}.stuck"


def is_stuck(spool: str) -> bool:
    """Tell whether a deadline was missed lately; a time to come (the clock was set) is not."""
    try:
        missed_at = posix.stat(marker_of(spool)).st_mtime
    except (OSError, KeyError):  # KeyError: a user without HOME and without an entry in passwd
        return False
    return 0 <= time.time() - missed_at < STUCK_SECONDS


def mark_stuck(spool: str) -> None:
    """Note that a deadline was missed now; where that fails, the next client waits as well."""
    try:
        marker = marker_of(spool)
        make_folders(marker.rpartition("/")[0] or ".")
        file = posix.open(marker, posix.O_WRONLY | posix.O_CREAT | posix.O_NOFOLLOW, 0o600)
        posix.utime(file)
        posix.fchmod(file, 0o600)
        posix.close(file)
    except (OSError, KeyError):
        return


def report_lost(event_id: str, size: int, error: BaseException, addresses: tuple[str, ...]) -> None:
    """Send syslog one line that names the event and the failure, and nothing of the payload."""
    # An OSError of ours names a path; another exception's text could quote what it choked on.
    why = str(error) if isinstance(error, OSError) else type(error).__name__
    text = f"traced-hook[{posix.getpid()}]: lost event {event_id} of {size} bytes: {why}"
    datagram = (SYSLOG_ERROR + text).encode("ascii", "backslashreplace")
    syslog = _socket.socket(_socket.AF_UNIX, _socket.SOCK_DGRAM)
    syslog.setblocking(False)
    for address in addresses:
        try:
            syslog.sendto(datagram, address)
            break
        except OSError:
            continue
    syslog.close()


if __name__ == "__main__":
    main()
