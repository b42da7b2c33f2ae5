from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import anyio
import pytest
import structlog
from structlog.testing import capture_logs
from support.house import until
from support.rooms import rooms_in
from support.served import config_in

from traced.config import Config
from traced.core.errors import ConfigError
from traced.reload import Reloader, difference
from traced.rooms import Rooms
from traced.settings import effective


@pytest.fixture(autouse=True)
def _level_ends_here() -> Iterator[None]:
    """Leave the log as other tests expect it."""
    yield
    structlog.reset_defaults()


async def reloaded(rooms: Rooms, old: Config, new: Config) -> list[dict[str, object]]:
    """Reload from the old to the new settings; return what the log says."""
    with capture_logs() as lines:
        await Reloader(old, lambda: new, rooms).reload()
    return [dict(line) for line in lines if line["event"].startswith("settings")]


def test_what_can_be_reloaded_is_told_from_what_cannot(tmp_path: Path) -> None:
    """The settings that hold are the old ones with what can change, and no others."""
    old = config_in(tmp_path)
    new = config_in(tmp_path, capture="full", batch_events_max=7, drain_seconds_max=3)

    found = difference(old, new)

    assert found.config == config_in(tmp_path, capture="full", drain_seconds_max=3)
    assert found.changed == {"capture": "summary->full", "drain_seconds_max": "10->3"}
    assert found.needing_restart == {"batch_events_max": "2000->7"}


def test_places_need_a_restart(tmp_path: Path) -> None:
    """Socket, database and spool are opened at the start."""
    old = config_in(tmp_path)
    elsewhere = {name: tmp_path / f"other-{name}" for name in ("socket", "db", "spool")}
    found = difference(old, config_in(tmp_path, **elsewhere))

    assert (found.config, found.changed) == (old, {})
    assert found.needing_restart == {
        "socket": f"{tmp_path}/t.sock->{tmp_path}/other-socket",
        "db": f"{tmp_path}/t.db->{tmp_path}/other-db",
        "spool": f"{tmp_path}/spool->{tmp_path}/other-spool",
    }


def test_of_patterns_their_number_is_told(tmp_path: Path) -> None:
    """A pattern can be what it hides."""
    old = config_in(tmp_path, **{"redact.patterns": ["hush"]})
    new = config_in(tmp_path, **{"redact.patterns": ["quiet"]})

    assert difference(old, new).changed == {"redact.patterns": "1 patterns->1 patterns"}


async def test_one_line_tells_what_changed_and_one_what_did_not(short_folder: Path) -> None:
    """The second one is a warning."""
    old = config_in(short_folder)
    new = config_in(short_folder, spool_scan_seconds=5, log_format="json")
    async with rooms_in(short_folder) as (rooms, _):
        lines = await reloaded(rooms, old, new)

    assert lines == [
        {"event": "settings_reloaded", "log_level": "info", "spool_scan_seconds": "2->5"},
        {"event": "settings_need_restart", "log_level": "warning", "log_format": "auto->json"},
    ]


async def test_nothing_that_changed_is_told_too(short_folder: Path) -> None:
    """Who asked sees that it was heard."""
    async with rooms_in(short_folder) as (rooms, _):
        lines = await reloaded(rooms, config_in(short_folder), config_in(short_folder))

    assert lines == [{"event": "settings_reloaded", "log_level": "info"}]


async def test_wrong_settings_are_told_and_do_not_hold(short_folder: Path) -> None:
    """Every one in one line; no error goes further."""
    old = config_in(short_folder)

    def read() -> Config:
        raise ConfigError("config.toml: a is wrong\nconfig.toml: b is wrong")

    async with rooms_in(short_folder) as (rooms, _):
        reloader = Reloader(old, read, rooms)
        with capture_logs() as lines:
            await reloader.reload()

    assert reloader.config is old
    assert [dict(line) for line in lines] == [
        {
            "event": "settings_not_reloaded",
            "log_level": "error",
            "wrong": ["config.toml: a is wrong", "config.toml: b is wrong"],
        }
    ]


async def test_each_time_it_is_asked_it_reads_anew(short_folder: Path) -> None:
    """A wrong file between two right ones costs nothing but itself."""
    found: list[Config | ConfigError] = [
        config_in(short_folder, drain_seconds_max=1),
        ConfigError("config.toml: a is wrong"),
        config_in(short_folder, drain_seconds_max=2),
    ]
    held: list[float] = []

    def read() -> Config:
        match found.pop(0):
            case Config() as config:
                return config
            case ConfigError() as error:
                raise error

    async with rooms_in(short_folder) as (rooms, _), anyio.create_task_group() as tasks:
        reloader = Reloader(config_in(short_folder), read, rooms)

        async def asked() -> None:
            held.append(reloader.config.drain_seconds_max)
            if not found:
                await anyio.sleep_forever()

        tasks.start_soon(reloader.watch, asked, nullcontext)
        await until(lambda: len(held) == 4, "three reloads")
        tasks.cancel_scope.cancel()

    assert held == [10, 1, 1, 2]


def test_the_folder_of_the_start_may_be_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reload reads the flags of the start again; of a path that is whole nothing else matters."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    environ = {"HOME": str(tmp_path)}

    assert effective({"db": tmp_path / "t.db"}, environ).config.db == tmp_path / "t.db"
    with pytest.raises(ConfigError, match=r"--db is 't\.db', expected an absolute path"):
        effective({"db": Path("t.db")}, environ)
