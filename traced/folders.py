"""
Where traced keeps its files, and whether those places are private enough to keep them in.

Law: a folder that belongs to traced is this user's and 0700, a file 0600; what is looser is refused
and never tightened unasked, for nobody can tell who has read it since.

The rule is the same on every system (macOS has no XDG variables set, and gets the defaults of the
XDG Base Directory Specification): the hook client finds the daemon by it without any library.
"""

import os
import pwd
import shlex
import stat
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import msgspec

from traced.core.errors import ConfigError

FOLDER_MODE = 0o700
DROP_MODE = stat.S_ISGID | stat.S_ISVTX | 0o730
DB_SUFFIXES = ("", "-wal", "-shm")  # SQLite puts the last two beside the database file
OTHERS = stat.S_IRWXG | stat.S_IRWXO


class UserFolders(msgspec.Struct, frozen=True):
    """The folders that belong to traced alone; each is named, none of them is made."""

    config: Path
    state: Path
    runtime: Path

    @property
    def config_file(self) -> Path:
        """The file with the user's settings; it need not exist."""
        return self.config / "config.toml"


def user_folders(environ: Mapping[str, str]) -> UserFolders:
    """
    Return the user's folders by the XDG variables of `environ`; a relative path counts as unset.

    Without a runtime folder the sockets' place is a private folder in the state folder. Clients try
    both: a daemon of systemd and a shell under ``su`` need not have the same environment.
    """
    home = home_folder(environ)
    state = _absolute(environ, "XDG_STATE_HOME", home / ".local/state") / "traced"
    runtime = Path(environ.get("XDG_RUNTIME_DIR", ""))
    return UserFolders(
        config=_absolute(environ, "XDG_CONFIG_HOME", home / ".config") / "traced",
        state=state,
        runtime=runtime / "traced" if _is_own_runtime(runtime) else fallback_runtime(state),
    )


def fallback_runtime(state: Path) -> Path:
    """Return the folder of the socket where there is no runtime folder."""
    return state / "run"


def home_folder(environ: Mapping[str, str]) -> Path:
    """Return the user's home folder: $HOME, else what the user database says."""
    home = environ.get("HOME", "")
    if home.startswith("/"):
        return Path(home)
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        raise ConfigError(
            f"HOME is unset and user {os.getuid()} has no entry in the user database,"
            " expected one of them to name the home folder: set HOME"
        ) from None


def prepare_folders(
    *, db: Path, socket: Path, spool: Path, own: UserFolders, is_shared: bool = False
) -> None:
    """
    Make the folders that the daemon needs, and check them and the database file.

    With `is_shared`, the spool may be one that a group drops its events into.

    Raises:
        ConfigError: If any of them is not as it has to be; one line each.
    """
    rules = folder_rules(db=db, socket=socket, spool=spool, own=own, is_shared=is_shared)
    checks = [partial(prepare, folder) for folder, prepare in rules]
    checks += [
        partial(check_private_file, db.with_name(db.name + suffix)) for suffix in DB_SUFFIXES
    ]
    problems: list[str] = []
    for check in checks:
        try:
            check()
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError("\n".join(problems))


def folder_rules(
    *, db: Path, socket: Path, spool: Path, own: UserFolders, is_shared: bool = False
) -> list[tuple[Path, Callable[[Path], None]]]:
    """Return the folders that the daemon needs, each with what makes and checks it."""
    private = (own.state, own.runtime)
    rules = [
        (folder, prepare_private_folder if folder in private else prepare_foreign_folder)
        for folder in dict.fromkeys((db.parent, socket.parent))
        if is_shared or folder != spool
    ]
    return [*rules, (spool, prepare_drop_folder if is_shared else prepare_private_folder)]


def prepare_private_folder(path: Path) -> None:
    """
    Make the folder `path` for this user alone if it is missing; refuse one that is not.

    Raises:
        ConfigError: If others may look in, or it is not ours, or cannot be made.
    """
    found = _make(path)
    _refuse_strangers(path, found)
    if found.st_mode & OTHERS:
        raise ConfigError(
            f"{path} has mode {_octal(found)}, expected 0700: run {_chmod('700', path)}"
        )


def prepare_foreign_folder(path: Path) -> None:
    """
    Make or check a folder that the user named and that holds other things too, like /tmp.

    There the modes of the files, 0600, are the guard. So reading is anybody's, but nobody else may
    be able to put another file in the place of ours: the folder is this user's or root's, and
    either sticky or writable by nobody else. This user's own primary group does not count as
    somebody else: many systems give each user a group and make every folder writable by it.

    Raises:
        ConfigError: If others could replace files in it, or it cannot be made.
    """
    found = _make(path)
    if found.st_uid not in (os.geteuid(), 0):
        raise ConfigError(
            f"{path} belongs to user {found.st_uid}, expected {os.geteuid()} or root:"
            " name a file in another folder"
        )
    writers = stat.S_IWOTH if found.st_gid == os.getegid() else stat.S_IWOTH | stat.S_IWGRP
    if found.st_mode & writers and not found.st_mode & stat.S_ISVTX:
        raise ConfigError(
            f"{path} has mode {_octal(found)}, expected one in which only its owner may replace"
            f" files: run {_chmod('go-w', path)}"
        )


def prepare_drop_folder(path: Path) -> None:
    """
    Check the folder `path` that a group adds files to; one that is missing is made private.

    What the group adds gets the folder's group (setgid), so that this user can read it, and nobody
    but its owner and this user may remove it (sticky); the group cannot list it.

    Raises:
        ConfigError: If it is neither 3730 nor 0700, or not ours, or cannot be made.
    """
    found = _make(path)
    _refuse_strangers(path, found)
    if stat.S_IMODE(found.st_mode) not in (DROP_MODE, FOLDER_MODE):
        raise ConfigError(
            f"{path} has mode {_octal(found)}, expected 3730, or 0700 for this user alone:"
            f" run {_chmod('3730', path)}"
        )


def check_private_file(path: Path) -> None:
    """
    Refuse the file `path` if it exists and is not a file of this user, of one name and mode 0600.

    Raises:
        ConfigError: If others may read or write it, or it is no file of ours.
    """
    try:
        found = _look(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigError(f"{path} cannot be looked at: {error.strerror}") from error
    if not stat.S_ISREG(found.st_mode):
        raise ConfigError(f"{path} is a {_kind(found)}, expected a file: name another one")
    _refuse_strangers(path, found)
    if found.st_nlink > 1:  # SQLite keeps its log beside the name: by two names, in two logs
        raise ConfigError(
            f"{path} has {found.st_nlink} links, expected 1: remove the others, or copy it"
        )
    if found.st_mode & OTHERS:
        raise ConfigError(
            f"{path} has mode {_octal(found)}, expected 0600: run {_chmod('600', path)}"
        )


def _make(path: Path) -> os.stat_result:
    try:
        for folder in (*reversed(path.parents), path):
            if not folder.exists():
                folder.mkdir(FOLDER_MODE, exist_ok=True)
                folder.chmod(FOLDER_MODE)  # whatever the umask left of it
        found = _look(path)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be made or looked at ({error.strerror}), expected a folder of your own"
        ) from error
    if not stat.S_ISDIR(found.st_mode):
        raise ConfigError(f"{path} is a {_kind(found)}, expected a folder: move it away")
    return found


def _look(path: Path) -> os.stat_result:
    """
    Return what `path` is, through a symbolic link only if this user or root made it.

    Anybody else's link, in a folder that others may write in, could lead into a folder of ours.
    """
    link = path.lstat()
    if stat.S_ISLNK(link.st_mode) and link.st_uid not in (os.geteuid(), 0):
        raise ConfigError(
            f"{path} is a symbolic link made by user {link.st_uid}, expected none: remove it"
        )
    return path.stat()


def _refuse_strangers(path: Path, found: os.stat_result) -> None:
    if found.st_uid != os.geteuid():
        raise ConfigError(
            f"{path} belongs to user {found.st_uid}, expected {os.geteuid()}: move it away"
        )


def _absolute(environ: Mapping[str, str], name: str, default: Path) -> Path:
    value = environ.get(name, "")
    return Path(value) if value.startswith("/") else default


def _is_own_runtime(path: Path) -> bool:
    # Only the system may make it, and sudo hands on that of another user.
    try:
        return path.is_absolute() and path.stat().st_uid == os.geteuid()
    except OSError:
        return False


def _chmod(mode: str, path: Path) -> str:
    return f"`chmod {mode} {shlex.quote(str(path))}`"


def _octal(found: os.stat_result) -> str:
    return f"{stat.S_IMODE(found.st_mode):04o}"


def _kind(found: os.stat_result) -> str:
    names = {stat.S_IFDIR: "folder", stat.S_IFREG: "file", stat.S_IFSOCK: "socket"}
    return names.get(stat.S_IFMT(found.st_mode), "special file")
