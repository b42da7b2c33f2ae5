import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from traced.install.errors import SettingsError
from traced.install.hook_entries import add, installed, remove
from traced.install.jsonc import parse

OURS = "/usr/bin/ours --spool '/a \"b\" ü'"
OURS_BEFORE = "/opt/ours"


def is_ours(command: str) -> bool:
    return command in (OURS, OURS_BEFORE)


def entry(command: str = OURS) -> dict[str, Any]:
    return {"matcher": "*", "hooks": [{"type": "command", "command": command, "timeout": 5}]}


def value_of(text: str) -> Any:
    document = parse(text)
    return json.loads(document.compact(document.root))


# What surrounds our entries.

FOREIGN_ENTRIES = st.sampled_from(
    [
        {"hooks": [{"type": "command", "command": "echo theirs"}]},
        {"matcher": "Bash", "hooks": []},
        {"matcher": "Edit|Write", "hooks": [{"type": "http", "url": "http://[::1]:1/ü"}]},
        {},
        "no group",
        None,
    ]
)
EVENTS = st.sampled_from(["PreToolUse", "Stop", "SessionEnd"])
HOOKS = st.dictionaries(EVENTS, st.lists(FOREIGN_ENTRIES, max_size=3), max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
SETTINGS = st.builds(
    lambda first, hooks, last: {**first, **hooks, **last},
    st.dictionaries(st.sampled_from(["env", "model", "{"]), JSON, max_size=2),
    st.fixed_dictionaries({}, optional={"hooks": HOOKS}),
    st.dictionaries(st.sampled_from(["permissions", "//", "ü"]), JSON, max_size=2),
)
SPACES = st.sampled_from(["", "", " ", "  ", "   ", "\n", "\n  ", "\r\n\t", "\r", " \n\n    "])
COMMENTS = st.sampled_from(["/**/", " /* c */", "// d\n", "\n  // e\r\n", "/* f\n */\n  "])
STYLES: list[dict[str, Any]] = [
    {"indent": 2},
    {"indent": 4, "ensure_ascii": False},
    {"indent": "\t"},
    {"indent": ""},
    {"separators": (",", ":")},
    {},
]


@st.composite
def written(draw: st.DrawFn, value: Any) -> str:
    """Write `value` with any white space, comments and trailing commas between its tokens."""
    spaces = draw(st.sampled_from([SPACES, SPACES | COMMENTS, st.just("")]))
    commas = draw(st.sampled_from([st.just(""), st.sampled_from(["", ","])]))

    def write(part: Any) -> str:
        if isinstance(part, dict):
            members = [
                json.dumps(key) + draw(spaces) + ":" + draw(spaces) + write(member)
                for key, member in part.items()
            ]
            return "{" + join(members) + "}"
        if isinstance(part, list):
            return "[" + join([write(member) for member in part]) + "]"
        return json.dumps(part, ensure_ascii=draw(st.booleans()))

    def join(members: list[str]) -> str:
        body = ",".join(draw(spaces) + member + draw(spaces) for member in members)
        return body + (draw(commas) if members else "") + draw(spaces)

    mark = draw(st.sampled_from(["", "\ufeff"]))
    return mark + draw(spaces) + write(value) + draw(spaces)


@st.composite
def printed(draw: st.DrawFn, value: Any) -> str:
    """Write `value` as programs do: in one style throughout."""
    text = json.dumps(value, **draw(st.sampled_from(STYLES)))
    text += draw(st.sampled_from(["", "\n", "\n\n"]))
    return draw(st.sampled_from(["", "\ufeff"])) + text.replace(
        "\n", draw(st.sampled_from(["\n", "\r\n"]))
    )


TEXTS = SETTINGS.flatmap(lambda value: st.tuples(st.just(value), written(value) | printed(value)))
WANTED = st.lists(
    st.sampled_from(["PreToolUse", "Stop", "SessionEnd", "SessionStart"]), min_size=1, unique=True
).map(lambda events: {event: entry() for event in events})
BESIDE = st.sampled_from([{}, {"version": 1}, {"env": {}, "version": 1}])
MANY = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def with_ours(value: dict[str, Any], entries: dict[str, Any]) -> dict[str, Any]:
    """Return what `value` must mean once `entries` are in it."""
    value = copy.deepcopy(value)
    hooks = value.setdefault("hooks", {})
    for event, added in entries.items():
        hooks.setdefault(event, []).append(added)
    return value


def without_empty(value: dict[str, Any]) -> dict[str, Any]:
    """Return `value` without empty events, and without hooks that are empty then."""
    hooks = {event: entries for event, entries in value.get("hooks", {}).items() if entries}
    rest = {key: member for key, member in value.items() if key != "hooks"}
    return {**rest, "hooks": hooks} if hooks else rest


@MANY
@given(TEXTS, WANTED, BESIDE)
@example(({}, "{}"), {"Stop": entry()}, {})
@example(({}, "{ }"), {"Stop": entry()}, {"version": 1})
@example(({}, "{\n}\n"), {"Stop": entry()}, {"version": 1})
@example(({}, "{ // c\n}"), {"Stop": entry()}, {"version": 1})
@example(({"version": 1}, '{"version": 1}'), {"Stop": entry()}, {"version": 1})
@example(({"hooks": {}}, '{"hooks": {}, "version": 1}'), {"Stop": entry()}, {"version": 1})
@example(
    ({"hooks": {"Stop": []}}, '{\n  "hooks": {\n    "Stop": []\n  }\n}'), {"Stop": entry()}, {}
)
def test_taking_out_what_was_added_gives_the_very_text_back(
    document: tuple[Any, str], entries: dict[str, Any], beside: dict[str, Any]
) -> None:
    """Install then uninstall is the identity on every text."""
    text = document[1]
    assert remove(add(text, entries, beside), is_ours, beside) == text


@MANY
@given(TEXTS, WANTED)
def test_what_is_added_is_all_that_changes_in_meaning(
    document: tuple[Any, str], entries: dict[str, Any]
) -> None:
    """Every other key and value stays, and each event has just one entry more, the last."""
    value, text = document
    after = add(text, entries)
    assert value_of(after) == with_ours(value, entries)
    assert sorted(event for event, _ in installed(after, is_ours)) == sorted(entries)


@MANY
@given(TEXTS, WANTED, WANTED)
def test_an_older_installation_is_replaced_without_a_trace(
    document: tuple[Any, str], entries: dict[str, Any], older: dict[str, Any]
) -> None:
    """Taking out the old and adding the new gives what adding the new alone gives."""
    text = document[1]
    before = add(text, {event: entry(OURS_BEFORE) for event in older})
    assert add(remove(before, is_ours), entries) == add(text, entries)


@MANY
@given(SETTINGS, WANTED, st.data())
def test_a_text_that_others_wrote_anew_loses_only_what_is_ours(
    value: dict[str, Any], entries: dict[str, Any], data: st.DataObject
) -> None:
    """However the text was laid out anew, all that is not ours stays, but for empty hooks."""
    text = data.draw(written(with_ours(value, entries)) | printed(with_ours(value, entries)))
    after = remove(text, is_ours)
    assert without_empty({} if after is None else value_of(after)) == without_empty(value)


THEIRS = '{"type":"command","command":"theirs"}'
MINE = json.dumps(entry()["hooks"][0], ensure_ascii=False)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f'{{"hooks":{{"Stop":[{{"hooks":[{THEIRS},{MINE}]}}]}}}}', [THEIRS]),
        (f'{{"hooks":{{"Stop":[{{"hooks":[{MINE},{THEIRS}]}}]}}}}', [THEIRS]),
        (f'{{"hooks":{{"Stop":[{{"hooks":[{MINE},{THEIRS},{MINE}]}}]}}}}', [THEIRS]),
        (f'{{"hooks":{{"Stop":[{{"hooks":[{THEIRS},{MINE},{THEIRS}]}}]}}}}', [THEIRS, THEIRS]),
    ],
)
def test_of_a_group_shared_with_others_only_our_handler_goes(before: str, after: list[str]) -> None:
    """A handler of others that stands in one group with ours stays, and so does the group."""
    assert remove(before, is_ours) == f'{{"hooks":{{"Stop":[{{"hooks":[{",".join(after)}]}}]}}}}'


def test_an_entry_that_is_itself_a_handler_is_known_too() -> None:
    """Agents without groups list handlers under the event (Cursor)."""
    text = '{"version": 1, "hooks": {"stop": [{"command": "theirs"}]}}'
    after = add(text, {"stop": {"command": OURS}})
    assert [event for event, _ in installed(after, is_ours)] == ["stop"]
    assert remove(after, is_ours) == text
    bash = add(text, {"stop": {"bash": OURS, "powershell": "theirs"}})
    assert remove(bash, is_ours) == text


def test_what_belongs_beside_the_hooks_comes_and_goes_with_them() -> None:
    """A file without hooks gets it after them, unless it is there; a new file goes with both."""
    version = {"version": 1}
    text = add('{"a":1}', {"stop": {"command": OURS}}, version)
    assert value_of(text) == {"a": 1, "hooks": {"stop": [{"command": OURS}]}, "version": 1}
    assert remove(text, is_ours, version) == '{"a":1}'
    assert value_of(add('{"version":2}', {}, version)) == {"version": 2, "hooks": {}}
    assert value_of(add('{"hooks":{}}', {}, version)) == {"hooks": {}}
    assert remove(add(None, {"stop": {"command": OURS}}, version), is_ours, version) is None


def test_what_others_changed_beside_the_hooks_stays() -> None:
    """Another version than ours is theirs, and so is what follows it."""
    version = {"version": 1}
    text = add(None, {"stop": {"command": OURS}}, version).replace(": 1", ": 2")
    assert value_of(remove(text, is_ours, version) or "") == {"version": 2}


def test_entries_that_others_added_after_ours_stay_where_they_are() -> None:
    """Only our lines go, from the middle too."""
    text = add('{\n  "a": 1\n}\n', {"Stop": entry(), "SessionEnd": entry()})
    theirs = '{\n        "hooks": []\n      }'
    before = text.replace("}\n    ],\n", f"}},\n      {theirs}\n    ],\n", 1)
    assert json.loads(before)["hooks"]["Stop"] == [entry(), {"hooks": []}]
    assert remove(before, is_ours) == (
        '{\n  "a": 1,\n  "hooks": {\n    "Stop": [\n      ' + theirs + "\n    ]\n  }\n}\n"
    )


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ('{"hooks":{"Stop":[1, // c\n OURS, 2]}}', '{"hooks":{"Stop":[1, // c\n  2]}}'),
        ('{"hooks":{"Stop":[1, // c\n OURS\n,2]}}', '{"hooks":{"Stop":[1, // c\n \n2]}}'),
        ('{"hooks":{"Stop":[1, // c\n OURS,\n OURS ]}}', '{"hooks":{"Stop":[1 // c\n  ]}}'),
        (
            '{"hooks":{"Stop":[1, // c\nOURS /* d */,\n OURS\n]}}',
            '{"hooks":{"Stop":[1 // c\n /* d */\n]}}',
        ),
        ('{"hooks":{"Stop":[// c\n OURS]}}', '{"hooks":{"Stop":[// c\n ]}}'),
        ('{"hooks":{"Stop":[OURS /* c */]}}', '{"hooks":{"Stop":[ /* c */]}}'),
    ],
)
def test_comments_of_others_stay_comments_and_swallow_nothing(text: str, entries: str) -> None:
    """Beside a comment of others the newline that ends it stays, and their container too."""
    assert remove(text.replace("OURS", json.dumps(entry())), is_ours) == entries


def test_a_new_file_holds_ours_alone_and_goes_with_them() -> None:
    """Without a file there is one after, and none after that, whoever laid it out anew."""
    text = add(None, {"Stop": entry()})
    assert json.loads(text) == {"hooks": {"Stop": [entry()]}}
    assert remove(text, is_ours) is None
    assert remove(json.dumps(json.loads(text)), is_ours) is None


def test_a_file_with_a_comment_is_kept_even_if_nothing_else_is_left() -> None:
    """What others wrote around the object is theirs."""
    text = '// mine\n{"hooks":{"Stop":[' + json.dumps(entry()) + "]}}"
    assert remove(text, is_ours) == "// mine\n{}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "line 1, column 1: the settings is '[]', expected an object"),
        ('{"hooks": null}', "line 1, column 11: \"hooks\" is 'null', expected an object"),
        ('{"hooks": []}', "line 1, column 11: \"hooks\" is '[]', expected an object"),
        (
            '{"hooks":\n {"Stop": {"a": 1}}}',
            'line 2, column 11: "Stop" is \'{"a": 1}\', expected an array',
        ),
        ('{"hooks": {}, "hooks": {}}', 'line 1, column 15: read a second "hooks", expected one'),
    ],
)
def test_hooks_of_another_shape_are_refused(text: str, message: str) -> None:
    """Nothing is added where the agent could not read it; the place is named."""
    with pytest.raises(SettingsError) as caught:
        add(text, {"Stop": entry()})
    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["[]", "1", '{"hooks": 1}', '{"hooks": {"Stop": {"a": "b"}}}'])
def test_where_nothing_of_ours_can_be_nothing_is_taken_out(text: str) -> None:
    """JSON of another shape is left alone."""
    assert remove(text, is_ours) == text
    assert installed(text, is_ours) == []
