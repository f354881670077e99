"""What the broker keeps of us, on disk."""

from pathlib import Path

import pytest

from edge.publish.record import Record


def test_topics_outlive_the_process(tmp_path: Path) -> None:
    """Those that were added and not removed, for the same broker."""
    path = tmp_path / "published.json"
    record = Record(path, "agent@host:1883")
    record.add(["a", "b"])
    record.add(["b", "c"])
    record.remove(["a", "d"])
    assert Record(path, "agent@host:1883").topics == record.topics == {"b", "c"}
    assert Record(path, "agent@other:1883").topics == set()


def test_nothing_is_written_twice(tmp_path: Path) -> None:
    """What is known is no reason to write."""
    path = tmp_path / "published.json"
    record = Record(path, "b")
    record.add(["a"])
    path.unlink()
    record.add(["a"])
    record.remove(["b"])
    assert not path.exists()


@pytest.mark.parametrize("content", [b"", b"[]", b'{"broker": "b", "topics": ["a/#", "", "x\\u0000"]}', b"\xff"])
def test_a_damaged_file_holds_nothing(content: bytes, tmp_path: Path) -> None:
    """A topic that no broker takes would end each connection."""
    path = tmp_path / "published.json"
    path.write_bytes(content)
    assert Record(path, "b").topics == set()


def test_without_a_file_nothing_outlives(tmp_path: Path) -> None:
    """And a disk that takes nothing is no error."""
    Record(None, "b").add(["a"])
    (tmp_path / "file").write_text("")
    record = Record(tmp_path / "file" / "published.json", "b")
    record.add(["a"])
    assert record.topics == {"a"}
