"""History from a store or a file, checked before anything is trained on it.

`read_file` or a store gives readings, `to_table` puts them on the grid, `validate` says what is wrong with which
series, and `refuse` stops where nothing is left to train on.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.contract import Contract, Float32, Int64, Readings, format_duration
from edge.errors import HistoryError
from pipeline.reading_files import read_file
from pipeline.table import Table, guess_interval, iso, to_table
from pipeline.windows import samples, split

__all__ = [
    "Report",
    "SeriesReport",
    "Table",
    "guess_interval",
    "iso",
    "read_file",
    "refuse",
    "to_table",
    "trainable",
    "validate",
]

MOST_MISSING = 0.5


@dataclass(frozen=True, slots=True)
class SeriesReport:
    """What there is of one series.

    Args:
        name: of the series.
        first: time of its earliest reading, ns UTC; None without any.
        last: time of its latest reading, ns UTC; None without any.
        readings: rows in the history.
        intervals: from its first filled interval to its last.
        missing: share of these that is NaN; NaN without any.
        gaps: runs of missing intervals.
        longest_gap: ns.
        duplicates: readings at a time that another one of the series has too; the last to arrive counts.
        out_of_order: readings that are older than the one before.
        not_finite: readings that are infinite or NaN; they do not count.
        flat: intervals in the longest run of one and the same value.
        problem: why it cannot be trained on, or None.
    """

    name: str
    first: int | None
    last: int | None
    readings: int
    intervals: int
    missing: float
    gaps: int
    longest_gap: int
    duplicates: int
    out_of_order: int
    not_finite: int
    flat: int
    problem: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """What there is of every series.

    Args:
        series: one per row of the table.
        start: of the table, ns UTC.
        end: of the table, ns UTC.
        interval: of the table, ns.
    """

    series: tuple[SeriesReport, ...]
    start: int
    end: int
    interval: int


@dataclass(frozen=True, slots=True)
class _Arrivals:
    """Facts that only the readings tell, one per series, int64 `[series]`."""

    first: Int64
    last: Int64
    readings: Int64
    duplicates: Int64
    out_of_order: Int64
    not_finite: Int64


def _arrivals(count: int, readings: Readings) -> _Arrivals:
    facts = _Arrivals(*(np.zeros(count, np.int64) for _ in range(6)))
    facts.not_finite[:] = np.bincount(readings.series[~np.isfinite(readings.value)], minlength=count)
    in_order = bool((readings.series[1:] >= readings.series[:-1]).all())
    order = slice(None) if in_order else np.argsort(readings.series, kind="stable")
    series, time = readings.series[order], readings.time[order]
    bounds = np.searchsorted(series, np.arange(count + 1))
    for row in range(count):
        moments = time[bounds[row] : bounds[row + 1]]
        facts.readings[row] = len(moments)
        if len(moments):
            facts.out_of_order[row] = np.count_nonzero(moments[1:] < moments[:-1])
            moments = np.sort(moments)
            facts.first[row], facts.last[row] = moments[0], moments[-1]
            facts.duplicates[row] = np.count_nonzero(moments[1:] == moments[:-1])
    return facts


@dataclass(frozen=True, slots=True)
class _Coverage:
    """Facts that one row of the table tells, in intervals."""

    intervals: int
    missing: float
    gaps: int
    longest_gap: int
    flat: int


def _coverage(values: Float32) -> _Coverage:
    filled = np.flatnonzero(np.isfinite(values))
    if not len(filled):
        return _Coverage(0, np.nan, 0, 0, 0)
    steps = np.diff(filled)
    known = values[filled]
    changes = np.flatnonzero(np.concatenate([[True], known[1:] != known[:-1], [True]]))
    intervals = int(filled[-1] - filled[0]) + 1
    return _Coverage(
        intervals=intervals,
        missing=1 - len(filled) / intervals,
        gaps=int(np.count_nonzero(steps > 1)),
        longest_gap=int(steps.max(initial=1)) - 1,
        flat=int(np.diff(changes).max()),
    )


def validate(names: Sequence[str], readings: Readings, table: Table, contract: Contract) -> Report:
    """Everything worth knowing about the history before it is trained on; nothing is changed.

    Args:
        names: of the series that the readings index.
        readings: that the table was made of.
        table: the same readings on the grid.
        contract: window and horizon decide how much is enough.
    """
    arrivals = _arrivals(len(names), readings)
    coverage = [_coverage(values) for values in table.values]
    problems = _problems(table, contract, coverage)
    rows = [
        SeriesReport(
            name=name,
            first=int(arrivals.first[row]) if arrivals.readings[row] else None,
            last=int(arrivals.last[row]) if arrivals.readings[row] else None,
            readings=int(arrivals.readings[row]),
            intervals=coverage[row].intervals,
            missing=coverage[row].missing,
            gaps=coverage[row].gaps,
            longest_gap=coverage[row].longest_gap * table.interval,
            duplicates=int(arrivals.duplicates[row]),
            out_of_order=int(arrivals.out_of_order[row]),
            not_finite=int(arrivals.not_finite[row]),
            flat=coverage[row].flat,
            problem=problems[row],
        )
        for row, name in enumerate(names)
    ]
    return Report(tuple(rows), table.start, table.end, table.interval)


def _problems(table: Table, contract: Contract, coverage: Sequence[_Coverage]) -> list[str | None]:
    """Why each series cannot be trained on, the gravest reason first."""
    try:
        training = split(table, contract).training
    except HistoryError as error:
        return [str(error) if one.intervals else "no readings" for one in coverage]
    learnable = np.bincount(samples(table, contract, training).series, minlength=len(coverage))
    problems: list[str | None] = []
    for row, (one, values) in enumerate(zip(coverage, table.values, strict=True)):
        learned = values[training.start : training.stop]
        learned = learned[np.isfinite(learned)]
        if not one.intervals:
            problems.append("no readings")
        elif one.missing > MOST_MISSING:
            problems.append(
                f"{one.missing:.0%} of its intervals of {format_duration(table.interval)} hold no reading (at most "
                f"{MOST_MISSING:.0%}); choose a longer interval"
            )
        elif not learnable[row]:
            problems.append(
                f"no window of {contract.window} intervals with {contract.horizon} to forecast lies before "
                f"{iso(table.start + training.stop * table.interval)}, where training ends; collect more history"
            )
        elif learned.min() == learned.max():
            problems.append("it never changes while it is trained on; leave it out, or check the sensor")
        else:
            problems.append(None)
    return problems


def refuse(report: Report) -> tuple[str, ...]:
    """Stop where nothing can be trained on; else say which series are left out.

    Returns:
        One warning line per series that `trainable` leaves out.

    Raises:
        HistoryError: every series has a problem; names the reasons, the commonest first.
    """
    lines = tuple(f"series {one.name!r} is left out: {one.problem}" for one in report.series if one.problem)
    if len(lines) < len(report.series):
        return lines
    reasons = Counter(one.problem for one in report.series).most_common()
    shown = "; ".join(f"{count} of {len(report.series)} series: {reason}" for reason, count in reasons[:3])
    more = f"; and {len(reasons) - 3} more reasons" if len(reasons) > 3 else ""
    raise HistoryError(f"nothing can be trained on this history: {shown}{more}")


def trainable(table: Table, report: Report) -> Table:
    """The table without the series that have a problem."""
    rows = [row for row, one in enumerate(report.series) if one.problem is None]
    return Table(tuple(table.names[row] for row in rows), table.start, table.interval, table.values[rows])
