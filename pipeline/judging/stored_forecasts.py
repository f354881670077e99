"""What a replay left in the store: readings and forecasts lost or doubled, errors beside the baselines, coverage."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.contract.columns import Float64, Int64, Readings, SeriesTable
from edge.contract.contract import Contract, quantile_name
from edge.contract.schema import FORECAST_LEAD
from edge.forecaster.baselines import baselines
from edge.forecaster.outliers import like_history
from edge.series.metrics import absolute_error, covered
from edge.series.scoring import default_leads
from edge.stores.store import Store, read_readings
from pipeline.history.table import Table, to_table
from pipeline.history.usual import usual_ranges
from pipeline.history.windows import Samples, spread
from pipeline.judging.evaluation import error_bound, missed_by_everyone
from pipeline.judging.metrics import best_reference, coverage, mean_over, mean_skill, series_skill

MOST_LEADS = 96  # leads stored of each forecast, beside the default ones: a long horizon must not fill the store


@dataclass(frozen=True, slots=True)
class Counts:
    """Readings sent against readings stored, forecasts made against forecasts stored.

    Args:
        readings_sent: readings that the replay sent.
        readings_stored: readings of these that are in the store with the value that was sent.
        forecasts: (series, origin) pairs in the store.
        lost: readings or forecasts that should be in the store and are not.
        doubled: readings or forecasts in the store that should not be.
    """

    readings_sent: int
    readings_stored: int
    forecasts: int
    lost: int
    doubled: int


@dataclass(frozen=True, slots=True)
class ReplayErrors:
    """Errors on the replayed readings, of what the agent wrote and of the baselines from the same origins.

    Args:
        names: names of the series.
        forecasters: `model`, then the baselines.
        by_series: mean absolute error over the stored leads, in the unit of the series, float64 `[forecasters, series]`.
        by_lead: mean absolute error at the chosen leads, each series in units of the last value's error over the stored
            leads, float64 `[forecasters, leads]`.
        leads: the chosen leads, the default ones.
        coverage: share of facts inside the outermost quantiles; NaN where only medians were forecast.
        scale: spread of every series before the replay, float64 `[series]`; NaN where it has none.
    """

    names: tuple[str, ...]
    forecasters: tuple[str, ...]
    by_series: Float64
    by_lead: Float64
    leads: tuple[int, ...]
    coverage: float
    scale: Float64

    @property
    def skills(self) -> Float64:
        """Skill of the model on every series (`metrics.series_skill`), float64 `[series]`; NaN where it is not judged."""
        return series_skill(self.by_series[0], self.by_series[1:], self.scale)

    @property
    def skill(self) -> float:
        """Skill of the model, as in the verdict (`metrics.mean_skill`); NaN where no series is judged."""
        return mean_skill(self.skills)

    @property
    def won(self) -> int:
        """Series on which the model beats every baseline."""
        return int((self.skills > 0).sum())

    def lost_to(self) -> list[tuple[str, str, float]]:
        """(series, baseline, skill) of the series on which a baseline is at least as good."""
        best, _ = best_reference(self.by_series[1:])
        rows = enumerate(zip(self.names, self.skills.tolist(), strict=True))
        return [(name, self.forecasters[1 + best[row]], skill) for row, (name, skill) in rows if skill <= 0]


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of `forecast_lead`: row of the table, target and lead, quantiles `[n, levels]`."""

    series: Int64
    target: Int64
    lead: Int64
    values: Float64


def stored_leads(horizon: int) -> tuple[int, ...]:
    """The leads that a replay stores: all, or every so many where the horizon is long; the default ones in any case."""
    return tuple(sorted({*range(1, horizon + 1, -(-horizon // MOST_LEADS)), *default_leads(horizon)}))


def expected_forecasts(history: Readings, sent: Readings, contract: Contract) -> int:
    """How many forecasts a replay has to lead to, told from the readings alone.

    Each interval of a series that holds a reading closes what came before it, and a forecast is due where the window
    that closes holds any value: the interval before, in the stream or the history, is less than a window away.

    Args:
        history: readings before the replay.
        sent: readings of the replay.
        contract: interval and window.
    """
    due = 0
    for row in np.unique(sent.series):
        intervals = np.unique(sent.time[sent.series == row] // contract.interval)
        before = history.time[history.series == row]
        if len(before):
            intervals = np.append(before.max() // contract.interval, intervals)
        due += int((np.diff(intervals) <= contract.window).sum())
    return due


def count(store: Store, sent: Readings, series: SeriesTable, due: int, start: int, stop: int) -> Counts:
    """Compare what was sent with what is stored.

    Args:
        store: the store, after the agent has ended.
        sent: every reading of the replay, once.
        series: names of the series.
        due: forecasts the readings have to lead to, from `expected_forecasts`.
        start: start of the replay, ns, no later than the first interval.
        stop: end of the time range to look at, ns.
    """
    known = SeriesTable(series.names)
    parts = list(read_readings(store, start, stop, known))
    stored: dict[tuple[int, int], float] = {}
    rows = 0
    for part in parts:
        rows += len(part)
        stored.update(zip(zip(part.series.tolist(), part.time.tolist(), strict=True), part.value.tolist(), strict=True))
    expected = dict(zip(zip(sent.series.tolist(), sent.time.tolist(), strict=True), sent.value.tolist(), strict=True))
    right = sum(1 for key, value in expected.items() if stored.get(key) == value)
    forecasts = sum(
        int((np.asarray(part.lead) == 1).sum()) for part in store.read(FORECAST_LEAD, [quantile_name(0.5)], start, stop, known)
    )
    return Counts(
        len(expected),
        right,
        forecasts,
        len(expected) - right + max(0, due - forecasts),
        rows - len(stored) + sum(1 for key in stored if key not in expected) + max(0, forecasts - due),
    )


@dataclass(frozen=True, slots=True)
class Measured:
    """Forecasts of the agent beside the facts.

    Args:
        errors: errors beside the baselines.
        table: facts on the grid.
        samples: the origins that were forecast from.
        forecasts: forecasts at the stored leads, float64 `[n, leads, quantiles]`; NaN where none is stored.
        lead_errors: mean absolute error at every stored lead, each series in units of the last value's error over them,
            float64 `[forecasters, leads]`.
        leads: the stored leads, in order.
    """

    errors: ReplayErrors
    table: Table
    samples: Samples
    forecasts: Float64
    lead_errors: Float64
    leads: tuple[int, ...]


def measure(
    store: Store, contract: Contract, stored: Sequence[int], history: Readings, series: SeriesTable, span: tuple[int, int]
) -> Measured:
    """Errors of everything the agent forecast, beside the baselines from the same origins.

    Args:
        store: the store, after the agent has ended.
        contract: contract of the live bundle.
        stored: the leads that the agent was asked to write, the default ones among them, in order.
        history: every reading, those before the replay too.
        series: names of the series.
        span: start of the replay and end of the forecast intervals that count, ns.
    """
    table = to_table(series, history, contract.interval, contract.aggregation)
    chosen, model = _forecasts(store, contract, stored, table, series, span)
    column = np.asarray(stored) - 1
    facts = chosen.targets(slice(None), contract)[:, column]
    first = max((span[0] - table.start) // contract.interval, 0)
    windows = like_history(chosen.windows(slice(None), contract), usual_ranges(table.values, first)[chosen.series])
    contenders = {"model": model[:, :, contract.median]}
    for baseline in baselines(contract):
        contenders[baseline.name] = baseline.predict(windows, chosen.series)[:, column, contract.median]
    before = table.values[:, :first]
    scale = np.array([spread(values) for values in before])
    bound = error_bound(scale)[chosen.series][:, None]
    errors = absolute_error(np.stack(list(contenders.values())), facts)
    counted = np.isfinite(errors).all(axis=0) & ~missed_by_everyone(errors, bound)
    errors = np.where(counted, np.minimum(errors, bound), np.nan)
    by_series = np.stack([mean_over(errors[:, chosen.series == row], (1, 2)) for row in range(len(series))], axis=1)
    unit = np.where(by_series[1] > 0, by_series[1], np.nan)[chosen.series]
    lead_errors = mean_over(errors / unit[None, :, None], 1)
    inside = np.where(counted, covered(facts, model), np.nan)
    share = coverage(np.asarray(np.nansum(inside)), np.asarray(np.isfinite(inside).sum()))
    leads = default_leads(contract.horizon)
    by_lead = lead_errors[:, np.searchsorted(stored, leads)]
    told = ReplayErrors(tuple(series.names), tuple(contenders), by_series, by_lead, leads, float(share), scale)
    return Measured(told, table, chosen, model, lead_errors, tuple(stored))


def _forecasts(
    store: Store, contract: Contract, stored: Sequence[int], table: Table, series: SeriesTable, span: tuple[int, int]
) -> tuple[Samples, Float64]:
    """The origins that were forecast from, and the forecasts at the stored leads, float64 `[n, leads, quantiles]`."""
    levels = contract.quantile_names
    rows = _rows(store, *span, levels, series)
    origin = (rows.target - table.start) // contract.interval - (rows.lead - 1)
    inside = (origin >= 1) & (origin + contract.horizon <= table.values.shape[1]) & np.isin(rows.lead, stored)
    pairs, number = np.unique(np.stack([rows.series[inside], origin[inside]]), axis=1, return_inverse=True)
    model = np.full((pairs.shape[1], len(stored), len(levels)), np.nan)
    model[number.reshape(-1), np.searchsorted(stored, rows.lead[inside])] = rows.values[inside]
    return Samples(table.values, pairs[0].astype(np.int32), pairs[1], table.first), model


def _rows(store: Store, start: int, stop: int, levels: list[str], series: SeriesTable) -> _Rows:
    parts = list(store.read(FORECAST_LEAD, levels, start, stop, series))
    empty = np.zeros(0, np.int64)
    return _Rows(
        np.concatenate([empty, *(part.series for part in parts)]),
        np.concatenate([empty, *(part.time for part in parts)]),
        np.concatenate([empty, *(np.asarray(part.lead) for part in parts)]),
        np.concatenate(
            [np.zeros((0, len(levels))), *(np.stack([part.fields[level] for level in levels], axis=1) for part in parts)]
        ),
    )
