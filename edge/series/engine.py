"""Readings in; rows for the store out: readings, forecasts and scores. No I/O.

The agent, `gatecast-agent replay` and the restart after a crash all go through here.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import pairwise

import msgspec
import numpy as np

from edge.anomalies.change import AnomalyChange
from edge.anomalies.watch import NOTHING as NO_ANOMALY
from edge.anomalies.watch import Looked, Watch
from edge.contract.ahead.issues import AheadOf, nothing_known
from edge.contract.columns import Bool, Float64, Forecasts, Int32, Int64, Points, Readings, SeriesTable
from edge.contract.contract import Context, Contract
from edge.contract.meaning import GAUGE, Meaning
from edge.contract.schema import FORECAST, FORECAST_LEAD, LEAD, MODEL, ORIGIN, Measurement
from edge.contract.values import possible, reach
from edge.forecaster.baselines import seasonal_naive
from edge.forecaster.bounds import Edges
from edge.forecaster.faults import KINDS, Evidence, attempt
from edge.forecaster.forecaster import Forecaster
from edge.forecaster.learned import NOTHING, Choice, Learned
from edge.forecaster.level import is_known
from edge.forecaster.model import usable
from edge.forecaster.outliers import outlying, unlike_history
from edge.series.closing import Closed, Ingested, join
from edge.series.effect import Effect, Made
from edge.series.entry import Entry
from edge.series.outlook import Leads, Outlook
from edge.series.scoring import Scoring, default_leads
from edge.series.state import State


def needs_no_history(before: Contract, after: Contract) -> bool:
    """Whether windows under one contract have all that those under the next one need."""
    return before.sees_all_of(after)


class _Head(msgspec.Struct):
    """The first part of a dump that has a watch; of one that has none the leads alone are."""

    leads: tuple[int, ...]


class Engine:
    """State, forecaster and scoring of one fleet.

    `ahead` may be set to what gives the coming values of inputs that are known by now; at first none are. `watch` may be set to
    what looks for anomalies.

    Args:
        forecaster: the model or baseline that is live.
        known: names of the series the forecaster knows, in the order of its bundle.
        series: the table all indices refer to; it may grow at any time.
        leads: leads of forecasts that are stored.
        lateness: time after the end of an interval in which its readings may still arrive, ns.
        learned: word of the forecaster's bundle on single series; a meaning counts where the table says nothing.
    """

    def __init__(
        self,
        forecaster: Forecaster,
        known: Sequence[str],
        series: SeriesTable,
        *,
        leads: Leads = Leads(),
        lateness: int = 0,
        learned: Learned = NOTHING,
    ) -> None:
        self.series = series
        self.ahead: AheadOf = nothing_known
        self.watch: Watch | None = None
        self._refresh = leads.refresh
        self._wanted = tuple(sorted(set(leads.kept)))
        self._lateness = lateness
        self.state = State(forecaster.contract.plain, lateness, meaning=self._meaning)
        self._use(forecaster, known, learned)
        self.scoring = Scoring(forecaster.contract.plain, self.leads)

    @property
    def leads(self) -> tuple[int, ...]:
        """The leads that are kept and scored."""
        horizon = self.forecaster.contract.horizon
        return tuple(lead for lead in self._wanted if lead <= horizon) or default_leads(horizon)

    @property
    def lookback(self) -> int:
        """Number of intervals before an origin whose readings its window may depend on."""
        contract = self.forecaster.contract
        told = (meaning for meaning in (*self.series.meanings, *self._learned.values()) if meaning is not None)
        return contract.reach + max((reach(meaning, contract.interval) for meaning in told), default=0)

    def _meaning(self, series: int) -> Meaning:
        told, learned = self.series.meanings[series], self._learned.get(self.series.names[series], GAUGE)
        return learned if told is None else replace(told, usual=learned.usual)

    def _use(self, forecaster: Forecaster, known: Sequence[str], learned: Learned) -> None:
        self.forecaster, self._learned, self._edges = forecaster, learned.meanings, Edges(learned.meanings)
        self._choice, self._chosen = Choice(learned.baselines, forecaster.contract), np.zeros(0, np.int32)
        self._evidence, self._baseline = Evidence(len(known)), seasonal_naive(forecaster.contract)
        self._model_index = {name: index for index, name in enumerate(known, 1)}
        self._model_series, self._usual = np.zeros(0, np.int32), np.zeros((0, 2))
        self._outlook = Outlook(forecaster.contract.horizon, forecaster.contract.interval, self._refresh)
        if self.watch is not None:
            self.watch.adapt(forecaster.contract, self.leads)

    @property
    def anomalies(self) -> Mapping[int, AnomalyChange]:
        """The anomalies that stand, as `Watch.standing`."""
        return NO_ANOMALY if self.watch is None else self.watch.standing

    @property
    def problem(self) -> str | None:
        """What is wrong with the newest forecasts of the live forecaster, or None."""
        return self._evidence.problem

    def swap(self, forecaster: Forecaster, known: Sequence[str], learned: Learned = NOTHING) -> bool:
        """Forecast by another forecaster from now on; arguments as at the beginning.

        Returns:
            Whether the windows are kept. History has to fill those of another grid, which are empty, as they are where a series
            is of another kind now; and those that are longer or young, which have what was known.
        """
        before, contract = self.forecaster.contract.plain, forecaster.contract.plain
        self._use(forecaster, known, learned)
        if self.state.means_otherwise():
            self.restart()
            return False
        self.state.learn()
        if contract != before:
            self.state = self.state.adapted(contract, self._lateness)
            self.scoring = Scoring(contract, self.leads)
        young = self.state.is_young  # the store may have got their history by now, as that by which this one was trained
        if young and contract == before:
            self.state = self.state.adapted(contract, self._lateness)  # which can be filled
        return needs_no_history(before, contract) and not young

    def filling(self) -> AbstractContextManager[Callable[[Readings], object]]:
        """Fill the windows with history, as `State.filling`; nothing is forecast or scored."""
        return self.state.filling()

    def restart(self) -> None:
        """Forget all windows and all forecasts that wait: each series begins again with its next reading."""
        contract = self.forecaster.contract.plain
        self.state, self.scoring = State(contract, self._lateness, meaning=self._meaning), Scoring(contract, self.leads)
        if self.watch is not None:
            self.watch.forget()

    def keep(self, series: Int32) -> None:
        """Keep some series alone, in the table as well; each gets its place among these as its index.

        Nothing but `dump` may follow, into a snapshot: the journal and what the forecaster knows have the indices of before.

        Args:
            series: index of each, int32 `[n]`.
        """
        self.state.last_heard(len(self.series))  # all of them have a place there
        self.state.keep(series)
        self.scoring.keep(series)
        if self.watch is not None:
            self.watch.keep(series)
        self.series.keep(series)

    def pieces(self, readings: Readings, most: int) -> list[Readings]:
        """Readings in their order, in one piece or more, of which each closes at most so many windows.

        Args:
            readings: batch of readings with finite values.
            most: largest number of windows.
        """
        if len(readings) <= most:
            return [readings]
        count = np.cumsum(self.state.closings(readings))
        starts = np.searchsorted(count, np.arange(most + 1, int(count[-1]) + 1, most))
        bounds = [0, *starts.tolist(), len(readings)]
        return [readings.take(slice(first, last)) for first, last in pairwise(bounds)]

    def step(self, readings: Readings, now: int | None = None, most: int | None = None) -> Effect:
        """Take a batch in order of arrival, then close the intervals that have ended by the clock.

        Args:
            readings: batch of readings with finite values.
            now: time of the clock, ns UTC, or None where the clock closes nothing.
            most: largest number of windows, beyond which the clock closes nothing; None: no limit.
        """
        ingested = self.state.ingest(readings)
        closed = self._closed(ingested, now, most)
        # A window that stands still does not tell a glitch by itself; the history of its series does.
        strange = unlike_history(closed.windows, self._usual_of(closed.series))
        believed = replace(closed, windows=np.where(strange, np.nan, closed.windows)) if strange.any() else closed
        made, kept = self._forecast(believed)
        scores = self.scoring.step(closed, kept)
        whole = self._whole(closed)
        # Also what is known: from history that is in another database, it may not be in the store; else the row is the same.
        points = [Points.of_readings(readings)]
        written = self._outlook.rows(made.forecasts, [whole[windows] for windows in made.windows])
        for forecasts, (row, lead) in zip(made.forecasts, written, strict=True):
            points += [self._newest(forecasts, row, lead), self._at_leads(forecasts)]
        looked = self._look()
        points += [Points.of_scores(scores), *looked.points]
        return Effect(
            [part for part in points if len(part)],
            Entry(readings, now, kept),
            made.forecasts,
            scores,
            ingested.fresh,
            ingested.late,
            ingested.too_late,
            made.failure,
            made.broken,
            made.seconds,
            int((outlying(closed.windows)[:, -1] | strange[:, -1]).sum()),
            self.state.jumped(closed),
            looked.changes,
        )

    def replay(self, entry: Entry) -> None:
        """Take a batch from the journal: state and waiting forecasts become what they were after the batch.

        Forecasts of a batch that closes other intervals now, under other settings than it was made with, are not scored.
        """
        kept = entry.forecasts
        closed = self._closed(self.state.ingest(entry.readings), entry.now, len(kept))
        shape = (len(closed), len(self.scoring.leads), len(self.scoring.contract.quantiles) + 1)
        self.scoring.step(closed, kept if kept.shape == shape else np.full(shape, np.nan))
        self._look()
        self._whole(closed)

    def dump(self) -> Iterator[bytes]:
        """State and waiting forecasts in small parts, for `load`."""
        yield msgspec.msgpack.encode(self.leads if self.watch is None else _Head(self.leads))
        yield from self.state.dump()
        yield from self.scoring.dump()
        if self.watch is not None:
            yield from self.watch.dump()

    def load(self, parts: Iterator[bytes]) -> None:
        """Take back what `dump` wrote, with the contract, lateness and leads of then; `settle` follows the journal."""
        head = msgspec.msgpack.decode(next(parts), type=tuple[int, ...] | _Head)
        leads = head.leads if isinstance(head, _Head) else head
        self.state = State.load(parts, self._meaning)
        for index, meaning in enumerate(self.state.meanings):
            # Several rules may give its name; a message of then told which of them took it. A bundle tells again.
            learned = self._learned.get(self.series.names[index], GAUGE)
            if self.series.meanings[index] is None and not meaning.is_plain and not meaning.agrees(learned):
                self.series.correct(index, meaning)
        self.state.learn()
        self.scoring = Scoring(self.state.contract, leads)
        self.scoring.load(parts)
        if self.watch is not None:
            self.watch.adapt(self.state.contract, leads)
        if isinstance(head, _Head):
            (self.watch or Watch.nothing(self.state.contract)).load(parts)
        self._outlook.go_on(len(self.series))

    def settle(self) -> str | None:
        """Bring what was loaded under the live forecaster's contract and the configured lateness and leads.

        A snapshot has to follow before the next batch: a journal is read under the settings of the snapshot before it.

        Returns:
            Name of a series that is of another kind or hold now, so that all windows are empty; None where there is none.
        """
        contract = self.forecaster.contract.plain
        if others := self.state.means_otherwise():
            self.restart()
            return self.series.names[others[0]]
        if (self.state.contract, self.state.lateness) != (contract, self._lateness):
            self.state = self.state.adapted(contract, self._lateness)
        if self.scoring.contract != contract or tuple(self.scoring.leads.tolist()) != self.leads:
            self.scoring = Scoring(contract, self.leads)
        if self.watch is not None:
            self.watch.adapt(contract, self.leads)
        return None

    def _closed(self, ingested: Ingested, now: int | None, most: int | None) -> Closed:
        """What closed by readings, and then by the clock as far as there are no more than so many windows."""
        if now is None:
            return ingested.closed
        left = None if most is None else max(0, most - len(ingested.closed))
        return join([ingested.closed, self.state.advance(now, left)])

    def _look(self) -> Looked:
        """What is strange about the facts of the step that was just scored."""
        return Looked() if self.watch is None else self.watch.step(self.scoring.outcomes, self.series)

    def _whole(self, closed: Closed) -> Bool:
        """Of which windows the whole horizon is written, bool `[n]`; to be asked when the windows are scored."""
        return self._outlook.whole(closed, self.series.names, self.scoring.waited)

    def _forecast(self, closed: Closed) -> tuple[Made, Float64]:
        """The forecasts of all windows, and the part of them that waits for its facts, from `Scoring.at_leads`."""
        contract, made = self.forecaster.contract, Made()
        kept = np.full((len(closed), len(self.scoring.leads), len(contract.quantiles) + 1), np.nan)
        if not len(closed):
            return made, kept
        chosen = self._chosen_for(closed.series)
        by_model = usable(closed.windows, contract) & (chosen < 0)
        self._evidence.forget(closed.series[~by_model])
        if by_model.any():
            owners = closed.series[by_model]
            windows = closed.windows if by_model.all() else closed.windows[by_model]  # a copy of all of them may be large
            started = time.perf_counter()
            tried = attempt(self.forecaster, windows, self._models_series(owners), self._context(closed.origin[by_model]))
            made.seconds = time.perf_counter() - started
            made.failure = self._evidence.add(tried, windows, owners, len(self.state))
            made.broken = {
                kind: owners[tried.kind == number] for number, kind in enumerate(KINDS) if (tried.kind == number).any()
            }
            values = tried.values
            if tried.broken.any():
                by_model[by_model] = ~tried.broken
                values, windows = values[~tried.broken], windows[~tried.broken]
            if by_model.any():
                values = self._possible(values, windows, closed.series[by_model])
                naive = self._baseline.predict(windows, closed.series[by_model])
                kept[by_model] = self.scoring.at_leads(values, naive[:, :, contract.median])
                made.add(closed, by_model, values, self.forecaster.name)
        rest = ~by_model
        rest[rest] = is_known(closed.windows[rest]).any(axis=1)
        for number in np.unique(chosen[rest]).tolist():
            simple = self._choice.baselines[number] if number >= 0 else self._baseline
            some = rest & (chosen == number)
            windows, series = closed.windows[some], closed.series[some]
            values = self._possible(simple.predict(windows, series), windows, series)
            naive = values if number < 0 else self._baseline.predict(windows, series)
            kept[some] = self.scoring.at_leads(values, naive[:, :, contract.median])
            made.add(closed, some, values, simple.name)
        return made, kept

    def _context(self, origin: Int64) -> Context:
        """What is known beside windows with these ends."""
        contract = self.forecaster.contract
        return Context(origin, self.ahead(contract.interval) if contract.known else {})

    def _chosen_for(self, series: Int32) -> Int32:
        """Which baseline forecasts each series in place of the forecaster, -1 where none does, int32 `[n]`."""
        new = self._choice.numbers(self.series.names[len(self._chosen) :])
        self._chosen = np.concatenate([self._chosen, new])
        return self._chosen[series]

    def _models_series(self, series: Int32) -> Int32:
        """The forecaster's own index of each series, 0 where it does not know it."""
        known = len(self._model_series)
        if len(self.series) > known:
            new = [self._model_index.get(name, 0) for name in self.series.names[known:]]
            self._model_series = np.concatenate([self._model_series, np.asarray(new, np.int32)])
        return self._model_series[series]

    def _possible(self, values: Float64, windows: Float64, series: Int32) -> Float64:
        newest = windows[:, -self.forecaster.contract.window :]
        return self._edges.within(possible(values, self.state.counting(series)), newest, series, self.series.names)

    def _usual_of(self, series: Int32) -> Float64:
        """Smallest and largest usual value in the history of each series, float64 `[n, 2]`, NaN where nobody learned it."""
        known = len(self._usual)
        if len(self.series) > known:
            usual = [self._learned.get(name, GAUGE).usual or (np.nan, np.nan) for name in self.series.names[known:]]
            self._usual = np.concatenate([self._usual, np.asarray(usual, np.float64)])
        return self._usual[series]

    def _newest(self, forecasts: Forecasts, row: Int64, lead: Int64) -> Points:
        """The rows of the newest forecast of each moment."""
        target = forecasts.origin[row] + lead * self.forecaster.contract.interval
        return self._points(FORECAST, forecasts, row, lead, target)

    def _at_leads(self, forecasts: Forecasts) -> Points:
        """The configured leads of every forecast; a later forecast does not replace them."""
        row = np.repeat(np.arange(len(forecasts)), len(self.leads))
        lead = np.tile(np.asarray(self.leads) - 1, len(forecasts))
        target = forecasts.origin[row] + lead * self.forecaster.contract.interval
        return self._points(FORECAST_LEAD, forecasts, row, lead, target)

    def _points(self, measurement: Measurement, forecasts: Forecasts, row: Int64, lead: Int64, target: Int64) -> Points:
        values = forecasts.values[row, lead]
        if not measurement.by_lead:
            # A row replaces an earlier row of the same time: a field that it lacks would keep the quantile of an earlier model.
            missing = np.isnan(values)
            if missing.any():
                values = np.where(missing, values[:, [self.forecaster.contract.median]], values)
        fields: dict[str, Float64 | Int64 | Int32 | str] = dict(
            zip(self.forecaster.contract.quantile_names, values.T, strict=True)
        )
        fields[ORIGIN.name] = forecasts.origin[row]
        fields[MODEL.name] = forecasts.model
        number = (lead + 1).astype(np.int32)
        if measurement.by_lead:
            return Points(measurement, forecasts.series[row], target, {**fields}, number)
        return Points(measurement, forecasts.series[row], target, {**fields, LEAD: number})
