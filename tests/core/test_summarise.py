import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fake_secrets import FAKES, PASSWORD, Fake

from traced.core.redact import Redactor
from traced.core.summarise import (
    SUMMARY_CHARS_MAX,
    TOOL_INPUT_CHARS_MAX,
    clean,
    cut,
    summary,
    tool_input,
)
from traced.core.telling import EDGE_CHARS_MAX, HEAD_CHARS_MAX

texts = st.text(st.characters() | st.characters(categories=["Cs", "Mn", "So"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
)


def what_was_asked(tool: str, value: object) -> str | None:
    """Return what a tool was asked for, with a redactor of its own."""
    return tool_input(tool, value, Redactor())


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\x00b", "a\ufffdb"),
        ("é\x00", "é\ufffd"),
        ("a\ud800b", "a\ufffdb"),
        ("\udfff\ud800", "\ufffd\ufffd"),
        ("\ud83d\ude00", "😀"),
        ("one\ntwo\té😀", "one\ntwo\té😀"),
    ],
)
def test_what_no_database_takes_is_replaced(text: str, cleaned: str) -> None:
    """Lone surrogates and U+0000 become U+FFFD; pairs are joined; all else is kept."""
    assert clean(text) == cleaned


@given(texts)
def test_a_clean_text_can_be_stored(text: str) -> None:
    """It is UTF-8 without zeros, and cleaning it again changes nothing."""
    cleaned = clean(text)

    assert "\x00" not in cleaned.encode().decode()
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize(
    ("text", "chars_max", "shortened"),
    [
        *(("abc", 3, "abc"), ("abcd", 3, "ab…"), ("abc", 1, "…"), ("abc", 0, ""), ("", 0, "")),
        *(("a😀b", 3, "a😀b"), ("a😀bc", 3, "a😀…"), ("ab\ncd", 4, "ab\n…")),
        ("ae\u0301x", 3, "a…"),
        ("ab👩\u200d💻x", 5, "ab…"),
        ("ab👍🏽x", 4, "ab…"),
        ("❤\ufe0fxyz", 4, "❤\ufe0fx…"),
    ],
)
def test_a_cut_goes_between_characters(text: str, chars_max: int, shortened: str) -> None:
    """Code points are counted, the ellipsis too; accents and parts of emoji stay together."""
    assert cut(text, chars_max) == shortened


def test_a_letter_with_absurdly_many_accents_is_cut() -> None:
    """Else a text could consist of one character."""
    assert len(cut("a" + "\u0301" * 1000, 100)) == 100


@given(texts, st.integers(0, 40))
def test_a_cut_never_exceeds_its_limit(text: str, chars_max: int) -> None:
    """Whatever the text; and what fits is not touched."""
    shortened = cut(text, chars_max)

    assert len(shortened) <= chars_max
    assert len(text) > chars_max or shortened == text


def test_a_summary_is_at_most_500_characters() -> None:
    """The ellipsis included."""
    assert summary("a" * 501, Redactor()) == "a" * 499 + "…"
    assert summary("a" * 500, Redactor()) == "a" * 500
    assert summary("a" * 5_000_000, Redactor()) == "a" * 499 + "…"


@settings(max_examples=50)
@given(values)
def test_any_value_has_a_summary(value: object) -> None:
    """No JSON value is refused, and what is told can be stored."""
    told = summary(value, Redactor())

    assert told is None or 0 < len(told) <= SUMMARY_CHARS_MAX
    assert told is None or told.encode()


@settings(max_examples=500)
@given(st.sampled_from(FAKES), st.integers(0, HEAD_CHARS_MAX + 10), st.sampled_from("x\né"))
def test_no_secret_survives_anywhere_in_a_long_text(fake: Fake, at: int, filler: str) -> None:
    """Neither before the cut nor across it, nor where the reading of a long text ends."""
    text = filler * at + "\n" + fake.text + "\n" + "more " * 1000
    told = summary(text, Redactor()) or ""

    assert fake.secret not in told
    assert known_part(fake) not in told


def known_part(fake: Fake) -> str:
    """Return what of a secret must not be seen: of a long one, any beginning past its prefix."""
    return fake.secret[:40] if len(fake.secret) > 40 else fake.secret


def test_the_beginning_of_a_secret_is_not_shown() -> None:
    """A secret that begins within the text that is read, and ends beyond it, shows no part."""
    url = "https://bob:" + "a1" * 250 + "@host"
    text = "[redacted:jwt]" * 100 + " " * (HEAD_CHARS_MAX - 1400 - 300) + url + "x" * EDGE_CHARS_MAX

    assert "a1" not in (summary(text, Redactor()) or "")


def test_a_private_key_at_the_start_of_a_long_text_is_told() -> None:
    """What is known to be redacted is shown, however little is left of the text."""
    key = "-----BEGIN RSA PRIVATE KEY-----\n" + ("MIIE" * 16 + "\n") * 100
    told = summary("cat key.pem\n" + key, Redactor())

    assert told == "cat key.pem\n[redacted:private-key]…"


@pytest.mark.parametrize("name", ["Bash", "Shell", "bash", "run_shell_command", "local_shell"])
def test_a_shell_is_asked_for_its_command(name: str) -> None:
    """As text, or as a list of words; of a shell within, the script."""
    assert what_was_asked(name, {"command": "ls | wc", "description": "Count"}) == "ls | wc"
    assert what_was_asked(name, {"command": ["ls", "a b"]}) == "ls 'a b'"
    assert what_was_asked(name, {"command": ["bash", "-lc", "ls | wc"]}) == "ls | wc"
    assert what_was_asked(name, "ls") == "ls"
    assert what_was_asked(name, {"command": ""}) is None


@pytest.mark.parametrize(
    ("name", "value", "asked"),
    [
        ("Read", {"file_path": "/a/b.py", "limit": 3}, "/a/b.py"),
        ("Write", {"file_path": "/a/b.py", "content": "text"}, "/a/b.py"),
        ("NotebookEdit", {"notebook_path": "/a/b.ipynb", "new_source": "x"}, "/a/b.ipynb"),
        ("read_file", {"absolute_path": "/a/b.py"}, "/a/b.py"),
        ("edit", {"filePath": "/a/b.py", "oldString": "x"}, "/a/b.py"),
        ("Grep", {"pattern": "def ", "path": "/a"}, "def "),
        ("Glob", {"pattern": "**/*.py"}, "**/*.py"),
        ("WebFetch", {"url": "https://a.example", "prompt": "Sum up"}, "https://a.example"),
        ("WebSearch", {"query": "weather"}, "weather"),
        ("Task", {"description": "Look", "prompt": "Look well"}, "Look"),
        ("Agent", {"prompt": "Look well"}, "Look well"),
        ("spawn_agent", {"message": "Look well"}, "Look well"),
        ("Skill", {"skill": "greet", "args": "Ada"}, "Ada"),
        ("Skill", {"skill": "greet"}, None),
        ("NoSuchTool", {"command": "x"}, None),
        ("Read", "text", None),
        ("Read", {"file_path": 3}, None),
    ],
)
def test_a_tool_is_asked_for_one_thing(name: str, value: object, asked: str | None) -> None:
    """The path, the pattern, the address, the question; None for a tool nobody knows."""
    assert what_was_asked(name, value) == asked


def test_tasks_are_told_with_how_they_stand() -> None:
    """Done, in progress, waiting."""
    todos = [
        {"content": "Inspect repo", "status": "completed", "activeForm": "Inspecting repo"},
        {"content": "Write notes", "status": "in_progress"},
        {"content": "Rest", "status": "pending"},
    ]
    plan = [{"step": "Inspect repo", "status": "completed"}]

    assert what_was_asked("TodoWrite", {"todos": todos}) == "Inspect repo ✓, Write notes …, Rest"
    assert what_was_asked("update_plan", {"plan": plan}) == "Inspect repo ✓"
    assert what_was_asked("TodoWrite", {"todos": []}) is None


def test_questions_are_told_without_their_options() -> None:
    """What the user was asked, as Claude Code's AskUserQuestion has it."""
    options = [{"label": "A", "description": "The first"}]
    questions = [
        {"question": "Which one?", "header": "Pick", "options": options},
        {"question": "Why?", "header": "Reason", "options": options},
    ]
    assert what_was_asked("AskUserQuestion", {"questions": questions}) == "Which one?, Why?"


def test_a_patch_is_told_by_its_files() -> None:
    """Wherever the agent puts the patch."""
    patch = (
        "*** Begin Patch\n*** Add File: a b.txt\n+hi\n*** Update File: c.py\n@@\n*** End Patch\n"
    )

    assert what_was_asked("apply_patch", {"command": patch}) == "a b.txt, c.py"
    assert what_was_asked("apply_patch", {"input": patch}) == "a b.txt, c.py"
    assert what_was_asked("apply_patch", patch) == "a b.txt, c.py"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Bash", {"command": "a" * 1_000_000}),
        ("Bash", {"command": ["a" * 1000] * 10_000}),
        ("TodoWrite", {"todos": [{"content": "a" * 1000}] * 10_000}),
        ("apply_patch", {"command": "*** Add File: abc\n" * 100_000}),
    ],
)
def test_what_was_asked_is_bounded(name: str, value: object) -> None:
    """But so long that a summary of it sees that it goes on."""
    asked = what_was_asked(name, value)

    assert asked
    assert HEAD_CHARS_MAX < len(asked) <= TOOL_INPUT_CHARS_MAX


@given(st.sampled_from(["Bash", "Read", "TodoWrite", "apply_patch", "Task"]), values)
def test_any_tool_input_is_taken(name: str, value: object) -> None:
    """No input is refused."""
    asked = what_was_asked(name, {"command": value, "todos": value, "prompt": value})

    assert asked is None or asked
    assert what_was_asked(name, value) is None or isinstance(value, str | list | dict)


def test_what_was_asked_is_redacted_by_its_summary() -> None:
    """The two together are what is stored."""
    asked = what_was_asked("Bash", {"command": f"mysql -p{PASSWORD} app"})

    assert summary(asked, Redactor()) == "mysql -p[redacted] app"


def test_a_word_is_redacted_before_it_is_quoted() -> None:
    """A shell's way to put quotes into quotes would hide the end of a quoted secret."""
    command = {"command": ["sh", "export DB_PASSWORD='it is " + PASSWORD + "'"]}

    assert PASSWORD not in (summary(what_was_asked("bash", command), Redactor()) or "")
