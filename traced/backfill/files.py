"""
Which files are transcripts, and which of them tell of one session.

Law: a session is its own file and those of its sub-agents, whichever of them was named: figures of
a prompt are of all of them. Files that are no transcripts are passed over in folders, and refused
where they are named.
"""

import json
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from traced.backfill.opened import opened
from traced.backfill.rollouts import by_session, is_rollout
from traced.backfill.told import SubAgent
from traced.core.errors import TracedError

SUFFIX: Final = ".jsonl"
SUB_AGENT: Final = re.compile(r"agent-(?P<id>[0-9A-Za-z_-]+)\Z")
SUB_AGENTS_FOLDER: Final = "subagents"
META_BYTES_MAX: Final = 64 * 1024

Refuse = Callable[[OSError], None]


class SessionFiles(Struct, frozen=True):
    """The file of a session, if there is one, and those of its sub-agents."""

    main: Path | None
    sub_agents: tuple[Path, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        """All of them, the session's own first."""
        return self.sub_agents if self.main is None else (self.main, *self.sub_agents)


def raised(error: OSError) -> None:
    """Refuse by the error itself."""
    raise error


def sessions(paths: Sequence[Path], refuse: Refuse = raised) -> Iterator[SessionFiles]:
    """
    Yield the sessions in files and in all below folders, each once, in the order of their names.

    Whatever in a folder cannot be read is left out and reported to `refuse`, once.

    Raises:
        TracedError: If a path is not there, cannot be looked at, or is neither file nor folder.
    """
    told: set[Path] = set()
    refused: set[str] = set()

    def refuse_once(error: OSError) -> None:
        if error.filename not in refused:
            refused.add(error.filename)
            refuse(error)

    for path in paths:
        for session in _sessions_of(path, refuse_once):
            key = session.main or session.sub_agents[0]
            if key not in told:
                told.add(key)
                yield session


def _sessions_of(path: Path, refuse: Refuse) -> Iterator[SessionFiles]:
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise TracedError(
            f"{path} does not exist: name a transcript, an export, or a folder"
        ) from None
    except OSError as error:
        raise TracedError(f"{path} cannot be read ({error.strerror})") from error
    if stat.S_ISDIR(mode):
        return _below(path, refuse)
    if stat.S_ISREG(mode):
        return iter([_session_of(path.absolute(), refuse)])
    raise TracedError(f"{path} is neither a file nor a folder")


def sub_agent_of(path: Path) -> SubAgent | None:
    """Return whose file it is, by its name and what stands beside it."""
    named = SUB_AGENT.match(path.stem)
    if named is None:
        return None
    try:
        with opened(path.with_suffix(".meta.json")) as file:
            meta = json.loads(file.read(META_BYTES_MAX))
    except (OSError, ValueError):
        meta = None
    agent_type = meta.get("agentType") if isinstance(meta, dict) else None
    return SubAgent(named["id"], agent_type if isinstance(agent_type, str) else None)


def _below(folder: Path, refuse: Refuse) -> Iterator[SessionFiles]:
    rollouts: list[Path] = []
    for place, folders, names in os.walk(folder.absolute(), onerror=refuse):
        folders.sort()
        here = Path(place)
        files = [here / name for name in sorted(names) if name.endswith(SUFFIX)]
        if here.name == SUB_AGENTS_FOLDER and files:
            main = _main_of(files[0])
            told = tuple(filter(_is_sub_agent, files))
            if main.exists():
                yield _session_of(main, refuse)
            elif told:
                yield SessionFiles(None, told)
            continue
        rollouts += filter(is_rollout, files)
        # Claude Code 2.0 keeps sub-agents beside their sessions; which is whose, their lines say.
        for path in filter(_is_main, files):
            yield _session_of(path, refuse)
        for path in filter(_is_sub_agent, files):
            yield SessionFiles(None, (path,))
    for first, *others in by_session(rollouts):
        yield SessionFiles(first, tuple(others))


def _session_of(path: Path, refuse: Refuse) -> SessionFiles:
    if path.parent.name == SUB_AGENTS_FOLDER:
        main = _main_of(path)
        return _session_of(main, refuse) if main.exists() else SessionFiles(None, (path,))
    if _is_sub_agent(path):
        return SessionFiles(None, (path,))
    if is_rollout(path):
        beside_it = filter(is_rollout, _in_folder(path.parent, refuse) or [path])
        first, *others = next(each for each in by_session(beside_it) if path in each)
        return SessionFiles(first, tuple(others))
    found = _in_folder(path.with_suffix("") / SUB_AGENTS_FOLDER, refuse)
    return SessionFiles(path, tuple(filter(_is_sub_agent, found)))


def _in_folder(folder: Path, refuse: Refuse) -> list[Path]:
    """Return what ends as transcripts do in a folder, which need not be there."""
    try:
        return sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIX))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        refuse(error)
        return []


def _is_sub_agent(path: Path) -> bool:
    return SUB_AGENT.match(path.stem) is not None


def _is_main(path: Path) -> bool:
    return not _is_sub_agent(path) and not is_rollout(path)


def _main_of(sub_agent: Path) -> Path:
    session = sub_agent.parent.parent
    return session.with_name(session.name + SUFFIX)
