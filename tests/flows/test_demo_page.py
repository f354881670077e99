"""The page of the demo."""

import json
from pathlib import Path
from urllib.request import urlopen

import pytest

from edge.errors import GatecastError
from edge.stores.sqlite import sqlite_url
from flows.demo.page import check_page, start_page
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
