import os
from pathlib import Path

import pytest

from traced.core.errors import ConfigError
from traced.folders import (
    UserFolders,
    check_private_file,
    home_folder,
    prepare_folders,
    prepare_foreign_folder,
    prepare_private_folder,
    user_folders,
)


def mode(path: Path) -> int:
    """Return the permission bits of `path`."""
    return path.stat().st_mode & 0o7777


def test_xdg_variables_name_the_folders(tmp_path: Path) -> None:
    """Each of the three variables gets a folder of traced in it."""
    found = user_folders(
        {
            "HOME": "/nowhere",
            "XDG_CONFIG_HOME": "/c",
            "XDG_STATE_HOME": "/s",
            "XDG_RUNTIME_DIR": str(tmp_path),
        }
    )

    assert found == UserFolders(Path("/c/traced"), Path("/s/traced"), tmp_path / "traced")
    assert found.config_file == Path("/c/traced/config.toml")


def test_home_holds_the_folders_without_xdg_variables() -> None:
    """The socket's place is then a private folder in the state folder."""
    assert user_folders({"HOME": "/home/ada"}) == UserFolders(
        Path("/home/ada/.config/traced"),
        Path("/home/ada/.local/state/traced"),
        Path("/home/ada/.local/state/traced/run"),
    )


def test_relative_xdg_variable_counts_as_unset() -> None:
    """The XDG specification says so, and the hook client does so too."""
    found = user_folders({"HOME": "/h", "XDG_STATE_HOME": "state", "XDG_RUNTIME_DIR": "run"})

    assert found.state == Path("/h/.local/state/traced")
    assert found.runtime == Path("/h/.local/state/traced/run")


def test_runtime_folder_that_is_missing_counts_as_unset(tmp_path: Path) -> None:
    """Only the system may make it: after `su` the variable can name one that is not there."""
    found = user_folders({"HOME": "/h", "XDG_RUNTIME_DIR": str(tmp_path / "gone")})

    assert found.runtime == Path("/h/.local/state/traced/run")


def test_home_without_a_variable_is_that_of_the_user_database() -> None:
    """A service may run without HOME."""
    assert home_folder({}).is_absolute()


@pytest.mark.parametrize("mask", [0, 0o777])
def test_private_folder_is_made_for_this_user_alone(tmp_path: Path, mask: int) -> None:
    """It and those above it that were missing have mode 0700, whatever the umask."""
    previous = os.umask(mask)
    try:
        prepare_private_folder(tmp_path / "a/b")
    finally:
        os.umask(previous)

    assert (mode(tmp_path / "a"), mode(tmp_path / "a/b")) == (0o700, 0o700)


def test_private_folder_may_be_there_already(tmp_path: Path) -> None:
    """The second start finds what the first made."""
    prepare_private_folder(tmp_path / "a")
    prepare_private_folder(tmp_path / "a")

    assert mode(tmp_path / "a") == 0o700


@pytest.mark.parametrize("bits", [0o710, 0o701, 0o750, 0o755, 0o1777])
def test_looser_private_folder_is_refused(tmp_path: Path, bits: int) -> None:
    """Any right of group or others is refused, naming the chmod to run, and not changed."""
    folder = tmp_path / "my folder"
    folder.mkdir()
    folder.chmod(bits)

    with pytest.raises(ConfigError) as caught:
        prepare_private_folder(folder)

    assert str(caught.value) == (
        f"{folder} has mode {bits:04o}, expected 0700: run `chmod 700 '{folder}'`"
    )
    assert mode(folder) == bits


def test_file_in_the_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    """It is left as it is."""
    file = tmp_path / "spool"
    file.write_bytes(b"x")

    with pytest.raises(ConfigError, match="is a file, expected a folder: move it away"):
        prepare_private_folder(file)


def test_folder_below_a_file_cannot_be_made(tmp_path: Path) -> None:
    """The system's reason is told."""
    file = tmp_path / "file"
    file.write_bytes(b"x")

    with pytest.raises(ConfigError, match=r"cannot be made or looked at \(.+\), expected a folder"):
        prepare_private_folder(file / "a/b")


def test_own_link_to_a_private_folder_is_followed(tmp_path: Path) -> None:
    """Who keeps the state on another disk may link to it."""
    target = tmp_path / "disk"
    target.mkdir(0o700)
    link = tmp_path / "traced"
    link.symlink_to(target)

    prepare_private_folder(link)

    assert link.is_symlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_link_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """It could lead into a folder of ours, which its maker may not write in."""
    link = tmp_path / "traced"
    link.symlink_to(tmp_path)
    os.lchown(link, 4321, 4321)

    with pytest.raises(ConfigError, match="symbolic link made by user 4321"):
        prepare_private_folder(link)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_private_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """Even if its mode is right, for its owner can look in."""
    folder = tmp_path / "traced"
    folder.mkdir(0o700)
    os.chown(folder, 4321, 4321)

    with pytest.raises(ConfigError) as caught:
        prepare_private_folder(folder)

    assert str(caught.value) == f"{folder} belongs to user 4321, expected 0: move it away"


@pytest.mark.parametrize("bits", [0o1777, 0o755, 0o700])
def test_foreign_folder_may_be_read_by_others(tmp_path: Path, bits: int) -> None:
    """/tmp and a project's folder will do: the files' own modes are the guard."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(bits)

    prepare_foreign_folder(folder)

    assert mode(folder) == bits


def test_foreign_folder_where_others_replace_files_is_refused(tmp_path: Path) -> None:
    """Writable by all and not sticky: anybody could put another socket in the place of ours."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)

    with pytest.raises(ConfigError) as caught:
        prepare_foreign_folder(folder)

    assert str(caught.value) == (
        f"{folder} has mode 0777, expected one in which only its owner may replace files:"
        f" run `chmod go-w {folder}`"
    )


def test_foreign_folder_may_be_writable_by_ones_own_group(tmp_path: Path) -> None:
    """Where each user has a group, every folder is 0775."""
    folder = tmp_path / "project"
    folder.mkdir()
    os.chown(folder, -1, os.getegid())
    folder.chmod(0o775)

    prepare_foreign_folder(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_foreign_folder_writable_by_another_group_is_refused(tmp_path: Path) -> None:
    """Its members could replace files."""
    folder = tmp_path / "project"
    folder.mkdir()
    os.chown(folder, -1, 4321)
    folder.chmod(0o775)

    with pytest.raises(ConfigError, match="has mode 0775"):
        prepare_foreign_folder(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_foreign_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    """Its owner can replace files whatever the mode is."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, 4321, -1)

    with pytest.raises(ConfigError, match="belongs to user 4321, expected 0 or root"):
        prepare_foreign_folder(folder)


def test_missing_file_is_private(tmp_path: Path) -> None:
    """The daemon makes it with the right mode."""
    check_private_file(tmp_path / "traced.db")


def test_looser_file_is_refused(tmp_path: Path) -> None:
    """A database that others can read is not written on."""
    file = tmp_path / "traced.db"
    file.touch()
    file.chmod(0o640)

    with pytest.raises(ConfigError) as caught:
        check_private_file(file)

    assert str(caught.value) == f"{file} has mode 0640, expected 0600: run `chmod 600 {file}`"


def test_file_of_two_names_is_refused(tmp_path: Path) -> None:
    """SQLite keeps its log beside the name: opened by the other one, the file would lack it."""
    file = tmp_path / "traced.db"
    file.touch(0o600)
    (tmp_path / "copy.db").hardlink_to(file)

    with pytest.raises(ConfigError) as caught:
        check_private_file(file)

    assert str(caught.value) == f"{file} has 2 links, expected 1: remove the others, or copy it"


def test_folder_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    """Nothing but a regular file is a database."""
    with pytest.raises(ConfigError, match="is a folder, expected a file"):
        check_private_file(tmp_path)


def test_all_folders_are_prepared(tmp_path: Path) -> None:
    """A first start makes the state, runtime and spool folders, each 0700."""
    own = UserFolders(tmp_path / "config", tmp_path / "state", tmp_path / "state/run")
    spool = own.state / "spool"

    prepare_folders(
        db=own.state / "traced.db", socket=own.runtime / "traced.sock", spool=spool, own=own
    )

    assert [mode(folder) for folder in (own.state, own.runtime, spool)] == [0o700] * 3
    assert not own.config.exists()


def test_every_wrong_folder_is_told_at_once(tmp_path: Path) -> None:
    """Nobody has to run one chmod to hear of the next, the database's side files included."""
    own = UserFolders(tmp_path / "config", tmp_path / "state", tmp_path / "run")
    prepare_private_folder(own.state)
    own.state.chmod(0o755)
    wal = own.state / "traced.db-wal"
    wal.touch()
    wal.chmod(0o644)
    spool = tmp_path / "spool"
    spool.mkdir()
    spool.chmod(0o711)

    with pytest.raises(ConfigError) as caught:
        prepare_folders(
            db=own.state / "traced.db", socket=own.runtime / "traced.sock", spool=spool, own=own
        )

    assert str(caught.value).splitlines() == [
        f"{own.state} has mode 0755, expected 0700: run `chmod 700 {own.state}`",
        f"{spool} has mode 0711, expected 0700: run `chmod 700 {spool}`",
        f"{wal} has mode 0644, expected 0600: run `chmod 600 {wal}`",
    ]


def test_named_files_may_lie_in_a_folder_of_the_user(tmp_path: Path) -> None:
    """--db and --socket may name a folder that others can look into."""
    own = UserFolders(tmp_path / "config", tmp_path / "state", tmp_path / "run")
    shared = tmp_path / "project"
    shared.mkdir()
    shared.chmod(0o755)

    prepare_folders(db=shared / "x.db", socket=shared / "x.sock", spool=tmp_path / "spool", own=own)
