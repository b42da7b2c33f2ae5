from pathlib import Path

from support.web import app_of, app_on, asking, running

from traced import __version__


async def test_a_daemon_that_is_well(tmp_path: Path) -> None:
    """200 says that the daemon's own writer is well just now, and which daemon that is."""
    async with running(tmp_path) as daemon, asking(app_of(daemon.config)) as client:
        answer = await client.get("/healthz")

        assert answer.status_code == 200
        assert answer.json()["status"] == "ok"
        assert answer.json()["version"] == __version__
        assert answer.json()["pid"] == (await daemon.status())["pid"]


async def test_a_daemon_that_is_away(tmp_path: Path) -> None:
    """It is not well when nobody answers, though this server itself runs; /metrics tells it too."""
    async with asking(app_on(tmp_path)) as client:
        health, metrics = await client.get("/healthz"), await client.get("/metrics")

    assert health.status_code == 503
    assert health.headers["retry-after"] == "2"
    assert "no daemon answers" in health.json()["detail"]
    assert (metrics.status_code, metrics.text.splitlines()[-1]) == (200, "traced_up 0")


async def test_a_daemon_that_stopped_since(tmp_path: Path) -> None:
    """Each question is asked anew: what was true before is not told again."""
    async with running(tmp_path) as daemon, asking(app_of(daemon.config)) as client:
        before = await client.get("/healthz")
        await daemon.stop()
        after = await client.get("/healthz")

    assert (before.status_code, after.status_code) == (200, 503)


async def test_metrics_are_those_of_the_daemon(tmp_path: Path) -> None:
    """The figures of the running daemon come as Prometheus reads them."""
    async with running(tmp_path) as daemon, asking(app_of(daemon.config)) as client:
        event = b'{"v":1,"session_id":"s","trace_type":"tool","name":"n"}\n'
        sender = await daemon.client(event, b"no json\n", b'{"v":1,"control":"flush"}\n')
        await sender.answer()
        answer = await client.get("/metrics")

    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    assert "traced_up 1" in lines
    assert "traced_events_received_total 2" in lines
    assert "traced_events_stored_total 1" in lines
    assert 'traced_events_rejected_total{reason="not_json"} 1' in lines
    assert 'traced_state{state="ok"} 1' in lines
    assert f'traced_info{{version="{__version__}"}} 1' in lines
