import msgspec
from support.rows import entry

from traced.store.viewing import Filter
from traced.web.pages.links import Links


def test_a_link_names_the_agent() -> None:
    """It leads to this session even if another agent has one of the same id later."""
    links = Links(entry(session_id="s1"))

    assert links.unfiltered == "/sessions/s1?agent=claude-code"
    assert links.step(7) == "/sessions/s1/steps/7?agent=claude-code"


def test_a_link_names_the_user_where_there_are_several() -> None:
    """In a database of several users the id is one user's."""
    shared = msgspec.structs.replace(entry(session_id="s1"), owner_uid=1000)

    assert Links(shared).unfiltered == "/sessions/s1?agent=claude-code&uid=1000"


def test_an_id_stays_one_segment() -> None:
    """Whatever an id holds, it is neither a path nor a query of its own."""
    assert Links(entry(session_id="a/../b?c#d é")).path == "/sessions/a%2F..%2Fb%3Fc%23d%20%C3%A9"


def test_the_filter_is_kept() -> None:
    """From a filtered session one comes to filtered prompts."""
    links = Links(entry(session_id="s1"), Filter(status="error", text="a b"))

    assert links.session == "/sessions/s1?agent=claude-code&status=error&q=a+b"
    assert links.prompt(2, 50) == (
        "/sessions/s1/prompts/2?agent=claude-code&status=error&q=a+b&rows=50"
    )
    assert links.narrowed(name="Bash") == "/sessions/s1?agent=claude-code&name=Bash"


def test_the_stream_begins_after_the_page() -> None:
    """What the page shows is not sent again, what comes after is."""
    assert Links(entry(session_id="s1")).events(41) == (
        "/api/events?after=41&session_id=s1&agent=claude-code"
    )
