"""A history on the grid, checked before anything is trained on it.

`validate` says what is wrong with which series, and `refuse` stops where nothing is left to train on. Nothing here makes a
copy of the whole table.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.contract.columns import Float64
from edge.contract.contract import Contract
from edge.contract.times import DAY, format_duration, iso
from edge.errors import HistoryError, HistoryTooShort
from edge.forecaster.level import LARGEST_VALUE, is_known
from edge.quoting import counted
from pipeline.history.cells import Arrivals
from pipeline.history.defaults import rounded
from pipeline.history.table import Table
from pipeline.history.windows import COUNTED, ROUNDING, Split, has_window, split, stands_still

MOST_MISSING = 0.5
LEAST_RISES, RISING = 100, 0.2  # rises of a series that is taken for a meter: their number, and their share of all steps
RESETS = 0.05  # largest share of falls among the steps of a meter: some begin again every day
PIECE = 1_000_000  # intervals of a series that are looked at together


@dataclass(frozen=True, slots=True)
class SeriesReport:
    """What there is of one series.

    Args:
        name: name of the series.
        first: time of its earliest reading, ns UTC; None without any.
        last: time of its latest reading, ns UTC; None without any.
        readings: rows in the history.
        intervals: number of intervals from its first filled one to its last.
        missing: share of these that is NaN; NaN without any.
        gaps: number of runs of missing intervals.
        longest_gap: ns.
        duplicates: readings at a time that another one of the series has too; the last to arrive counts.
        out_of_order: readings that are older than the one before.
        not_finite: readings that are infinite or NaN; they do not count.
        flat: intervals in the longest run of one and the same value.
        stray: filled intervals far away from those of the others; they are left out.
        jumps: intervals whose increase is left out, as such a counter never adds so much.
        problem: reason for which it cannot be trained on, or None.
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
    stray: int
    jumps: int
    problem: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """What there is of every series.

    Args:
        series: one report per row of the table.
        start: start of the table, ns UTC.
        end: end of the table, ns UTC.
        interval: length of an interval, ns.
        split: parts of the table; None where it is too short, which is then the problem of every series.
    """

    series: tuple[SeriesReport, ...]
    start: int
    end: int
    interval: int
    split: Split | None = None


@dataclass(frozen=True, slots=True)
class _Coverage:
    """Facts that one row of the table tells, in intervals."""

    intervals: int
    missing: float
    gaps: int
    longest_gap: int
    flat: int


def _coverage(values: Float64, size: int) -> _Coverage:
    """A row may be long, so it is looked at piece by piece; the last filled interval of a piece leads on to the next."""
    first = last = -1
    known = gaps = longest_gap = flat = run = 0
    value = np.zeros(0)
    for begin in range(0, len(values), size):
        piece = values[begin : begin + size]
        filled = np.flatnonzero(np.isfinite(piece))
        if not len(filled):
            continue
        known += len(filled)
        value = np.append(value, piece[filled])
        filled += begin
        if first < 0:
            first = last = int(filled[0])
        steps = np.diff(filled, prepend=last)
        gaps += int(np.count_nonzero(steps > 1))
        longest_gap = max(longest_gap, int(steps.max()) - 1)
        last = int(filled[-1])
        changes = np.flatnonzero(np.abs(value[1:] - value[:-1]) > ROUNDING * np.abs(value[1:])) + 1
        runs = np.diff(changes, prepend=0, append=len(value))
        runs[0] += run
        flat = max(flat, int(runs.max()))
        # The last value goes into the next piece, the others of its run are counted already.
        value, run = value[-1:], int(runs[-1]) - 1
    if not known:
        return _Coverage(0, np.nan, 0, 0, 0)
    intervals = last - first + 1
    return _Coverage(intervals, 1 - known / intervals, gaps, longest_gap, flat)


def validate(arrivals: Arrivals, table: Table, contract: Contract, piece: int = PIECE) -> Report:
    """Everything worth knowing about the history before it is trained on; nothing is changed.

    Args:
        arrivals: facts that the readings told on their way into the table.
        table: history on the grid.
        contract: window and horizon, which decide how much is enough.
        piece: number of intervals of a series that are looked at together.
    """
    coverage = [_coverage(values, piece) for values in table.rows()]
    try:
        parts = split(table, contract)
        problems = _problems(table, contract, coverage, parts.training, piece)
    except HistoryTooShort as error:
        parts, problems = None, [str(error) if row.intervals else "no readings" for row in coverage]
    for row, covered in enumerate(coverage):
        if not covered.intervals and arrivals.stray[row]:
            problems[row] = "all of its readings lie far away from those of the others; was its clock right?"
        elif not covered.intervals and arrivals.readings[row] and table.counting[row]:
            problems[row] = (
                "its readings give no increase yet: a counter needs one in each of two intervals in a row; collect more history"
            )
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
            stray=int(arrivals.stray[row]),
            jumps=int(arrivals.jumps[row]),
            problem=problems[row],
        )
        for row, name in enumerate(table.names)
    ]
    return Report(tuple(rows), table.start, table.end, table.interval, parts)


def _problems(table: Table, contract: Contract, coverage: Sequence[_Coverage], training: range, piece: int) -> list[str | None]:
    """Why each series cannot be trained on, the gravest reason first."""
    problems: list[str | None] = []
    for covered, values, counter in zip(coverage, table.rows(), table.counting.tolist(), strict=True):
        learned = values[training.start : training.stop]
        if not covered.intervals:
            problems.append("no readings")
        elif covered.missing > MOST_MISSING:
            problems.append(
                f"{covered.missing:.0%} of its intervals of {format_duration(table.interval)} hold no reading (at most "
                f"{MOST_MISSING:.0%}), {_remedy(covered, table.interval)}"
            )
        elif _all_huge(learned, piece):
            problems.append(f"all of its values are {LARGEST_VALUE:g} or more, which counts as missing; use a larger unit")
        elif not has_window(values, contract, training, table.first, piece):
            problems.append(
                f"no window of {contract.reach} intervals with {contract.horizon} to forecast lies before "
                f"{iso(table.start + training.stop * table.interval)}, where training ends; collect more history"
            )
        elif stands_still(float(np.fmin.reduce(learned)), float(np.fmax.reduce(learned)), COUNTED if counter else ROUNDING):
            problems.append("it never changes while it is trained on; leave it out, or check the sensor")
        else:
            problems.append(None)
    return problems


def _remedy(covered: _Coverage, interval: int) -> str:
    """What to do about intervals without a reading: the gaps are few and long, or they are everywhere."""
    if covered.longest_gap > covered.missing * covered.intervals / 2:
        days = covered.longest_gap * interval / DAY
        return f"most of them in one gap of {days:.1f} days; import the readings of that time, or collect more history"
    return (
        f"one comes about every {format_duration(rounded(interval / (1 - covered.missing)))}; "
        'set a longer [fleet] interval, or, where it reports on change, [[ingest]] fill = "hold"'
    )


def _all_huge(values: Float64, piece: int) -> bool:
    """Whether the values of a row, of which there are some, are all too large for a model."""
    pieces = (np.abs(values[begin : begin + piece]) for begin in range(0, len(values), piece))
    least = min((float(np.fmin.reduce(sizes)) for sizes in pieces if np.isfinite(sizes).any()), default=0.0)
    return least >= LARGEST_VALUE


def can_judge(table: Table, contract: Contract, part: range) -> bool:
    """Whether any series has a window that can be learned from or judged in that part of the columns."""
    return any(has_window(values, contract, part, table.first) for values in table.rows())


def refuse(report: Report) -> tuple[str, ...]:
    """Stop where nothing can be trained on; else say which series are left out.

    Returns:
        One warning line per series that `trainable` leaves out.

    Raises:
        HistoryError: every series has a problem; names the reasons, the commonest first. Where the only one is that there is
            too little of it, `HistoryTooShort`.
    """
    lines = tuple(f"series {series.name!r} is left out: {series.problem}" for series in report.series if series.problem)
    if len(lines) < len(report.series):
        return lines
    reasons = Counter(series.problem for series in report.series).most_common()
    examples = {series.problem: series.name for series in reversed(report.series)}
    shown = "; ".join(
        f"{count} of {len(report.series)} series, such as {examples[reason]!r}: {reason}" for reason, count in reasons[:3]
    )
    more = f"; and {len(reasons) - 3} more reasons" if len(reasons) > 3 else ""
    kind = HistoryTooShort if report.split is None else HistoryError
    raise kind(f"nothing can be trained on this history: {shown}{more}")


def strays(report: Report) -> tuple[str, ...]:
    """One warning line per series of which intervals far away from all others are left out."""
    lines = []
    for series in report.series:
        if not series.stray or not series.intervals or series.first is None or series.last is None:
            continue
        moment = series.first if series.first < report.start else series.last
        what = counted(series.stray, "interval")
        lines.append(
            f"series {series.name!r}: {what} far away from all others, at {iso(moment)}, left out; was its clock right? "
            f"The fleet's readings lie between {iso(report.start)} and {iso(report.end)}"
        )
    return tuple(lines)


def jumps(report: Report) -> tuple[str, ...]:
    """One warning line per counter of which increases are left out."""
    return tuple(
        f"series {series.name!r}: {counted(series.jumps, 'increase is', 'increases are')} left out, as "
        "the counter usually adds far less in an interval: wrong readings, or another meter. Nothing has to be done; where "
        "wrong readings come often, set [[ingest]] max"
        for series in report.series
        if series.jumps
    )


def meters(table: Table) -> tuple[str, ...]:
    """A warning line about series that look like meters and are forecast as values, as no rule calls them counters."""
    names = [
        name
        for name, values, counter in zip(table.names, table.rows(), table.counting.tolist(), strict=True)
        if not counter and _grows(values)
    ]
    if not names:
        return ()
    others = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
    line = (
        f"values that rise and hardly ever fall, as those of a meter: series {names[0]!r}{others}. For a forecast of what a "
        'meter adds, set kind = "counter" in its [[ingest]] rule; beside a preset in a section of its own'
    )
    return (line,)


def _grows(values: Float64) -> bool:
    """Whether a series does nearly nothing but rise, apart from resets.

    Args:
        values: values of the series, float64 `[intervals]`, NaN for missing.
    """
    steps = np.diff(values[is_known(values)])
    rises, falls = int((steps > 0).sum()), int((steps < 0).sum())
    return rises >= LEAST_RISES and rises >= RISING * len(steps) and falls <= RESETS * len(steps)


def stopped(report: Report) -> tuple[str, ...]:
    """One warning line per series that is trained on and has no reading where forecasts are judged."""
    if report.split is None:
        return ()
    begin = report.start + report.split.held_out.start * report.interval
    return tuple(
        f"series {series.name!r} has no reading since {iso(series.last)}: it is trained on and not judged; check the sensor"
        for series in report.series
        if series.problem is None and series.last is not None and series.last < begin
    )


def trainable(table: Table, report: Report) -> Table:
    """The table without the series that have a problem."""
    return table.take([row for row, series in enumerate(report.series) if series.problem is None])
