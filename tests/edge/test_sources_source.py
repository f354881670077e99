"""What does not count is left out with a line (kind: nothing is misread in silence)."""

import pytest

from edge.contract.columns import Readings
from edge.contract.times import SECOND
from edge.errors import ConfigurationError
from edge.sources.notes import Notes
from edge.sources.settings import HistorySource
from edge.sources.source import meaning_of, open_source, usable
from tests.support.sources import START

NAN = float("nan")


def test_what_does_not_count_is_named_with_an_example() -> None:
    """Times of a wrong clock, and values that are none; ten minutes ahead is a clock that is a little off."""
    notes = Notes()
    times = [START, START + 599, START + 601, 5, START]
    readings = Readings.of([0] * 5, [time * SECOND for time in times], [1.0, 2.0, 3.0, 4.0, NAN])
    kept = usable(readings, HistorySource("sqlite:///a", scale=2.0), notes, clock=lambda: START * SECOND)
    assert kept.value.tolist() == [2.0, 4.0]
    assert notes.lines() == [
        "readings with a time in the future, left out: 1, such as 3 at 2026-01-01T00:10:01.000000000",
        "readings with a time before the year 2000, left out: 1, such as 4 at 1970-01-01T00:00:05.000000000",
        "values that are NaN or infinite, left out: 1, such as nan at 2026-01-01T00:00:00.000000000",
    ]


def test_the_section_has_the_last_word_on_what_a_series_is() -> None:
    """Where nobody says anything there is nothing to know."""
    assert meaning_of(HistorySource("sqlite:///a")) is None
    said = meaning_of(HistorySource("sqlite:///a", unit="W", kind="gauge"), "kWh", counter=True)
    assert said is not None
    assert (said.kind, said.unit) == ("gauge", "W")


def test_a_device_reads_what_needs_no_further_package() -> None:
    """A server's database is refused with the way out."""
    with pytest.raises(ConfigurationError, match=r"not on a device.*gatecast import --history"):
        open_source(HistorySource("postgresql://db/plant", query="SELECT 1"), ())
