"""
What one tool call pays: each hook client from exec to exit, interleaved, on one recorded payload.

The daemon is up (and acks), away (the client spools) or stuck (it reads nothing). Clients that
cannot do a case are left out of it. The yardstick is a static C program that only sends.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import traced.client.hook
from benchmarks.measure import percentile, print_table, save
from benchmarks.payloads import RECORDED
from benchmarks.server import Server

SOURCE = Path(__file__).with_name("client.c")
HOOK = Path(traced.client.hook.__file__)
BASE = "static C"
Commands = dict[str, list[str]]
Times = dict[str, list[float]]


def main() -> None:
    """Run each case, print its table, write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100, help="of each client and case")
    options = parser.parse_args()
    lines = (RECORDED / "basic-tools.jsonl").read_bytes().splitlines()
    payload = next(line for line in lines if b'"PostToolUse"' in line)
    figures: dict[str, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory(prefix="traced-bench-") as name:
        folder = Path(name)
        compiled = _compiled(folder)
        with Server(folder / "d") as server:
            commands = _commands(server, compiled, folder)
            envelope = _envelope(payload)
            figures["daemon up, acked"] = _case(commands, payload, envelope, options.runs)
            os.kill(server.pid, signal.SIGSTOP)
            own = {name: command for name, command in commands.items() if name.startswith("traced")}
            # The first missed deadline makes the next ones spool at once for ten seconds.
            figures["daemon stuck"] = _case(own, payload, envelope, options.runs)
            os.kill(server.pid, signal.SIGCONT)
        figures["daemon away, spooled"] = _case(own, payload, envelope, options.runs)
    for title, of_case in figures.items():
        base = figures["daemon up, acked"].get(BASE, {}).get("p50")
        rows = [
            [
                name,
                f"{of['p50']:.2f}",
                f"{of['p99']:.2f}",
                f"{of['p50'] / base:.1f}" if base else "",
            ]
            for name, of in of_case.items()
        ]
        print_table(f"Hook client: {title}", ["client", "p50 ms", "p99 ms", "x static C"], rows)
    save("hook", figures)


def _compiled(folder: Path) -> Path | None:
    target = folder / "client"
    if shutil.which("cc") is None:
        print("no C compiler: without the static client there are no ratios")
        return None
    subprocess.run(["cc", "-O2", "-static", "-o", str(target), str(SOURCE)], check=True)
    return target


def _commands(server: Server, compiled: Path | None, folder: Path) -> Commands:
    """Return each client's command; those of traced take the bare payload, others an envelope."""
    python = sys.executable
    where = ["--socket", str(server.socket), "--spool", str(server.spool)]
    cached = folder / "cached"
    cached.mkdir()
    shutil.copy(HOOK, cached / "hook.py")
    subprocess.run([python, "-m", "compileall", "-q", str(cached)], check=True)
    by_import = f"import sys; sys.path[:0] = [{str(cached)!r}]; import hook; hook.main()"
    commands = {
        "python -ISE -c pass": [python, "-ISE", "-c", "pass"],
        "traced, hook.py by its path (what install writes)": [python, "-ISE", str(HOOK), *where],
        "traced, imported with cached bytecode": [python, "-ISE", "-c", by_import, *where],
        "traced, through a shell": [
            "/bin/sh",
            "-c",
            'exec "$0" -ISE "$@"',
            python,
            str(HOOK),
            *where,
        ],
        "traced-hook, pip's console script": [str(Path(python).with_name("traced-hook")), *where],
    }
    if compiled is not None:
        commands = {BASE: [str(compiled), str(server.socket)], **commands}
    for name, command in {
        "nc -NU": ["nc", "-NU", str(server.socket)],
        "socat": ["socat", "-", f"UNIX-CONNECT:{server.socket}"],
    }.items():
        if shutil.which(command[0]):
            commands[name] = command
    return {
        name: command
        for name, command in commands.items()
        if Path(command[0]).exists() or shutil.which(command[0])
    }


def _envelope(payload: bytes) -> bytes:
    return b'{"v":1,"ack":true,"payload":' + payload + b"}\n"


def _case(
    commands: Commands, payload: bytes, envelope: bytes, runs: int
) -> dict[str, dict[str, float]]:
    times: Times = defaultdict(list)
    for _ in range(runs):
        for name, command in commands.items():
            times[name].append(_run(command, payload if name.startswith("traced") else envelope))
    return {
        name: {"p50": percentile(values, 0.5), "p99": percentile(values, 0.99)}
        for name, values in times.items()
    }


def _run(command: list[str], stdin: bytes) -> float:
    """Return the milliseconds from exec to exit."""
    reading, writing = os.pipe()
    os.write(writing, stdin)
    os.close(writing)
    began = time.perf_counter()
    pid = os.posix_spawnp(
        command[0],
        command,
        {"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
        file_actions=[
            (os.POSIX_SPAWN_DUP2, reading, 0),
            (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0),
        ],
    )
    os.waitpid(pid, 0)
    took = (time.perf_counter() - began) * 1000
    os.close(reading)
    return took


if __name__ == "__main__":
    main()
