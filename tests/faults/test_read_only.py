import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.daemon import wait_until
from support.form import long_form
from support.stall import HOOKS_SESSION, daemon_in, run_hook, spooled
from support.streams import Stream, check_file, check_steps

MIB = 1024 * 1024


class Ext4:
    """An ext4 file system in a file, which turns read-only at its first error."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "ext4"
        self.folder.mkdir()
        self._image = folder / "image"
        self._image.write_bytes(bytes(16 * MIB))
        subprocess.run(["mkfs.ext4", "-q", str(self._image)], check=True)

    @contextmanager
    def mounted(self) -> Iterator[None]:
        """Have it mounted."""
        options = "loop,errors=remount-ro"
        subprocess.run(["mount", "-o", options, str(self._image), str(self.folder)], check=True)
        try:
            self.folder.chmod(0o700)
            yield
        finally:
            subprocess.run(["umount", str(self.folder)], check=True)

    def fail(self) -> None:
        """Let it meet an error."""
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
        (device,) = (Path(each[0]).name for each in mounts if each[1] == str(self.folder))
        Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("a test of traced\n")

    def mend(self) -> None:
        """Do what the next boot does."""
        run = subprocess.run(["e2fsck", "-p", str(self._image)], capture_output=True, check=False)
        assert run.returncode in (0, 1), run.stdout  # 1: errors were found and mended


@pytest.fixture
def ext4(tmp_path: Path) -> Ext4:
    """A new one; skip where this user may not have one."""
    try:
        made = Ext4(tmp_path)
        with made.mounted():
            pass
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(
            f"a file system that fails is mounted by root only, from a loop device: {error}"
        )
    return made


@long_form
def test_a_disk_that_turns_read_only_is_told_and_outlived(tmp_path: Path, ext4: Ext4) -> None:
    """Nobody is acked any more, hooks spool; when the disk is mended, all of it is stored once."""
    daemon = daemon_in(tmp_path / "d", ext4.folder / "traced.db")
    with ext4.mounted(), daemon:
        acked, late = Stream(daemon, "acked"), Stream(daemon, "late")
        acked.send(20)
        acked.receive()
        ext4.fail()
        late.send(20)
        wait_until(lambda: daemon.status()["state"] == "retrying", "the daemon to say so")
        run_hook(daemon, "while-read-only")
        assert len(spooled(daemon)) == 1
        assert not late.hears()
        daemon.kill()
    ext4.mend()
    with ext4.mounted(), daemon:
        again = Stream(daemon, "late")
        again.send(20)
        again.receive()
        wait_until(lambda: not spooled(daemon), "the spool to be taken in")
        steps = daemon.steps()
        assert len(daemon.steps(session_id=HOOKS_SESSION)) == 1
        assert daemon.stop() == 0
        check_file(daemon.db)
    told = [*acked.told.values(), *again.told.values()]
    check_steps([step for step in steps if step["session_id"] != HOOKS_SESSION], told)
    assert len(told) == 40
    assert len(steps) == 41
    for stream in (acked, late, again):
        stream.close()
