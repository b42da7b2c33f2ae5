import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traced.core.ends import as_object, known_keys, whole_end, whole_start


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b'{"a":1,"b":"x","c":"never end', {"a": 1, "b": "x"}),
        (b'{"a":1,"b":12', {"a": 1}),
        (b'{"a":{"x":[1,{"y":2}]},"b":{"x":1,"y":2', {"a": {"x": [1, {"y": 2}]}}),
        (b'{"a":"\\",\\"b\\":2","c', {"a": '","b":2'}),
        (b'{"a":"\\\\","b":2,', {"a": "\\", "b": 2}),
        (b'{"a":1} and more', {"a": 1}),
        (b'{"a":1,rubbish', {"a": 1}),
        (b' { "a" : 1 , "b', {"a": 1}),
        (b'{"a', {}),
        (b"{", {}),
        (b"", {}),
        (b"[1,2,3", {}),
        (b'"a","b"', {}),
        (b'rubbish,"a":1,', {}),
        (b'{"a":rubbish,"b":2,', {}),
        (b'{"a":"\xff","b":2,', {}),
    ],
)
def test_the_whole_members_at_the_start_are_known(head: bytes, expected: object) -> None:
    """The last one may go on behind the bytes at hand, so it does not count."""
    assert known_keys(head) == expected


@pytest.mark.parametrize(
    ("head", "depth", "members", "goes_on"),
    [
        (b'{"a":1,"b":"x', 1, b'"a":1', True),
        (b'{"v":1,"payload":{"a":1,"b":2,"c', 2, b'"a":1,"b":2', True),
        (b'{"v":1,"payload":{"a":1', 2, b"", True),
        (b'{"v":1,"payload":{"a":1},"x":"', 2, b'"a":1', False),
        (b'{"v":1,"payload":[{"a":1,"b', 1, b'"v":1', True),
        (b'{"v":1,"x":{"payload":{"a":1,"b', 1, b'"v":1', True),
        (b'{"v":1,"x":"payload","y":{"a":1,"b', 1, b'"v":1,"x":"payload"', True),
        (b'{"a":1}', 1, b'"a":1', False),
    ],
)
def test_a_payload_is_found_in_its_envelope(
    head: bytes, depth: int, members: bytes, *, goes_on: bool
) -> None:
    """Only an object under the top-level key `payload` is one."""
    start = whole_start(head)
    assert (start.depth, head[start.begin : start.end], start.open) == (depth, members, goes_on)


@pytest.mark.parametrize(
    ("tail", "inside", "expected"),
    [
        (b'...","a":1,"b":"x"}', 1, b'"a":1,"b":"x"'),
        (b'...","a":{"x":[1,{}]},"b":[]}', 1, b'"a":{"x":[1,{}]},"b":[]'),
        (b'... text","a":1} \r', 1, b'"a":1'),
        (b'... text","a":1}}', 2, b'"a":1'),
        (b'... text","a":1 } }', 2, b'"a":1 '),
        (b'... text","a":"\\",\\"c\\":3","b":2}', 1, b'"a":"\\",\\"c\\":3","b":2'),
        (b'... text","a":"x\\\\","b":"\\\\"}', 1, b'"a":"x\\\\","b":"\\\\"'),
        (b'... text","a":"","b":""}', 1, b'"a":"","b":""'),
        (b'... {"a":1,"b":2}', 1, b'"b":2'),
        (b'"a":1}},"c":{"d":4},"b":2}', 1, b'"c":{"d":4},"b":2'),
        (b'... "},"b":2},"ack":true}', 2, b""),
        (b'... the whole end is one string"}', 1, b""),
        (b'... text","a":1}', 2, b""),
        (b'... text","a":1}]', 1, b""),
        (b'... text","a":1]}', 2, b""),
        (b'... text","a":1', 1, b""),
        (b"", 1, b""),
        (b"}", 1, b""),
    ],
)
def test_the_whole_members_at_the_end_are_found(tail: bytes, inside: int, expected: bytes) -> None:
    """Walking back from the last brace, up to the first place that may belong to something cut."""
    assert whole_end(tail, inside) == expected


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.sampled_from('a"\\{}[],:é\x01'), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.sampled_from('ab"\\{}'), max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(st.text(st.sampled_from('xyz"\\,}'), max_size=3), json_values, max_size=5),
    st.data(),
)
def test_both_ends_show_only_members_that_are_there(
    record: dict[str, object], data: st.DataObject
) -> None:
    """Wherever an object is cut, and whatever its strings hold, nothing else passes for a key."""
    line = json.dumps(record, ensure_ascii=data.draw(st.booleans())).encode()
    cut = data.draw(st.integers(min_value=0, max_value=len(line)))
    for members in (known_keys(line[:cut]), as_object(b"{%b}" % whole_end(line[cut:], 1))):
        assert members == {key: record[key] for key in members}


@pytest.mark.parametrize("unit", [b'"', b"\\", b"{", b"}", b",", b'"\\', b'\\"', b"a ", b'","'])
def test_hostile_ends_take_linear_time(unit: bytes) -> None:
    """Quadratic time would take minutes here, and the test's own limit would end it."""
    hostile = unit * (200_000 // len(unit))
    known_keys(b'{"a":' + hostile)
    known_keys(b'{"a":"' + hostile)
    whole_end(hostile + b"}", 1)
    whole_end(hostile + b'"}', 1)
