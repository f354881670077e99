"""The series of a store as a table for a person, and as data for a program. No I/O."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from edge.contract.times import SECOND, format_duration, iso
from edge.forecaster.manifest import VERSION
from edge.quoting import FAR, one_line
from flows.commands.looking.standing import Standing, State
from flows.output.tables import finite
from pipeline.report.page import DASH, gain, number, percent

HEADERS = ("series", "last", "at", "every", "forecast by", "error", "naive", "gain", "coverage", "state")
FAR_WORSE = "far worse: more than twice the error of the value one day before;"
LEFT = {"series", "at", "forecast by", "state"}
SPARED = ("coverage", "naive", "every", "forecast by", "at")  # columns that a narrow terminal does without, in this order
FEWEST = 12  # characters of a name that every terminal shows
LONGEST = 40  # characters of a name or a unit in the table


def moment(time: int, now: int, zone: tzinfo | None = None) -> str:
    """A time on the clock of the one who reads it; a day that is not today is named.

    Args:
        time: the time, ns UTC.
        now: time of the clock, ns UTC.
        zone: time zone; None: that of the machine.
    """
    local, today = (datetime.fromtimestamp(point // SECOND, UTC).astimezone(zone) for point in (time, now))
    return f"{local:%H:%M:%S}" if local.date() == today.date() else f"{local:%Y-%m-%d %H:%M}"


def series_text(rows: Sequence[Standing], over: int, now: int, zone: tzinfo | None = None, *, width: int = 120) -> str:
    """A line for each series, and what the columns are.

    Args:
        rows: series in their order.
        over: time over which errors are averaged, ns.
        now: time of the clock, ns UTC.
        zone: time zone of the times; None: that of the machine.
        width: columns of the terminal; where the table is wider, some of its columns are left out.
    """
    cells = [HEADERS, *(_cells(row, now, zone) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADERS))]
    shown = list(range(len(HEADERS)))
    for header in SPARED:
        if sum(widths[column] + 2 for column in shown) - 2 > width:
            shown.remove(HEADERS.index(header))
    widths[0] = max(FEWEST, min(widths[0], widths[0] + width + 2 - sum(widths[column] + 2 for column in shown)))
    lines = []
    for row in ((_end(name, widths[0]), *others) for name, *others in cells):
        texts = (
            row[column].ljust(widths[column]) if HEADERS[column] in LEFT else row[column].rjust(widths[column])
            for column in shown
        )
        lines.append("  ".join(texts).rstrip())
    counted = Counter(row.state for row in rows)
    told = ", ".join(f"{counted[state]:,} {state.value}" for state in State if counted[state])
    words = [
        f"{len(rows):,} series: {told}; times are {_zone(now, zone)}",
        f"error: mean absolute error of the last {format_duration(over)}, in the unit of the series;",
        "naive: the same of the value one day before; gain: 1 - error / naive;",
        "coverage: share of the facts within the outermost quantiles",
    ]
    if any(row.gain is not None and row.gain < FAR for row in rows):
        words.insert(3, FAR_WORSE)
    return "\n".join([*lines, *words, *_advice(rows)])


def _advice(rows: Sequence[Standing]) -> list[str]:
    """What to do about those that are not live: each reason once, with how many it is of."""
    counted = Counter((row.state, row.reason) for row in rows if row.state is not State.LIVE)
    return [f"{state.value} ({count:,}): {reason}" for (state, reason), count in counted.most_common()]


def _cells(row: Standing, now: int, zone: tzinfo | None) -> tuple[str, ...]:
    series, scored = row.series, row.scored
    state = row.state.value + ("" if row.since is None else f" since {moment(row.since, now, zone)}")
    return (
        _short(series.name),
        f"{number(series.value, 4)} {_short(series.unit)}".rstrip(),
        moment(series.time, now, zone),
        DASH if row.interval is None else format_duration(row.interval),
        forecaster(series.model) or DASH,
        number(None if scored is None else scored.error),
        number(None if scored is None else scored.naive),
        gain(row.gain),
        percent(None if scored is None else finite(scored.coverage)),
        state,
    )


def forecaster(model: str) -> str:
    """Cell and end of a version, such as `lstm f0bd0f2c`; a baseline is named as it is."""
    return " ".join(model.split("-")[1:]) if VERSION.fullmatch(model) else _short(model)


def _short(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _end(name: str, most: int) -> str:
    """The end of a name, which tells it from its neighbours."""
    return name if len(name) <= most else f"…{name[len(name) - most + 1 :]}"


def _zone(now: int, zone: tzinfo | None) -> str:
    return f"{datetime.fromtimestamp(now // SECOND, UTC).astimezone(zone):%Z}" or "local"


def series_document(rows: Sequence[Standing], over: int) -> dict[str, object]:
    """The same as JSON types; absent is null, times are UTC."""
    return {"error_over_seconds": over / SECOND, "series": [_document(row) for row in rows]}


def _document(row: Standing) -> dict[str, object]:
    series, scored = row.series, row.scored
    return {
        "name": series.name,
        "last": finite(series.value),
        "time": iso(series.time),
        "interval_seconds": None if row.interval is None else row.interval / SECOND,
        "unit": series.unit or None,
        "forecast_by": series.model or None,
        "origin": None if series.origin is None else iso(series.origin),
        "scores": 0 if scored is None else scored.count,
        "error": None if scored is None else finite(scored.error),
        "naive_error": None if scored is None else finite(scored.naive),
        "gain": finite(row.gain),
        "coverage": None if scored is None else finite(scored.coverage),
        "state": row.state.value,
        "since": None if row.since is None else iso(row.since),
        "reason": row.reason or None,
    }
