import os
import re
import shutil
import sqlite3
import stat
from importlib import resources
from pathlib import Path

import pytest
from support.store import connect, dump

from traced.core.errors import StoreError
from traced.store.database import prepare
from traced.store.migrate import PACKAGED, read_migrations

ADD_NOTE = """-- A comment; with a semicolon.
ALTER TABLE session ADD COLUMN note TEXT; -- and one behind
UPDATE session SET note = 'seen; ' || session_id;
CREATE TRIGGER noted AFTER UPDATE ON session BEGIN
    UPDATE ledger SET sequence = sequence + 1;
    UPDATE ledger SET sequence = sequence;
END;
"""
INSERT_SESSION = (
    "INSERT INTO session (pk, agent, session_id, last_event_at) VALUES (1, 'a', 's', 5)"
)
INSERT_PROMPT = "INSERT INTO prompt (session_pk, prompt_number) VALUES (1, 1)"


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """Return a folder that holds the migrations of the first release."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    shutil.copy(str(PACKAGED / "0001_first.sql"), folder)
    return folder


@pytest.fixture
def old(tmp_path: Path, migrations: Path) -> Path:
    """Return a database of the first release with a session and a prompt in it."""
    path = tmp_path / "traced.db"
    connection = connect(path)
    prepare(connection, path, "process", migrations)
    connection.execute(INSERT_SESSION)
    connection.execute(INSERT_PROMPT)
    connection.close()
    return path


def schema(connection: sqlite3.Connection) -> dict[str, str]:
    """Return the statement that made each object, without comments and white space."""
    found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {name: "".join(re.sub("--.*", "", sql).split()) for name, sql in found}


def contents(path: Path) -> tuple[int, dict[str, str], dict[str, list[tuple[object, ...]]]]:
    """Return a database's version, schema and rows."""
    connection = connect(path)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    found = version, schema(connection), dump(connection)
    connection.close()
    return found


def migrate(path: Path, migrations: Path) -> None:
    """Open a database as the writer does, and close it."""
    connection = connect(path)
    try:
        prepare(connection, path, "process", migrations)
        assert not connection.in_transaction
    finally:
        connection.close()


def backup_of(path: Path) -> Path:
    """Return where the copy of a database of version 1 is put."""
    return path.with_name("traced.db.schema-1.backup")


def test_migrations_make_the_schema(tmp_path: Path) -> None:
    """What the migrations make one after the other is what sql/schema.sql says, rows included."""
    migrated, made = connect(tmp_path / "migrated.db"), connect(tmp_path / "made.db")
    prepare(migrated, tmp_path / "migrated.db", "power")
    made.executescript(resources.files("traced.sql").joinpath("schema.sql").read_text("utf-8"))

    assert schema(migrated) == schema(made)
    assert dump(migrated) == dump(made)
    migrated.close()
    made.close()


def test_migrations_are_numbered_without_a_gap() -> None:
    """Version n is reached by n files, each of which is named for what it does."""
    numbers = sorted(read_migrations(PACKAGED))

    assert numbers == list(range(1, len(numbers) + 1))


def test_an_older_database_is_migrated(old: Path, migrations: Path) -> None:
    """Each newer script runs, statement by statement; what was recorded stays."""
    (migrations / "0002_note.sql").write_text(ADD_NOTE)
    (migrations / "0003_last.sql").write_text("UPDATE session SET note = note || '!' -- no end")
    migrate(old, migrations)

    version, tables, found = contents(old)
    assert version == 3
    assert "noted" in tables
    assert [row[-1] for row in found["session"]] == ["seen; s!"]
    assert len(found["prompt"]) == 1


def test_a_backup_is_made_before_a_migration(old: Path, migrations: Path) -> None:
    """It stands beside the database, is readable by its owner alone, and is what was there."""
    before = contents(old)
    (migrations / "0002_note.sql").write_text(ADD_NOTE)
    mask = os.umask(0)
    migrate(old, migrations)
    os.umask(mask)

    assert stat.S_IMODE(backup_of(old).stat().st_mode) == 0o600
    assert contents(backup_of(old)) == before
    assert before[0] == 1


def test_a_new_database_needs_no_backup(tmp_path: Path, migrations: Path) -> None:
    """There is nothing to keep, and nothing is left behind."""
    migrate(tmp_path / "new.db", migrations)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["migrations", "new.db"]


def test_a_backup_that_a_crash_left_unfinished_is_made_anew(old: Path, migrations: Path) -> None:
    """Only a whole copy ever has the backup's name."""
    unfinished = backup_of(old).with_name(f"{backup_of(old).name}.unfinished")
    unfinished.write_bytes(b"half")
    (migrations / "0002_note.sql").write_text(ADD_NOTE)
    migrate(old, migrations)

    assert contents(backup_of(old))[0] == 1
    assert not unfinished.exists()


def test_without_a_backup_nothing_is_migrated(old: Path, migrations: Path) -> None:
    """Where the copy cannot be made, the database stays as it is and the user hears why."""
    before = contents(old)
    backup_of(old).mkdir()
    (migrations / "0002_note.sql").write_text(ADD_NOTE)
    with pytest.raises(StoreError, match="cannot be copied before it is migrated"):
        migrate(old, migrations)

    assert contents(old) == before
    assert not list(old.parent.glob("*.unfinished"))


def test_a_failing_migration_changes_nothing(old: Path, migrations: Path) -> None:
    """All scripts and the version are one transaction; the file is not blamed on a busy disk."""
    before = contents(old)
    (migrations / "0002_note.sql").write_text(ADD_NOTE)
    (migrations / "0003_wrong.sql").write_text("CREATE TABLE more (x);\nDROP TABLE nowhere;")
    with pytest.raises(StoreError, match="no such table: nowhere") as caught:
        migrate(old, migrations)

    assert type(caught.value) is StoreError
    assert contents(old) == before
    assert contents(backup_of(old)) == before


def test_a_migration_that_breaks_references_changes_nothing(old: Path, migrations: Path) -> None:
    """Tables may be made anew in a migration, but no row may refer to none after it."""
    before = contents(old)
    (migrations / "0002_lose.sql").write_text("DELETE FROM session;")
    with pytest.raises(StoreError, match="row 1 of table prompt refers to no row of session"):
        migrate(old, migrations)

    assert contents(old) == before


def test_a_failing_first_migration_leaves_an_empty_file(tmp_path: Path, migrations: Path) -> None:
    """The next start finds a new database again, not somebody else's."""
    path = tmp_path / "new.db"
    (migrations / "0002_wrong.sql").write_text("DROP TABLE nowhere;")
    with pytest.raises(StoreError):
        migrate(path, migrations)
    (migrations / "0002_wrong.sql").unlink()
    migrate(path, migrations)

    assert contents(path)[0] == 1


def test_a_newer_database_is_refused_and_left_alone(old: Path, migrations: Path) -> None:
    """The message names both versions and what to do; not a byte of the file changes."""
    (migrations / "0002_note.sql").write_text(ADD_NOTE)
    migrate(old, migrations)
    (migrations / "0002_note.sql").unlink()
    before = old.read_bytes()
    with pytest.raises(StoreError, match=r"has schema version 2, expected at most 1.*upgrade this"):
        migrate(old, migrations)

    assert old.read_bytes() == before


@pytest.mark.parametrize("version", [0, 1])
def test_another_programs_database_is_refused_and_left_alone(
    tmp_path: Path, migrations: Path, version: int
) -> None:
    """Whatever its version says, no table is added to it and its journal stays as it is."""
    path = tmp_path / "places.sqlite"
    other = connect(path)
    other.execute("CREATE TABLE bookmark (url TEXT)")
    other.execute(f"PRAGMA user_version = {version}")
    other.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program's database; name another file"):
        migrate(path, migrations)

    assert path.read_bytes() == before


def test_two_processes_migrate_once(old: Path, migrations: Path) -> None:
    """Who waited for the other's migration finds it done."""
    (migrations / "0002_note.sql").write_text(ADD_NOTE)
    connection = connect(old)

    def come_first(statement: str) -> None:
        if statement.startswith("BEGIN"):
            connection.set_trace_callback(None)
            migrate(old, migrations)

    connection.set_trace_callback(come_first)
    prepare(connection, old, "process", migrations)
    connection.close()

    assert contents(old)[0] == 2
