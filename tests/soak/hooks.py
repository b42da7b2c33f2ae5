"""Hook clients, one process for each payload, as an agent runs them: to the daemon or the spool."""

import subprocess
import threading
import time
from collections import deque

from soak.senders import Rig
from soak.stories import Story, Teller
from support.daemon import PYTHON

from traced.client import hook

# Longer than a client keeps to the spool after a missed deadline, and the daemon's next look.
SETTLED_SECONDS = 60.0


class Hooks:
    """Recorded sessions, a process for each event; each is checked once the spool is long empty."""

    def __init__(self, rig: Rig, teller: Teller, rate: float, stop: threading.Event) -> None:
        self._rig = rig
        self._teller = teller
        self._pause = 1 / rate
        self._stop = stop
        self._told: deque[tuple[float, Story]] = deque()
        self._command = [PYTHON, "-ISE", hook.__file__, "--agent", "claude-code"]
        self._command += ["--socket", str(rig.daemon.socket), "--spool", str(rig.daemon.spool)]

    def run(self) -> None:
        """Tell stories; end with a whole one."""
        while not self._stop.is_set():
            story, payloads = self._teller.payloads()
            for payload in payloads:
                self._hand_over(payload)
                self._stop.wait(self._pause)
            self._told.append((time.monotonic(), story))
            self.hold(until=time.monotonic() - SETTLED_SECONDS)

    def hold(self, until: float) -> None:
        """Hold the sessions that ended before `until` against the database."""
        while self._told and self._told[0][0] <= until:
            self._rig.hold(self._told.popleft()[1], {})

    def _hand_over(self, payload: bytes) -> None:
        ran = subprocess.run(
            self._command, env={}, input=payload, capture_output=True, timeout=60, check=False
        )
        if ran.returncode or ran.stdout or ran.stderr:
            self._rig.tally.fail(f"a hook client ended with {ran}")
        self._rig.tally.count(hooks=1, sent=1)
