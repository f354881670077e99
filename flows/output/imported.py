"""What `gatecast import` tells."""

from collections import Counter

from edge.contract.times import DAY, SECOND, UNITS, format_duration, iso
from edge.quoting import counted
from edge.tables.words import MISDATED
from pipeline.files.importing import Imported, SeriesSeen, Survey
from pipeline.files.tally import Repeated
from pipeline.history.from_store import Needs

NAMED = 5  # series that a line names
LISTED = 20  # series that a dry run lists


def imported_text(imported: Imported, url: str, needs: Needs | None) -> list[str]:
    """What came in, what did not and why, and what `retrain` will make of it; one fact a line."""
    survey = imported.survey
    lines = [f"{_count(imported)} are in {url}", *_facts(survey, imported.repeated)]
    if needs is not None:
        short = needs.held < needs.needed
        lack = f"; this needs {needs.needed / DAY:.1f} days of history, the store holds {needs.held / DAY:.1f}" if short else ""
        lines.append(f"  retrain takes: {needs.contract.words}{lack}")
    ready = needs is not None and needs.held >= needs.needed
    return [*lines, "next: gatecast retrain" if ready else "next: import or collect more, then gatecast retrain"]


def imported_document(imported: Imported, needs: Needs | None) -> dict[str, object]:
    """The same as data."""
    survey, repeated = imported.survey, imported.repeated
    return {
        "readings": imported.stored,
        "rows": survey.rows,
        "repeated": 0 if repeated is None else repeated.rows,
        "different": 0 if repeated is None else repeated.different,
        "not_finite": survey.not_finite,
        "misdated": survey.misdated,
        "series": len(survey.series),
        "unmatched": list(survey.strange),
        "first": iso(survey.first),
        "last": iso(survey.last),
        "notes": list(survey.notes),
        "interval": None if needs is None else format_duration(needs.contract.interval),
        "window": None if needs is None else needs.contract.window,
        "horizon": None if needs is None else needs.contract.horizon,
    }


def survey_text(imported: Imported, source: str) -> list[str]:
    """How a file is understood: its series, their intervals and ranges, and the first rows."""
    survey = imported.survey
    names = [series.name for series in survey.series[:LISTED]]
    width = max(map(len, (*names, "series")))
    lines = [
        f"{source} holds {_count(imported)}; nothing was written",
        *_facts(survey, imported.repeated),
        f"  {'series':<{width}}  {'rows':>10}  interval  first to last",
    ]
    for series in survey.series[:LISTED]:
        span = f"{iso(series.first)} to {iso(series.last)}"
        lines.append(f"  {series.name:<{width}}  {series.rows:>10,}  {_interval(series.interval):<8}  {span}")
    if len(survey.series) > LISTED:
        lines.append(f"  and {len(survey.series) - LISTED:,} more series")
    lines.append("  the first readings, times in UTC:")
    lines += [f"    {_precise(time)}  {name}  {value:.12g}" for name, time, value in survey.readings]
    return [*lines, "next: the same without --dry-run"]


def survey_document(imported: Imported) -> dict[str, object]:
    """The same as data."""
    survey, repeated = imported.survey, imported.repeated
    return {
        "stored": imported.stored,
        "rows": survey.rows,
        "repeated": 0 if repeated is None else repeated.rows,
        "different": 0 if repeated is None else repeated.different,
        "not_finite": survey.not_finite,
        "misdated": survey.misdated,
        "series": [
            {
                "name": series.name,
                "rows": series.rows,
                "first": iso(series.first),
                "last": iso(series.last),
                "interval": _interval(series.interval) if series.interval else None,
            }
            for series in survey.series
        ],
        "unmatched": list(survey.strange),
        "first": iso(survey.first),
        "last": iso(survey.last),
        "readings": [{"series": name, "time": _precise(time), "value": value} for name, time, value in survey.readings],
        "notes": list(survey.notes),
    }


def _count(imported: Imported) -> str:
    """How many readings of how many series there are, and of how many rows where rows collide."""
    survey = imported.survey
    readings = counted(imported.stored, "reading") + (f" from {counted(survey.rows, 'row')}" if imported.repeated else "")
    return f"{readings} of {len(survey.series):,} series"


def _facts(survey: Survey, repeated: Repeated | None) -> list[str]:
    """Series, time and interval, and what was decided and left out."""
    count = len(survey.series)
    names = ", ".join(series.name for series in survey.series[:NAMED])
    lines = [
        f"  series: {names}" + (f" and {count - NAMED:,} more" if count > NAMED else ""),
        f"  time: {iso(survey.first)} to {iso(survey.last)}{_intervals(survey.series)}",
        *(f"  {note}" for note in survey.notes),
    ]
    if repeated is not None:
        other = f"; {repeated.different:,} of them with another value, first {repeated.example}" if repeated.different else ""
        lines.append(
            f"  overwritten by a later row of the same series and time: {counted(repeated.rows, 'row')}, "
            f"first {repeated.series!r} at "
            f"{iso(repeated.time)}{other}"
        )
    if survey.not_finite:
        lines.append(f"  infinite values, left out: {survey.not_finite:,}")
    if survey.misdated:
        lines.append(f"  {MISDATED}, left out: {survey.misdated:,}")
    if survey.strange:
        lines.append(
            f"  in no [[ingest]] topic: {len(survey.strange):,} of {count:,} series, such as {survey.strange[0]!r}; live "
            "readings never continue them, check [[ingest]] series"
        )
    return lines


def _intervals(series: tuple[SeriesSeen, ...]) -> str:
    """The usual steps of the series, the most frequent first."""
    steps = Counter(_interval(known.interval) for known in series if known.interval)
    if not steps:
        return ""
    (usual, _), *others = steps.most_common()
    return f", every {usual}" + (f" (others {', '.join(step for step, _ in others[:3])})" if others else "")


def _interval(step: int) -> str:
    """A step as people say it, rounded to a unit that leaves at most four digits."""
    if not step:
        return "-"
    unit = next((UNITS[name] for name in ("ns", "us", "ms", "s", "min", "h", "d") if step < 1_000 * UNITS[name]), DAY)
    return format_duration(max(1, round(step / unit)) * unit)


def _precise(time: int) -> str:
    """A moment with the digits behind the second that it has."""
    rest = time % SECOND
    return iso(time) if not rest else f"{iso(time)[:-1]}.{f'{rest:09}'.rstrip('0')}Z"
