"""The newest forecast of each series."""

import numpy as np

from edge.contract.columns import Bool, Forecasts, Int32, SeriesTable
from edge.contract.contract import Contract
from edge.contract.times import SECOND
from edge.publish.newest import Newest, Shape
from edge.publish.settings import Publish

MINUTE = 60 * SECOND
CONTRACT = Contract(interval=MINUTE, window=4, horizon=2)


def made(series: list[int], minutes: list[int], model: str = "m", contract: Contract = CONTRACT) -> Forecasts:
    """Forecasts whose values are ten times the minute, plus the lead, plus a tenth of the number of the quantile."""
    index, origin = np.asarray(series, np.int32), np.asarray(minutes, np.int64)
    leads, levels = np.arange(contract.horizon), np.arange(len(contract.quantiles))
    values = 10.0 * origin[:, None, None] + leads[None, :, None] + levels / 10
    return Forecasts(index, origin * MINUTE, values, model)


def everything(series: Int32) -> Bool:
    """All may be sent."""
    return np.ones(len(series), bool)


def table(count: int = 3) -> SeriesTable:
    """A table with so many series: s0, s1 and so on."""
    return SeriesTable(f"s{number}" for number in range(count))


def test_a_newer_forecast_takes_the_room_of_one_that_waits() -> None:
    """Which is counted; what was sent is no loss."""
    replaced: list[int] = []
    newest = Newest(Publish(), table(), replaced.append)
    assert newest.put([made([0, 1], [1, 1])], CONTRACT)
    assert newest.put([made([1, 2], [2, 2], "other")], CONTRACT)
    assert replaced == [1]
    batch = newest.take(9, everything)
    assert batch is not None
    assert (batch.series.tolist(), batch.origin.tolist()) == ([0, 1, 2], [MINUTE, 2 * MINUTE, 2 * MINUTE])
    assert batch.models == ["m", "other", "other"]
    assert batch.shape == Shape(MINUTE, 2, (0.1, 0.5, 0.9))
    np.testing.assert_allclose(batch.values[1], [[20.0, 20.1, 20.2], [21.0, 21.1, 21.2]], rtol=1e-6)
    assert newest.take(9, everything) is None
    newest.put([made([1], [3])], CONTRACT)
    assert replaced == [1]


def test_of_several_origins_of_a_step_the_latest_counts() -> None:
    """In whatever order and by whatever forecaster; the next step counts also where the clock was set back."""
    newest = Newest(Publish(), table())
    newest.put([made([0, 0, 1], [3, 2, 1]), made([0, 1], [1, 2], "other")], CONTRACT)
    batch = newest.take(9, everything)
    assert batch is not None
    assert list(zip(batch.series.tolist(), (batch.origin // MINUTE).tolist(), batch.models, strict=True)) == [
        (0, 3, "m"),
        (1, 2, "other"),
    ]
    newest.put([made([0], [1])], CONTRACT)
    batch = newest.take(9, everything)
    assert batch is not None
    assert (batch.origin // MINUTE).tolist() == [1]


def test_every_series_has_its_turn() -> None:
    """Also where the first ones are due again each time."""
    newest, turns = Newest(Publish(), table(5)), list[int]()
    newest.put([made([0, 1, 2, 3, 4], [1] * 5)], CONTRACT)
    for minute in range(2, 5):
        batch = newest.take(2, everything)
        assert batch is not None
        turns += batch.series.tolist()
        newest.put([made([0, 1], [minute] * 2)], CONTRACT)
    assert turns == [0, 1, 2, 3, 4, 0]


def test_what_may_not_be_sent_yet_waits() -> None:
    """And what was sent can be sent again."""
    newest = Newest(Publish(), table())
    newest.put([made([0, 1], [1, 1])], CONTRACT)
    batch = newest.take(9, lambda series: series == 1)
    assert batch is not None
    assert batch.series.tolist() == [1]
    assert newest.waiting().tolist() == [0]
    newest.send_again()
    assert newest.waiting().tolist() == [0, 1]


def test_series_that_nobody_wants_are_not_kept() -> None:
    """Nor quantiles; the table may grow at any time."""
    series = table()
    newest = Newest(Publish(series=("s1*",), quantiles=1), series)
    assert not newest.put([made([0, 2], [1, 1])], CONTRACT)
    for number in range(3, 200):
        series.add(f"s{number}")
    assert newest.put([made([1, 12, 112, 199], [1] * 4)], CONTRACT)
    batch = newest.take(9, everything)
    assert batch is not None
    assert batch.series.tolist() == [1, 12, 112, 199]
    assert batch.values.shape == (4, 2, 1)
    np.testing.assert_allclose(batch.values[0, :, 0], [10.1, 11.1], rtol=1e-6)


def test_forecasts_of_another_contract_begin_anew() -> None:
    """A longer horizon has no room beside the shorter one."""
    newest, longer = Newest(Publish(), table()), Contract(interval=MINUTE, window=4, horizon=3)
    newest.put([made([0, 1], [1, 1])], CONTRACT)
    newest.put([made([1], [2], contract=longer)], longer)
    assert newest.waiting().tolist() == [1]
    assert newest.shape == Shape(MINUTE, 3, (0.1, 0.5, 0.9))
    assert not newest.put([], longer)
