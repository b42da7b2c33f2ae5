"""
The least that a client of one event costs in Python: it is accepted, read to its end, closed.

Nothing is done with what it sent. Run as a process of its own:
``python -m benchmarks.door SOCKET CLIENTS`` says ``ready``, and what it took as a line of JSON.
"""

import json
import resource
import socket
import sys
import time

BACKLOG = 4096
READ_BYTES = 64 * 1024


def main() -> None:
    """Let so many clients in, one after the other."""
    path, clients = sys.argv[1], int(sys.argv[2])
    buffer = bytearray(READ_BYTES)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(BACKLOG)
        print("ready", flush=True)
        began = time.monotonic()
        for number in range(clients):
            client, _ = listener.accept()
            if number == 0:  # until then it waited for the first to start
                began, cpu = time.monotonic(), _cpu()
            while client.recv_into(buffer):
                pass
            client.close()
    print(json.dumps({"seconds": time.monotonic() - began, "cpu": _cpu() - cpu}), flush=True)


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
