"""Who may see the page: everyone on this machine, and elsewhere those who know the password.

A web page of somebody else must not read ours through a visitor's browser: without a password only names of this machine are
answered, and what a browser sends for another page is refused.
"""

import asyncio
import hmac
import secrets
from html import escape
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from edge.networks import reach

COOKIE = "gatecast-page"
SIGN_IN = "/sign-in"
DELAY = 1.0  # seconds after a wrong password
DAYS = 30  # a sign-in holds, while the page runs
LARGEST = 4096  # bytes of a form
FORM = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Gatecast: sign in</title><style>{style}</style></head>
<body class="sign-in"><main><form method="post" action="{action}">{logo}<h1>Gatecast</h1>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required autofocus>
{wrong}<button type="submit">Sign in</button></form></main></body></html>"""


class Guard:
    """Lets a request pass, or answers it.

    Args:
        app: application behind it.
        password: password that visitors have to know; empty: there is none, and only this machine is answered.
        style: style sheet of the form.
        logo: picture above the form, as SVG.
        delay: seconds that a wrong password takes.
    """

    def __init__(self, app: ASGIApp, password: str, style: str = "", logo: str = "", delay: float = DELAY) -> None:
        self._app, self._password, self._delay = app, password.encode(), delay
        self._style, self._logo = style, logo
        self._token = secrets.token_urlsafe(32)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        answer = await self._answer(scope, receive)
        if answer is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response | None:
        """The answer to a request that does not pass; None for one that does."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return PlainTextResponse("refused: the request comes from another page\n", 403)
        if not self._password:
            return _not_here(host)
        if scope["type"] == "http" and scope["path"] == SIGN_IN:
            return await self._sign_in(Request(scope, receive))
        if hmac.compare_digest(_cookie(headers), self._token):
            return None
        if scope["type"] == "websocket" or scope["method"] != "GET" or "text/html" not in headers.get("accept", ""):
            return PlainTextResponse("sign in first\n", 401)
        return RedirectResponse(SIGN_IN, 303, {"Cache-Control": "no-store"})

    async def _sign_in(self, request: Request) -> Response:
        wrong = ""
        if request.method == "POST":
            body = b""
            async for piece in request.stream():
                body += piece
                if len(body) > LARGEST:
                    return PlainTextResponse("too long\n", 413)
            told = parse_qs(body.decode(errors="replace")).get("password", [""])[0]
            if hmac.compare_digest(told.encode(), self._password):
                passed = RedirectResponse("/", 303)
                passed.set_cookie(COOKIE, self._token, max_age=DAYS * 86400, httponly=True, samesite="strict")
                return passed
            await asyncio.sleep(self._delay)
            wrong = '<p role="alert">This is not the password.</p>'
        text = FORM.format(style=self._style, logo=self._logo, wrong=wrong, action=escape(SIGN_IN))
        return HTMLResponse(text, 401 if wrong else 200, {"Cache-Control": "no-store"})


def _not_here(host: str) -> Response | None:
    """The answer to a request for a name that is not of this machine."""
    if reach(urlsplit(f"//{host}").hostname or "") == "here":
        return None
    return PlainTextResponse("without a password only this machine is answered: open http://127.0.0.1\n", 403)


def _cookie(headers: Headers) -> str:
    pairs = (pair.strip().partition("=") for pair in headers.get("cookie", "").split(";"))
    return next((value for name, _, value in pairs if name == COOKIE and value.isascii()), "")
