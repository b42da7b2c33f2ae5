import stat
from pathlib import Path

import pytest

from traced.cli.token_file import make_token, read_token
from traced.core.errors import ConfigError


def test_a_token_is_made_once_for_us_alone(tmp_path: Path) -> None:
    """What was made is read again, from a file and a folder that nobody else may look into."""
    path = tmp_path / "new" / "web-token"

    token = make_token(path)

    assert read_token(path) == token
    assert len(token) == 43
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_tokens_differ(tmp_path: Path) -> None:
    """Nobody can guess one from another."""
    assert make_token(tmp_path / "one") != make_token(tmp_path / "two")


def test_no_file_is_no_token(tmp_path: Path) -> None:
    """Where there is no file, there is no token yet."""
    assert read_token(tmp_path / "web-token") is None


def test_a_token_of_ones_own(tmp_path: Path) -> None:
    """A file that its user wrote is taken, with or without a newline."""
    path = tmp_path / "web-token"
    path.touch(mode=0o600)
    path.write_text("correct-horse-battery\n")

    assert read_token(path) == "correct-horse-battery"


def test_a_file_for_all_is_refused(tmp_path: Path) -> None:
    """A token that others could read is none."""
    path = tmp_path / "web-token"
    path.write_text("correct-horse-battery\n")
    path.chmod(0o644)

    with pytest.raises(ConfigError, match="mode 0644, expected 0600"):
        read_token(path)


@pytest.mark.parametrize("text", ["", "short", "a token with spaces in it", "ü" * 20, "x" * 257])
def test_what_is_no_token(tmp_path: Path, text: str) -> None:
    """What is too short to be safe, or cannot stand in a header, is refused without being shown."""
    path = tmp_path / "web-token"
    path.touch(mode=0o600)
    path.write_text(text)

    with pytest.raises(ConfigError, match=r"web-token holds \d+ characters, expected") as caught:
        read_token(path)
    assert not text or text not in str(caught.value)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    """A file of other things is told as such."""
    path = tmp_path / "web-token"
    path.touch(mode=0o600)
    path.write_bytes(b"\xff" * 20)

    with pytest.raises(ConfigError, match=r"cannot be read \(UnicodeDecodeError\)"):
        read_token(path)


def test_a_file_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    """Of two who make the token at once, one hears of it."""
    make_token(tmp_path / "web-token")

    with pytest.raises(ConfigError, match="cannot be made: File exists"):
        make_token(tmp_path / "web-token")
