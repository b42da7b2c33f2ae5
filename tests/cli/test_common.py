from pathlib import Path

import pytest
from support.rows import Recording

from traced.cli.common import database, database_path
from traced.core.errors import ConfigError, StoreError
from traced.store import queries


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings are those of a user without any."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("TRACED_DB", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)


def test_database_is_in_the_state_folder(tmp_path: Path) -> None:
    """Without a word the database is the one that the daemon writes by default."""
    assert database_path(None) == tmp_path / ".local/state/traced/traced.db"


def test_flag_beats_variable_beats_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the database is says the flag, else TRACED_DB, else config.toml."""
    config = tmp_path / ".config/traced/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('db = "/in/file.db"\n')

    assert database_path(None) == Path("/in/file.db")
    monkeypatch.setenv("TRACED_DB", "/in/variable.db")
    assert database_path(None) == Path("/in/variable.db")
    assert database_path(Path("/in/flag.db")) == Path("/in/flag.db")


def test_wrong_settings_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that is wrong is not passed over by reading the default database instead."""
    monkeypatch.setenv("TRACED_DB", "relative/path.db")

    with pytest.raises(ConfigError, match="TRACED_DB"):
        database_path(None)


def test_database_is_closed_behind(recording: Recording) -> None:
    """The connection is open within the block and closed after it."""
    with database(recording.path) as connection:
        assert queries.sessions(connection, 1) == []
    with pytest.raises(Exception, match="closed database"):
        queries.sessions(connection, 1)


def test_missing_database_is_an_error(tmp_path: Path) -> None:
    """Without a database nothing is yielded and none is made."""
    with pytest.raises(StoreError, match="there is no database"), database(tmp_path / "no.db"):
        pass
    assert list(tmp_path.iterdir()) == []
