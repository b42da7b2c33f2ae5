import httpx
import pytest
from support.rows import Recording

from traced.store.rows import Step


def names(answer: httpx.Response) -> list[str]:
    """Return the names of the steps on a page."""
    return [step["name"] for step in answer.json()["traces"]]


async def pages(api: httpx.AsyncClient, path: str, **asked: int) -> list[list[str]]:
    """Return the names on each page, from the first to the last."""
    found: list[list[str]] = []
    before: dict[str, str] = {}
    while True:
        answer = await api.get(path, params={**asked, **before})
        found.append(names(answer))
        if answer.json()["next"] is None:
            return found
        before = {"before": answer.json()["next"]}


async def test_an_empty_database_has_no_traces(api: httpx.AsyncClient) -> None:
    """Where nothing is recorded, the page is empty and there is none after it."""
    answer = await api.get("/api/traces")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"traces": [], "count": 0, "next": None}


async def test_a_row_has_the_public_columns(recording: Recording, api: httpx.AsyncClient) -> None:
    """A row's keys are the columns of execution_traces, and its values what is stored there."""
    recording.step(recording.session("s1"), 1, name="Read", input='{"a":1}')

    (row,) = (await api.get("/api/traces")).json()["traces"]

    assert row == recording.view("execution_traces")[0]
    assert list(row) == list(Step.__struct_fields__)


async def test_recent_pages_go_back_in_time(recording: Recording, api: httpx.AsyncClient) -> None:
    """The first page has the latest steps of all sessions, each page the order of recording."""
    first, second = recording.session("s1"), recording.session("s2")
    for number in range(1, 6):
        recording.step(first if number % 2 else second, number, name=f"n{number}")

    assert await pages(api, "/api/traces", limit=2) == [["n4", "n5"], ["n2", "n3"], ["n1"]]


async def test_pages_of_a_session_go_by_step_order(
    recording: Recording, api: httpx.AsyncClient
) -> None:
    """A session's pages begin with its first step; 0 is an order, and no other session's is on."""
    mine, other = recording.session("s1"), recording.session("s2")
    for order in (2, 0, 1, 3):
        recording.step(mine, order, name=f"n{order}")
    recording.step(other, 1, name="other")

    assert await pages(api, "/api/traces/s1", limit=3) == [["n0", "n1", "n2"], ["n3"]]


async def test_a_full_last_page_has_none_after_it(
    recording: Recording, api: httpx.AsyncClient
) -> None:
    """`next` is null on the last page also where it is full: no page is empty for nothing."""
    session = recording.session("s1")
    for order in (1, 2):
        recording.step(session, order)

    for path in ("/api/traces", "/api/traces/s1", "/api/traces/s1/1"):
        answer = await api.get(path, params={"limit": 2})
        assert (answer.json()["count"], answer.json()["next"]) == (2, None)


async def test_one_prompt_of_a_session(recording: Recording, api: httpx.AsyncClient) -> None:
    """Of a prompt there are its steps alone, page by page; 0 is a prompt, an unknown one empty."""
    session = recording.session("s1")
    for order, number in enumerate((0, 1, 2, 1, 1), start=1):
        recording.step(session, order, prompt_number=number, name=f"n{order}")

    assert await pages(api, "/api/traces/s1/1", limit=2) == [["n2", "n4"], ["n5"]]
    assert await pages(api, "/api/traces/s1/0") == [["n1"]]
    assert await pages(api, "/api/traces/s1/7") == [[]]


async def test_an_unknown_session_is_not_found(
    recording: Recording, api: httpx.AsyncClient
) -> None:
    """Only an exact id is known: neither its beginning nor the word `last`, nor another agent's."""
    recording.session("s1")

    for path in ("/api/traces/s", "/api/traces/last", "/api/traces/s1?agent=codex"):
        answer = await api.get(path)
        assert answer.status_code == 404
        assert answer.json()["field"] == "session_id"


async def test_a_known_session_may_be_empty(recording: Recording, api: httpx.AsyncClient) -> None:
    """A session without a step is no error."""
    recording.session("s1")

    assert (await api.get("/api/traces/s1")).json() == {"traces": [], "count": 0, "next": None}


async def test_two_agents_with_one_id(recording: Recording, api: httpx.AsyncClient) -> None:
    """An id of two agents' sessions is a conflict that names them, and ?agent= resolves it."""
    recording.step(recording.session("s1", "claude-code"), 1, name="claude's")
    recording.step(recording.session("s1", "codex"), 1, name="codex'")

    answer = await api.get("/api/traces/s1")

    assert answer.status_code == 409
    assert "agents claude-code, codex each have a session of this id" in answer.json()["detail"]
    assert names(await api.get("/api/traces/s1?agent=codex")) == ["codex'"]


async def test_two_users_with_one_id(recording: Recording, api: httpx.AsyncClient) -> None:
    """Where users share a database, ?uid= tells their sessions apart."""
    recording.step(recording.session("s1", owner_uid=1000), 1, name="one's")
    recording.step(recording.session("s1", owner_uid=1001), 1, name="other's")

    answer = await api.get("/api/traces/s1")

    assert answer.status_code == 409
    assert "users 1000, 1001 each have a session of this id" in answer.json()["detail"]
    assert names(await api.get("/api/traces/s1?uid=1001")) == ["other's"]


@pytest.mark.parametrize("session_id", ["a/b", "../..", "a%2Fb", "läuft ✓", "?x=1", "a;b", "."])
async def test_any_id_can_be_asked_for(
    recording: Recording, api: httpx.AsyncClient, session_id: str
) -> None:
    """Every character of an id can be written as %XX, a slash above all."""
    recording.step(recording.session(session_id), 1, prompt_number=3, name="mine")
    coded = "".join(f"%{byte:02X}" for byte in session_id.encode())

    assert names(await api.get(f"/api/traces/{coded}")) == ["mine"]
    assert names(await api.get(f"/api/traces/{coded}/3")) == ["mine"]
    assert (await api.get(f"/api/sessions/{coded}")).json()["session"]["session_id"] == session_id


@pytest.mark.parametrize("path", ["/api/traces", "/api/traces/s1", "/api/traces/s1/1"])
async def test_limits_out_of_bounds(
    recording: Recording, api: httpx.AsyncClient, path: str
) -> None:
    """A limit is a whole number from 1 to 500 in ASCII digits, anything else is refused."""
    recording.session("s1")

    for limit in ("0", "501", "-1", "", "1.5", "ten", "٣", " 5", "1e2"):
        answer = await api.get(path, params={"limit": limit})

        assert answer.status_code == 400
        assert answer.json()["field"] == "limit"
        assert answer.json()["expected"] == "a whole number from 1 to 500"


async def test_how_many_rows_without_a_limit(recording: Recording, api: httpx.AsyncClient) -> None:
    """Of all sessions 100 rows come unasked, of one session as many as a page holds: 500."""
    session = recording.session("s1")
    recording.connection.execute("BEGIN")
    for order in range(1, 502):
        recording.step(session, order)
    recording.connection.execute("COMMIT")

    assert (await api.get("/api/traces")).json()["count"] == 100
    assert (await api.get("/api/traces?limit=500")).json()["count"] == 500
    assert (await api.get("/api/traces/s1")).json()["count"] == 500
    assert (await api.get("/api/traces/s1/1")).json()["count"] == 500


async def test_a_prompt_number_that_is_none(recording: Recording, api: httpx.AsyncClient) -> None:
    """A prompt number is one of SPEC 3.1, anything else is refused."""
    recording.session("s1")

    for number in ("-1", "x", "1000000000", "1.0", "%20"):
        answer = await api.get(f"/api/traces/s1/{number}")

        assert answer.status_code == 400
        assert answer.json()["field"] == "prompt_number"


async def test_a_page_of_another_list_is_refused(
    recording: Recording, api: httpx.AsyncClient
) -> None:
    """`next` of one list is no place in another."""
    session = recording.session("s1")
    for order in (1, 2):
        recording.step(session, order)
    word = (await api.get("/api/traces?limit=1")).json()["next"]

    answer = await api.get("/api/traces/s1", params={"before": word})

    assert answer.status_code == 400
    assert answer.json()["field"] == "before"
