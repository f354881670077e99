"""The page of the demo."""

import json
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from edge.errors import GatecastError
from edge.stores.sqlite import sqlite_url
from flows.demo.page import check_page, start_page, stay_open
from flows.processes.servers import Server
from tests.support.page_store import page_store

CONFIG = '[mqtt]\nurl = "mqtt://127.0.0.1"\n[[ingest]]\ntopic = "a/{{b}}"\nseries = "{{b}}"\n[store]\nurl = {url}\n'


def test_the_page_answers_until_it_is_stopped(tmp_path: Path) -> None:
    """It shows the store of the configuration."""
    check_page()
    page_store(tmp_path / "store.db").close()
    config = tmp_path / "gatecast.toml"
    config.write_text(CONFIG.format(url=json.dumps(sqlite_url(tmp_path / "store.db"))))
    server, address = start_page(config, tmp_path / "page.log")
    with server, urlopen(address) as answer:  # noqa: S310 - our own page
        assert b"Gatecast" in answer.read()
    assert server.process.poll() is not None


def test_a_page_that_does_not_start_says_why(tmp_path: Path) -> None:
    """With the last line of its log."""
    config = tmp_path / "gatecast.toml"
    config.write_text("no configuration")
    with pytest.raises(GatecastError, match=r"the page does not start: .*gatecast\.toml.*see .*page\.log"):
        start_page(config, tmp_path / "page.log")


def test_a_page_that_ends_by_itself_is_told(tmp_path: Path) -> None:
    """With the last line of its log, and what to do."""
    command = [sys.executable, "-c", "print('no memory')"]
    with (
        Server(command, tmp_path / "page.log") as server,
        pytest.raises(GatecastError, match=r"ended by itself: no memory; open it again with gatecast page, or see .*page\.log"),
    ):
        stay_open(server)
