"""Where the page is served, and by which password."""

import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from edge.config.reading import read_config
from edge.errors import ConfigurationError
from flows.page.serving import PASSWORD_VARIABLE, Bound, bound, serve, title_of
from tests.support.servers import HANGS_AFTER

ROOT = Path(__file__).parents[2]


def test_this_machine_needs_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any other address does, and the message says how to give one."""
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    assert bound("127.0.0.1", 8090, None) == Bound("127.0.0.1", 8090)
    with pytest.raises(ConfigurationError, match=r"--host 0\.0\.0\.0 .* set GATECAST_PAGE_PASSWORD or --password-file"):
        bound("0.0.0.0", 8090, None)


def test_the_title_is_the_name_that_somebody_has_given(tmp_path: Path) -> None:
    """That of the fleet, else that of the agent at the broker, else that of the folder; the usual client_id tells nothing."""
    path = tmp_path / "plant" / "gatecast.toml"
    path.parent.mkdir()
    titles = []
    for text in (
        "",
        '[mqtt]\nclient_id = "gatecast-agent"\n',
        '[mqtt]\nclient_id = "mill-3"\n[schedule]\nname = "North"\n',
        '[mqtt]\nclient_id = "mill-3"\n',
    ):
        path.write_text(text)
        titles.append(title_of(read_config(path), path))
    assert titles == ["plant", "plant", "North", "mill-3"]


def test_a_password_comes_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file counts where both are given; a short one is refused, and it is not shown."""
    monkeypatch.setenv(PASSWORD_VARIABLE, "of the environment")
    assert bound("0.0.0.0", 1, None).password == "of the environment"
    path = tmp_path / "password"
    path.write_text("of the file\n")
    assert bound("0.0.0.0", 1, path).password == "of the file"
    path.write_text("short")
    with pytest.raises(ConfigurationError, match="at least 8 characters, got 5"):
        bound("0.0.0.0", 1, path)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        bound("0.0.0.0", 1, tmp_path / "none")


def test_for_others_the_page_warns_asks_for_the_password_and_ends_at_a_signal(tmp_path: Path) -> None:
    """The command of the documentation, with the password of a file."""
    (tmp_path / "password").write_text("correct horse")
    path = tmp_path / "gatecast.toml"
    path.write_text('[mqtt]\nurl = "mqtt://127.0.0.1"\n[[ingest]]\ntopic = "a/{b}"\nseries = "{b}"\n')
    command = [sys.executable, "-m", "flows.cli", "page", "--config", str(path), "--port", "0"]
    command += ["--host", "0.0.0.0", "--password-file", str(tmp_path / "password")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline()
            port = address.rpartition(":")[2].partition(",")[0]
            assert address == f"gatecast page: http://0.0.0.0:{port}, Ctrl-C ends it\n"
            assert "go unencrypted; put a proxy with TLS in front" in process.stdout.readline()
            asked = Request(f"http://127.0.0.1:{port}/", headers={"Accept": "text/html"})
            with urlopen(asked) as answer:  # noqa: S310 - the same
                assert answer.url.endswith("/sign-in")
                assert b'type="password"' in answer.read()
        finally:
            process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=HANGS_AFTER)
    assert (process.returncode, told) == (130, "gatecast: stopped by Ctrl-C\n")


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    """Before anything is read."""
    path = tmp_path / "gatecast.toml"
    path.write_text('[mqtt]\nurl = "mqtt://127.0.0.1"\n[[ingest]]\ntopic = "a/{b}"\nseries = "{b}"\n')
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"cannot listen on 127.0.0.1:{port}: .*choose another --port"):
            serve(read_config(path), Bound("127.0.0.1", port), "home", lambda _: None)
