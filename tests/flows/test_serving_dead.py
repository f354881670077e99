"""Which runs of the books have lost their process."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

pytest.importorskip("prefect")

from flows.serving.dead import died
from flows.serving.deployment import Run

pytestmark = pytest.mark.training
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("process", "gone"),
    [
        ("mill:7", False),  # a run of Prefect's
        ("mill:8", True),  # the number belongs to another program now
        ("mill:9", True),  # nothing has that number
        ("barn:9", False),  # another machine's: nobody knows
        ("", False),
        ("mill", False),
    ],
)
def test_a_process_of_this_machine_is_gone_or_not(process: str, gone: bool, tmp_path: Path) -> None:
    """Numbers of processes come again, in containers soon, so its command line is looked at."""
    for number, command in {7: b"python\0-m\0prefect.flow_engine\0", 8: b"gatecast\0serve\0"}.items():
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "cmdline").write_bytes(command)
    assert died(Run("a", "RUNNING", "", NOW, NOW, 0.0, process=process), "mill", tmp_path) is gone
