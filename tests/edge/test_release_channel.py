"""The channel document: what it may say, and where it may be."""

import contextlib
import http.server
import json
import os
import threading
from pathlib import Path

import pytest

from edge.errors import BundleError, ConfigurationError
from edge.release.channel import Source, decode_channel
from tests.support.agent_process import baseline_bundle, release


def test_only_paths_and_web_addresses_are_channels() -> None:
    """Any other scheme is a configuration error."""
    with pytest.raises(ConfigurationError, match="write a path or an http"):
        Source("ftp://somewhere/live.json")


def test_another_schema_is_refused(tmp_path: Path) -> None:
    """A document of a later layout is not guessed at."""
    content = json.loads(release(tmp_path / "registry", baseline_bundle()).read_text()) | {"schema": 2}
    with pytest.raises(BundleError, match="schema 1; got 2"):
        decode_channel(json.dumps(content).encode())


@pytest.mark.parametrize("channel", ["http://[/live.json", "a\0b", "reg\nistry/live.json"])
def test_what_can_be_no_address_is_a_wrong_configuration(channel: str) -> None:
    """Said in one line before anything is read."""
    with pytest.raises(ConfigurationError, match="write a path or an http"):
        Source(channel)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """What is no file may never end."""
    os.mkfifo(tmp_path / "live.json")
    with pytest.raises(BundleError, match="expected a file at"):
        Source(str(tmp_path / "live.json")).read_channel()


def test_a_transfer_that_trickles_has_an_end(tmp_path: Path) -> None:
    """A server that sends a byte now and then is let go of when the file's time is over."""
    content = release(tmp_path / "registry", baseline_bundle()).read_bytes()
    moments = iter(range(0, 10_000, 30))

    class Trickle(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with contextlib.suppress(OSError):
                for place in range(len(content)):
                    self.wfile.write(content[place : place + 1])
                    hold.wait(0.001)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of the base class
            """Nothing."""

    hold = threading.Event()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Trickle)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}/live.json"
        with pytest.raises(TimeoutError, match="took more than 60 s"):
            Source(url, deadline=60.0, moment=lambda: float(next(moments))).read_channel()
    finally:
        server.shutdown()
        server.server_close()
