"""The interval, window and horizon that follow from the readings."""

from dataclasses import replace

import numpy as np
import pytest

from edge.config.fleet import contract_at
from edge.config.training_sections import Fleet
from edge.contract.columns import Readings
from edge.contract.times import DAY, SECOND
from edge.errors import ConfigurationError, HistoryError
from pipeline.history.defaults import (
    check_holidays,
    choose_interval,
    derive_contract,
    interval_for,
    short_clock,
    with_clock,
    with_enough,
)
from pipeline.history.from_store import History
from pipeline.history.prepared import prepare_history
from pipeline.history.table import stream_table
from pipeline.history.windows import least_history

MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
MIDNIGHT = 19_675 * DAY


def every(interval: int, days: float = 0.0, series: int = 0) -> Readings:
    """A daily cycle with a reading at every interval, for so many days or for 50 readings."""
    moment = MIDNIGHT + interval * np.arange(int(days * DAY / interval) if days else 50)
    value = 20 + 5 * np.sin(2 * np.pi * (moment % DAY) / DAY) + 0.1 * (moment // interval % 7)
    return Readings(np.full(len(moment), series, np.int32), moment, value)


@pytest.mark.parametrize(
    ("spacing", "interval", "window", "horizon"),
    [
        (SECOND // 10, 15 * MINUTE, 672, 96),
        (SECOND, 15 * MINUTE, 672, 96),
        (10 * SECOND, 15 * MINUTE, 672, 96),
        (MINUTE, 15 * MINUTE, 672, 96),
        (2 * MINUTE, 20 * MINUTE, 504, 72),
        (5 * MINUTE, 15 * MINUTE, 672, 96),
        (10 * MINUTE, 20 * MINUTE, 504, 72),
        (15 * MINUTE, 15 * MINUTE, 672, 96),
        (30 * MINUTE, 30 * MINUTE, 336, 48),
        (HOUR, HOUR, 168, 24),
        (DAY, DAY, 56, 24),
        (7 * DAY, 7 * DAY, 56, 24),
    ],
)
def test_with_the_defaults_a_week_is_looked_back_on_and_a_day_ahead(
    spacing: int, interval: int, window: int, horizon: int
) -> None:
    """However often a sensor reports; what comes once a day or more rarely is looked back on for 56 intervals."""
    contract = derive_contract(Fleet(), every(spacing))
    assert (contract.interval, contract.window, contract.horizon) == (interval, window, horizon)


@pytest.mark.parametrize(
    "spacing", [1, 999, SECOND // 3, 7 * SECOND, 40 * SECOND, 61 * SECOND, 90 * SECOND, 7 * MINUTE, 13 * MINUTE]
)
def test_any_spacing_gives_an_interval_with_about_as_many_readings_each_time(spacing: int) -> None:
    """A week of it fits, a day is a whole number of it, and one reading more or less is a tenth at most."""
    interval = interval_for(spacing)
    assert 720 * interval >= 7 * DAY
    assert DAY % interval == 0
    assert interval % spacing == 0 or interval >= 10 * spacing


def test_what_is_configured_counts() -> None:
    """Interval, window, horizon and quantiles of the configuration reach the contract unchanged."""
    contract = derive_contract(Fleet("30min", 10, 20, (0.05, 0.5, 0.95), "max", 0.2), every(HOUR))
    assert (contract.interval, contract.window, contract.horizon) == (30 * MINUTE, 20, 10)
    assert (contract.quantiles, contract.aggregation, contract.max_missing) == ((0.05, 0.5, 0.95), "max", 0.2)


def test_a_configured_interval_that_is_short_sees_a_week_in_hours() -> None:
    """It forecasts a day; and one line says so."""
    contract = derive_contract(Fleet("1min"), every(MINUTE))
    assert contract == contract_at(Fleet(), MINUTE)
    assert contract.words == "interval 1min, looks back 7d, ahead 1d"


def test_a_history_that_is_too_short_for_a_week_is_trained_with_less_past() -> None:
    """With a day in tens of minutes, then with half a day of minutes; a contract without spans stays as it is."""
    contract = contract_at(Fleet("1min", 60), MINUTE)
    longest, middle = contract, replace(contract, coarse=contract.coarse[1:])
    shortest = contract_at(Fleet("1min", 60, 720), MINUTE)
    for past in (longest, middle, shortest):
        assert with_enough(contract, least_history(past)) == past
    assert with_enough(contract, least_history(longest) - 1) == middle
    assert with_enough(contract, least_history(middle) - 1) == shortest
    assert with_enough(contract, 1) == shortest
    assert with_enough(shortest, 1) == shortest


def test_interval_is_guessed_from_the_commonest_spacing() -> None:
    """Gaps, doubles, jitter and the order of arrival do not mislead the guess."""
    steady = np.delete(np.arange(100), [5, 6, 40]) * 30 * MINUTE
    jitter = np.arange(100) * HOUR + np.random.default_rng(1).integers(0, MINUTE, 100)
    both = Readings.concatenate(
        [Readings.of([0] * 97, steady[::-1].tolist(), [1.0] * 97), Readings.of([0] * 2, [0, 0], [1.0] * 2)]
    )
    assert choose_interval(Fleet(), both) == 30 * MINUTE
    assert choose_interval(Fleet(), Readings.of([0] * 100, jitter.tolist(), [1.0] * 100)) == HOUR
    with pytest.raises(HistoryError, match=r"; let more come, or set \[fleet\] interval, such as 15min$"):
        choose_interval(Fleet(), Readings.of([0, 1], [0, 5], [1.0, 1.0]))


def test_in_a_mixed_fleet_the_interval_serves_most_series() -> None:
    """Three that come every minute outvote two that come every hour, as long as they have the history for it."""
    fast, slow = [every(MINUTE, 13, series) for series in range(3)], [every(HOUR, 28, series) for series in (3, 4)]
    assert choose_interval(Fleet(), Readings.concatenate([*fast, *slow])) == 15 * MINUTE
    assert choose_interval(Fleet(), Readings.concatenate([*fast[:2], *slow])) == HOUR


def test_series_too_new_to_train_on_have_no_say_and_are_named() -> None:
    """Three series every 10 s for 3 days beside two every hour for 28 days: the two are trained, the three have a line each."""
    parts = [every(10 * SECOND, 3, series) for series in range(3)] + [every(HOUR, 28, series) for series in (3, 4)]
    readings = Readings.concatenate(parts)
    contract = derive_contract(Fleet(), readings)
    assert contract.words == "interval 1h, looks back 7d, ahead 1d"
    names = ["fast0", "fast1", "fast2", "slow0", "slow1"]
    prepared = prepare_history(History(contract, *stream_table(names, [readings], contract.interval)))
    assert prepared.table.names == ("slow0", "slow1")
    assert [line.split("'")[1] for line in prepared.warnings] == ["fast0", "fast1", "fast2"]
    assert "collect more history" in prepared.warnings[0]


def test_where_no_series_has_enough_history_all_of_them_are_asked() -> None:
    """The refusal that follows says how much is needed at the interval of most series."""
    parts = [every(10 * SECOND, 1, series) for series in range(3)] + [every(HOUR, 2, 3)]
    assert choose_interval(Fleet(), Readings.concatenate(parts)) == 15 * MINUTE


def test_a_clock_that_changes_nothing_yet_is_told() -> None:
    """Below 180 days of training networks do not look at it; a fleet that set nothing of it is not bothered."""
    short, long, berlin = contract_at(Fleet(), HOUR), 180 * 24, Fleet(time_zone="Europe/Berlin", holidays="DE")
    told = short_clock(with_clock(short, berlin, long - 1), berlin)
    assert told is not None
    assert told.startswith(
        "[fleet] time_zone and holidays do nothing yet: networks look at the clock where they train on 180 days"
    )
    assert short_clock(with_clock(short, berlin, long), berlin) is None
    assert short_clock(short, Fleet()) is None
    alone = short_clock(short, Fleet(time_zone="UTC"))
    assert alone is not None
    assert alone.startswith("[fleet] time_zone does nothing yet")


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("Germny", "'Germny'; did you mean 'Germany'? write a country as DE"),
        ("de", "'de'; did you mean 'DE'? write a country as DE"),
        ("DE-BWW", "'DE-BWW'; did you mean 'BW'? its parts are BB, "),
        ("0", "'0'; write a country as DE, or a part of one as DE-BW"),
    ],
)
def test_a_country_that_nobody_knows_is_refused_with_its_neighbour(code: str, advice: str) -> None:
    """Where the library of holidays is installed; a country that is known, or none at all, passes."""
    pytest.importorskip("holidays")
    with pytest.raises(ConfigurationError, match=r"\[fleet\] holidays: nothing is known of") as refused:
        check_holidays(Fleet(holidays=code))
    assert advice in str(refused.value)
    for known in (Fleet(), Fleet(holidays="DE-BW")):
        check_holidays(known)
