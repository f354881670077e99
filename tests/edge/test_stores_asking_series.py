"""The newest reading, forecast and errors of every series: on every store the same."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.contract.columns import Points, SeriesTable
from edge.contract.schema import AGENT, FORECAST, FORECAST_SCORE, MEANING, Measurement
from edge.contract.times import DAY
from edge.errors import ConfigurationError, StoreDenied
from edge.stores.asking.rows import Ahead, Newest, Scored, level, scored_over, usual_interval
from edge.stores.asking.series import ahead, known_series, quantile_fields, readings, scored
from edge.stores.sqlite import SqliteStore
from edge.stores.store import Store
from tests.support.memory_store import Memory
from tests.support.stores import CHECKED, NOW, PARAMETERS, write
from tests.support.stores import readings as rows

HOUR = 3_600_000_000_000
NAMES = ["roof.t", "dach's süd, “x”", "new"]


@pytest.fixture(params=PARAMETERS)
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty store of each kind."""
    opened = CHECKED[request.param](request).open()
    yield opened
    opened.close()


def points(
    measurement: Measurement, time: list[int], *, series: int = 0, lead: list[int] | None = None, **fields: object
) -> Points:
    """Rows of one series; a number stands for as many as there are times."""
    columns = {
        name: value if isinstance(value, str) else np.broadcast_to(np.asarray(value), len(time)).copy()
        for name, value in fields.items()
    }
    leads = None if lead is None else np.asarray(lead, np.int32)
    return Points(measurement, np.full(len(time), series, np.int32), np.asarray(time), {**columns}, leads)


def fill(store: Store) -> None:
    """Three series: one with everything, one that an earlier origin forecast, one with a reading alone."""
    start = NOW // HOUR * HOUR
    table = SeriesTable(NAMES)
    write(store, table, rows([0, 0, 1, 2], [start, start + HOUR, start + 5, start + 7], [1.0, 2.5, -3.0, 4.0]))
    for origin, reach in ((start, 5), (start + HOUR, 2)):  # the second one is written as far as its second lead
        number = np.arange(reach)
        made = points(
            FORECAST, (origin + HOUR * number).tolist(), q10=number - 1.0, q50=number + origin / HOUR % 7, q97_5=number + 9.0
        )
        told: dict[str, Any] = {"lead": number + 1, "origin": np.full(reach, origin), "model": f"made at {origin}"}
        write(store, table, Points(FORECAST, made.series, made.time, {**made.fields, **told}))
    fields: dict[str, Any] = {"q50": np.array([1.0]), "lead": np.array([1]), "origin": np.array([start]), "model": "last_value"}
    write(store, table, Points(FORECAST, np.array([1], np.int32), np.array([start]), {**fields}))
    described: dict[str, Any] = {"unit": "°C", "kind": "counter", "counter": np.array([1]), "hold": np.array([0.0])}
    write(store, table, Points(MEANING, np.array([0], np.int32), np.array([start]), {**described}))
    score = {"absolute_error": np.array([1.0, 3.0, 9.0, 5.0]), "baseline_absolute_error": np.array([2.0, 6.0, np.nan, 5.0])}
    times = np.array([start, start, start + 1, start - 10 * HOUR])
    write(store, table, Points(FORECAST_SCORE, np.zeros(4, np.int32), times, {**score}, np.array([1, 2, 1, 1], np.int32)))
    owner = SeriesTable(["gateway"])
    write(store, owner, points(AGENT, [start], readings=np.array([3]), model="x"))


def test_every_series_has_its_newest_reading_and_forecast(store: Store) -> None:
    """Also where rows far ahead are of an older origin; an agent is no series."""
    fill(store)
    start = NOW // HOUR * HOUR
    assert known_series(store) == [
        Newest(NAMES[1], start + 5, -3.0, "", False, start, "last_value", None),
        Newest(NAMES[2], start + 7, 4.0),
        Newest(NAMES[0], start + HOUR, 2.5, "°C", True, start + HOUR, f"made at {start + HOUR}", HOUR),
    ]


def test_errors_count_where_both_are_known(store: Store) -> None:
    """The mean of 1 and 3 beside that of 2 and 6; a score without the naive error, and an older one, do not count."""
    fill(store)
    start = NOW // HOUR * HOUR
    assert repr(scored(store, (start, start + HOUR))) == repr({NAMES[0]: Scored(2, 2.0, 4.0)})
    assert scored(store, (start + HOUR, start + 2 * HOUR)) == {}
    assert list(scored(store, (start, start + HOUR), [NAMES[0], NAMES[1]])) == [NAMES[0]]
    assert scored(store, (start, start + HOUR), [NAMES[1]]) == {}


def test_a_forecast_is_the_newest_of_each_moment(store: Store) -> None:
    """The two nearest intervals of the newest origin, and what lies behind them of the one before."""
    fill(store)
    start = NOW // HOUR * HOUR
    found = ahead(store, NAMES[0], start + HOUR)
    assert isinstance(found, Ahead)
    assert ((found.time - start) // HOUR).tolist() == [1, 2, 3, 4]
    assert ((found.origin - start) // HOUR).tolist() == [1, 1, 0, 0]
    assert found.lead.tolist() == [1, 2, 4, 5]
    assert list(found.quantiles) == ["q10", "q50", "q97_5"]
    assert found.quantiles["q97_5"].tolist() == [9.0, 10.0, 12.0, 13.0]
    assert found.model == f"made at {start + HOUR}"
    lone = ahead(store, NAMES[1], 0)
    assert lone is not None
    assert lone.quantiles["q50"].tolist() == [1.0]
    assert ahead(store, NAMES[2], 0) is None


def test_readings_of_one_series_come_in_order(store: Store) -> None:
    """From the first moment on, up to the last one without it."""
    fill(store)
    start = NOW // HOUR * HOUR
    time, value = readings(store, NAMES[0], start, start + HOUR + 1)
    assert (time.tolist(), value.tolist()) == ([start, start + HOUR], [1.0, 2.5])
    assert readings(store, NAMES[0], start, start + HOUR)[1].tolist() == [1.0]
    assert readings(store, NAMES[1], start, start + HOUR)[1].tolist() == [-3.0]
    assert readings(store, "nobody", 0, 2 * NOW)[1].tolist() == []


def test_an_empty_store_has_nothing(store: Store) -> None:
    """No table, no measurement, no file."""
    assert (known_series(store), scored(store, (0, NOW)), ahead(store, "a", 0)) == ([], {}, None)
    assert readings(store, "a", 0, NOW)[0].tolist() == []


def test_readings_alone_are_enough(store: Store) -> None:
    """As after an import, before any agent."""
    write(store, SeriesTable(["a"]), rows([0], [NOW], [1.0]))
    assert known_series(store) == [Newest("a", NOW, 1.0)]


def test_a_file_that_is_no_store_is_said(tmp_path: Path) -> None:
    """With the setting to look at."""
    path = tmp_path / "store.db"
    path.write_bytes(b"no database at all, but some text" * 40)
    with pytest.raises(StoreDenied, match=r"check \[store\] url"):
        known_series(SqliteStore(path))


def test_another_kind_of_store_is_refused() -> None:
    """Nobody has written how to ask it."""
    with pytest.raises(ConfigurationError, match="sqlite, influxdb"):
        known_series(Memory())


def test_names_of_columns_are_levels() -> None:
    """As the contract names them; other columns are none."""
    assert [level(name) for name in ("q10", "q2_5", "q97_5", "q50")] == pytest.approx([0.1, 0.025, 0.975, 0.5])
    assert [level(name) for name in ("lead", "quality", "q", "q1000")] == [None] * 4
    assert quantile_fields(["q90", "model", "q2_5", "q50"]) == ["q2_5", "q50", "q90"]


@pytest.mark.parametrize(
    ("interval", "series", "length"),
    [
        (HOUR, 15, DAY),
        (DAY, 15, 24 * DAY),
        (HOUR // 60, 10, DAY),
        (HOUR // 60, 10_000, 50 * HOUR // 60),  # 2,000,000 scores of 10,000 series with 4 leads
        (HOUR // 60, 1_000_000, 6 * HOUR // 60),
        (None, 15, DAY),
    ],
)
def test_errors_are_of_a_day_or_24_intervals_and_of_fewer_where_there_are_many_series(
    interval: int | None, series: int, length: int
) -> None:
    """The time ends with the newest reading; the user may want another one."""
    known = [Newest("a", NOW - n % 7, 1.0, interval=interval) for n in range(series)]
    assert scored_over(known, interval) == (NOW + 1 - length, NOW + 1)
    assert scored_over(known, interval, HOUR) == (NOW + 1 - HOUR, NOW + 1)


def test_series_of_long_ago_do_not_shorten_the_time() -> None:
    """Nothing is scored of them."""
    old = [Newest("b", NOW - 401 * DAY, 1.0)] * 100_000
    assert scored_over([Newest("a", NOW, 1.0), *old], HOUR // 60) == (NOW + 1 - DAY, NOW + 1)
    assert scored_over([], None) == (0, 1)


def test_the_interval_of_most_series_counts() -> None:
    """Else that of the fleet."""
    rows = [Newest("a", NOW, 1.0, interval=interval) for interval in (HOUR, HOUR, 60)]
    assert usual_interval(rows, None) == HOUR
    assert usual_interval([Newest("b", NOW, 1.0)], 7) == 7


def test_gain_is_told_where_there_is_one() -> None:
    """1 - error ÷ naive error; beside a naive error of 0 it is below any number."""
    assert [Scored(1, *errors).gain for errors in ((1.0, 4.0), (3.0, 2.0), (1.0, 0.0), (math.nan, 1.0))] == [
        0.75,
        -0.5,
        -math.inf,
        None,
    ]
