"""
The file that holds the web's token.

Law: the token is in this one private file, never in a setting, an argument, a variable or a log; so
it cannot be seen in a list of processes, and changes only with the file.
"""

import re
import secrets
from pathlib import Path
from typing import Final

from traced.core.errors import ConfigError
from traced.folders import check_private_file, prepare_private_folder

NAME: Final = "web-token"
TOKEN_BYTES: Final = 32
# What a header and a URL hold as they are; 16 of 64 characters are 96 bits.
_TOKEN: Final = re.compile(r"[A-Za-z0-9_.~-]{16,256}")


def read_token(path: Path) -> str | None:
    """
    Return the token in the file, None if there is no file.

    Raises:
        ConfigError: If others may read it, or it holds something else.
    """
    check_private_file(path)
    try:
        token = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read ({type(error).__name__})") from error
    if not _TOKEN.fullmatch(token):
        raise ConfigError(
            f"{path} holds {len(token)} characters, expected a token of 16 to 256 letters,"
            " digits, - _ . or ~: delete it, and a new one is made"
        )
    return token


def make_token(path: Path) -> str:
    """
    Write a new token into a file of this user alone; return it.

    Raises:
        ConfigError: If the file cannot be made.
    """
    prepare_private_folder(path.parent)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(f"{token}\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be made: {error.strerror}") from error
    return token
