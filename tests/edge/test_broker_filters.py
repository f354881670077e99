"""The record of what the broker holds."""

from pathlib import Path

from edge.broker.filters import FilterRecord


def test_the_record_outlives_the_process(tmp_path: Path) -> None:
    """By session: another broker or another client id has filters of its own."""
    path = tmp_path / "state" / "subscribed.json"
    FilterRecord(path, "a@here:1883").note(["t/#", "s/+"])
    FilterRecord(path, "a@there:1883").note(["u/#"])
    assert FilterRecord(path, "a@here:1883").filters == {"s/+", "t/#"}
    assert FilterRecord(path, "a@there:1883").filters == {"u/#"}
    assert FilterRecord(path, "b@here:1883").filters == set()


def test_a_damaged_record_is_an_empty_one(tmp_path: Path) -> None:
    """It is made again at the next subscription."""
    path = tmp_path / "subscribed.json"
    for damage in (b"", b"[1]", b'{"a": 5}', b"\xff\x00"):
        path.write_bytes(damage)
        record = FilterRecord(path, "a")
        assert record.filters == set()
        record.note(["t/#"])
        assert FilterRecord(path, "a").filters == {"t/#"}


def test_a_disk_that_takes_nothing_stops_no_subscription(tmp_path: Path) -> None:
    """The process remembers what it noted."""
    (tmp_path / "file").touch()
    record = FilterRecord(tmp_path / "file" / "subscribed.json", "a")
    record.note(["t/#"])
    assert record.filters == {"t/#"}
