import tempfile
from pathlib import Path

from support.daemon import Daemon


def test_demo_shows_a_recorded_session_and_leaves_nothing(tmp_path: Path) -> None:
    """The demo needs no agent, touches nothing of the user's, and its folder is gone afterwards."""
    user = Daemon(tmp_path / "d")
    before = set(Path(tempfile.gettempdir()).glob("traced-demo-*"))

    found = user.traced("demo")

    assert (found.returncode, found.stderr) == (0, b"")
    assert b"Look at the repo" in found.stdout
    assert not user.db.exists()
    assert set(Path(tempfile.gettempdir()).glob("traced-demo-*")) == before
