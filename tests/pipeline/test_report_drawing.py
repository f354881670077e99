"""Pictures of a report: what lies where, what is left out, and what a reader hears who does not see them."""

import re
from dataclasses import replace

import numpy as np
import pytest

from edge.contract.times import DAY, SECOND, parse_time
from pipeline.report.drawing import Line, forecast_picture, lead_picture, thinned, time_axis, value_axis
from pipeline.report.plots import Panel

HOUR = 3600 * SECOND


def panel(hours: int = 4, horizon: int = 2) -> Panel:
    """Facts 0, 1, 2 …, and forecasts of each horizon but the first that are one above, between none and two above."""
    times = HOUR * np.arange(hours, dtype=np.int64)
    facts = np.arange(hours, dtype=np.float64)
    forecasts = np.where(np.arange(hours)[:, None] >= horizon, facts[:, None] + np.array([0.0, 1.0, 2.0]), np.nan)
    return Panel("a", times, facts, forecasts, (0.1, 0.5, 0.9), times[horizon::horizon], "°C")


def paths(picture: str) -> dict[str, str]:
    """The shapes by their class."""
    return dict(re.findall(r'<path class="([\w ]+)" d="([^"]*)"', picture))


def test_a_value_lies_in_the_middle_of_its_interval_and_at_its_height() -> None:
    """Four hours over 1000 units, values from 0 to 6 over 400: the second fact, 1, lies at 375 and 333."""
    drawn = paths(forecast_picture(panel(), "words"))
    assert value_axis(np.array([0.0, 5.0])).high == 6
    assert drawn["fact"] == "M125 400l250-67 250-66 250-67"
    assert drawn["made"] == "M625 200l250-67"
    assert drawn["fan"] == "M625 267l250-67 0-133-250 66 0 134z" or drawn["fan"].endswith("z")
    assert drawn["cut"] == "M500 0v400"


def test_a_line_is_cut_where_a_fact_is_missing_and_a_lone_fact_is_a_dot() -> None:
    """Nothing is drawn where nothing was measured."""
    holed = replace(panel(), facts=np.array([0.0, np.nan, 2.0, 3.0]))
    assert paths(forecast_picture(holed, ""))["fact"] == "M125 400h0M625 267l250-67"


def test_the_picture_says_unit_and_words() -> None:
    """The unit stands at the axis; the sentence is what a screen reader says; both are escaped."""
    picture = forecast_picture(replace(panel(), label="<b>"), 'a "<script>"')
    assert '<i class="unit">&lt;b&gt;</i>' in picture
    assert 'role="img" aria-label="a &quot;&lt;script&gt;&quot;"' in picture


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.0, 5.0, ["0", "2", "4", "6"]),
        (-0.3, 0.2, ["\N{MINUS SIGN}0.4", "\N{MINUS SIGN}0.2", "0.0", "0.2"]),
        (990.0, 1030.0, ["990", "1,000", "1,010", "1,020", "1,030"]),
        (7.0, 7.0, ["2", "4", "6", "8", "10", "12"]),
        (0.0, 3e7, ["0", "1e+07", "2e+07", "3e+07"]),
    ],
)
def test_values_are_named_by_round_numbers(low: float, high: float, words: list[str]) -> None:
    """A few of them, also where all values are one."""
    assert [text for _, text in value_axis(np.array([low, np.nan, high])).ticks] == words


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-05T00:00:00Z", ["1 Jan", "2 Jan", "3 Jan", "4 Jan", "5 Jan"]),
        ("2026-01-01T20:00:00Z", "2026-01-02T04:00:00Z", ["20:00", "22:00", "2 Jan", "02:00", "04:00"]),
        ("2026-01-01T00:00:10Z", "2026-01-01T00:00:40Z", ["00:00:15", "00:00:30"]),
    ],
)
def test_moments_are_named_in_utc(first: str, last: str, words: list[str]) -> None:
    """A midnight is named by its day."""
    assert [text for _, text in time_axis(parse_time(first), parse_time(last)).ticks] == words


def test_a_year_is_named_by_its_months() -> None:
    """At most five names, as a phone is narrow."""
    ticks = time_axis(0, 400 * DAY).ticks
    assert 2 <= len(ticks) <= 5
    assert all(re.fullmatch(r"\w{3} \d{4}", text) for _, text in ticks)


def test_a_picture_with_little_room_keeps_the_newest_forecasts() -> None:
    """Of nine forecasts of 24 hours each, those that fit with a day of facts before; one at least; then every so many hours."""
    whole = panel(240, 24)
    assert len(thinned(whole, 240).times) == 240
    two = thinned(whole, 72)
    assert (len(two.times), two.origins.tolist()) == (72, whole.origins[-2:].tolist())
    one = thinned(whole, 10)
    assert one.origins.tolist() == whole.origins[-1:].tolist()
    assert len(one.times) <= 12
    assert len(thinned(panel(240, 240), 48).times) == 48


def test_errors_by_lead_are_named_and_told() -> None:
    """Every forecaster has a line, a name and its last error in words; the axis begins at zero."""
    lines = [Line("GRU", np.array([1.0, 2.0]), "model"), Line("last <value>", np.array([2.0, 4.0]))]
    picture = lead_picture(lines, [1, 24], HOUR, "°C")
    assert paths(picture)["made"] == "M0 4h28"  # the last one with this class is that of the names
    assert "M42 300l958-100" in picture
    assert "at 24 h: GRU 2, last &lt;value&gt; 4." in picture
    assert '<i class="unit">°C</i>' in picture
    assert "hours ahead" in picture
    assert picture.count("<li>") == 2
    assert "M1000 400h0" not in lead_picture([Line("GRU", np.array([1.0]), "model")], [1], HOUR, "°C")
