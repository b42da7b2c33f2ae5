"""
One reader that asks so many questions a second, each after the last is answered; for `reading`.

It says ``ready``, waits for a line, asks until its input ends, and tells what it measured: a
process of its own, as the web page and the command line are.
"""

import itertools
import json
import resource
import sys
import threading
import time
from collections import defaultdict
from contextlib import closing
from pathlib import Path

from benchmarks.questions import QUESTIONS, answered, places
from traced.store.index.companion import open_with_companion


def main() -> None:
    """Ask in turn until the end of input; tell each answer's milliseconds and rows."""
    path, rate = Path(sys.argv[1]), float(sys.argv[2])
    over = threading.Event()
    found = defaultdict[str, list[tuple[float, int]]](list)
    somewhere = places(path)
    with closing(open_with_companion(path)) as connection:
        for question in QUESTIONS:  # so that no first one counts
            answered(connection, question, next(somewhere), 0)
        print("ready", flush=True)
        sys.stdin.readline()
        threading.Thread(target=_watch, args=(over,), daemon=True).start()
        began, cpu = time.monotonic(), _cpu()
        due = began
        for number, question in enumerate(itertools.cycle(QUESTIONS)):
            if over.wait(due - time.monotonic()):
                break
            due = max(due, time.monotonic()) + 1 / rate  # a slow answer is not made up for
            found[question.name].append(answered(connection, question, next(somewhere), number))
        seconds, cpu = time.monotonic() - began, _cpu() - cpu
    print(json.dumps({"seconds": seconds, "cpu": cpu, "answers": found}), flush=True)


def _watch(over: threading.Event) -> None:
    sys.stdin.read()
    over.set()


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
