"""
What one tool call pays: each hook client from exec to exit, interleaved, on one recorded payload.

The daemon is up (and acks), away (the client spools) or stuck (it reads nothing). Clients that
cannot do a case are left out of it. The yardstick is a static C program that only sends; the limit
is LIMIT times that, for the client that install writes where there is a C compiler.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import traced.client.hook
from benchmarks.measure import percentile, print_table, save
from benchmarks.payloads import RECORDED
from benchmarks.server import Server
from traced.install.command import hook_commands
from traced.install.compiled import compile_client

SOURCE = Path(__file__).with_name("client.c")
BY_SHELL = Path(__file__).with_name("client.sh")
HOOK = Path(traced.client.hook.__file__)
BASE = "static C"
IN_C = "traced, in C"
BY_HAND = "by hand: sh, socat and a spool"
LIMIT = 3.0
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
            figures["daemon up, acked"] = _case(commands, payload, options.runs)
            os.kill(server.pid, signal.SIGSTOP)
            own = {name: command for name, command in commands.items() if name.startswith("traced")}
            spooling = own | {BY_HAND: commands[BY_HAND]} if BY_HAND in commands else own
            # The first missed deadline makes the next ones spool at once for ten seconds.
            figures["daemon stuck"] = _case(own, payload, options.runs)
            os.kill(server.pid, signal.SIGCONT)
        figures["daemon away, spooled"] = _case(spooling, payload, options.runs)
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
    of_up = figures["daemon up, acked"]
    if IN_C in of_up:
        ratio = of_up[IN_C]["p50"] / of_up[BASE]["p50"]
        print(f"{IN_C}, acked: {ratio:.2f} times {BASE}, expected {LIMIT:g} at most")
    save("hook", figures)


def _compiled(folder: Path) -> Path | None:
    """Put the yardstick and the client in C into `folder`."""
    if shutil.which("cc") is None:
        print("no C compiler: without the static client there are no ratios")
        return None
    subprocess.run(["cc", "-O2", "-static", "-o", str(folder / "client"), str(SOURCE)], check=True)
    compile_client(folder / "traced-hook")
    return folder / "client"


def _commands(server: Server, compiled: Path | None, folder: Path) -> Commands:
    """Return each client's command; those of traced take the bare payload, others an envelope."""
    python = sys.executable
    where = ["--socket", str(server.socket), "--spool", str(server.spool)]
    cached = folder / "cached"
    cached.mkdir()
    shutil.copy(HOOK, cached / "hook.py")
    subprocess.run([python, "-m", "compileall", "-q", str(cached)], check=True)
    by_import = f"import sys; sys.path[:0] = [{str(cached)!r}]; import hook; hook.main()"
    hook = hook_commands("claude-code", server.socket, server.spool)[0]
    commands = {
        "true": ["true"],
        "python -ISE -c pass": [python, "-ISE", "-c", "pass"],
        "traced, hook.py by its path": [python, "-ISE", str(HOOK), *where],
        "traced, hook.py as install writes it": ["/bin/sh", "-c", hook.shell],
        "traced, imported with cached bytecode": [python, "-ISE", "-c", by_import, *where],
        "traced-hook, pip's console script": [str(Path(python).with_name("traced-hook")), *where],
    }
    if compiled is not None:
        program = compiled.with_name("traced-hook")
        commands = {
            BASE: [str(compiled), str(server.socket)],
            IN_C: [str(program), *where],
            "traced, in C as install writes it": [
                "/bin/sh",
                "-c",
                replace(hook, compiled=program).shell,
            ],
            **commands,
        }
    commands["nc -NU"] = ["nc", "-NU", str(server.socket)]
    if shutil.which("socat"):
        commands["socat"] = ["socat", "-", f"UNIX-CONNECT:{server.socket}"]
        by_shell = ["/bin/sh", str(BY_SHELL), str(server.socket), str(server.spool)]
        commands[BY_HAND] = by_shell
    return {
        name: command
        for name, command in commands.items()
        if Path(command[0]).exists() or shutil.which(command[0])
    }


def _envelope(payload: bytes) -> bytes:
    """Return what the clients without an envelope of their own send: each time another event."""
    return b'{"v":1,"ack":true,"event_id":"%b","payload":%b}\n' % (uuid4().hex.encode(), payload)


def _case(commands: Commands, payload: bytes, runs: int) -> dict[str, dict[str, float]]:
    times: Times = defaultdict(list)
    order = list(commands.items())
    chance = random.Random(1)
    for _ in range(runs):
        chance.shuffle(order)  # none always comes after what leaves the daemon the most to do
        for name, command in order:
            enveloped = not name.startswith(("traced", BY_HAND))
            times[name].append(_run(command, _envelope(payload) if enveloped else payload))
    return {
        name: {"p50": percentile(times[name], 0.5), "p99": percentile(times[name], 0.99)}
        for name in commands
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
