"""The grid, durations, names and columns both sides agree on."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.columns import Readings, SeriesTable
from edge.contract.contract import Contract, quantile_name
from edge.contract.grid import Aggregation, aggregate, combine, group_starts
from edge.contract.times import DAY, LONGEST, SECOND, UNITS, format_duration, parse_duration
from edge.errors import ConfigurationError

HOUR = 3600 * SECOND


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"interval": 0}, "interval=0 ns"),
        ({"window": 0}, "window=0"),
        ({"horizon": -1}, "horizon=-1"),
        ({"quantiles": (0.9, 0.5, 0.1)}, "ascend"),
        ({"quantiles": (0.1, 0.5)}, "0.5 in the middle"),
        ({"quantiles": (0.1, 0.4, 0.9)}, "0.5 in the middle"),
        ({"quantiles": (0.0, 0.5, 1.0)}, "within 0…1"),
        ({"quantiles": ()}, "got []"),
        ({"aggregation": "median"}, "mean, last, sum, min, max"),
        ({"max_missing": 1.1}, "between 0 and 1"),
        ({"max_missing": math.nan}, "between 0 and 1"),
    ],
)
def test_contract_nothing_can_be_forecast_by_is_refused(change: dict[str, object], words: str) -> None:
    """The message says what was expected and what was found."""
    fields: dict[str, object] = {"interval": HOUR, "window": 4, "horizon": 2, **change}
    with pytest.raises(ConfigurationError, match=words.replace("[", r"\[")):
        Contract(**fields)  # type: ignore[arg-type] # wrong on purpose


def test_median_is_the_middle_quantile() -> None:
    """Its position follows from the levels."""
    assert Contract(HOUR, 4, 2).median == 1
    assert Contract(HOUR, 4, 2, (0.5,)).median == 0


@pytest.mark.parametrize(
    ("interval", "days", "season"),
    [(HOUR, 1, 24), (HOUR, 7, 168), (DAY, 1, None), (DAY, 7, 7), (7 * HOUR, 1, None), (DAY // 2, 1, 2)],
)
def test_season_is_whole_intervals_or_none(interval: int, days: int, season: int | None) -> None:
    """Where a day is not at least two whole intervals there is no season."""
    assert Contract(interval, 4, 2).season(days) == season


@pytest.mark.parametrize(("level", "name"), [(0.1, "q10"), (0.5, "q50"), (0.025, "q2_5"), (0.29, "q29"), (0.999, "q99_9")])
def test_quantiles_have_short_field_names(level: float, name: str) -> None:
    """Rounding errors of the level do not reach the name."""
    assert quantile_name(level) == name


@pytest.mark.parametrize(
    ("text", "length"),
    [("15min", 15 * 60 * SECOND), ("1h", HOUR), (" 7 d ", 7 * DAY), ("500ms", SECOND // 2), ("3us", 3000), ("1ns", 1)],
)
def test_duration_is_a_whole_number_and_a_unit(text: str, length: int) -> None:
    """Space around number and unit does not matter."""
    assert parse_duration(text) == length


@pytest.mark.parametrize(
    "text", ["", "15", "min", "1.5h", "-1h", "15 minutes", "1m", "1H", "0s", "1h30min", "36526d", "9" * 5000 + "s"]
)
def test_text_that_is_no_duration_is_refused_with_an_example(text: str) -> None:
    """Nothing is guessed, and nothing overflows later."""
    with pytest.raises(ConfigurationError, match="such as 15min"):
        parse_duration(text)


def test_zero_is_a_duration_where_it_is_allowed() -> None:
    """A lateness of 0s is fine, an interval of 0s is not."""
    assert parse_duration("0s", shortest=0) == 0


@given(st.integers(0, 400_000), st.sampled_from(sorted(UNITS)))
def test_format_duration_is_read_back(number: int, unit: str) -> None:
    """Any length of time survives the way into text and back."""
    length = min(number * UNITS[unit], LONGEST)
    assert parse_duration(format_duration(length), shortest=0) == length


def test_index_of_a_series_never_changes() -> None:
    """Adding again gives the old index, and only the first tags count."""
    table = SeriesTable(["a"])
    tags = {"site": "roof"}
    assert [table.add("b", tags), table.add("a"), table.add("b", {"site": "yard"})] == [1, 0, 1]
    assert (table.names, table.tags, len(table)) == (["a", "b"], [{}, {"site": "roof"}], 2)
    assert (table.get("b"), table.get("c")) == (1, None)


def test_parts_of_readings_are_joined_in_order() -> None:
    """No part and empty parts are fine, and the column types stay."""
    joined = Readings.concatenate([Readings.of([1], [5], [2.5]), Readings.empty(), Readings.of([0], [4], [1.5])])
    assert (joined.series.tolist(), joined.time.tolist(), joined.value.tolist()) == ([1, 0], [5, 4], [2.5, 1.5])
    nothing = Readings.concatenate([])
    assert [column.dtype for column in (nothing.series, nothing.time, nothing.value)] == [np.int32, np.int64, np.float64]


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [("mean", [2.0, 5.0]), ("last", [3.0, 5.0]), ("sum", [6.0, 5.0]), ("min", [1.0, 5.0]), ("max", [3.0, 5.0])],
)
def test_groups_become_one_value_each(aggregation: Aggregation, expected: list[float]) -> None:
    """By hand for 1, 2, 3 and for 5 alone."""
    assert combine(aggregation, np.array([1.0, 2, 3, 5]), np.array([0, 3])).tolist() == expected


def test_groups_start_where_any_key_changes() -> None:
    """No rows have no groups."""
    assert group_starts(np.array([0, 0, 1, 1]), np.array([7, 8, 8, 8])).tolist() == [0, 1, 2]
    assert group_starts(np.array([], np.int64)).tolist() == []


def test_intervals_are_half_open_and_labelled_by_their_start() -> None:
    """A reading on the edge belongs to the interval that begins there, before 1970 too."""
    series, number, value = aggregate(Readings.of([0] * 4, [-1, 0, 9, 10], [1, 2, 4, 8]), 10, "sum")
    assert (series.tolist(), number.tolist(), value.tolist()) == ([0, 0, 0], [-1, 0, 1], [1.0, 6.0, 8.0])


def test_only_the_last_finite_reading_of_a_moment_counts() -> None:
    """The same series and time again replaces the value; NaN and infinity are not values."""
    readings = Readings.of([1, 1, 0, 1, 1], [5, 5, 5, 6, 7], [1.0, 3.0, 9.0, math.nan, math.inf])
    series, number, value = aggregate(readings, 10, "mean")
    assert (series.tolist(), number.tolist(), value.tolist()) == ([0, 1], [0, 0], [9.0, 3.0])
    assert [len(column) for column in aggregate(Readings.empty(), 10, "mean")] == [0, 0, 0]


@pytest.mark.parametrize("levels", [(1e-300, 0.5, 0.9), (0.1, 0.5, 0.5000000001), (0.1, 0.10000000001, 0.5, 0.8, 0.9)])
def test_quantiles_have_names_of_their_own_in_the_store(levels: tuple[float, ...]) -> None:
    """Two of one name would be one column, and what no store can write would be set aside forecast by forecast."""
    with pytest.raises(ConfigurationError, match="quantiles need names of their own"):
        Contract(1, 1, 1, levels)
    assert Contract(1, 1, 1, (0.001, 0.025, 0.5, 0.975, 0.9999)).quantile_names == ["q0_1", "q2_5", "q50", "q97_5", "q99_99"]
