"""What a report shows of each series: its picture, its errors beside those of all others, and its history."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge.contract.columns import Float64
from edge.contract.meaning import GAUGE, Meaning
from edge.contract.times import format_duration, iso
from edge.quoting import counted
from pipeline.history.checks import SeriesReport
from pipeline.report.page import Grid, number, percent
from pipeline.report.plots import Panel
from pipeline.report.sheet import SeriesFigures


@dataclass(frozen=True, slots=True)
class Errors:
    """Mean absolute errors over some time, each in the unit of its series.

    Args:
        title: name of that time, for the header of a column.
        names: names of the series.
        forecasters: names of the forecasters.
        values: errors, float64 `[forecasters, series]`.
    """

    title: str
    names: tuple[str, ...]
    forecasters: tuple[str, ...]
    values: Float64

    def of(self, forecaster: str, row: int | None) -> float:
        """Error of a forecaster on a series; NaN where there is none."""
        if row is None or forecaster not in self.forecasters:
            return math.nan
        return float(self.values[self.forecasters.index(forecaster), row])


def plain_name(forecaster: str) -> str:
    """Name of a forecaster for people: `seasonal naive day` for `seasonal_naive_day`."""
    return forecaster.replace("_", " ")


def unit_of(meaning: Meaning, interval: int) -> str:
    """Unit of the values of a series for people; empty where nobody named one, and it is no counter."""
    return meaning.label(interval) if meaning.unit or meaning.kind == "counter" else ""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the series of a report, by their names.

    Args:
        interval: length of an interval, ns.
        meanings: meanings of the series of which anything is known.
        panels: facts and forecasts of the series that have whole ones.
        history: state of each series in the history.
    """

    interval: int
    meanings: Mapping[str, Meaning]
    panels: Mapping[str, Panel]
    history: Mapping[str, SeriesReport]


def series_figures(errors: Sequence[Errors], skills: Sequence[float], known: Known) -> tuple[SeriesFigures, ...]:
    """The series of a report, in the order of the first errors.

    Args:
        errors: errors, those that decide first; the first forecaster of these is the one that the report is about.
        skills: skill of that one on every series.
        known: pictures, units and history.
    """
    first = errors[0]
    forecasters = list(dict.fromkeys(forecaster for each in errors for forecaster in each.forecasters))
    numbers = [{name: row for row, name in enumerate(each.names)} for each in errors]
    shown = []
    for name, skill in zip(first.names, skills, strict=True):
        rows = [by_name.get(name) for by_name in numbers]
        cells = tuple(
            (plain_name(forecaster), *(number(each.of(forecaster, row)) for each, row in zip(errors, rows, strict=True)))
            for forecaster in forecasters
        )
        shown.append(
            SeriesFigures(
                name=name,
                unit=unit_of(known.meanings.get(name, GAUGE), known.interval),
                panel=known.panels.get(name),
                error=first.of(first.forecasters[0], rows[0]),
                skill=float(skill),
                grid=Grid(("forecaster", *(each.title for each in errors)), cells),
                lines=history_lines(known.history.get(name), known.interval),
            )
        )
    return tuple(shown)


def history_lines(report: SeriesReport | None, interval: int) -> tuple[str, ...]:
    """Sentences about the history of a series.

    Args:
        report: state of its history; None: there is none.
        interval: length of an interval, ns.
    """
    if report is None or report.first is None or report.last is None:
        return ("It has no history.",)
    gaps = f" in {counted(report.gaps, 'gap')}, the longest {format_duration(report.longest_gap)}" if report.gaps else ""
    missing = f"{percent(report.missing)} of its intervals are missing{gaps}"
    lines = [f"History: {counted(report.readings, 'reading')} from {iso(report.first)} to {iso(report.last)}; {missing}."]
    told = [
        (report.duplicates, "reading", "at a time that another one has too"),
        (report.out_of_order, "reading", "out of order"),
        (report.not_finite, "reading", "not finite, left out"),
        (report.stray, "interval", "far from all others, left out"),
    ]
    lines += [f"{counted(count, word)} {what}." for count, word, what in told if count]
    if report.flat > 1:
        lines.append(f"The longest time without a change is {format_duration(report.flat * interval)}.")
    return (*lines, *([f"Left out of the training: {report.problem}."] if report.problem else []))
