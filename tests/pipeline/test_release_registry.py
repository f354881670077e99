"""Bundles by version, and channels that devices can follow."""

import os
import shutil
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.errors import BundleError, ConfigurationError, GatecastError
from edge.files import replace_file
from edge.forecaster.bundle import Bundle
from edge.forecaster.manifest import MANIFEST_FILE, Manifest, version_of
from edge.release.channel import Source
from pipeline.release import registry as module
from pipeline.release.registry import HISTORY, Registry

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


def test_a_release_twice_changes_nothing(registry: Registry) -> None:
    """A repeated run of the flow leaves the document byte for byte as it is."""
    registry.promote(VERSIONS[0])
    registry.publish(VERSIONS[1], expected=VERSIONS[0])
    document = registry.path / "channels" / "live.json"
    before = document.read_bytes()
    assert registry.publish(VERSIONS[1], expected=VERSIONS[0]).history == [VERSIONS[0]]
    assert document.read_bytes() == before


def test_promotion_twice_is_another_release_of_the_same_version(registry: Registry) -> None:
    """Agents that refused it see that they are asked again, even within one second; the history stays as it is."""
    registry.promote(VERSIONS[0])
    changes = [registry.promote(VERSIONS[1]) for _ in range(3)]
    assert [one.changed for one in changes] == [f"2026-11-22T15:45:0{second}Z" for second in (1, 2, 3)]
    assert [one.history for one in changes] == [[VERSIONS[0]]] * 3
    assert registry.channel() == changes[-1]


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


def test_a_rollback_is_not_overwritten(registry: Registry) -> None:
    """What was judged against one champion does not replace another; the line says how to go on."""
    registry.promote(VERSIONS[0])
    registry.promote(VERSIONS[1])
    registry.rollback()
    with pytest.raises(
        GatecastError, match=f"names {VERSIONS[0]} now, .*: run gatecast retrain again, or gatecast promote"
    ) as no:
        registry.publish(VERSIONS[2], expected=VERSIONS[1])
    assert "\n" not in str(no.value)
    channel = registry.channel()
    assert channel is not None
    assert (channel.version, channel.history) == (VERSIONS[0], [])
    with pytest.raises(GatecastError, match=f"named nothing when .* names {VERSIONS[0]} now"):
        registry.publish(VERSIONS[2], expected=None)
    assert registry.publish(VERSIONS[2], expected=VERSIONS[0]).history == [VERSIONS[0]]
    assert registry.publish(VERSIONS[2], expected=VERSIONS[0]).history == [VERSIONS[0]]  # a second try of the same run


def test_the_first_version_is_published_where_nothing_is(registry: Registry) -> None:
    """A channel that names nothing is expected as None, and one that was emptied meanwhile is noticed."""
    with pytest.raises(GatecastError, match="names nothing now"):
        registry.publish(VERSIONS[0], expected=VERSIONS[1])
    assert registry.publish(VERSIONS[0], expected=None).version == VERSIONS[0]


def test_of_two_that_publish_at_once_one_wins(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between reading and writing the channel nobody else may."""
    registry.promote(VERSIONS[0])
    both = threading.Barrier(2)

    def slow(path: Path, content: bytes) -> None:
        with suppress(threading.BrokenBarrierError):
            both.wait(0.2)  # where a second writer would come as well
        replace_file(path, content)

    monkeypatch.setattr(module, "replace_file", slow)
    answers: list[str] = []

    def publish(version: str) -> None:
        try:
            answers.append(registry.publish(version, expected=VERSIONS[0]).version)
        except GatecastError:
            answers.append("refused")

    threads = [threading.Thread(target=publish, args=(version,)) for version in VERSIONS[1:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    channel = registry.channel()
    assert channel is not None
    assert sorted(answers) == [channel.version, "refused"]


def test_old_versions_are_deleted_and_named_ones_never(registry: Registry) -> None:
    """What a channel names or named stays with the newest others; plots go with their versions."""
    for day in range(4, 15):
        registry.add(bundle(day))
    names = registry.names()
    registry.promote(names[0])
    registry.promote(names[2])
    registry.promote(names[4], "trial")
    (registry.path / "plots").mkdir()
    for name in names:
        for kind in ("png", "html"):
            (registry.path / "plots" / f"{name}.{kind}").touch()
    kept = [names[0], names[2], names[4], *names[-3:]]
    assert registry.prune(3) == [name for name in names if name not in kept]
    assert registry.names() == kept
    assert sorted(path.name for path in (registry.path / "plots").iterdir()) == sorted(
        f"{name}.{kind}" for name in kept for kind in ("png", "html")
    )
    assert sorted(path.name for path in (registry.path / "bundles").iterdir()) == kept
    assert registry.rollback().version == names[0]
    assert registry.prune(3) == [names[2]]
    assert registry.prune(0) == names[-3:]


def test_an_agent_that_is_fetching_is_not_disturbed(registry: Registry) -> None:
    """It read the channel; meanwhile newer versions go out and old ones are deleted; its bundle is still there, verified."""
    registry.promote(VERSIONS[0])
    source = Source(str(registry.path / "channels" / "live.json"))
    channel = source.read_channel()
    registry.promote(VERSIONS[1])
    registry.promote(VERSIONS[2])
    registry.prune(0)
    assert source.read_bundle(channel) == bundle(1)


def test_nothing_is_deleted_while_a_channel_cannot_be_read(registry: Registry) -> None:
    """It may name any of them."""
    registry.promote(VERSIONS[0])
    (registry.path / "channels" / "trial.json").write_text("{")
    assert registry.prune(0) == []
    assert registry.names() == VERSIONS


def test_an_interrupted_deletion_is_finished_next_time(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version goes from the list at once or not at all, and what is left of it is no version."""
    registry.promote(VERSIONS[2])
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)
        assert registry.prune(1) == VERSIONS[:1]
    assert registry.names() == VERSIONS[1:]
    assert len(list((registry.path / "bundles").iterdir())) == 3
    assert registry.prune(1) == []
    assert len(list((registry.path / "bundles").iterdir())) == 2


def test_a_pipe_in_the_place_of_a_file_is_waited_for_by_nobody(registry: Registry) -> None:
    """One in the place of a manifest leaves that version out, and one in the place of the lock is a lock as well."""
    broken = registry.path / "bundles" / VERSIONS[0] / MANIFEST_FILE
    broken.unlink()
    os.mkfifo(broken)
    lock = registry.path / ".lock"
    lock.unlink(missing_ok=True)
    os.mkfifo(lock)
    assert [manifest.version for manifest in registry.versions()] == VERSIONS[1:]
    assert registry.promote(VERSIONS[1]).version == VERSIONS[1]
    with pytest.raises(BundleError, match="expected a file"):
        registry.promote(VERSIONS[0])
    assert registry.prune() == []
