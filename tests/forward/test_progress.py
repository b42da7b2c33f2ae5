"""The file of a forwarder."""

import re
import stat
from pathlib import Path

import pytest

from traced.core.errors import StoreError
from traced.forward.cursor import Cursor
from traced.forward.progress import Progress, load, progress_path, save
from traced.store.forwarding import PromptKey

PROGRESS = Progress(
    "http://a/v1/traces", "/traced.db", cursor=Cursor(3, 2, owed=(PromptKey(1, 2),))
)


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    """The file is its owner's alone, and nothing else is left beside it."""
    path = tmp_path / "p.json"
    assert load(path) is None

    save(path, Progress("http://b", "/traced.db"))
    save(path, PROGRESS)

    assert load(path) == PROGRESS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


# A revision that SQLite cannot be asked for.
BEYOND = b'{"endpoint":"e","database":"d","cursor":{"revision":99999999999999999999}}'


@pytest.mark.parametrize("damaged", [b"", b"{", b"\xff", b'{"form":2}', BEYOND], ids=range(5))
def test_a_file_that_is_none_is_told(tmp_path: Path, damaged: bytes) -> None:
    """It is left as it is: beginning anew sends everything, which is the user's to decide."""
    path = tmp_path / "p.json"
    path.write_bytes(damaged)

    with pytest.raises(StoreError, match=re.escape(f"{path} is not what a forwarder notes (")):
        load(path)
    assert path.read_bytes() == damaged


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    """With the reason."""
    with pytest.raises(StoreError, match="cannot be written: No such file or directory"):
        save(tmp_path / "none" / "p.json", PROGRESS)


def test_each_backend_and_database_has_its_file() -> None:
    """The same pair has the same one in every release."""
    folder = Path("/f")
    here = progress_path(folder, "http://a/v1/traces", Path("/traced.db"))

    assert here == Path("/f/fa200fd4832c7213.json")
    assert progress_path(folder, "http://b/v1/traces", Path("/traced.db")) != here
    assert progress_path(folder, "http://a/v1/traces", Path("/other.db")) != here
    tenants = {
        progress_path(folder, "http://a/v1/traces", Path("/traced.db"), tenant)
        for tenant in ("", "team=a", "team=b")
    }
    assert len(tenants) == 3
