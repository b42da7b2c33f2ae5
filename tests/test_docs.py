"""What the pages under docs/ say of the program is true."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
GRAVE = {"warning", "error", "critical", "exception"}
# Calls whose message is a variable, and the messages that it can be.
CHOSEN = {
    "traced/forward/forwarder.py": {"backend_waited_for", "database_waited_for"},
    "traced/ingest/listener.py": {"accept_failed", "connections_full"},
    "traced/ingest/notes.py": {"events_discarded", "events_rejected"},
}


def grave_messages() -> dict[str, set[str]]:
    """The messages at WARNING or above that each module can log; "" for a variable one."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "traced").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in GRAVE
                and re.search(r"\blog\b|get_logger", ast.unparse(node.func.value))
            ):
                first = node.args[0]
                name = str(first.value) if isinstance(first, ast.Constant) else ""
                found.setdefault(path.relative_to(ROOT).as_posix(), set()).add(name)
    return found


def test_operations_lists_every_grave_message() -> None:
    """All that an operator can see at WARNING or above, and nothing else."""
    found = grave_messages()
    assert {path for path, names in found.items() if "" in names} == set(CHOSEN)
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \| (?:warning|error)", page, re.MULTILINE)

    assert listed == sorted(set().union(*found.values(), *CHOSEN.values()) - {""})


def test_links_between_pages_lead_somewhere() -> None:
    """Every relative link of the README and of docs/ names a file."""
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]

    assert broken == []


def test_security_names_tests_that_exist() -> None:
    """Each line of the threat model has its test: a file or folder, and the function in it."""
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", page)
    missing = [
        f"{path}::{function}"
        for path, function in named
        if not (ROOT / path).exists()
        or (function and f"def {function}(" not in (ROOT / path).read_text(encoding="utf-8"))
    ]

    assert len(named) > 15
    assert missing == []


def texts_of_code() -> list[tuple[str, str]]:
    """Every text of the program that is no docstring, after its place."""
    found = []
    for path in (ROOT / "traced").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        found += [
            (f"{path.relative_to(ROOT).as_posix()}:{node.lineno}", node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in alone
        ]
    return found


def test_what_users_read_is_plain_english() -> None:
    """Faults are fixed, not mended, and things happen again, not anew; messages and pages alike."""
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    told = [*texts_of_code(), *((page.name, page.read_text(encoding="utf-8")) for page in pages)]

    assert [place for place, text in told if re.search(r"\b(mend(s|ed|ing)?|anew)\b", text)] == []
