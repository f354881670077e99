"""What a contract takes on a device, and what is refused for it."""

from pathlib import Path

from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.release.capacity import memory, shortage

DEVICE = 256 * 2**20
MINUTE = 60 * SECOND


def test_usual_contracts_fit_a_small_device() -> None:
    """A week of quarter hours of a thousand series, a day ahead."""
    assert shortage(Contract(15 * MINUTE, 672, 96), 1000, MINUTE, DEVICE) is None


def test_lateness_in_tiny_intervals_is_counted() -> None:
    """A minute of nanoseconds is sixty billion columns, whatever the window."""
    found = shortage(Contract(1, 24, 6), 1, MINUTE, DEVICE)
    assert found is not None
    assert found.startswith("it needs 915,527 MB for 1 series of 60000000024 intervals and 18 forecast values; expected")


def test_the_number_of_series_counts() -> None:
    """What fits ten series need not fit a hundred thousand."""
    contract = Contract(15 * MINUTE, 672, 96)
    assert shortage(contract, 10, 0, DEVICE) is None
    assert shortage(contract, 100_000, 0, DEVICE) is not None


def test_a_control_group_may_give_less_than_the_machine(tmp_path: Path) -> None:
    """That of the unit, or one that it is in; `max` and missing files are no limit."""
    own, unit = tmp_path / "own", tmp_path / "system.slice" / "gatecast-agent.service"
    machine = memory(tmp_path / "none", own)
    unit.mkdir(parents=True)
    own.write_text("1:name=systemd:/other\n0::/system.slice/gatecast-agent.service\n")
    (unit / "memory.max").write_text("max\n")
    assert memory(tmp_path, own) == machine > 0
    (unit / "memory.max").write_text("1048576\n")
    assert memory(tmp_path, own) == 1_048_576
    (unit.parent / "memory.max").write_text("1024\n")
    assert memory(tmp_path, own) == 1024


def test_a_container_sees_its_own_group_as_the_root(tmp_path: Path) -> None:
    """Its name is `/` there; outside of version 2 nothing is known."""
    own = tmp_path / "own"
    (tmp_path / "memory.max").write_text("2048\n")
    own.write_text("0::/\n")
    assert memory(tmp_path, own) == 2048
    own.write_text("0::/../elsewhere\n")
    assert memory(tmp_path, own) > 0
