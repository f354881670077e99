"""How each series stands: live, silent, or without forecasts and why. No I/O."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase

from edge.contract.times import DAY
from edge.quoting import did_you_mean
from edge.series.silence import PATIENCE
from edge.stores.asking.rows import Newest, Scored

LATE = 3  # intervals that a forecast may be behind its readings


class State(Enum):
    """How a series stands."""

    LIVE = "live"
    SILENT = "silent"
    NEVER = "no forecast"
    STOPPED = "forecasts stopped"


@dataclass(frozen=True, slots=True)
class Standing:
    """One series with what can be said of it.

    Args:
        series: its newest reading and forecast.
        interval: length of its intervals, ns; None where nobody has told it.
        scored: errors of its forecasts; None where none was scored in the time looked at.
        state: live, silent, or without forecasts.
        reason: reason why it is not live, and what to do; empty where it is.
        since: moment since which it is not live, ns UTC; None where it is, or never was.
    """

    series: Newest
    interval: int | None
    scored: Scored | None
    state: State
    reason: str = ""
    since: int | None = None

    @property
    def gain(self) -> float | None:
        """1 - error ÷ seasonal-naive error; minus infinity and None as of `Scored`."""
        return None if self.scored is None else self.scored.gain


def standings(known: Iterable[Newest], scored: Mapping[str, Scored], interval: int | None, now: int) -> list[Standing]:
    """How each series stands, in the order given.

    Args:
        known: series to tell of, and all others of the store.
        scored: errors by the name of the series.
        interval: length of an interval of series that do not tell theirs, ns; None where nobody has told it.
        now: time of the clock, ns UTC.
    """
    known = list(known)
    newest = max((series.origin for series in known if series.origin is not None), default=None)
    return [_standing(series, scored.get(series.name), series.interval or interval, newest, now) for series in known]


def _standing(series: Newest, scored: Scored | None, interval: int | None, newest: int | None, now: int) -> Standing:
    """One of them; `newest` is the newest origin of all series, ns UTC."""
    step = interval or DAY
    if now - series.time > PATIENCE * step:
        reason = "check the sensor, its battery and its connection"
        return Standing(series, interval, scored, State.SILENT, reason, series.time)
    if series.origin is None:
        if newest is None:
            reason = "no agent has forecast anything yet: gatecast-agent check says whether one is ready"
        elif series.time < newest - LATE * step:
            reason = "its readings are older than the agent's: they were imported, or come no more"
        else:
            reason = "too few readings yet, or no slot: gatecast-agent topics, [agent] max_series"
        return Standing(series, interval, scored, State.NEVER, reason)
    if series.time - series.origin > LATE * step:
        if newest is not None and newest > series.origin + LATE * step:
            reason = "other series have newer ones: is there a slot left, [agent] max_series?"
        else:
            reason = "is gatecast-agent running?"
        return Standing(series, interval, scored, State.STOPPED, reason, series.origin)
    return Standing(series, interval, scored, State.LIVE)


SORTS: dict[str, Callable[[Standing], tuple[bool, float | str]]] = {
    "name": lambda row: (False, row.series.name),
    "last": lambda row: (False, row.series.time),
    "error": lambda row: (row.scored is None, 0.0 if row.scored is None else -row.scored.error),
    "gain": lambda row: (row.gain is None, row.gain or 0.0),
    "state": lambda row: (row.state is State.LIVE, -list(State).index(row.state)),
}


def in_order(rows: Iterable[Standing], by: str) -> list[Standing]:
    """What wants a look comes first: the oldest reading, the largest error, the smallest gain, what is not live."""
    return sorted(sorted(rows, key=SORTS["name"]), key=SORTS[by])


def matching(names: Iterable[str], pattern: str) -> set[str]:
    """The names that a pattern with `*`, `?` and `[…]` names, or that it is."""
    return {name for name in names if name == pattern or fnmatchcase(name, pattern)}


def nobody(name: str, names: Iterable[str]) -> str:
    """Why there is no such series, and which one may be meant."""
    known = sorted(names)
    near = did_you_mean(name, known) or (f"; there are {', '.join(known[:3])}{' …' if len(known) > 3 else ''}" if known else "")
    return f"the store has no series {name!r}{near or '; run gatecast import FILE, or let the agent collect some first'}"
