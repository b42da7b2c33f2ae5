from typing import Any

import anyio
import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from traced.web.bearer import Bearer
from traced.web.door import CONNECTION, HEADERS, REQUESTS_MAX, Door
from traced.web.hosts import Hosts
from traced.web.peer import Address

TOKEN = "a-token-of-thirty-two-characters"
OUR_UID, OTHER_UID = 1000, 1001
LOCAL = Hosts(loopback_only=True)


async def within(_request: Request) -> Response:
    """Answer what nobody but those who are let in should see."""
    return PlainTextResponse("inside")


def door(
    uid: int | None = OUR_UID, *, token: str | None = None, knows: bool = True, app: Any = None
) -> Door:
    """Return a door at which everybody has a uid; without `knows` it cannot be told."""

    def peer_uid(_client: Address, _server: Address) -> int | None:
        return uid

    return Door(
        app or Router([Route("/{rest:path}", within, methods=["GET", "POST"])]),
        hosts=LOCAL,
        bearer=None if token is None else Bearer(token),
        peer_uid=peer_uid if knows else None,
        uids=frozenset({OUR_UID, 0}),
    )


async def ask(app: ASGIApp, path: str = "/", method: str = "GET", **headers: str) -> httpx.Response:
    """Ask through a door."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8377") as client:
        return await client.request(method, path, headers=sent)


@pytest.mark.parametrize("uid", [OUR_UID, 0])
async def test_our_user_and_root_are_served(uid: int) -> None:
    """On loopback the daemon's uid and root need no token."""
    assert (await ask(door(uid))).text == "inside"


@pytest.mark.parametrize("uid", [OTHER_UID, None])
async def test_other_users_are_refused(uid: int | None) -> None:
    """Anybody else, and who cannot be known, gets 403 and learns nothing."""
    answer = await ask(door(uid))

    assert answer.status_code == 403
    assert answer.json()["detail"].startswith(f"the sender's uid is '{uid}', expected ")


async def test_a_connection_is_looked_up_once() -> None:
    """Whose a connection is does not change: what was found holds for it, and for no other."""
    asked: list[Address] = []

    def peer_uid(client: Address, _server: Address) -> int | None:
        asked.append(client)
        return None if len(asked) == 1 else OUR_UID

    guarded = Door(Router([Route("/", within)]), LOCAL, None, peer_uid, frozenset({OUR_UID}))
    mine: dict[str, object] = {}

    async def on(connection: dict[str, object]) -> int:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await guarded({**scope, "state": {CONNECTION: connection}}, receive, send)

        return (await ask(app)).status_code

    assert [await on(mine), await on(mine), await on(mine)] == [403, 200, 200]
    assert len(asked) == 2
    assert await on({}) == 200
    assert len(asked) == 3


async def test_an_unknown_address_is_nobody() -> None:
    """A request that came over no TCP connection has no uid."""
    transport = httpx.ASGITransport(door(), client=None)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        assert (await client.get("/")).status_code == 403


@pytest.mark.parametrize("host", ["evil.com", "evil.com:8377", "192.168.1.2", ""])
async def test_a_rebound_name_is_refused(host: str) -> None:
    """A page whose own name was pointed here (DNS rebinding) calls us by it, even from our uid."""
    answer = await ask(door(), host=host)

    assert answer.status_code == 403
    assert "the Host header" in answer.json()["detail"]


async def test_two_hosts_are_refused() -> None:
    """A request that names two hosts may mean either."""
    transport = httpx.ASGITransport(door())
    headers = [("Host", "localhost"), ("Host", "localhost")]
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.send(httpx.Request("GET", "http://localhost/", headers=headers))

    assert answer.status_code == 403


@pytest.mark.parametrize("origin", ["http://evil.com", "null", "http://localhost:9"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_pages_of_others_are_refused(origin: str, method: str) -> None:
    """What another site's page sends is refused, a pre-flight too: there is no CORS."""
    answer = await ask(door(), "/", method, origin=origin)

    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_our_own_pages_are_served() -> None:
    """A page of this very server may ask."""
    answer = await ask(door(), origin="http://localhost:8377", sec_fetch_site="same-origin")

    assert answer.text == "inside"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_others_may_link_but_not_embed(site: str) -> None:
    """A link from elsewhere opens the page; a script or an image of ours is not for others."""
    linked = await ask(door(), sec_fetch_site=site, sec_fetch_mode="navigate")
    embedded = await ask(door(), sec_fetch_site=site, sec_fetch_mode="no-cors")

    assert (linked.status_code, embedded.status_code) == (200, 403)


async def test_without_a_token_nobody_unknown_enters() -> None:
    """Where uids cannot be told, who has no token is asked for it."""
    answer = await ask(door(token=TOKEN, knows=False))

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="traced"'


async def test_the_token_lets_in() -> None:
    """As a header it lets in anybody, also where uids cannot be told; its scheme has any case."""
    for guarded in (door(token=TOKEN, knows=False), door(OTHER_UID, token=TOKEN)):
        for scheme in ("Bearer", "bearer"):
            assert (await ask(guarded, authorization=f"{scheme} {TOKEN}")).text == "inside"


@pytest.mark.parametrize("word", ["", "x", TOKEN[:-1], TOKEN + "x"])
async def test_a_wrong_token_is_refused(word: str) -> None:
    """A wrong token is told as such, even to who needed none."""
    guarded = door(token=TOKEN)
    header = await ask(guarded, authorization=f"Bearer {word}")
    url = await ask(guarded, f"/?token={word}")

    assert (header.status_code, url.status_code) == (401, 401)
    assert "set-cookie" not in url.headers


async def test_the_token_in_a_url_gives_a_cookie() -> None:
    """?token= is needed once: the answer brings a cookie, which no script or other site can use."""
    guarded = door(token=TOKEN, knows=False)
    answer = await ask(guarded, f"/?token={TOKEN}")

    name, value = answer.headers["set-cookie"].split(";")[0].split("=")
    assert answer.text == "inside"
    assert answer.headers["set-cookie"] == f"{name}={value}; Path=/; HttpOnly; SameSite=Strict"
    assert TOKEN not in answer.headers["set-cookie"]
    assert (await ask(guarded, cookie=f"{name}={value}")).text == "inside"
    assert (await ask(guarded, cookie=f"{name}={value}x")).status_code == 401


@pytest.mark.parametrize(
    ("path", "location"),
    [
        (f"/?token={TOKEN}", "/"),
        (f"/sessions/a%2Fb?token={TOKEN}&status=ok", "/sessions/a%2Fb?status=ok"),
        (f"//evil.com/x?token={TOKEN}", "/evil.com/x"),
        (f"/%5Cevil.com?token={TOKEN}", "/%5Cevil.com"),
    ],
)
async def test_a_browser_forgets_the_token(path: str, location: str) -> None:
    """A browser is sent on to the same page of this server, without the token in its address."""
    transport = httpx.ASGITransport(door(token=TOKEN, knows=False))
    async with httpx.AsyncClient(transport=transport) as client:
        url = httpx.URL(f"http://localhost{path}")
        answer = await client.get(url, headers={"accept": "text/html,*/*"})

    assert (answer.status_code, answer.headers["location"]) == (303, location)
    assert "set-cookie" in answer.headers


async def test_no_token_is_none() -> None:
    """Where there is no token, an Authorization header opens nothing."""
    assert (await ask(door(OTHER_UID), authorization="Bearer ")).status_code == 403


async def test_every_answer_has_the_headers() -> None:
    """What is let in and what is refused tell browsers the same: nothing from elsewhere."""
    for answer in (await ask(door()), await ask(door(OTHER_UID)), await ask(door(), host="x")):
        for name, value in HEADERS.items():
            assert answer.headers.get_list(name) == [value]
    assert "default-src 'none'" in HEADERS["Content-Security-Policy"]
    assert "unsafe" not in HEADERS["Content-Security-Policy"]
    assert HEADERS["Referrer-Policy"] == "no-referrer"


async def test_requests_are_bounded() -> None:
    """Above the bound the next one is told to come again, and who is inside is not disturbed."""
    leave, inside = anyio.Event(), 0

    async def slow(_request: Request) -> Response:
        nonlocal inside
        inside += 1
        await leave.wait()
        return PlainTextResponse("done")

    guarded = door(app=Router([Route("/", slow)]))
    answers: list[int] = []

    async def one() -> None:
        answers.append((await ask(guarded)).status_code)

    async with anyio.create_task_group() as tasks:
        for _ in range(REQUESTS_MAX):
            tasks.start_soon(one)
        with anyio.fail_after(30):
            while inside < REQUESTS_MAX:
                await anyio.sleep(0.001)
        refused = await ask(guarded)
        leave.set()

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    assert answers == [200] * REQUESTS_MAX
    assert (await ask(guarded)).text == "done"
