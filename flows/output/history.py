"""What `gatecast history` tells."""

from rich.console import Console

from edge.contract.times import UNITS, format_duration, iso
from edge.quoting import counted
from flows.output.tables import rich_table
from pipeline.history.defaults import rounded
from pipeline.report.page import DASH, Grid
from pipeline.sources.survey import Survey, SurveyedSeries, SurveyedSource

DAY = len("2026-01-31")
WIDTH = 400  # characters of the narrowest table: a terminal may wrap its lines, but no date and no number is folded
MOST = 60  # series of one source that a terminal shows
ENOUGH = 10  # units of time that a length has at least, so that rounding hides little of it
CLOSE = 0.05  # a usual spacing that is so near to a round one is shown as that
HEADERS = ("series", "readings", "first", "last", "interval", "gaps", "unit", "live", "usable")


def survey_text(survey: Survey) -> str:
    """A table for each source; below it what does not count and what to do."""
    console = Console(highlight=False, width=max(Console().width, WIDTH))
    with console.capture() as captured:
        for source in survey.sources:
            _show(console, source, survey)
        for line in _together(survey):
            console.print(line, markup=False, soft_wrap=True)
    return captured.get().rstrip()


def _show(console: Console, source: SurveyedSource, survey: Survey) -> None:
    def line(text: str) -> None:
        console.print(text, markup=False, soft_wrap=True)

    line(_summary(source))
    if source.series:
        rows = tuple(_row(series, survey) for series in source.series[:MOST])
        console.print(rich_table(Grid(HEADERS, rows), words=("first", "last", "unit", "live", "usable")))
    if len(source.series) > MOST:
        line(f"  and {len(source.series) - MOST:,} more series; --json lists all")
    for text in (*_reasons(source, survey), *source.notes):
        line(f"  {text}")
    if source.series and not any(series.live for series in source.series):
        remedy = "rename of this [[history]], or " if source.label.startswith("[[history]]") else ""
        line(
            f"  no rule of [[ingest]] gives a name such as {source.series[0].name!r}, so these series never go on live: "
            f"set {remedy}[[ingest]] series"
        )
    meters = [series.name for series in source.series if series.meter]
    if meters:
        others = f" and {len(meters) - 1:,} more" if len(meters) > 1 else ""
        line(f'  meters here, and none by [[ingest]]: {meters[0]!r}{others}; set kind = "counter" in their rule')
    line("")


def _summary(source: SurveyedSource) -> str:
    if source.fault is not None:
        named = source.fault.startswith(source.label)
        return source.fault if named else f"{source.label} cannot be read: {source.fault}"
    readings = sum(series.spacing.readings for series in source.series)
    return f"{source.label}: " + (
        f"{counted(readings, 'reading')} of {len(source.series):,} series" if readings else "no readings"
    )


def _row(series: SurveyedSeries, survey: Survey) -> tuple[str, ...]:
    spacing = series.spacing
    gaps = f"{spacing.gaps:,} to {_length(spacing.longest)}" if spacing.gaps else "0"
    unit = series.meaning.unit or DASH
    return (
        series.name,
        f"{spacing.readings:,}",
        iso(spacing.first)[:DAY],
        iso(spacing.last)[:DAY],
        DASH if spacing.usual is None else _length(spacing.usual),
        gaps,
        f"{unit} counter" if series.meaning.kind == "counter" else unit,
        "yes" if series.live else "no",
        "no" if _problem(series, survey) else "yes",
    )


def _problem(series: SurveyedSeries, survey: Survey) -> str | None:
    """Why a series cannot be trained on; None where it can."""
    return survey.problems.get(series.name, survey.fault)


def _reasons(source: SurveyedSource, survey: Survey) -> list[str]:
    """One line for every reason why series cannot be trained on."""
    names: dict[str, list[str]] = {}
    for series in source.series:
        problem = _problem(series, survey)
        if problem is not None and problem != survey.fault:
            names.setdefault(problem, []).append(series.name)
    return [
        f"not usable: {first!r}{f' and {len(others):,} more' if others else ''}: {problem}"
        for problem, (first, *others) in names.items()
    ]


def _together(survey: Survey) -> list[str]:
    """What a training makes of all sources."""
    lines = []
    if survey.shared:
        lines.append(
            f"{len(survey.shared):,} series stand in more than one source, such as {survey.shared[0]!r}: of an hour the first "
            "source in this list counts"
        )
    if survey.contract is not None:
        usable = sum(problem is None for problem in survey.problems.values())
        lines.append(f"retrain takes {usable:,} of {len(survey.problems):,} series: {survey.contract.words}")
    if survey.fault is not None:
        lines.append(f"retrain takes nothing yet: {survey.fault}")
    return lines


def _length(nanoseconds: int) -> str:
    """A length of time as people say it: a round one where it is near, else in whole units of which there are enough."""
    near = rounded(nanoseconds)
    if abs(near - nanoseconds) <= CLOSE * nanoseconds:
        return format_duration(near)
    unit = max((unit for unit in UNITS.values() if ENOUGH * unit <= nanoseconds), default=1)
    return format_duration(round(nanoseconds / unit) * unit)


def survey_document(survey: Survey) -> dict[str, object]:
    """The same as data."""
    return {
        "sources": [
            {
                "source": source.label,
                "fault": source.fault,
                "notes": list(source.notes),
                "series": [_series_document(series, survey) for series in source.series],
            }
            for source in survey.sources
        ],
        "interval": None if survey.contract is None else format_duration(survey.contract.interval),
        "fault": survey.fault,
    }


def _series_document(series: SurveyedSeries, survey: Survey) -> dict[str, object]:
    spacing = series.spacing
    return {
        "series": series.name,
        "readings": spacing.readings,
        "first": iso(spacing.first),
        "last": iso(spacing.last),
        "interval_seconds": None if spacing.usual is None else spacing.usual / 1e9,
        "gaps": spacing.gaps,
        "longest_seconds": spacing.longest / 1e9,
        "unit": series.meaning.unit or None,
        "kind": series.meaning.kind,
        "live": series.live,
        "problem": _problem(series, survey),
    }
