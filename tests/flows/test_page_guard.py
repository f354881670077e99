"""Who may see the page, asked over HTTP and as a WebSocket."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.types import Message, Receive, Scope, Send

from flows.page.guard import COOKIE, SIGN_IN, Guard

PASSWORD = "correct horse"
LOCAL, HOUSE = "127.0.0.1:8090", "192.168.1.5:8090"


async def inside(scope: Scope, receive: Receive, send: Send) -> None:
    """The page behind the guard."""
    del receive
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
    elif scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"inside"})


def visit(guard: Guard, host: str, visited: Callable[[AsyncClient], Awaitable[None]]) -> None:
    """Let a visitor who asks for a name do something."""

    async def go() -> None:
        async with AsyncClient(transport=ASGITransport(app=guard), base_url=f"http://{host}") as client:
            await visited(client)

    asyncio.run(go())


def answered(guard: Guard, path: str = "/", **headers: str) -> int:
    """The status of an answer."""
    seen: list[int] = []

    async def look(client: AsyncClient) -> None:
        seen.append((await client.get(path, headers=headers)).status_code)

    visit(guard, headers["host"], look)
    return seen[0]


def connects(guard: Guard, **headers: str) -> bool:
    """Whether a WebSocket is let in."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    coded = [(name.encode(), value.encode()) for name, value in headers.items()]
    asyncio.run(guard({"type": "websocket", "path": "/", "headers": coded}, receive, send))
    (message,) = sent
    return bool(message["type"] == "websocket.accept")


@pytest.mark.parametrize("host", [LOCAL, "localhost:8090", "[::1]:8090"])
def test_without_a_password_this_machine_is_answered(host: str) -> None:
    """Under each of its names."""
    assert answered(Guard(inside, ""), host=host) == 200
    assert connects(Guard(inside, ""), host=host, origin=f"http://{host}")


@pytest.mark.parametrize("host", ["evil.example", HOUSE])
def test_without_a_password_no_other_name_is_answered(host: str) -> None:
    """A name that somebody lets point to 127.0.0.1 is none of this machine."""
    assert answered(Guard(inside, ""), host=host) == 403
    assert not connects(Guard(inside, ""), host=host)


@pytest.mark.parametrize("password", ["", PASSWORD])
def test_what_a_browser_sends_for_another_page_is_refused(password: str) -> None:
    """With a password and without one."""
    assert answered(Guard(inside, password), host=LOCAL, origin="http://evil.example") == 403
    assert not connects(Guard(inside, password), host=LOCAL, origin="http://evil.example")


def test_a_visitor_signs_in_once() -> None:
    """A page leads to the form; with the password the cookie opens pages and connections, and scripts cannot read it."""
    guard, cookies = Guard(inside, PASSWORD, delay=0), []

    async def sign_in(client: AsyncClient) -> None:
        asked = await client.get("/", headers={"accept": "text/html"})
        assert (asked.status_code, asked.headers["location"]) == (303, SIGN_IN)
        assert (await client.get("/")).status_code == (await client.post("/")).status_code == 401
        assert "<form" in (await client.get(SIGN_IN)).text
        wrong = await client.post(SIGN_IN, data={"password": "correct"})
        assert (wrong.status_code, "not the password" in wrong.text, COOKIE in client.cookies) == (401, True, False)
        assert (await client.post(SIGN_IN, content=b"password=" + b"x" * 5000)).status_code == 413
        passed = await client.post(SIGN_IN, data={"password": PASSWORD})
        assert (passed.status_code, passed.headers["location"]) == (303, "/")
        assert {"httponly", "samesite=strict"} <= set(passed.headers["set-cookie"].lower().split("; "))
        assert (await client.get("/")).text == "inside"
        cookies.append(client.cookies[COOKIE])

    visit(guard, HOUSE, sign_in)
    assert connects(guard, host=HOUSE, cookie=f"other=1; {COOKIE}={cookies[0]}")
    assert not connects(guard, host=HOUSE)
    assert not connects(guard, host=HOUSE, cookie=f"{COOKIE}=x")


def test_a_cookie_of_another_run_opens_nothing() -> None:
    """Its value is drawn at each start."""
    cookies: list[str] = []

    async def sign_in(client: AsyncClient) -> None:
        await client.post(SIGN_IN, data={"password": PASSWORD})
        cookies.append(client.cookies[COOKIE])

    visit(Guard(inside, PASSWORD), HOUSE, sign_in)
    assert answered(Guard(inside, PASSWORD), host=HOUSE, cookie=f"{COOKIE}={cookies[0]}") == 401
