"""
The house rules that no linter knows, each as a test.

Law: a rule that is not worth holding is deleted here, not excepted from.
"""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LINES_MAX = 300  # of a file: what can be read in one sitting
FUNCTION_LINES_MAX = 50

SOURCES = sorted((ROOT / "traced").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

# Modules without a test file of their own name, each with where its facts are told.
MIRROR_EXCEPTIONS = {
    "traced/core/errors.py": "classes without behaviour; each is asserted where it is raised",
}

SQL = re.compile(
    r"\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER|PRAGMA|BEGIN|COMMIT|ROLLBACK)\s"
)
MACHINE_PATHS = re.compile(r"(?<![\w.~}])/(?:work|root|farm|tmp/bash_jobs)(?![\w-])")
REGISTRIES = re.compile(r"\b(?:pypi|pythonhosted|npmjs|crates)\.(?:org|io)\b|file:/{3}\w")


def named(path: Path) -> str:
    """Return the path below the root, with slashes."""
    return path.relative_to(ROOT).as_posix()


@cache
def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_bytes(), named(path))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function of a tree, methods and nested ones included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def imports(tree: ast.AST) -> Iterator[tuple[ast.Import | ast.ImportFrom, str]]:
    """Yield every import statement with the module that it names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node, node.module or ""


def tracked_files() -> list[Path]:
    """Return what git would commit; in an unpacked sdist, which has no git, what is in it."""
    if not (ROOT / ".git").exists():
        return [*SOURCES, *TESTS, *(path for path in ROOT.iterdir() if path.is_file())]
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def locked(name: str) -> dict[str, str]:
    """Return package -> version of a lock file."""
    found = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text("utf-8"), re.MULTILINE)
    return {canonicalize_name(package): version for package, version in found}


def test_files_are_short() -> None:
    """No file of code or tests is longer than can be read in one sitting."""
    long = {
        named(path): count
        for path in (*SOURCES, *TESTS)
        if (count := len(path.read_text("utf-8").splitlines())) > LINES_MAX
    }

    assert long == {}


def test_functions_are_short() -> None:
    """A function fits on a screen."""
    long = {
        f"{named(path)}:{function.name}": lines
        for path in (*SOURCES, *TESTS)
        for function in functions(parsed(path))
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES_MAX
    }

    assert long == {}


def test_tests_mirror_modules() -> None:
    """traced/core/redact.py has its facts in tests/core/test_redact.py."""
    missing = []
    for path in SOURCES:
        module = path.relative_to(ROOT / "traced")
        mirror = ROOT / "tests" / module.with_name(f"test_{module.name}")
        if not module.stem.startswith("__") and not mirror.exists():
            missing.append(named(path))

    assert sorted(missing) == sorted(MIRROR_EXCEPTIONS)


def test_every_test_states_its_fact() -> None:
    """Every test has a docstring, which is read when it fails."""
    silent = [
        f"{named(path)}:{function.name}"
        for path in TESTS
        for function in functions(parsed(path))
        if function.name.startswith("test_") and not ast.get_docstring(function)
    ]

    assert silent == []


def test_everything_public_is_documented() -> None:
    """Every public class and function has a docstring; every file has the sign on its door."""
    silent = []
    for path in SOURCES:
        tree = parsed(path)
        scopes: list[ast.Module | ast.ClassDef] = [tree]
        scopes += [node for node in tree.body if isinstance(node, ast.ClassDef)]
        silent += [] if (ast.get_docstring(tree) or "").strip() else [named(path)]
        silent += [
            f"{named(path)}:{node.name}"
            for scope in scopes
            if isinstance(scope, ast.Module) or not scope.name.startswith("_")
            for node in scope.body
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and not node.name.startswith("_")
            and not ast.get_docstring(node)
        ]

    assert silent == []


def test_imports_stand_at_the_top() -> None:
    """
    No import hides in a function or behind TYPE_CHECKING: those are how circles begin.

    But traced/__main__.py, which chooses between the hook client and all the rest.
    """
    hidden = []
    for path in (*SOURCES, *TESTS):
        if path.name == "__main__.py":
            continue
        tree = parsed(path)
        hidden += [
            f"{named(path)}:{node.lineno}" for node, _ in imports(tree) if node not in tree.body
        ]

    assert hidden == []


def test_sql_stands_in_files() -> None:
    """No statement is written as a string, but in the store, whose own rules are reviewed."""
    found = [
        f"{named(path)}:{node.lineno}"
        for path in SOURCES
        if "store" not in path.relative_to(ROOT).parts
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value)
    ]

    assert found == []


def test_nothing_of_our_own_is_faked() -> None:
    """Tests use the real thing: a file, a socket, a process."""
    fakes = [
        named(path)
        for path in TESTS
        for node, module in imports(parsed(path))
        for name in (module, *(alias.name for alias in node.names))
        if "mock" in name
    ]

    assert fakes == []


def test_types_say_what_they_hold() -> None:
    """Nothing in traced is typed Any, nor a type comment switched off as a whole."""
    loose = [
        f"{named(path)}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(parsed(path))
        if (isinstance(node, ast.Name) and node.id == "Any")
        or (isinstance(node, ast.alias) and node.name == "Any")
        or (isinstance(node, ast.Attribute) and node.attr == "Any")
    ]

    assert loose == []


def test_client_imports_the_standard_library_only() -> None:
    """The side door runs where nothing is installed, hook.py even without the rest of traced."""
    allowed = {*sys.stdlib_module_names, "traced.client"}
    foreign = [
        f"{named(path)}: {name}"
        for path in (ROOT / "traced/client").rglob("*.py")
        for _, name in imports(parsed(path))
        if name.split(".")[0] not in allowed and not name.startswith("traced.client")
    ]

    assert foreign == []


def test_every_package_is_packaged() -> None:
    """A new folder of traced is in pyproject.toml's list, else the wheel would lack it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    listed = {
        name
        for name in project["tool"]["setuptools"]["packages"]
        if not name.startswith(("traced.sql", "traced.systemd"))
    }

    assert listed == {
        named(path.parent).replace("/", ".") for path in SOURCES if path.name == "__init__.py"
    }


def test_files_name_no_machine_and_no_registry() -> None:
    """What is committed works on any machine and with any mirror."""
    found = []
    for path in tracked_files():
        text = path.read_bytes().decode("utf-8", "replace")
        found += [
            f"{named(path)}: {match[0]}"
            for pattern in (MACHINE_PATHS, REGISTRIES)
            for match in pattern.finditer(text)
        ]

    assert found == []


@pytest.mark.parametrize("file", ["requirements.lock", "requirements-dev.lock"])
def test_lock_files_hold_hashes_of_exact_versions(file: str) -> None:
    """Every line is a version or a hash of one of its files: no address, no range."""
    text = re.sub(r"^#.*\n", "", (ROOT / file).read_text("utf-8"), flags=re.MULTILINE)

    entry = r"[\w.-]+==[\w.]+( ; [^\\\n]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+\n"
    assert re.fullmatch(f"({entry})+", text)


def test_lock_files_agree() -> None:
    """What runs is tested: the tests' lock has the same versions, and more."""
    assert locked("requirements.lock").items() <= locked("requirements-dev.lock").items()


def test_lock_files_fit_what_is_required() -> None:
    """Each requirement of pyproject.toml is locked at a version that it allows: run `make lock`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = project["dependency-groups"]
    run = [*project["project"]["dependencies"], *groups["build"]]
    dev = [entry for entry in groups["dev"] if isinstance(entry, str)]
    dev += chain(*project["project"]["optional-dependencies"].values())
    assert groups["build"] == project["build-system"]["requires"]
    for lock, wanted in (("requirements.lock", run), ("requirements-dev.lock", dev)):
        versions = locked(lock)
        for requirement in map(Requirement, wanted):
            version = versions.get(canonicalize_name(requirement.name))
            assert version in requirement.specifier if version else False, (
                f"{requirement} in {lock}"
            )
