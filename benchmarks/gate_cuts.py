"""The cuts of `benchmarks/gate.py`: histories of some weeks at several starts, each followed by weeks that were still to come.

Every cut is trained by the product's own way, and measured day by day beside the baselines and a ridge.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np

from edge.config.training_sections import Fleet, Train
from edge.contract.columns import Float64, Readings, SeriesTable
from edge.contract.contract import Contract
from edge.contract.times import DAY
from edge.forecaster.baselines import baselines
from edge.forecaster.model import Model
from pipeline.backtest.peers import ridge
from pipeline.history.defaults import derive_contract
from pipeline.history.prepared import Prepared, prepare
from pipeline.history.table import Table, to_table
from pipeline.history.usual import learned
from pipeline.history.windows import samples
from pipeline.judging.contender import Contender, contender, on_device
from pipeline.judging.evaluation import Evaluation, Facts, backtest
from pipeline.processes.nursery import Nursery
from pipeline.release.candidates import Plan, make_candidate
from pipeline.training.architecture import architectures
from pipeline.training.settings import settings_of

WEEK = 7 * DAY
LIVE = 4 * WEEK
LENGTHS = (2, 4, 8, 26)  # weeks of history
GOLDEN = 0.618034  # each further start lies so much of the room after the one before, and again from its beginning
BEFORE = 8 * WEEK  # of the training part, in which baselines are measured as well
NETWORK = "network"
DIGITS = 6


class Days(msgspec.Struct, frozen=True):
    """What one forecaster made of one part, by series and block of days; lists of lists `[series][blocks]`.

    Args:
        count: facts.
        error: mean absolute error, None without facts.
        covered: facts within the outermost quantiles.
        banded: facts that had both of these.
    """

    count: list[list[int]]
    error: list[list[float | None]]
    covered: list[list[int]]
    banded: list[list[int]]


class Row(msgspec.Struct, frozen=True):
    """One cut.

    Args:
        set: name of the file.
        weeks: weeks of history.
        start: first time of the history, ns UTC.
        interval: length of an interval, ns.
        window: intervals that a forecast looks back on.
        horizon: intervals that it looks ahead.
        names: names of the series.
        scale: spread of each series in training.
        levels: levels of the quantiles.
        parts: by part (`training`, `validation`, `held_out`, `live`) and forecaster, the errors by day.
        seconds: time of the training.
    """

    set: str
    weeks: int
    start: int
    interval: int
    window: int
    horizon: int
    names: list[str]
    scale: list[float | None]
    levels: list[float]
    parts: dict[str, dict[str, Days]]
    seconds: float


@dataclass(frozen=True, slots=True)
class Cut:
    """A history that ends before the data do: set, weeks of history, and the time it begins, ns UTC."""

    set: str
    weeks: int
    start: int


def cuts(name: str, readings: Readings, lengths: Sequence[int], place: float) -> Iterator[Cut]:
    """One cut of each length that the set has room for, at that share of the possible starts."""
    first, last = int(readings.time.min()), int(readings.time.max())
    for weeks in lengths:
        room = last - first - weeks * WEEK - LIVE
        if room >= 0:
            yield Cut(name, weeks, first + round(place * room) // DAY * DAY)


def measure(cut: Cut, series: SeriesTable, readings: Readings, nursery: Nursery | None) -> Row:
    """Train on one cut and measure everything, by day.

    Args:
        cut: history and what follows it.
        series: series of the set.
        readings: all readings of the set.
        nursery: warm processes of the training; None: no network is trained.

    Raises:
        HistoryError: nothing in the cut can be trained on.
    """
    end = cut.start + cut.weeks * WEEK
    contract = derive_contract(Fleet(), readings)
    prepared = prepare(series, _between(readings, cut.start, end), contract)
    whole = _with_live(prepared, to_table(series.names, _between(readings, cut.start, end + LIVE), contract.interval))
    parts, names, seconds = prepared.split, prepared.table.names, 0.0
    linear = ridge(
        samples(prepared.table, contract, parts.training),
        samples(prepared.table, contract, parts.validation),
        contract,
        prepared.scale,
    )
    plain = [contender(baseline, names) for baseline in baselines(contract)]
    rivals = [contender(linear, names, names, meanings=learned(prepared.table, parts.training.stop)), *plain]
    if nursery is not None:
        started = time.perf_counter()
        rivals.insert(0, _network(prepared, nursery))
        seconds = time.perf_counter() - started
    begin = max(0, parts.training.stop - BEFORE // contract.interval)
    measured = {
        "training": _measured(plain, whole, contract, range(begin, parts.training.stop), prepared.scale),
        "validation": _measured(rivals, whole, contract, parts.validation, prepared.scale),
        "held_out": _measured(rivals, whole, contract, parts.held_out, prepared.scale),
        "live": _measured(rivals, whole, contract, range(parts.held_out.stop, whole.values.shape[1]), prepared.scale),
    }
    return Row(
        cut.set,
        cut.weeks,
        cut.start,
        contract.interval,
        contract.window,
        contract.horizon,
        list(names),
        _rounded(prepared.scale),
        list(contract.quantiles),
        measured,
        round(seconds, 1),
    )


def _network(prepared: Prepared, nursery: Nursery) -> Contender:
    """The network that `gatecast retrain` would judge, of one cell and one precision to save time."""
    train = Train(cells=("gru",), precisions=("float32",), workers=1)
    architecture, plan = architectures(train, prepared.contract)[0], Plan(train.precisions, nursery=nursery)
    with tempfile.TemporaryDirectory() as folder:
        made = make_candidate(prepared, architecture, settings_of(train), Path(folder), plan=plan)
    return on_device(Model(made.bundle), made.bundle, prepared.table.names)


def _between(readings: Readings, start: int, stop: int) -> Readings:
    return readings.take(np.flatnonzero((readings.time >= start) & (readings.time < stop)))


def _with_live(prepared: Prepared, longer: Table) -> Table:
    """The history as it was trained on, and what came after it."""
    table = prepared.table
    rows = [longer.names.index(name) for name in table.names]
    intervals = LIVE // table.interval
    live = np.full((len(rows), intervals), np.nan)
    begin = (table.end - longer.start) // table.interval
    known = longer.values[rows, begin : begin + intervals]
    live[:, : known.shape[1]] = known
    return replace(table, values=np.ascontiguousarray(np.concatenate([table.values, live], axis=1)))


def _measured(rivals: Sequence[Contender], table: Table, contract: Contract, part: range, scale: Float64) -> dict[str, Days]:
    evaluations = backtest(rivals, Facts(table, contract, part, scale))
    return {
        NETWORK if isinstance(rival.forecaster, Model) else rival.forecaster.name: _days(evaluation)
        for rival, evaluation in zip(rivals, evaluations, strict=True)
    }


def _days(evaluation: Evaluation) -> Days:
    blocks = evaluation.blocks
    mean = np.where(blocks.count > 0, blocks.absolute_error / np.maximum(blocks.count, 1), np.nan)
    return Days(blocks.count.tolist(), [_rounded(row) for row in mean], blocks.covered.tolist(), blocks.banded.tolist())


def _rounded(values: Float64) -> list[float | None]:
    return [float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None for value in values]
