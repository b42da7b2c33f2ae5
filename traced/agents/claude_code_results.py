"""
What Claude Code's tools gave back, as far as a person wants to read it.

Law: a result whose shape is not known stays as it is: it is told like any other value.
"""

from collections.abc import Callable
from typing import Final

Result = dict[str, object]

# More than a summary can show; a search may find a hundred thousand files.
NAMES_SHOWN_MAX: Final = 100
TOOLS_USED: Final = "<tools-used-before-summary>"


def readable(tool_name: str, response: object) -> object:
    """Return the part of a tool's response that is worth summarising, None if there is none."""
    reader = READERS.get(tool_name)
    if reader is None or not isinstance(response, dict):
        return response
    return reader(response)


def _shell(result: Result) -> object:
    if result.get("isImage") is True:
        return "an image"
    stdout, stderr = result.get("stdout"), result.get("stderr")
    if not isinstance(stdout, str) or not isinstance(stderr, str):
        return result
    if stdout or stderr:
        return {"stdout": stdout, "stderr": stderr}
    task = result.get("backgroundTaskId")
    return f"runs in the background as {task}" if isinstance(task, str) else None


def _read(result: Result) -> object:
    file = result.get("file")
    if not isinstance(file, dict):
        return result
    lines, start, total = (file.get(key) for key in ("numLines", "startLine", "totalLines"))
    if not isinstance(lines, int):
        return _said(result.get("type"))  # an image, a notebook, a document: not its content
    if isinstance(start, int) and isinstance(total, int) and lines < total:
        return f"lines {start} to {start + lines - 1} of {total}"
    return _counted(lines, "line")


def _write(result: Result) -> object:
    patch = result.get("structuredPatch")
    if not isinstance(patch, list):
        return result
    if result.get("type") == "create":
        return "created"
    lines = [
        line[:1]
        for hunk in patch
        if isinstance(hunk, dict) and isinstance(hunk.get("lines"), list)
        for line in hunk["lines"]
        if isinstance(line, str)
    ]
    return f"updated: +{lines.count('+')} -{lines.count('-')}"


def _search(result: Result) -> object:
    content, names = result.get("content"), result.get("filenames")
    if isinstance(content, str) and content:
        return content
    if not isinstance(names, list):
        return result
    shown = [name for name in names[:NAMES_SHOWN_MAX] if isinstance(name, str)]
    return "\n".join([_counted(len(names), "file"), *shown]) if shown else "nothing found"


def _tasks(result: Result) -> object:
    tasks = result.get("newTodos")
    if not isinstance(tasks, list):
        return result
    done = [task for task in tasks if isinstance(task, dict) and task.get("status") == "completed"]
    return f"{len(done)} of {len(tasks)} done"


def _answers(result: Result) -> object:
    return result.get("answers") or result  # without the questions again


def _sub_agent(result: Result) -> object:
    content = result.get("content")
    if not isinstance(content, list):
        return _said(result.get("status")) or result
    return [block for block in content if not _is_note(block)]


def _is_note(block: object) -> bool:
    text = block.get("text") if isinstance(block, dict) else None
    return isinstance(text, str) and text.startswith(TOOLS_USED)


def _skill(result: Result) -> object:
    if "result" in result:  # of the sub-agent that it ran in
        return result["result"]
    return "launched" if result.get("success") is True else result


def _said(word: object) -> str | None:
    return word.replace("_", " ") if isinstance(word, str) else None


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


READERS: Final[dict[str, Callable[[Result], object]]] = {
    "Bash": _shell,
    "Read": _read,
    "Write": _write,
    "Edit": _write,
    "MultiEdit": _write,
    "Grep": _search,
    "Glob": _search,
    "TodoWrite": _tasks,
    "AskUserQuestion": _answers,
    "Agent": _sub_agent,
    "Task": _sub_agent,
    "Skill": _skill,
}
