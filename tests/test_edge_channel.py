"""The channel document: what it may say, and where it may be."""

import json
from pathlib import Path

import pytest

from edge.channel import Source, decode_channel
from edge.errors import BundleError, ConfigurationError
from tests.agent_process import baseline_bundle, release


def test_only_paths_and_web_addresses_are_channels() -> None:
    """Any other scheme is a configuration error."""
    with pytest.raises(ConfigurationError, match="write a path or an http"):
        Source("ftp://somewhere/live.json")


def test_another_schema_is_refused(tmp_path: Path) -> None:
    """A document of a later layout is not guessed at."""
    content = json.loads(release(tmp_path / "registry", baseline_bundle()).read_text()) | {"schema": 2}
    with pytest.raises(BundleError, match="schema 1; got 2"):
        decode_channel(json.dumps(content).encode())
