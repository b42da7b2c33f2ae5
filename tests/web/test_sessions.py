import httpx
from support.rows import START, Recording


def ids(answer: httpx.Response) -> list[str]:
    """Return the ids of the sessions on a page."""
    return [session["session_id"] for session in answer.json()["sessions"]]


async def test_sessions_are_listed_page_by_page(
    recording: Recording, api: httpx.AsyncClient
) -> None:
    """The session used last is first; those used at one time are told apart."""
    for number, used in enumerate((1, 3, 3, 2)):
        recording.session(f"s{number}", last_event_at=START + used, steps=1)

    first = await api.get("/api/sessions?limit=3")
    second = await api.get("/api/sessions", params={"limit": 3, "before": first.json()["next"]})

    assert (ids(first), ids(second)) == (["s2", "s1", "s3"], ["s0"])
    assert (first.json()["count"], second.json()["next"]) == (3, None)


async def test_a_row_has_what_people_ask_for(recording: Recording, api: httpx.AsyncClient) -> None:
    """Beside the columns of the view there are its prompts and what runs just now."""
    session = recording.session("s1", cwd="/home/dev", steps=2)
    recording.prompt(session, 1)
    recording.step(session, 1)
    recording.step(session, 2, status="running")

    (row,) = (await api.get("/api/sessions")).json()["sessions"]

    (stored,) = recording.view("sessions")
    assert row == stored | {"prompts": 1, "running": 1, "owner_uid": None}


async def test_sessions_of_nothing_are_listed_on_demand(
    recording: Recording, api: httpx.AsyncClient
) -> None:
    """A session without a prompt and a step is listed with all=true."""
    recording.session("s1")

    assert ids(await api.get("/api/sessions")) == []
    assert ids(await api.get("/api/sessions?all=false")) == []
    assert ids(await api.get("/api/sessions?all=true")) == ["s1"]
    assert (await api.get("/api/sessions?all=yes")).json()["field"] == "all"


async def test_sessions_of_one_agent(recording: Recording, api: httpx.AsyncClient) -> None:
    """?agent= leaves out the others' sessions."""
    recording.session("s1", "codex", steps=1)
    recording.session("s2", steps=1)

    assert ids(await api.get("/api/sessions?agent=codex")) == ["s1"]


async def test_one_session_with_its_prompts_and_sub_agents(
    recording: Recording, api: httpx.AsyncClient
) -> None:
    """One document tells of a session what does not grow with its steps."""
    session = recording.session("s1", owner_uid=1000)
    recording.prompt(session, 1, summary="Fix it")
    recording.agent(session, "a1")

    told = (await api.get("/api/sessions/s1")).json()

    assert told["session"]["owner_uid"] == 1000
    assert told["prompts"] == recording.view("prompts")
    assert told["agents"] == recording.view("agents")


async def test_unknown_and_ambiguous_sessions(recording: Recording, api: httpx.AsyncClient) -> None:
    """As with its steps: 404 for none, 409 for several."""
    for agent in ("claude-code", "codex"):
        recording.session("s1", agent)

    assert (await api.get("/api/sessions/s2")).status_code == 404
    assert (await api.get("/api/sessions/s1")).status_code == 409
    assert (await api.get("/api/sessions/s1?agent=codex")).status_code == 200
