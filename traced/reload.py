"""
A reload: config.toml is read again while the daemon records.

Law: all that changed and can be reloaded holds afterwards, and of a wrong file nothing. What
needs a restart is named at each reload until then.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

import anyio
import anyio.to_thread
import msgspec
import structlog

from traced.config import RULES, Config
from traced.core.errors import ConfigError
from traced.logs import set_level
from traced.rooms import Rooms

log = structlog.get_logger()


class Difference(NamedTuple):
    """What one set of settings makes of another; texts are ``old->new``, by key of the table."""

    config: Config  # the old one with what can be reloaded of the new one
    changed: dict[str, str]
    needing_restart: dict[str, str]


class Reloader:
    """
    Holds the settings that hold, `config`.

    `read` returns those that a start would find now; it may raise ConfigError.
    """

    def __init__(self, config: Config, read: Callable[[], Config], rooms: Rooms) -> None:
        self.config = config
        self._read = read
        self._rooms = rooms

    async def watch(
        self,
        asked: Callable[[], Awaitable[None]],
        telling: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """Reload each time that `asked` returns, in the block that `telling` makes."""
        while True:
            await asked()
            with telling():
                await self.reload()

    async def reload(self) -> None:
        """Reload once; what came of it is in the log."""
        try:
            # Abandoned: a file that cannot be read to its end must not hold up the daemon's.
            wanted = await anyio.to_thread.run_sync(self._read, abandon_on_cancel=True)
        except ConfigError as error:
            log.error("settings_not_reloaded", wrong=str(error).splitlines())  # noqa: TRY400
            return
        found = difference(self.config, wanted)
        await self._rooms.use(found.config)
        self.config = found.config
        set_level(found.config.log_level)
        log.info("settings_reloaded", **found.changed)
        if found.needing_restart:
            log.warning("settings_need_restart", **found.needing_restart)


def difference(old: Config, new: Config) -> Difference:
    """Tell what changes from `old` to `new`."""
    replaced: dict[str, object] = {}
    changed: dict[str, str] = {}
    needing_restart: dict[str, str] = {}
    for field in msgspec.structs.fields(Config):
        before: object = getattr(old, field.name)
        after: object = getattr(new, field.name)
        if before == after:
            continue
        rule = RULES[field.encode_name]
        if rule.reloads:
            replaced[field.name] = after
        told = changed if rule.reloads else needing_restart
        told[rule.key] = f"{_shown(before)}->{_shown(after)}"
    return Difference(msgspec.structs.replace(old, **replaced), changed, needing_restart)


def _shown(value: object) -> str:
    if isinstance(value, tuple):  # a pattern can be what it hides
        return f"{len(value)} patterns"
    return f"{value:g}" if isinstance(value, float) else str(value)
