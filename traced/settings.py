"""
Which setting holds: flag, else TRACED_* variable, else config.toml, else default.

Law: a wrong value is never replaced by a default; who gets settings wrong hears of every wrong one
at once; and each value that holds can say where it came from.
"""

import difflib
import os
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from traced.config import ENV_PREFIX, RULES, Config, Rule
from traced.core.errors import ConfigError
from traced.folders import UserFolders, fallback_runtime, home_folder, user_folders

# A socket's address holds its path and a NUL: sun_path in unix(7) on Linux, unix(4) on macOS.
SOCKET_PATH_BYTES_MAX = (104 if sys.platform == "darwin" else 108) - 1
SHOWN_CHARS_MAX = 60  # of a wrong value in a message; a wrong file can hold anything


class Setting(NamedTuple):
    """A value that holds, and where it is from: "flag --db", "TRACED_DB", a file, "default"."""

    value: object
    origin: str


class Effective(NamedTuple):
    """What holds, each key's origin, and what the user is to be warned about."""

    config: Config
    folders: UserFolders
    settings: dict[str, Setting]
    warnings: list[str]

    @property
    def socket_places(self) -> list[Path]:
        """Where a client looks for the daemon, in turn: the named place, else both defaults."""
        if self.settings["socket"].origin != "default":
            return [self.config.socket]
        fallback = fallback_runtime(self.folders.state) / self.config.socket.name
        return list(dict.fromkeys((self.config.socket, fallback)))


class _Given(NamedTuple):
    value: object
    source: Literal["flag", "variable", "file"]
    origin: str
    name: str  # what the user calls it, for messages


class _Misfit(Exception):
    """A value that its rule does not take; the text is what was expected."""


def effective(flags: Mapping[str, object], environ: Mapping[str, str]) -> Effective:
    """
    Return the settings that hold.

    `flags` has values by key of the table, None for a flag that was not given. An empty variable
    counts as unset; one with several patterns holds one a line.

    Raises:
        ConfigError: If anything is wrong: one line for each wrong key or value.
    """
    folders = user_folders(environ)
    home = home_folder(environ)
    problems: list[str] = []
    in_file = _read_file(folders.config_file, problems)
    settings = _defaults(folders)
    for rule in RULES.values():
        given = _strongest(rule, flags, environ, folders.config_file, in_file)
        if given is None:
            continue
        try:
            settings[rule.key] = Setting(_convert(rule, given, home), given.origin)
        except _Misfit as misfit:
            problems.append(f"{given.name} is {_shown(given.value)}, expected {misfit}")
            del settings[rule.key]
    problems += _disagreements(settings)
    if problems:
        raise ConfigError("\n".join(problems))
    config = msgspec.convert({key: setting.value for key, setting in settings.items()}, Config)
    return Effective(config, folders, settings, list(_unknown_variables(environ)))


def _read_file(path: Path, problems: list[str]) -> dict[str, object]:
    """Return what the file sets, by key of the table; a missing file sets nothing."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        problems.append(f"{path} cannot be read ({error.strerror}), expected a file of your own")
        return {}
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, UnicodeDecodeError
        problems.append(f"{path} is not TOML: {error}")
        return {}
    found = dict(_flatten(table))
    problems += [
        f"{path}: {key} is not a setting, {_meant(key, RULES)}" for key in found if key not in RULES
    ]
    return found


def _flatten(table: Mapping[str, object], above: str = "") -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        if isinstance(value, dict) and value:
            yield from _flatten(value, f"{above}{key}.")
        else:
            yield above + key, value


def _defaults(folders: UserFolders) -> dict[str, Setting]:
    places = {
        "socket": folders.runtime / "traced.sock",
        "db": folders.state / "traced.db",
        "spool": folders.state / "spool",
    }
    return {key: Setting(places.get(key, rule.default), "default") for key, rule in RULES.items()}


def _strongest(
    rule: Rule,
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    file: Path,
    in_file: Mapping[str, object],
) -> _Given | None:
    if (value := flags.get(rule.key)) is not None:
        return _Given(value, "flag", f"flag {rule.flag}", rule.flag)
    if text := environ.get(rule.env):
        return _Given(text, "variable", rule.env, rule.env)
    if rule.key in in_file:
        return _Given(in_file[rule.key], "file", str(file), f"{file}: {rule.key}")
    return None


def _convert(rule: Rule, given: _Given, home: Path) -> object:
    """Return the value as `Config` holds it; raise _Misfit if it does not fit the rule."""
    value = given.value
    if rule.key == "redact.patterns" and isinstance(value, str) and given.source == "variable":
        value = value.splitlines()

    def custom(kind: type, text: object) -> object:
        if kind is Path and isinstance(text, str | Path):
            return _path(str(text), home, from_here=given.source == "flag")
        raise ValueError(rule.expected)

    try:
        converted: object = msgspec.convert(
            value, rule.kind, strict=given.source == "file", dec_hook=custom
        )
    except msgspec.ValidationError:
        raise _Misfit(rule.expected) from None
    if isinstance(converted, tuple):
        for pattern in converted:
            _check_pattern(pattern)
    return converted


def _path(text: str, home: Path, *, from_here: bool) -> Path:
    """Return an absolute path below the root; raise ValueError if `text` does not say one."""
    head, _, rest = text.partition("/")
    path = home / rest if head == "~" else Path(text)
    if from_here and text:
        with suppress(FileNotFoundError):  # the current folder may be gone by now
            path = path.absolute()
    # The root can be no file, and nobody is to be told to make it private.
    if not path.is_absolute() or "\0" in text or not os.path.normpath(path).strip("/"):
        raise ValueError(text)
    return path


def _check_pattern(pattern: str) -> None:
    try:
        matches_nothing = re.compile(pattern).search("") is not None
    except (re.error, OverflowError, RecursionError) as error:
        raise _Misfit(f"regular expressions, and {_shown(pattern)} is none: {error}") from None
    if matches_nothing:
        raise _Misfit(f"patterns that need a text to match, and {_shown(pattern)} needs none")


def _disagreements(settings: Mapping[str, Setting]) -> Iterator[str]:
    """Tell which settings fit each by itself and not together; a wrong one is not in `settings`."""
    if "socket" in settings:
        path, origin = settings["socket"]
        size = len(os.fsencode(str(path)))
        if size > SOCKET_PATH_BYTES_MAX:
            yield (
                f"socket ({origin}) is {path}, {size} bytes long, expected at most"
                f" {SOCKET_PATH_BYTES_MAX}, which is all that a socket's address holds:"
                " name a shorter one with --socket or TRACED_SOCKET"
            )
    for whole in ("intake_bytes_max", "partial_bytes_max"):
        match settings.get("line_bytes_max"), settings.get(whole):
            case Setting(int(line), origin), Setting(int(bound)) if line > bound:
                yield f"line_bytes_max ({origin}) is {line}, expected at most {whole}, {bound}"


def _unknown_variables(environ: Iterable[str]) -> Iterator[str]:
    known = {rule.env for rule in RULES.values()}
    for name in environ:
        if name.startswith(ENV_PREFIX) and name not in known:
            yield f"{name} is not a setting and has no effect; {_meant(name, known)}"


def _meant(name: str, known: Iterable[str]) -> str:
    nearest = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {nearest[0]}?" if nearest else "expected one that `traced config` lists"


def _shown(value: object) -> str:
    text = repr(str(value) if isinstance(value, Path) else value)
    return text if len(text) <= SHOWN_CHARS_MAX else text[: SHOWN_CHARS_MAX - 1] + "…"
