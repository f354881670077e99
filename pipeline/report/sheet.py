"""The report as one file: no script, no address, readable on a phone, by night, and by a screen reader."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from edge.quoting import FAR, counted
from pipeline.report.drawing import forecast_picture, thinned
from pipeline.report.page import DASH, Grid, gain, number, percent
from pipeline.report.plots import Panel
from pipeline.report.style import STYLE
from pipeline.report.winner import Winner

MOMENTS = 120_000  # in all pictures together: about 3 MB, so that a report of 1,000 series opens at once
MOST_MOMENTS, LEAST_MOMENTS = 600, 48  # in one picture
MOST_FORECASTS = 5  # in one picture
OPEN = 60  # series up to which their list is not folded


@dataclass(frozen=True, slots=True)
class Key:
    """A figure that is shown large.

    Args:
        label: name of the figure.
        value: figure with its unit.
        note: few words below it.
    """

    label: str
    value: str
    note: str = ""


def skill_keys(skill: float, won: int, judged: int, coverage: float, levels: Sequence[float]) -> tuple[Key, ...]:
    """The figures of how good forecasts are.

    Args:
        skill: mean skill beside the best baseline of each series.
        won: number of series on which it is above 0.
        judged: number of series.
        coverage: share of the facts within the outermost quantiles.
        levels: levels of the quantiles.
    """
    return (
        Key("Skill", gain(skill), "beside the best simple forecast"),
        Key("Ahead on", f"{won} of {judged}", "series"),
        Key("Facts within the fan", percent(coverage), f"should be {levels[-1] - levels[0]:.0%}"),
    )


@dataclass(frozen=True, slots=True)
class SeriesFigures:
    """What there is of one series.

    Args:
        name: name of the series.
        unit: unit of its values; empty where nobody named one.
        panel: facts and forecasts; None where it has no whole forecast.
        error: mean absolute error of the forecasts, in the unit.
        skill: skill beside the best baseline.
        grid: errors of all forecasters, in the unit.
        lines: sentences about its history.
    """

    name: str
    unit: str
    panel: Panel | None
    error: float
    skill: float
    grid: Grid
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything of a report.

    Args:
        title: title of the page.
        lead: sentence below it.
        keys: figures that are shown large.
        winner: network that won, with the reasons.
        candidates: table of the candidates.
        leads: picture of the errors by lead, as HTML; empty for none.
        leads_grid: the same as a table.
        leads_unit: unit of these errors.
        basis: sentence about the errors of the series: over what they are, and of whom.
        series: the series, in the order of the list.
        notes: further sections, each a title and its lines.
    """

    title: str
    lead: str
    keys: tuple[Key, ...]
    winner: Winner
    candidates: Grid
    leads: str
    leads_grid: Grid
    leads_unit: str
    basis: str
    series: tuple[SeriesFigures, ...]
    notes: tuple[tuple[str, tuple[str, ...]], ...] = ()


def sheet_html(sheet: Sheet) -> str:
    """The page; all text is escaped."""
    most = moments_shown(len(sheet.series))
    body = [
        f'<header><p class="mark">Gatecast</p><h1>{escape(sheet.title)}</h1><p class="lead">{escape(sheet.lead)}</p></header>',
        "<main>",
        _first(sheet.series),
        _keys(sheet.keys),
        _contents(sheet),
        _why(sheet),
        _leads(sheet),
        _list(sheet),
        *(_series(number, each, most) for number, each in enumerate(sheet.series, 1)),
        "</section>",
        *(_note(title, lines) for title, lines in sheet.notes if lines),
        "</main>",
    ]
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(sheet.title)}</title>\n<style>{STYLE}</style>\n</head>\n"
    )
    return f'{head}<body id="top">\n' + "\n".join(filter(None, body)) + "\n</body>\n</html>\n"


def moments_shown(series: int) -> int:
    """Number of moments in the picture of each series, of so many series."""
    return min(MOST_MOMENTS, max(LEAST_MOMENTS, MOMENTS // max(1, series)))


def forecasts_shown(series: int, horizon: int) -> int:
    """Number of forecasts in the picture of each series that there is room for, one at least and five at most.

    Args:
        series: number of series.
        horizon: number of intervals of a forecast.
    """
    return min(MOST_FORECASTS, max(1, moments_shown(series) // horizon - 1))


def typical(series: Sequence[SeriesFigures]) -> int | None:
    """The series in the middle by skill, of those with a picture; None where none has one."""
    drawn = [row for row, each in enumerate(series) if each.panel is not None]
    judged = sorted((row for row in drawn if series[row].skill == series[row].skill), key=lambda row: series[row].skill)
    return judged[len(judged) // 2] if judged else drawn[0] if drawn else None


def _first(series: Sequence[SeriesFigures]) -> str:
    row = typical(series)
    if row is None:
        return '<p class="card">There is nothing to draw: no series has a whole forecast.</p>'
    each = series[row]
    panel = each.panel
    if panel is None:  # `typical` gives none of these
        return ""
    name = f'<a href="#series-{row + 1}">{escape(each.name)}</a>'
    note = f"{name}: in the middle of all series by skill ({gain(each.skill)})."
    picture = forecast_picture(thinned(panel, MOST_MOMENTS), _described(each, panel))
    return (
        f'<figure class="card first">{_legend(panel)}{picture}<figcaption>{note} Each forecast begins at a dotted line, where '
        "the one before ended. Times are UTC.</figcaption></figure>"
    )


def _legend(panel: Panel) -> str:
    levels = panel.levels
    fan = f"<li><b class='fan'></b>{levels[-1] - levels[0]:.0%} of the facts should lie here</li>" if len(levels) > 1 else ""
    return f'<ul class="legend"><li><b class="fact"></b>fact</li><li><b class="made"></b>forecast</li>{fan}</ul>'


def _described(each: SeriesFigures, panel: Panel) -> str:
    unit = f" {each.unit}" if each.unit else ""
    made = counted(len(panel.origins), "forecast")
    return (
        f"{each.name}: fact and the newest {made}{f', in{unit}' if unit else ''}. Forecasts of it are off by "
        f"{number(each.error)}{unit} on average; skill {gain(each.skill)}. The table below has the figures."
    )


def _keys(keys: Sequence[Key]) -> str:
    cells = "".join(
        f"<div><dt>{escape(key.label)}</dt><dd>{escape(key.value)}<small>{escape(key.note)}</small></dd></div>" for key in keys
    )
    return f'<dl class="keys">{cells}</dl>'


def _contents(sheet: Sheet) -> str:
    links = [("why", "Which network, and why"), ("leads", "Error by time ahead"), ("series", _all(sheet))]
    links += [(_anchor(title), title) for title, lines in sheet.notes if lines]
    return '<nav aria-label="Contents">' + "".join(f'<a href="#{key}">{escape(words)}</a>' for key, words in links) + "</nav>"


def _all(sheet: Sheet) -> str:
    return "The series" if len(sheet.series) == 1 else f"All {len(sheet.series):,} series"


def _why(sheet: Sheet) -> str:
    winner = sheet.winner
    checks = "".join(f'<li class="{outcome}"><b>{escape(outcome)}</b> {escape(text)}</li>' for outcome, text in winner.checks)
    return (
        f'<section id="why"><h2>Which network, and why</h2><div class="card"><p class="headline">{escape(winner.headline)}</p>'
        + "".join(f"<p>{escape(reason)}</p>" for reason in winner.reasons)
        + table(sheet.candidates, "the candidates on the held-out part of the history", marked=winner.title)
        + f'<details><summary>All checks</summary><ul class="checks">{checks}</ul></details></div></section>'
    )


def _leads(sheet: Sheet) -> str:
    if not sheet.leads:
        return ""
    numbers = table(sheet.leads_grid, f"mean absolute error, {sheet.leads_unit}")
    return (
        f'<section id="leads"><h2>Error by time ahead</h2><figure class="card">{sheet.leads}</figure>'
        f'<details class="card"><summary>In numbers</summary>{numbers}</details></section>'
    )


def _list(sheet: Sheet) -> str:
    """The list of all series, each with a link to its picture."""
    named = any(each.unit for each in sheet.series)
    rows = "".join(
        f'<tr><th scope="row"><a href="#series-{row}">{escape(each.name)}</a></th>'
        + (f'<td class="text">{escape(each.unit or DASH)}</td>' if named else "")
        + f'<td>{number(each.error)}</td><td class="{_mood(each.skill)}">{gain(each.skill)}</td></tr>'
        for row, each in enumerate(sheet.series, 1)
    )
    heads = ["series", *(["unit"] if named else []), "error", "skill"]
    head = "".join(f'<th scope="col"{_left(column, text)}>{text}</th>' for column, text in enumerate(heads))
    caption = "error: mean absolute error, in the unit of the series"
    if any(each.skill < FAR for each in sheet.series):
        caption += "; far worse: more than twice the error of the best simple forecast"
    listed = f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    if len(sheet.series) > OPEN:
        listed = f"<details><summary>List of {counted(len(sheet.series), 'series', 'series')}</summary>{listed}</details>"
    units = "" if named else " No unit is known: unit = &quot;°C&quot; in an [[ingest]] rule names it, here and on the page."
    return (
        f'<section id="series"><h2>{_all(sheet)}</h2><p class="quiet">{escape(sheet.basis)}{units}</p>'
        f'<div class="card list">{listed}</div>'
    )


def _left(column: int, text: str) -> str:
    return ' class="text"' if column == 0 or text == "unit" else ""


def _mood(skill: float) -> str:
    return "good" if skill > 0 else "bad" if skill <= 0 else ""


def _series(row: int, each: SeriesFigures, most: int) -> str:
    unit = f' <span class="unit">{escape(each.unit)}</span>' if each.unit else ""
    picture = '<p class="quiet">No whole forecast of it was made, so there is no picture.</p>'
    if each.panel is not None:
        picture = forecast_picture(thinned(each.panel, most), _described(each, each.panel))
    lines = "".join(f'<p class="quiet">{escape(line)}</p>' for line in each.lines)
    in_unit = f"mean absolute error, in {each.unit}" if each.unit else "mean absolute error, in the unit of the series"
    return (
        f'<article class="card" id="series-{row}"><h3><a href="#series-{row}">{escape(each.name)}</a>{unit}</h3>'
        f'<p class="short">error {number(each.error)}{f" {escape(each.unit)}" if each.unit else ""}, '
        f'skill <b class="{_mood(each.skill)}">{gain(each.skill)}</b></p>{picture}'
        f"<details><summary>In numbers</summary>{table(each.grid, in_unit)}{lines}</details>"
        '<p class="back"><a href="#series">to the list</a></p></article>'
    )


def _note(title: str, lines: Sequence[str]) -> str:
    told = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<section id="{_anchor(title)}"><h2>{escape(title)}</h2><ul class="card notes">{told}</ul></section>'


def _anchor(title: str) -> str:
    return "-".join("".join(sign if sign.isalnum() else " " for sign in title.lower()).split())


def table(grid: Grid, caption: str, marked: str = "") -> str:
    """A table as HTML; on a phone each row becomes a block with the name of each column beside its value.

    Args:
        grid: headers and cells.
        caption: words for what the table shows.
        marked: first cell of a row that is marked.
    """
    head = "".join(
        f'<th scope="col" role="columnheader"{_left(column, text)}>{escape(text)}</th>'
        for column, text in enumerate(grid.headers)
    )
    rows = "".join(_row(grid.headers, row, marked) for row in grid.rows)
    wide = " wide" if len(grid.headers) > 3 else ""
    return (
        f'<table class="figures{wide}" role="table"><caption>{escape(caption)}</caption>'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead><tbody role="rowgroup">{rows}</tbody></table>'
    )


def _row(headers: Sequence[str], row: Sequence[str], marked: str) -> str:
    cells = "".join(
        f'<td role="cell" data-label="{escape(header)}">{escape(cell)}</td>'
        for header, cell in zip(headers[1:], row[1:], strict=True)
    )
    kind = ' class="marked"' if marked and row[0] == marked else ""
    return f'<tr role="row"{kind}><th scope="row" role="rowheader">{escape(row[0])}</th>{cells}</tr>'
