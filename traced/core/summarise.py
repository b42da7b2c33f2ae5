"""
Text for people: what was asked of a tool and what it said, in at most 500 characters.

What is told is redacted before it is cut (`traced.core.telling`); what a tool was asked for is not:
it goes through `summary` like any other value.
"""

import re
import shlex
import unicodedata
from collections.abc import Iterable
from typing import Final

from traced.core.redact import Redactor
from traced.core.telling import ELLIPSIS, HEAD_CHARS_MAX, Teller

SUMMARY_CHARS_MAX: Final = 500

CLUSTER_CHARS_MAX: Final = 16
"""How far a cut moves back to keep a letter and its marks together."""

TOOL_INPUT_CHARS_MAX: Final = 4 * HEAD_CHARS_MAX
"""So long that a summary of it sees that it goes on, and does not show its edge."""

PATCH_CHARS_MAX: Final = 256 * 1024
"""How much of a patch is searched for the files that it names."""

_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_JOINER: Final = "\u200d"
_SKIN_TONES: Final = frozenset("\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")

_SHELLS: Final = frozenset(
    {
        *("bash", "shell", "powershell", "terminal", "localshell", "localshellcall"),
        *("exec", "execcommand", "containerexec", "runshellcommand", "runcommand"),
        *("runterminalcmd", "runinterminal"),
    },
)
_COMMAND: Final = ("command", "cmd", "script")
_PATH: Final = (
    *("file_path", "notebook_path", "path", "absolute_path", "filePath", "target_file", "dir_path"),
)
_ASKED: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("read", "write", "edit", "multiedit", "notebookedit"), _PATH),
    **dict.fromkeys(("readfile", "writefile", "editfile", "createfile", "deletefile"), _PATH),
    **dict.fromkeys(("replace", "view", "create", "strreplace"), _PATH),
    **dict.fromkeys(("ls", "listdir", "listdirectory"), _PATH),
    **dict.fromkeys(("grep", "glob", "grepsearch", "searchfilecontent"), ("pattern", "query")),
    "webfetch": ("url", "prompt"),
    **dict.fromkeys(("websearch", "googlewebsearch"), ("query",)),
    **dict.fromkeys(
        ("task", "agent", "spawnagent", "invokeagent", "delegatetoagent"),
        ("description", "prompt", "message"),
    ),
    "skill": ("args",),
    "exitplanmode": ("plan",),
    "taskcreate": ("subject",),
    "toolsearch": ("query",),
}
"""Which field says what a tool was asked for; its name without case, ``_`` and ``-``."""

_TASK_LISTS: Final = {
    "todowrite": "todos",
    "writetodos": "todos",
    "updateplan": "plan",
    "askuserquestion": "questions",
}
_TASK: Final = ("content", "step", "description", "question")
_TASK_MARKS: Final = {"completed": " ✓", "in_progress": " …", "cancelled": " ✗"}
_PATCHED_FILE: Final = re.compile(r"^\*\*\* (?:Add|Update|Delete) File: (.*\S)", re.MULTILINE)


def clean(text: str) -> str:
    """Replace what no database takes, lone surrogates and U+0000, by U+FFFD."""
    if text.isascii():
        return text.replace("\x00", "\ufffd")
    if not _UNSTORABLE.search(text):
        return text
    paired = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return paired.replace("\x00", "\ufffd")


def cut(text: str, chars_max: int = SUMMARY_CHARS_MAX) -> str:
    """
    Shorten `text` to at most `chars_max` code points, the final ``…`` included.

    A letter keeps its accents and an emoji its parts, unless they are absurdly many.
    """
    if len(text) <= chars_max:
        return text
    if chars_max < 1:
        return ""
    end = chars_max - 1
    for earlier in range(end, max(0, end - CLUSTER_CHARS_MAX), -1):
        if not _belong_together(text[earlier - 1], text[earlier]):
            return text[:earlier] + ELLIPSIS
    return text[:end] + ELLIPSIS


def _belong_together(left: str, right: str) -> bool:
    return (
        _JOINER in {left, right}
        or right in _SKIN_TONES
        or unicodedata.category(right) in {"Mn", "Me", "Mc"}
    )


def summary(value: object, redactor: Redactor) -> str | None:
    """
    Tell any JSON value in at most `SUMMARY_CHARS_MAX` characters; None where it says nothing.

    A text is itself; MCP content blocks are their texts; an object is its one text field if it
    has one of the usual, else ``key=value, key=value``.
    """
    return cut(clean(Teller(redactor).tell(value))) or None


def tool_input(name: str, value: object, redactor: Redactor) -> str | None:
    """
    Return what a well-known tool was asked for: the command, the path, the pattern; else None.

    The text is neither redacted nor cut for people, but at most `TOOL_INPUT_CHARS_MAX` long. Only
    words that are put in quotes here are redacted, because what was quoted twice is not seen.
    """
    tool = name.replace("_", "").replace("-", "").lower()
    if tool in _SHELLS:
        asked = _command(value, redactor)
    elif tool == "applypatch":
        asked = _patched_files(value)
    elif not isinstance(value, dict):
        return None
    elif tool in _TASK_LISTS:
        asked = _tasks(value.get(_TASK_LISTS[tool]))
    else:
        asked = _first_text(value, _ASKED.get(tool, ()))
    return asked[:TOOL_INPUT_CHARS_MAX] if asked else None


def _first_text(value: dict[str, object], keys: tuple[str, ...]) -> str | None:
    texts = (text for key in keys if isinstance(text := value.get(key), str) and text)
    return next(texts, None)


def _command(value: object, redactor: Redactor) -> str | None:
    """Return a shell's command; of ``["bash", "-lc", script]`` the script."""
    if isinstance(value, dict):
        value = next((value[key] for key in _COMMAND if value.get(key)), None)
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        return None
    match value:
        case [str(), "-c" | "-lc", str(script)]:
            return script
    return _joined(" ", (shlex.quote(Teller(redactor).tell(word)) for word in value))


def _patched_files(value: object) -> str | None:
    """Return the files that a patch names: ``a.py, b.py``."""
    patch = _first_text(value, (*_COMMAND, "input", "patch")) if isinstance(value, dict) else value
    if not isinstance(patch, str):
        return None
    files = _PATCHED_FILE.finditer(patch, 0, PATCH_CHARS_MAX)
    return _joined(", ", (file[1] for file in files))


def _tasks(tasks: object) -> str | None:
    """Return tasks, or questions, and how they stand: ``Inspect repo ✓, Write notes …``."""
    if not isinstance(tasks, list):
        return None
    told = (_task(task) for task in tasks if isinstance(task, dict))
    return _joined(", ", (task for task in told if task))


def _task(task: dict[str, object]) -> str:
    text = _first_text(task, _TASK) or ""
    return text + _TASK_MARKS.get(str(task.get("status")), "") if text else ""


def _joined(separator: str, texts: Iterable[str]) -> str:
    """Join texts, but no more of them than may be returned."""
    room = TOOL_INPUT_CHARS_MAX
    taken: list[str] = []
    for text in texts:
        taken.append(text)
        room -= len(text) + len(separator)
        if room < 0:
            break
    return separator.join(taken)
