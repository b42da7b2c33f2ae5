import pytest

from traced.backfill.fields import readable, time_of


def test_a_record_says_when_it_was_written() -> None:
    """In Unix milliseconds."""
    assert time_of({"timestamp": "1970-01-01T00:00:01.500Z"}) == 1500


@pytest.mark.parametrize("record", [{}, {"timestamp": 5}, {"timestamp": "today"}], ids=str)
def test_a_record_without_a_time_has_none(record: dict[str, object]) -> None:
    """What is no time is passed over, not raised."""
    assert time_of(record) is None


def test_blocks_of_text_are_read_one_below_the_other() -> None:
    """Whether they stand alone or as the content of something; pictures are left out."""
    blocks = [{"type": "text", "text": "a"}, {"type": "image"}, "b", {"text": "c"}]

    assert readable("a") == "a"
    assert readable(blocks) == "a\nc"
    assert readable({"content": blocks}) == "a\nc"
    assert readable(None) == ""
