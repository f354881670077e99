"""The channel document: what it may say, and where it may be."""

import contextlib
import json
import os
from pathlib import Path

import pytest

from edge.contract.times import parse_time
from edge.errors import BundleError, ConfigurationError
from edge.release.channel import Source, decode_channel, is_older
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


@pytest.mark.parametrize(
    "channel", ["https://me:secret@host/live.json", "http://host/l?private_token=secret", "https://:secret@h/l"]
)
def test_a_secret_in_the_address_is_refused(channel: str) -> None:
    """The line says where it belongs, and does not repeat it."""
    with pytest.raises(ConfigurationError, match=r"set GATECAST_RELEASE_PASSWORD or password_file") as caught:
        Source(channel)
    assert "secret@" not in str(caught.value)
    assert "=secret" not in str(caught.value)


def test_a_password_with_a_slash_is_not_repeated_either() -> None:
    """The part before the slash looks like a port."""
    with pytest.raises(ConfigurationError, match="write a path or an http") as refused:
        Source("https://me:hunter/2@host/live.json")
    assert "hunter" not in str(refused.value)


def test_a_user_is_no_part_of_the_address_that_is_shown() -> None:
    """And the password goes nowhere without encryption where others could read it."""
    assert Source("http://me@127.0.0.1:1/live.json", password="secret").channel == "http://127.0.0.1:1/live.json"
    assert Source("http://me@example.com/live.json").channel == "http://example.com/live.json"
    with pytest.raises(ConfigurationError, match=r"set \[release\] allow_unencrypted = true"):
        Source("http://me@example.com/live.json", password="secret")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """What is no file may never end."""
    os.mkfifo(tmp_path / "live.json")
    with pytest.raises(BundleError, match="expected a file at"):
        Source(str(tmp_path / "live.json")).read_channel()


@pytest.mark.parametrize("what", ["folder", "loop"])
def test_what_is_no_file_is_no_channel(what: str, tmp_path: Path) -> None:
    """A folder, and links that lead nowhere, end in an error that the agent says and retries by."""
    document = tmp_path / "live.json"
    if what == "folder":
        document.mkdir()
    else:
        document.symlink_to(tmp_path / "other.json")
        (tmp_path / "other.json").symlink_to(document)
    with pytest.raises((BundleError, OSError), match=r"got something else|symbolic links"):
        Source(str(document)).read_channel()


@pytest.mark.parametrize(
    ("bundle", "allowed"),
    [
        ("../bundles/a/", True),
        ("bundles/a", True),
        ("a/../b", True),
        ("..", True),
        ("../../other/a", False),
        ("../bundles/../../a", False),
        ("%2e%2e/%2e%2e/a", False),
        ("..%2f..%2fa", False),
        ("%2fetc", False),
        ("/etc", False),
        ("//other/a", False),
        ("https://other/a", False),
        ("file:a", False),
        ("a?b", False),
        ("..\\..\\a", False),
    ],
)
def test_a_bundle_lies_in_the_registry_of_its_channel(bundle: str, *, allowed: bool, tmp_path: Path) -> None:
    """The folder of the channels has one folder above it, that of the registry, and no path leads out of it."""
    content = json.loads(release(tmp_path / "registry", baseline_bundle()).read_text()) | {"bundle": bundle}
    with contextlib.nullcontext() if allowed else pytest.raises(BundleError, match="expected a bundle in the registry"):
        assert decode_channel(json.dumps(content).encode()).bundle == bundle


@pytest.mark.parametrize(
    ("changed", "before", "older"),
    [
        ("2026-11-22T15:44:59Z", "2026-11-22T15:45:00Z", True),
        ("2026-11-22T15:45:00Z", "2026-11-22T15:45:00+00:00", False),
        ("2026-11-22T15:45:01Z", "2026-11-22T15:45:00Z", False),
        ("2026-11-22T15:44:59Z", "2026-11-22T16:00:01Z", False),
        ("yesterday", "2026-11-22T15:45:00Z", False),
        ("2026-11-22T15:44:59Z", "", False),
    ],
    ids=["older", "same", "newer", "other ahead of our clock", "no time", "no other time"],
)
def test_which_document_is_older(changed: str, before: str, *, older: bool) -> None:
    """Only where both times can be read, and the other one has passed by our clock."""
    assert is_older(changed, before, parse_time("2026-11-22T16:00:00Z")) is older
