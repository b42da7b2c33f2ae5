"""The wheel and the sdist, built without the network, and the wheel in a venv of its own."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import traced

ROOT = Path(__file__).parents[2]
HANG_SECONDS = 120
# A path to the checkout would come before what is installed.
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
NOT_SOURCES = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "*.egg-info")

READ_PACKAGED_SQL = """
import json, traced
from importlib import resources
sql = resources.files("traced.sql")
print(json.dumps([traced.__file__, sql.joinpath("schema.sql").read_text("utf-8")]))
"""


def run(*command: str | Path, cwd: Path) -> str:
    """Return what a command prints; fail with all of its output if it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with both distributions; the wheel is built from the unpacked sdist."""
    folder = tmp_path_factory.mktemp("build")
    source = folder / "source"
    shutil.copytree(ROOT, source, ignore=NOT_SOURCES)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    """The one wheel, which fits every machine."""
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def venv(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A new environment with the wheel.

    What the wheel depends on is taken from the tests' own environment, for there is no network. A
    folder named in a .pth comes last on the path, and no .pth in it is read: so a traced that is
    installed there, editable or not, is not what is found.
    """
    folder = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    pip = (sys.executable, "-m", "pip", "--python", folder / "bin/python")
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=folder)
    return folder


def test_wheel_has_every_module(wheel: Path) -> None:
    """What is in the folder traced is in the wheel, the mark that it is typed included."""
    names = set(zipfile.ZipFile(wheel).namelist())

    wanted = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "traced").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted <= names


@pytest.mark.parametrize("folder", ["sql", "systemd"])
def test_wheel_has_every_file_of_data(wheel: Path, folder: str) -> None:
    """Statements, migrations and units are packaged below traced."""
    names = set(zipfile.ZipFile(wheel).namelist())

    wanted = {
        f"traced/{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted <= names


def test_wheel_has_the_license(wheel: Path) -> None:
    """MIT asks for it in every copy."""
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith("licenses/LICENSE"))

    assert archive.read(name) == (ROOT / "LICENSE").read_bytes()


def test_sdist_can_be_tested(built: Path) -> None:
    """Who packages it for a system has the tests, the locks and the texts too."""
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert {
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "Makefile",
        "README.md",
        "docs/glossary.md",
        "requirements-dev.lock",
        "requirements.lock",
        "sql/schema.sql",
        "tests/acceptance/test_wheel.py",
        "tests/conftest.py",
    } <= names


def test_installed_command_tells_its_version(venv: Path) -> None:
    """`traced --version` runs from the wheel, and the version stands in one place."""
    assert run(venv / "bin/traced", "--version", cwd=venv) == f"traced {traced.__version__}\n"


def test_installed_package_reads_its_sql(venv: Path) -> None:
    """The SQL is found without the checkout."""
    file, schema = json.loads(run(venv / "bin/python", "-c", READ_PACKAGED_SQL, cwd=venv))

    assert Path(file).is_relative_to(venv)
    assert schema == (ROOT / "sql/schema.sql").read_text("utf-8")


def test_installed_commands_are_those_declared(venv: Path) -> None:
    """The wheel puts every script of pyproject.toml beside its Python."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert all((venv / "bin" / name).is_file() for name in project["scripts"])


@pytest.mark.timeout(2 * HANG_SECONDS)
def test_installed_wheel_passes_the_acceptance_tests(venv: Path) -> None:
    """Recorded sessions and the hook client's mishaps hold for what is installed, too."""
    tests = ROOT / "tests/acceptance"
    files = [tests / "test_recorded_sessions.py", tests / "test_hook_delivery.py"]
    options = ["-c", str(ROOT / "pyproject.toml"), "-p", "no:cacheprovider", "-k", "order or spool"]
    # Away from the checkout, for `python -m` finds first what lies in the current folder.
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *map(str, files)],
        cwd=venv,
        env=ENVIRONMENT | {"TRACED_TESTED_PYTHON": str(venv / "bin/python")},
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stdout
