from traced.backfill.calls import OPEN_MAX, Call, failure, keep


def test_of_too_many_calls_the_oldest_is_given_up() -> None:
    """A file of calls that never end does not fill the memory."""
    kept: dict[str, int] = {}

    for number in range(OPEN_MAX + 2):
        keep(kept, f"c{number}", number)

    assert len(kept) == OPEN_MAX
    assert next(iter(kept)) == "c2"


def test_a_call_is_told_by_the_keys_of_hooks() -> None:
    """So its hooks and its transcript meet in one step."""
    assert Call("c1", "Bash", {"command": "ls"}).payload() == {
        "tool_use_id": "c1",
        "tool_name": "Bash",
        "tool_input": {"command": "ls"},
    }


def test_only_an_interrupt_says_that_it_is_one() -> None:
    """Hooks leave the key out elsewhere."""
    assert failure("no", is_interrupt=False) == {"error": "no"}
    assert failure("no", is_interrupt=True) == {"error": "no", "is_interrupt": True}
