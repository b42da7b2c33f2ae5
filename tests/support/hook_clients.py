"""The hook client in each of its forms: tests of what every form owes run against all of them."""

import atexit
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

from support.daemon import PYTHON

CLIENTS = ("python", "c")
SANITIZE = "TRACED_TEST_SANITIZE"  # any value: the one in C watches its own memory

FIND = "from traced.client import hook; print(hook.__file__)"
COMPILE = """
import sys
from pathlib import Path
from traced.install.compiled import compile_client
compile_client(Path(sys.argv[1]), *sys.argv[2:])
"""
# With -static there is no address sanitizer: the compiler refuses, and the second try links shared.
WATCHED = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@cache
def hook_client(name: str) -> tuple[str, ...]:
    """Return the words that start the client `name` of the tested installation."""
    if name == "python":
        file = subprocess.check_output([PYTHON, "-c", FIND], text=True).strip()
        return (PYTHON, "-ISE", file)
    if shutil.which("cc") is None:
        pytest.skip("the client in C needs a C compiler, and cc is not on PATH")
    folder = Path(tempfile.mkdtemp(prefix="traced-client-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    flags = WATCHED if SANITIZE in os.environ else ()
    subprocess.run([PYTHON, "-c", COMPILE, str(folder / "hook"), *flags], check=True)
    return (str(folder / "hook"),)
