"""All alerts of a device: forecasts in, changes and rows for the store out. No I/O; what is raised survives a restart."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from edge.alerts.change import AlertChange
from edge.alerts.crossing import NEVER
from edge.alerts.judging import Verdicts
from edge.alerts.rule import AlertRule, without_series
from edge.alerts.standing import Said
from edge.alerts.watch import Watch, stood
from edge.alerts.words import words
from edge.contract.columns import Bool, Float64, Forecasts, Int32, Int64, Points, SeriesTable
from edge.contract.contract import Contract
from edge.contract.schema import ALERT, ALERT_SCORE, MODEL, RULE
from edge.contract.times import SECOND

SETTLED = 600.0  # seconds after which the series of a rule should be known
LAPSE_LOOK = 60.0  # seconds between two looks for series without forecasts
NOBODY = "none"  # in place of a forecaster
_BETWEEN = "\n"  # between the names of rule and series


class Alerts:
    """The alerts of a configuration.

    Args:
        rules: sections `[[alert]]`, checked.
        series: table of all series; it may grow at any time.
        moment: function that gives a time that is never set, seconds.
    """

    def __init__(self, rules: Sequence[AlertRule], series: SeriesTable, moment: Callable[[], float] = lambda: 0.0) -> None:
        self._series, self._moment, self._start = series, moment, moment()
        self._names: list[str] = []  # as the indices have it; the table itself gives slots of silent series back at the end
        self._gone: list[tuple[str, int]] = []  # rule and series of alerts that stood, and that no rule asks for now
        self._watches = [Watch(rule) for rule in rules]
        self._rows: list[Points] = []
        self._judged: list[Verdicts] = []
        self._useless: set[str] = set()  # keys of rules and series that are no more
        self._shortfalls: list[str] = []
        self._contract: Contract | None = None
        self._heard = np.zeros(0)  # moment of the last forecast of each series
        self._looked = self._start
        self._said: str | None = None
        self._alone: tuple[Sequence[AlertRule], int] = (rules, 0)  # rules that take none of the first so many series

    def look(self, forecasts: Sequence[Forecasts], contract: Contract) -> list[AlertChange]:
        """Read what the forecasts of a step mean; their rows and what a restart needs are to be committed together.

        Args:
            forecasts: forecasts of the step, with their facts.
            contract: contract that they were made under.

        Returns:
            The alerts that were raised or cleared, or whose numbers are others while they are raised, rule by rule.
        """
        if not self._watches and not self._gone:
            return []
        if not any(map(len, forecasts)):
            return self._lapse(contract)
        if contract is not self._contract:
            self._contract = contract
            self._shortfalls = [text for watch in self._watches if (text := watch.rule.shortfall(contract)) is not None]
        self._hear(forecasts)
        changes = self._forget(max(int(each.origin.max()) for each in forecasts if len(each)))
        for watch in self._watches:
            watch.grow(self._names)
            for said, turned, changed, model in watch.look(forecasts, contract):
                changes += _changes(watch, self._names, said, turned, changed, model)
                self._rows += _points(watch, said, turned, turned | changed, model)
            for verdicts in watch.judged():
                self._judged.append(verdicts)
                self._rows.append(_scores(watch, verdicts))
        return changes + self._lapse(contract)

    def _hear(self, forecasts: Sequence[Forecasts]) -> None:
        self._names += self._series.names[len(self._names) :]
        more = len(self._names) - len(self._heard)
        self._heard = np.append(self._heard, np.full(more, self._start)) if more > 0 else self._heard
        for each in forecasts:
            self._heard[each.series] = self._moment()

    def _forget(self, origin: int) -> list[AlertChange]:
        """End what stood of rules that the configuration has no longer, at an origin in ns UTC."""
        gone, self._gone = self._gone, []
        for name, row in gone:
            fields: dict[str, Float64 | Int64 | Int32 | str] = {field.name: np.full(1, np.nan) for field in ALERT.fields}
            fields |= {"state": np.zeros(1, np.int64), "turned": np.ones(1, np.int64), MODEL.name: NOBODY}
            self._rows.append(Points(ALERT, np.asarray([row], np.int32), np.asarray([origin]), fields, labels={RULE: name}))
        return [
            AlertChange(name, self._names[row], False, None, None, None, None, origin, NOBODY, turned=True, beyond=False)
            for name, row in gone
        ]

    def _lapse(self, contract: Contract) -> list[AlertChange]:
        """Clear what is raised of series that have had no forecast for a whole horizon, as a sensor that was removed."""
        now, horizon = self._moment(), contract.horizon * contract.interval / SECOND
        if now - self._looked < LAPSE_LOOK:
            return []
        self._looked = now
        self._hear([])
        changes: list[AlertChange] = []
        for watch in self._watches:
            silent = np.flatnonzero(watch.standing.raised & (now - self._heard[: len(watch.standing.since)] > horizon))
            if len(silent):
                said, turned = watch.lapse(silent.astype(np.int32), contract.interval), np.ones(len(silent), bool)
                changes += _changes(watch, self._names, said, turned, ~turned, NOBODY)
                self._rows += _points(watch, said, turned, turned, NOBODY)
        return changes

    def judged(self) -> tuple[int, int, int] | None:
        """Numbers of hits, misses and false alarms since the last call; None where there are none."""
        judged, self._judged = self._judged, []
        if not judged:
            return None
        hits, misses, false_alarms = (
            sum(int(column.sum()) for column in columns)
            for columns in zip(*((each.hit, each.miss, each.false_alarm) for each in judged), strict=True)
        )
        return hits, misses, false_alarms

    def rows(self) -> list[Points]:
        """The rows of the changes since the last call."""
        rows, self._rows = self._rows, []
        return rows

    def standing(self) -> list[AlertChange]:
        """All that is raised now, as it was told last, also after a restart."""
        return [
            AlertChange(
                watch.rule.name,
                self._names[row],
                True,
                _number(watch.standing.probability[row]),
                *_moments(watch.standing.crossing[row]),
                int(watch.standing.last[row] or watch.standing.since[row]),
                "",
                turned=False,
                beyond=False,
            )
            for watch in self._watches
            for row in np.flatnonzero(watch.standing.raised).tolist()
        ]

    def words(self, change: AlertChange) -> str:
        """What a change means, in plain words.

        Args:
            change: one that `look` gave.
        """
        rule = next((watch.rule for watch in self._watches if watch.rule.name == change.rule), None)
        if rule is None:
            return f"{change.series}: there is no such rule any more"
        meaning = self._series.meaning_of(change.series)
        return words(change, rule, "" if meaning is None else meaning.unit)

    def complaint(self) -> str | None:
        """What of the rules cannot be, where it has not been said yet."""
        problem = self.problem
        if problem == self._said:
            return None
        self._said = problem
        return problem

    @property
    def problem(self) -> str | None:
        """What of the rules cannot be, in words with advice; None where all is well, or a start was just now."""
        lines = [f"[[alert]] {text}" for text in self._shortfalls]
        if self._watches and self._moment() - self._start >= SETTLED:
            alone = without_series(self._alone_now(), self._series.names)
            lines += [] if alone is None else [alone]
        return "; ".join(lines) or None

    def _alone_now(self) -> Sequence[AlertRule]:
        """Rules that take none of the series; each name is looked at once, as this is asked after every step."""
        rules, known = self._alone
        names = self._series.names
        if len(names) > known:
            new = names[known:]
            rules = [rule for rule in rules if not any(map(rule.takes, new))]
            self._alone = rules, known + len(new)
        return rules

    def dump(self, *, whole: bool = False) -> Mapping[str, bytes]:
        """As `Stateful.dump`: what is raised, by rule and series."""
        entries = dict.fromkeys(self._useless, b"")
        self._useless.clear()
        for watch in self._watches:
            for row, data in watch.dump(whole=whole).items():
                name = "" if row is None else self._names[row]
                entries[f"{watch.rule.name}{_BETWEEN}{name}"] = data
        return entries

    def load(self, entries: Mapping[str, bytes]) -> None:
        """As `Stateful.load`; what is of rules or series that are no more is forgotten.

        Raises:
            ValueError: an entry is damaged.
        """
        watches = {watch.rule.name: watch for watch in self._watches}
        for key, data in entries.items():
            name, _, series = key.partition(_BETWEEN)
            watch, index = watches.get(name), self._series.get(series)
            if watch is not None and not series:
                watch.go_on(len(self._series))
            elif watch is None or index is None or not watch.rule.takes(series):
                self._useless.add(key)
                if series and index is not None and stood(data):
                    self._gone.append((name, index))
            else:
                watch.load(index, data)
        self._hear([])


def _changes(watch: Watch, names: Sequence[str], said: Said, turned: Bool, changed: Bool, model: str) -> Iterable[AlertChange]:
    is_raised = watch.standing.raised[said.series]
    for row in np.flatnonzero(turned | changed).tolist():
        yield AlertChange(
            watch.rule.name,
            names[said.series[row]],
            bool(is_raised[row]),
            _number(said.probability[row]),
            *_moments(said.crossing[row]),
            int(said.origin[row]),
            model,
            turned=bool(turned[row]),
            beyond=bool(said.beyond[row]),
            value=_number(said.value[row]),
            measured=None if said.measured[row] == NEVER else int(said.measured[row]),
        )


def _points(watch: Watch, said: Said, turned: Bool, rows: Bool, model: str) -> list[Points]:
    told = said.take(rows)
    state = watch.standing.raised[told.series].astype(np.int64)
    columns: list[Float64 | Int64 | Int32 | str] = [
        state,
        turned[rows].astype(np.int64),
        told.probability,
        *map(_seconds, told.crossing.T),
        model,
    ]
    fields = {field.name: column for field, column in zip(ALERT.fields, columns, strict=True)}
    return [Points(ALERT, told.series, told.origin, fields, labels={RULE: watch.rule.name})]


def _scores(watch: Watch, verdicts: Verdicts) -> Points:
    columns: list[Float64 | Int64 | Int32 | str] = [verdicts.hit, verdicts.miss, verdicts.false_alarm, verdicts.gained]
    fields = {field.name: column for field, column in zip(ALERT_SCORE.fields, columns, strict=True)}
    return Points(ALERT_SCORE, verdicts.series, verdicts.origin, fields, labels={RULE: watch.rule.name})


def _seconds(moments: Int64) -> Float64:
    return np.where(moments == NEVER, np.nan, moments / SECOND)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _moments(crossing: Int64) -> tuple[int | None, int | None, int | None]:
    expected, earliest, latest = (None if moment == NEVER else moment for moment in crossing.tolist())
    return expected, earliest, latest
