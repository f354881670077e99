"""Rows and lines have their time in one place and one unit (kind K4: a number is taken for a time)."""

import pytest

from edge.contract.times import SECOND, iso
from pipeline.samples.plans import Seen, examine
from pipeline.samples.tables import line_unit, time_column
from tests.support.heard_topics import NOW, heard


def seen(payload: str) -> list[Seen]:
    """One topic with this payload."""
    return [examine(topic, 24) for topic in heard({"t": [payload]})]


@pytest.mark.parametrize(
    ("payload", "column"),
    [
        (f"Time;a\n{iso(NOW)};1\n", "Time"),
        (f"a,ts\n1,{NOW // SECOND}\n", "ts"),
        (f"a,measured\n1,{iso(NOW)}\n", "measured"),
        ("a,b\n1,2\n", None),
        (f"a,b\n1,{NOW // SECOND}\n", None),  # any counter may have this size
        (f"{iso(NOW)};21,5;40\n", "0"),
        ("21.5;40\n", None),
    ],
)
def test_the_column_of_the_time_is_told(payload: str, column: str | None) -> None:
    """By its name, or as a text that is one."""
    assert time_column(seen(payload)) == column


@pytest.mark.parametrize(
    ("line", "unit"),
    [(f"m v=1 {NOW}", None), (f"m v=1 {NOW // SECOND}", "s"), (f"m v=1 {NOW // 10**6}", "ms"), ("m v=1", None)],
)
def test_the_unit_of_line_protocol_is_told_by_its_size(line: str, unit: str | None) -> None:
    """Nanoseconds are usual."""
    assert line_unit(seen(line)) == unit
