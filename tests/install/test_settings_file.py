import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_IMODE

import pytest

from traced.install.errors import SettingsError
from traced.install.layout import Json
from traced.install.settings_file import FILE_BYTES_MAX, Plan, plan_install, plan_uninstall

COMMAND = "/usr/bin/ours"
ENTRIES: dict[str, Json] = {
    "PreToolUse": {"matcher": "*", "hooks": [{"type": "command", "command": COMMAND}]},
    "Stop": {"hooks": [{"type": "command", "command": COMMAND}]},
}
THEIRS = b'{\n  "hooks": {\n    "Stop": [\n      {\n        "hooks": []\n      }\n    ]\n  }\n}\n'


def is_ours(command: str) -> bool:
    return command.startswith(COMMAND)


def install(path: Path) -> Path | None:
    return plan_install(path, ENTRIES, is_ours).apply()


def uninstall(path: Path) -> Path | None:
    return plan_uninstall(path, is_ours).apply()


def backups(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.traced-backup-*"))


@contextmanager
def as_nobody() -> Iterator[None]:
    """Give up root's right to write everywhere, where the tests run as root."""
    uid = os.geteuid()
    if uid == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(uid)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.json"


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b"{}\n",
        b"{ }",
        b"{\n}\n",
        b'{"a":1,"b":[2,3]}',
        b'{"model": "opus", "env": {}}',
        b'{\n\t"model": "opus"\n}\n',
        b'{\r\n    "model": "opus"\r\n}\r\n',
        b'\xef\xbb\xbf{\n  "model": "opus"\n}',
        '{\n  // größer\n  "model": "opus", /* ü */\n}\n'.encode(),
        '{"ünï": "\U0001f600", "esc": "\\ud800"}'.encode(),
        b'{\n  "hooks": {}\n}\n',
        b'{"hooks":{"Stop":[]},"z":0}',
        THEIRS,
    ],
)
def test_a_file_is_the_same_byte_for_byte_after_install_and_uninstall(
    path: Path, content: bytes
) -> None:
    """Whatever its newlines, indentation, byte order mark or comments are."""
    path.write_bytes(content)
    install(path)
    assert path.read_bytes().count(COMMAND.encode()) == 2
    uninstall(path)
    assert path.read_bytes() == content


def test_without_a_file_one_is_made_for_this_user_alone_and_goes_again(tmp_path: Path) -> None:
    """Missing folders are made 0700, the file 0600; after uninstall the file is gone."""
    path = tmp_path / "a" / "b" / "settings.json"
    assert install(path) is None
    assert json.loads(path.read_bytes()) == {
        "hooks": {event: [entry] for event, entry in ENTRIES.items()}
    }
    modes = [S_IMODE(made.stat().st_mode) for made in (path.parent.parent, path.parent, path)]
    assert modes == [0o700, 0o700, 0o600]
    uninstall(path)
    assert not path.exists()


def test_a_second_install_changes_nothing_and_backs_up_nothing(path: Path) -> None:
    """Twice is once, also where others moved things around ours."""
    path.write_bytes(THEIRS)
    install(path)
    moved = json.loads(path.read_bytes())
    moved["hooks"]["Stop"].reverse()
    path.write_text(json.dumps(moved))
    plan = plan_install(path, ENTRIES, is_ours)
    assert not plan.changes
    assert plan.diff() == ""
    assert plan.apply() is None
    assert len(backups(path.parent)) == 1


def test_another_command_replaces_ours(path: Path) -> None:
    """An installation with other paths or events leaves nothing of the one before."""
    path.write_bytes(THEIRS)
    install(path)
    other: dict[str, Json] = {"Stop": {"hooks": [{"command": COMMAND + " --new"}]}}
    plan_install(path, other, is_ours).apply()
    hooks = json.loads(path.read_bytes())["hooks"]
    assert hooks == {"Stop": [{"hooks": []}, other["Stop"]]}
    uninstall(path)
    assert path.read_bytes() == THEIRS


def test_every_change_leaves_the_bytes_before_it_in_a_backup(path: Path) -> None:
    """Backups bear the file's mode, and never replace one another; nothing else is left."""
    path.write_bytes(THEIRS)
    path.chmod(0o640)
    first = install(path)
    changed = path.read_bytes()
    second = uninstall(path)
    third = install(path)
    assert set(path.parent.iterdir()) == {path, first, second, third}
    assert first is not None
    assert second is not None
    assert first.name.startswith("settings.json.traced-backup-2")
    assert first.read_bytes() == THEIRS
    assert S_IMODE(first.stat().st_mode) == 0o640
    assert second.read_bytes() == changed


def test_mode_and_owner_stay(path: Path) -> None:
    """The new file is whose the old one was."""
    path.write_bytes(b"{}")
    path.chmod(0o664)
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
    before = path.stat()
    install(path)
    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )


def test_a_link_stays_a_link_and_its_target_is_edited(tmp_path: Path) -> None:
    """The backup stands beside the target."""
    target = tmp_path / "dotfiles" / "claude.json"
    target.parent.mkdir()
    target.write_bytes(b'{"a":1}')
    link = tmp_path / "home" / "settings.json"
    link.parent.mkdir()
    link.symlink_to("../dotfiles/claude.json")
    install(link)
    assert link.is_symlink()
    assert COMMAND.encode() in target.read_bytes()
    assert len(backups(target.parent)) == 1
    uninstall(link)
    assert target.read_bytes() == b'{"a":1}'
    assert link.is_symlink()


def test_a_link_to_nothing_gets_its_target_and_loses_it_again(tmp_path: Path) -> None:
    """A dangling link is what it was after uninstall."""
    link = tmp_path / "settings.json"
    link.symlink_to(tmp_path / "later" / "settings.json")
    install(link)
    assert json.loads(link.read_bytes())["hooks"].keys() == ENTRIES.keys()
    uninstall(link)
    assert link.is_symlink()
    assert not link.exists()


def test_uninstall_without_a_file_changes_nothing(path: Path) -> None:
    """There is nothing to take out of a file that is not there."""
    assert plan_uninstall(path, is_ours) == Plan(path, None, None)
    assert uninstall(path) is None
    assert not path.exists()


def test_the_diff_shows_what_changes_and_writes_nothing(path: Path) -> None:
    """It is a unified diff, which also tells of a missing last newline."""
    path.write_bytes(b'{\r\n  "a": 1\r\n}')
    plan = plan_install(path, {"Stop": {"command": COMMAND}}, is_ours)
    assert plan.diff().splitlines() == [
        f"--- {path}",
        f"+++ {path}",
        "@@ -1,3 +1,10 @@",
        " {",
        '-  "a": 1',
        '+  "a": 1,',
        '+  "hooks": {',
        '+    "Stop": [',
        "+      {",
        f'+        "command": "{COMMAND}"',
        "+      }",
        "+    ]",
        "+  }",
        " }",
        "\\ No newline at end of file",
    ]
    assert path.read_bytes() == b'{\r\n  "a": 1\r\n}'
    assert not backups(path.parent)


def test_the_diff_of_a_new_file_comes_from_nowhere(path: Path) -> None:
    """As with git, the side without a file is /dev/null."""
    install(path)
    assert plan_uninstall(path, is_ours).diff().startswith(f"--- {path}\n+++ /dev/null\n@@ -1,")


def test_a_file_that_others_changed_meanwhile_is_not_overwritten(path: Path) -> None:
    """Between plan and change the agent itself may write its settings."""
    path.write_bytes(b"{}")
    plan = plan_install(path, ENTRIES, is_ours)
    path.write_bytes(b'{"model": "opus"}')
    with pytest.raises(SettingsError, match=r"was changed by another program.*run it again"):
        plan.apply()
    assert path.read_bytes() == b'{"model": "opus"}'
    assert not backups(path.parent)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "line 1, column 1: read the end of the file, expected a value"),
        (b'{\n  "a": 1,\n  b\n}', "line 3, column 3: read 'b', expected JSON"),
        (b'{"hooks": 1}', "line 1, column 11: \"hooks\" is '1', expected an object"),
        (b'{"a": "\xff"}', "byte 7 is 0xff, expected UTF-8"),
        (b"{}" + b" " * FILE_BYTES_MAX, "is larger than 16777216 bytes, expected settings"),
    ],
)
def test_a_file_that_is_no_settings_is_refused_and_stays(
    path: Path, content: bytes, message: str
) -> None:
    """The error names file and place."""
    path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        plan_install(path, ENTRIES, is_ours)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)
    assert path.read_bytes() == content


def test_what_is_no_file_is_refused(path: Path) -> None:
    """A FIFO neither holds the installer nor is replaced; nor is a folder."""
    os.mkfifo(path)
    with pytest.raises(SettingsError, match="is not a regular file, expected a settings file"):
        plan_install(path, ENTRIES, is_ours)
    path.unlink()
    path.mkdir()
    with pytest.raises(SettingsError, match=r"is not a regular file|Is a directory"):
        plan_install(path, ENTRIES, is_ours)


def test_a_path_that_cannot_be_is_refused(path: Path) -> None:
    """The reason of the system is in the error."""
    path.write_bytes(b"{}")
    with pytest.raises(SettingsError, match=r"cannot read .*: Not a directory"):
        plan_install(path / "settings.json", ENTRIES, is_ours)
    loop = path.with_name("loop")
    loop.symlink_to(loop)
    with pytest.raises(SettingsError, match=r"cannot read .*: Too many levels of symbolic links"):
        plan_install(loop, ENTRIES, is_ours)


def test_in_a_folder_that_cannot_be_written_nothing_happens() -> None:
    """The error names the folder's file and the system's reason."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0)
        with as_nobody(), pytest.raises(SettingsError, match=r"read .*: Permission denied"):
            plan_install(folder / "settings.json", ENTRIES, is_ours)
        folder.chmod(0o700)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "settings.json"
        path.write_bytes(b"{}")
        folder.chmod(0o555)
        with (
            as_nobody(),
            pytest.raises(SettingsError, match=r"change .*: Permission denied"),
        ):
            install(path)
        assert path.read_bytes() == b"{}"
        assert [entry.name for entry in folder.iterdir()] == ["settings.json"]
        folder.chmod(0o755)
