"""The gate's windows come out of the device's state: the same as cut from the table, and as the engine forecasts from."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from edge.contract.coarse import Coarse
from edge.contract.columns import Float64, Int32, Readings, SeriesTable
from edge.contract.contract import Context, Contract
from edge.contract.grid import Aggregation
from edge.forecaster.forecaster import AllQuantiles
from edge.series.closing import Closed
from edge.series.engine import Engine
from edge.series.state import State
from pipeline.history.table import Table
from pipeline.history.windows import samples
from pipeline.judging import replay as module
from pipeline.judging.contender import contender
from pipeline.judging.evaluation import Facts, backtest
from pipeline.judging.replay import Replayed, replayed, steps
from tests.pipeline.test_judging_evaluation import CONTRACT, HOUR, PART, Counter, counting

SHORT = Contract(HOUR, 24, 6, max_missing=0.25)


def gappy(intervals: int = 160) -> Table:
    """Single holes, long gaps, a series that begins late, one that ends, one that is complete, and an hour without any."""
    values = np.random.default_rng(2).normal(20, 5, (6, intervals))
    values[0, ::7] = np.nan
    values[1, 70:110] = np.nan
    values[2, :95] = np.nan
    values[3, 120:] = np.nan
    values[4, np.random.default_rng(3).random(intervals) < 0.3] = np.nan
    values[:5, 100] = np.nan
    values[1, 62] = 1e20  # no sensor's value: the engine counts it as missing
    return Table(tuple("abcdef"), 1_000 * HOUR, HOUR, values)


def everything(parts: Sequence[Replayed]) -> Replayed:
    """All windows, sorted by series and time."""
    found = Replayed(*(np.concatenate([getattr(part, name) for part in parts]) for name in Replayed.__slots__))
    order = np.lexsort((found.origin, found.series))
    return Replayed(found.series[order], found.origin[order], found.windows[order])


@pytest.mark.parametrize("aggregation", ["mean", "last", "sum", "min", "max"])
@pytest.mark.parametrize(("part", "stride", "longer"), [(range(60, 160), 1, 0), (range(160), 5, 0), (range(60, 120), 3, 50)])
def test_the_state_gives_the_windows_of_the_table(part: range, stride: int, longer: int, aggregation: Aggregation) -> None:
    """Bit by bit, at the same origins, whatever is missing; a longer window is NaN before the table begins."""
    table, contract = gappy(), replace(SHORT, aggregation=aggregation)
    table.values[1, 62] = np.nan
    wide = replace(contract, window=24 + longer)
    found = everything(list(replayed(table, contract, part, stride, wide)))
    chosen = samples(table, contract, part, stride)
    facts = np.array([np.isfinite(table.values[s, o : o + 6]).any() for s, o in zip(found.series, found.origin, strict=True)])
    np.testing.assert_array_equal(found.series[facts], chosen.series)
    np.testing.assert_array_equal(found.origin[facts], chosen.origin)
    expected = chosen.windows(slice(None), wide)
    np.testing.assert_array_equal(found.windows[facts], expected)


@pytest.mark.parametrize("aggregation", ["mean", "last"])
@pytest.mark.parametrize("longer", [0, 13])
def test_the_state_gives_the_blocks_of_the_table(longer: int, aggregation: Aggregation) -> None:
    """Bit by bit: device and trainer have one definition of the coarse past, wherever the table begins within a block."""
    coarse = (Coarse(12, 3), Coarse(5, 4))
    contract = Contract(HOUR, 14, 6, aggregation=aggregation, coarse=coarse)
    wide = contract.covering(
        [replace(contract, window=14 + longer, coarse=(Coarse(13, 2), Coarse(12, 4)) if longer else coarse)]
    )
    for start in (1_000, 1_003):
        table = replace(gappy(), start=start * HOUR)
        table.values[1, 62] = np.nan
        chosen = samples(table, contract, range(160), 2)
        found = everything(list(replayed(table, contract, range(160), 2, wide)))
        pairs = set(zip(chosen.series.tolist(), chosen.origin.tolist(), strict=True))
        both = np.array([pair in pairs for pair in zip(found.series.tolist(), found.origin.tolist(), strict=True)])
        np.testing.assert_array_equal(found.series[both], chosen.series)
        np.testing.assert_array_equal(found.origin[both], chosen.origin)
        np.testing.assert_array_equal(found.windows[both], chosen.windows(slice(None), wide))
        np.testing.assert_array_equal(found.windows[both][:, wide.places(contract)], chosen.windows(slice(None), contract))


@pytest.mark.parametrize("coarse", [(), (Coarse(60, 3), Coarse(12, 4))])
@pytest.mark.parametrize("stride", [2, 23, 500])
def test_few_origins_of_many_intervals_have_the_same_windows(stride: int, coarse: tuple[Coarse, ...]) -> None:
    """Bit by bit, whatever is missing: a replay takes long steps where the origins lie far apart."""
    values = np.random.default_rng(4).normal(20, 5, (5, 3_000))
    values[0, ::7] = np.nan
    values[1, 900:2_000] = np.nan  # longer than the window and all that a step has room for
    values[2, np.random.default_rng(5).random(3_000) < 0.4] = np.nan
    values[3, 2_500:] = np.nan
    table = Table(tuple("abcde"), 1_003 * HOUR, HOUR, values)
    contract = Contract(HOUR, 64, 6, max_missing=0.5, coarse=coarse)
    chosen = samples(table, contract, range(400, 3_000), stride)
    found = everything(list(replayed(table, contract, range(400, 3_000), stride)))
    pairs = set(zip(chosen.series.tolist(), chosen.origin.tolist(), strict=True))
    both = np.array([pair in pairs for pair in zip(found.series.tolist(), found.origin.tolist(), strict=True)])
    assert both.sum() == len(chosen) > 10
    assert set(found.origin.tolist()) <= set(range(400, 2_995, stride))
    np.testing.assert_array_equal(found.windows[both], chosen.windows(slice(None), contract))


def test_a_replay_steps_over_what_nobody_looks_at() -> None:
    """A step ends after so many intervals, at an origin with a gap, and at the last origin; other gaps make no step."""
    values = np.zeros((2, 1_000))
    values[0, 100:200] = np.nan
    values[1, 333] = np.nan
    assert list(steps(values, 90, range(101, 402, 50), 256)) == [(90, 101), (101, 151), (151, 346), (346, 401)]
    values[1, 351] = np.nan
    assert list(steps(values, 90, range(101, 402, 50), 256))[2:] == [(151, 346), (346, 351), (351, 401)]
    assert len(list(steps(np.full((2, 150_000), np.nan), 0, range(60_000, 150_000, 23), 256))) < 5_000


@dataclass
class Recorder(AllQuantiles):
    """A forecaster that remembers its windows."""

    contract: Contract
    name: str = "recorder"
    seen: list[Float64] = field(default_factory=list)

    def predict(self, windows: Float64, series: Int32, context: Context | None = None) -> Float64:
        """Zeros."""
        del context
        self.seen.append(windows.copy())
        return np.zeros((len(series), self.contract.horizon, 3), np.float64)


def test_the_engine_forecasts_from_the_same_windows() -> None:
    """An agent with a clock, fed interval by interval, asks its model at the same moments about the same values."""
    table, recorder = gappy(), Recorder(SHORT)
    engine, series, origins = Engine(recorder, (), SeriesTable(table.names)), [], []
    for column, values in enumerate(table.values.T):
        there = np.flatnonzero(np.isfinite(values))
        time = table.start + column * HOUR
        outcome = engine.step(Readings.of(there.tolist(), [time] * len(there), values[there].tolist()), time + HOUR)
        made = [forecasts for forecasts in outcome.forecasts if forecasts.model == "recorder"]
        series += [forecasts.series for forecasts in made]
        origins += [(forecasts.origin - table.start) // HOUR for forecasts in made]
    part = range(40, 160)
    live = everything([Replayed(*columns) for columns in zip(series, origins, recorder.seen, strict=True)])
    judged = everything(list(replayed(table, SHORT, part)))
    inside = (live.origin >= part.start) & (live.origin <= part.stop - SHORT.horizon)
    for name in Replayed.__slots__:
        np.testing.assert_array_equal(getattr(judged, name), getattr(live, name)[inside])
    assert len(judged) > 300


def test_what_the_state_does_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state that mixes up its windows shows in the figures: the gate judges the device's code, not a copy of it."""

    class Late(State):
        def _closed(self, series: np.ndarray, before: np.ndarray, after: np.ndarray, first: np.ndarray | None) -> Closed:
            closed = super()._closed(series, before, after, first)
            return replace(closed, windows=np.roll(closed.windows, 1, axis=1))

    table = counting()
    who = [contender(Counter(), table.names)]
    assert not backtest(who, Facts(table, CONTRACT, PART))[0].absolute_error.any()
    monkeypatch.setattr(module, "State", Late)
    assert backtest(who, Facts(table, CONTRACT, PART))[0].absolute_error.any()


def test_memory_is_bounded_and_changes_nothing() -> None:
    """Large tables are replayed in groups of series and stretches of time; the sums are the same to the last bit."""
    table = gappy()
    who, facts = [contender(Counter(contract=SHORT), table.names)], Facts(table, SHORT, range(60, 160))
    whole = backtest(who, facts)[0]
    step = 4 * SHORT.window * module.INTERVALS  # bytes of one series' windows
    parts = list(replayed(table, SHORT, range(60, 160), block=2 * step))
    assert len(parts) > 10
    assert max(part.windows.nbytes for part in parts) <= 4 * step
    assert all(len(set(part.series.tolist())) <= 2 for part in parts)
    cut = backtest(who, facts, block=2 * step)[0]
    for name in ("count", "absolute_error", "pinball", "covered", "unanswered"):
        np.testing.assert_array_equal(getattr(cut, name), getattr(whole, name))


def test_a_part_without_origins_gives_no_windows() -> None:
    """A part shorter than the horizon has nothing to judge."""
    assert list(replayed(gappy(), SHORT, range(100, 105))) == []
