"""What the daemon uses and says of itself, second by second, over all its lives."""

from pathlib import Path
from typing import NamedTuple

from support.daemon import Daemon
from support.proc import usage


class Sample(NamedTuple):
    """The figures of one second."""

    elapsed: float
    pid: int
    rss_bytes: int
    descriptors: int
    wal_bytes: int
    database_bytes: int
    last_commit_age: float
    queued: int
    read_held: bool
    discarded: int


class Gauge:
    """Takes samples; `cpu_seconds` is that of all lives of the daemon."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._cpu_before = 0.0
        self._cpu_now = 0.0
        self.samples: list[Sample] = []

    @property
    def cpu_seconds(self) -> float:
        """Processor time since the start of the run."""
        return self._cpu_before + self._cpu_now

    def life_ended(self) -> None:
        """Keep what the daemon that is about to end has used."""
        self._cpu_before += usage(self._pid).cpu_seconds
        self._cpu_now = 0.0

    def take(self, elapsed: float, *, read_held: bool) -> Sample:
        """Ask the daemon and the kernel; the daemon's counts must add up (`Daemon.status`)."""
        status = self._daemon.status()
        used = usage(self._pid)
        self._cpu_now = used.cpu_seconds
        sample = Sample(
            elapsed,
            self._pid,
            used.rss_bytes,
            used.descriptors,
            _size(Path(f"{self._daemon.db}-wal")),
            _size(self._daemon.db),
            status["last_commit_age_seconds"] or 0.0,
            status["queued"],
            read_held,
            sum(status["discarded"].values()),
        )
        self.samples.append(sample)
        return sample

    @property
    def _pid(self) -> int:
        assert self._daemon.process is not None
        return self._daemon.process.pid


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
