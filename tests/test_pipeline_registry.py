"""Bundles by version, and channels that devices can follow."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.bundle import MANIFEST_FILE, Bundle, Manifest, version_of
from edge.contract import SECOND, Contract
from edge.errors import BundleError, ConfigurationError
from edge.release import Source, replace_file
from pipeline import registry as module
from pipeline.registry import HISTORY, Registry

NOW = datetime(2026, 11, 22, 15, 45, tzinfo=UTC)


def bundle(day: int) -> Bundle:
    """A baseline bundle made on that day of November."""
    created = NOW.replace(day=day)
    version = version_of(created, "last_value", bytes([day]))
    return Bundle(Manifest(version, Contract(SECOND, 8, 2), ["a"], created.isoformat(), "0.1.0", baseline="last_value"))


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """Three bundles, the newest added first, none of them live."""
    found = Registry(tmp_path / "registry", lambda: NOW)
    for day in (3, 1, 2):
        found.add(bundle(day))
    return found


VERSIONS = [bundle(day).manifest.version for day in (1, 2, 3)]


def test_versions_come_oldest_first(registry: Registry) -> None:
    """Names and manifests are sorted by time, whatever the order they were added in."""
    assert registry.names() == VERSIONS
    assert [manifest.version for manifest in registry.versions()] == VERSIONS
    assert registry.get(VERSIONS[1]) == bundle(2)


def test_an_empty_registry_has_nothing_and_says_so(tmp_path: Path) -> None:
    """A folder that is not there yet is an empty registry."""
    empty = Registry(tmp_path / "none")
    assert (empty.names(), empty.versions(), empty.channel(), empty.live()) == ([], [], None, None)
    with pytest.raises(ConfigurationError, match="the registry is empty"):
        empty.promote("anything")
    with pytest.raises(ConfigurationError, match="nothing was promoted to it"):
        empty.rollback()


def test_promoted_version_is_what_devices_read(registry: Registry) -> None:
    """The agent's own reader follows the channel document and verifies the bundle."""
    assert registry.live() is None
    registry.promote(VERSIONS[0])
    source = Source(str(registry.path / "channels" / "live.json"))
    channel = source.read_channel()
    assert (channel.version, channel.changed, channel.history) == (VERSIONS[0], "2026-11-22T15:45:00Z", [])
    assert source.read_bundle(channel) == bundle(1) == registry.live()


def test_promotion_twice_changes_nothing(registry: Registry) -> None:
    """A repeated run of the flow leaves the document byte for byte as it is."""
    registry.promote(VERSIONS[0])
    registry.promote(VERSIONS[1])
    document = registry.path / "channels" / "live.json"
    before = document.read_bytes()
    assert registry.promote(VERSIONS[1]).history == [VERSIONS[0]]
    assert document.read_bytes() == before


def test_rollback_goes_back_one_version_at_a_time(registry: Registry) -> None:
    """The history of a channel is a stack; below its end there is a clear message."""
    for version in VERSIONS:
        registry.promote(version)
    assert [registry.rollback().version, registry.rollback().version] == [VERSIONS[1], VERSIONS[0]]
    with pytest.raises(ConfigurationError, match=r"nothing to roll back to: .* is the first there"):
        registry.rollback()
    live = registry.live()
    assert live is not None
    assert live.manifest.version == VERSIONS[0]


def test_channels_do_not_touch_each_other(registry: Registry) -> None:
    """A trial channel may lead the live one."""
    registry.promote(VERSIONS[0])
    registry.promote(VERSIONS[2], "trial")
    assert [registry.channel(name).version for name in ("live", "trial")] == [VERSIONS[0], VERSIONS[2]]  # type: ignore[union-attr]


def test_history_is_capped(registry: Registry) -> None:
    """A channel remembers its last twenty versions."""
    for step in range(HISTORY + 5):
        registry.promote(VERSIONS[step % 2])
    channel = registry.channel()
    assert channel is not None
    assert len(channel.history) == HISTORY


def test_unknown_version_names_the_nearest(registry: Registry) -> None:
    """A typing mistake is answered with what may have been meant, and no channel moves."""
    with pytest.raises(ConfigurationError, match=f"nearest: .*{VERSIONS[1]}"):
        registry.promote(VERSIONS[1][:-1])
    assert registry.channel() is None


@pytest.mark.parametrize("name", ["", "../live", "Live", "a/b", "x" * 33])
def test_a_channel_name_is_no_path(registry: Registry, name: str) -> None:
    """Nothing outside the folder of channels is ever read or written."""
    with pytest.raises(ConfigurationError, match="a channel has a name"):
        registry.promote(VERSIONS[0], name)


def test_a_damaged_bundle_is_neither_promoted_nor_returned_to(registry: Registry) -> None:
    """It drops out of the list, and every attempt to use it says what is wrong."""
    registry.promote(VERSIONS[0])
    registry.promote(VERSIONS[1])
    (registry.path / "bundles" / VERSIONS[0] / MANIFEST_FILE).write_bytes(b"{}")
    assert [manifest.version for manifest in registry.versions()] == VERSIONS[1:]
    with pytest.raises(BundleError, match="malformed manifest"):
        registry.promote(VERSIONS[0])
    with pytest.raises(BundleError, match="malformed manifest"):
        registry.rollback()
    (registry.path / "bundles" / VERSIONS[1] / MANIFEST_FILE).unlink()
    with pytest.raises(BundleError, match=r"channel 'live' names .* cannot be read"):
        registry.live()


def test_interrupted_promotion_leaves_the_old_channel(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """The document is replaced whole or not at all."""
    registry.promote(VERSIONS[0])

    def torn(path: Path, content: bytes) -> None:
        path.with_name(".torn").write_bytes(content[:10])
        raise OSError

    monkeypatch.setattr(module, "replace_file", torn)
    with pytest.raises(OSError, match=r"^$"):
        registry.promote(VERSIONS[1])
    monkeypatch.setattr(module, "replace_file", replace_file)
    live = registry.live()
    assert live is not None
    assert live.manifest.version == VERSIONS[0]
