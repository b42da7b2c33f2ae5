import httpx
from support.rows import Recording


async def test_figures_of_every_kind_of_step(recording: Recording, api: httpx.AsyncClient) -> None:
    """What took longest in total is first; a kind has its count, its errors and its times."""
    session = recording.session()
    recording.step(session, 1, name="Read", duration_ms=2.0)
    recording.step(session, 2, name="Bash", duration_ms=10.0)
    recording.step(session, 3, name="Bash", duration_ms=30.0, status="error")

    told = (await api.get("/api/stats")).json()

    assert told["count"] == 2
    assert [row["name"] for row in told["stats"]] == ["Bash", "Read"]
    first = told["stats"][0]
    assert (first["count"], first["errors"], first["total_ms"]) == (2, 1, 40.0)
