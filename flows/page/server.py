"""The server itself: loading it takes a second, in which the store is asked already."""

import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI
from nicegui import ui

from flows.page.guard import Guard
from flows.page.pages import LOGO, STYLE, add_pages
from flows.page.watching import Watch


def run_server(watch: Watch, listening: socket.socket, password: str, title: str, tell: Callable[[], None]) -> None:
    """Serve the page until the process is asked to end.

    Args:
        watch: thread that knows what the store holds.
        listening: socket that listens.
        password: password that visitors have to know; empty where there is none.
        title: name of the fleet.
        tell: function that tells the user where the page is.
    """
    app = FastAPI(openapi_url=None)
    add_pages(watch, title)
    ui.run_with(app, title=f"{title} · Gatecast", favicon=LOGO, tailwind=False, language="en-US", show_welcome_message=False)
    guard = Guard(app, password, STYLE, LOGO)
    settings = uvicorn.Config(
        guard, log_level="error", access_log=False, server_header=False, lifespan="on", timeout_graceful_shutdown=1
    )
    tell()
    uvicorn.Server(settings).run([listening])
