"""What the device remembers of its bundles."""

from pathlib import Path

from edge.release.pointer import REFUSALS, Memory, Pointer, Refusal, read_pointer


def refusal(version: str, changed: str = "now", cause: str = "test") -> Refusal:
    """One of many."""
    return Refusal(version, changed, cause, "no reason", "2026-11-22")  # type: ignore[arg-type]


def test_what_cannot_be_read_is_nothing(tmp_path: Path) -> None:
    """A file that is missing, and one that is spoilt."""
    assert read_pointer(tmp_path / "live.json") == Pointer()
    for content in (b"[[[", b"\xff", b'{"live":"2026\xb7"}', b'{"channel":' + b"[" * 100_000):
        (tmp_path / "live.json").write_bytes(content)
        assert read_pointer(tmp_path / "live.json") == Pointer()


def test_no_bit_that_the_disk_changes_keeps_the_agent_from_starting(tmp_path: Path) -> None:
    """Whatever is left of the text, it is read, or it is nothing."""
    path = tmp_path / "live.json"
    memory = Memory(path, list[str]().append)
    memory.refuse(refusal("a"))
    content = path.read_bytes()
    for position in range(8 * len(content)):
        changed = bytearray(content)
        changed[position // 8] ^= 1 << position % 8
        path.write_bytes(changed)
        assert isinstance(read_pointer(path), Pointer)


def test_a_refusal_replaces_the_earlier_one_of_the_same_release(tmp_path: Path) -> None:
    """Another release of the same version has one of its own; a pardon takes all of a version; the newest are kept."""
    memory = Memory(tmp_path / "live.json", list[str]().append)
    memory.refuse(refusal("a", cause="transfer"))
    memory.refuse(refusal("a"))
    memory.refuse(refusal("a", "later"))
    assert [(kept.changed, kept.cause) for kept in memory.pointer.refusals] == [("now", "test"), ("later", "test")]
    memory.pardon("a")
    assert memory.released("a", "now") is None
    for number in range(REFUSALS + 5):
        memory.refuse(refusal(f"v{number}"))
    assert len(memory.pointer.refusals) == REFUSALS
    assert memory.pointer.refusals[-1].version == f"v{REFUSALS + 4}"


def test_why_the_live_version_does_not_forecast_is_never_forgotten(tmp_path: Path) -> None:
    """However many releases are refused while the baseline stands in for it."""
    memory = Memory(tmp_path / "live.json", list[str]().append)
    memory.point_to("a", None)
    memory.refuse(refusal("a", cause="live"))
    for number in range(2 * REFUSALS):
        memory.refuse(refusal(f"v{number}"))
    assert memory.failed_live("a") == refusal("a", cause="live")
    assert len(memory.pointer.refusals) == REFUSALS
    assert memory.released(f"v{REFUSALS}", "now") is None
    for number in range(2 * REFUSALS):
        memory.refuse(refusal("a", str(number), cause="live"))
    assert memory.pointer.refusals[-1].changed == str(2 * REFUSALS - 1)
    assert len(memory.pointer.refusals) == REFUSALS


def test_what_this_device_could_not_take_is_tried_again_at_the_next_start(tmp_path: Path) -> None:
    """It may be set up otherwise now; every other refusal stays."""
    memory = Memory(tmp_path / "live.json", list[str]().append)
    memory.refuse(refusal("a", cause="device"))
    memory.refuse(refusal("b", cause="live"))
    again = Memory(tmp_path / "live.json", list[str]().append)
    assert (again.released("a", "now"), again.failed_live("b")) == (None, refusal("b", cause="live"))


def test_a_disk_that_takes_nothing_is_said_once(tmp_path: Path) -> None:
    """What was decided counts all the same, and is written when there is room."""
    lines: list[str] = []

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    memory = Memory(tmp_path / "live.json", lines.append, full)
    memory.point_to("a", None)
    memory.point_to("b", "a")
    assert (memory.pointer.live, memory.unsaved, len(lines)) == ("b", True, 1)
    assert lines[0].endswith("No space left on device; a restart forgets what is live")
