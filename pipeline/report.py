"""What was found, for people: tables as Markdown, the model card, and a page that needs nothing but a browser."""

import math
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from edge.bundle import Manifest
from edge.contract import Float32, Float64, format_duration
from pipeline.history import Report
from pipeline.table import iso
from pipeline.verdict import Trial

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --line: #d5d9de; --head: #f2f4f6; --quiet: #5a6470; }}
@media (prefers-color-scheme: dark) {{ :root {{ --line: #3c434b; --head: #23282e; --quiet: #a4afba; }} }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ line-height: 1.2; }}
h2 {{ margin-top: 2.5rem; }}
figure {{ margin: 1rem 0; }}
img {{ max-width: 100%; height: auto; background: #fff; border-radius: 6px; }}
figcaption, .quiet {{ color: var(--quiet); font-size: .9rem; }}
.table {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }}
th, td {{ border: 1px solid var(--line); padding: .3rem .6rem; text-align: right; vertical-align: top; }}
th {{ background: var(--head); }}
th:first-child, td:first-child, td.text {{ text-align: left; }}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of text.

    Args:
        headers: of the columns.
        rows: cells, as many in each row as there are headers.
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with the words that stand for it.

    Args:
        png: the file.
        caption: what it shows.
    """

    png: bytes
    caption: str


@dataclass(frozen=True, slots=True)
class Section:
    """Part of a page; what is empty is left out.

    Args:
        title: heading.
        lines: one paragraph each.
        grid: a table.
        pictures: below it.
    """

    title: str
    lines: tuple[str, ...] = ()
    grid: Grid | None = None
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One row of the comparison.

    Args:
        name: version, cell or baseline.
        parameters: trained numbers; None for a baseline.
        size: bytes of the model file, or None.
        latency: microseconds per forecast, or None.
        seconds: of training, or None.
        trial: how it did.
    """

    name: str
    parameters: int | None
    size: int | None
    latency: float | None
    seconds: float | None
    trial: Trial


def number(value: float | None, digits: int = 3) -> str:
    """A number with that many significant digits; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    return f"{value:,.{max(0, digits - 1 - math.floor(math.log10(abs(value))))}f}"


def percent(value: float | None, *, sign: bool = False) -> str:
    """A share in percent with one digit, 0.148 is 14.8 %; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{100 * value:+.1f} %" if sign else f"{100 * value:.1f} %"


def candidate_grid(candidates: Sequence[Candidate]) -> Grid:
    """Candidates side by side, the best first."""
    best = sorted(candidates, key=lambda one: -math.inf if math.isnan(gain := one.trial.verdict.skill) else gain, reverse=True)
    return Grid(
        (
            "candidate",
            "below best baseline",
            "series won",
            "coverage",
            "parameters",
            "kB",
            "µs per forecast",
            "s of training",
            "release",
        ),
        tuple(
            (
                one.name,
                percent(one.trial.verdict.skill, sign=True),
                f"{one.trial.verdict.series_won} of {one.trial.verdict.series_judged}",
                percent(one.trial.verdict.coverage),
                "–" if one.parameters is None else f"{one.parameters:,}",
                number(None if one.size is None else one.size / 1000),
                number(one.latency),
                number(one.seconds),
                "yes" if one.trial.verdict.release else "no",
            )
            for one in best
        ),
    )


def series_grid(trial: Trial) -> Grid:
    """Mean absolute error of every series in its own unit, beside the champion's and every baseline's."""
    others = [*([trial.champion] if trial.champion else []), *trial.baselines]
    errors = [one.by_series for one in others]
    rows = []
    for row, name in enumerate(trial.candidate.names):
        own, best = float(trial.candidate.by_series[row]), trial.verdict.best_baselines[row]
        reference = next((float(one.by_series[row]) for one in trial.baselines if one.forecaster == best), math.nan)
        gain = 1 - own / reference if reference > 0 else math.nan
        rows.append((name, number(own), percent(gain, sign=True), *(number(float(error[row])) for error in errors)))
    return Grid(("series", trial.candidate.forecaster, "below best baseline", *(one.forecaster for one in others)), tuple(rows))


def validation_grid(report: Report) -> Grid:
    """The history, one row per series."""
    return Grid(
        (
            "series",
            "first",
            "last",
            "readings",
            "missing",
            "gaps",
            "longest gap",
            "duplicates",
            "out of order",
            "not finite",
            "longest flat",
            "problem",
        ),
        tuple(
            (
                one.name,
                "–" if one.first is None else iso(one.first),
                "–" if one.last is None else iso(one.last),
                f"{one.readings:,}",
                percent(one.missing),
                str(one.gaps),
                format_duration(one.longest_gap) if one.longest_gap else "–",
                str(one.duplicates),
                str(one.out_of_order),
                str(one.not_finite),
                format_duration(one.flat * report.interval) if one.flat else "–",
                one.problem or "none",
            )
            for one in report.series
        ),
    )


def lead_grid(errors: Sequence[tuple[str, Float32 | Float64]], interval: int) -> Grid:
    """Error at a few leads, one row per forecaster.

    Args:
        errors: name and mean absolute error at lead 1…horizon, float `[horizon]`.
        interval: ns.
    """
    horizon = len(errors[0][1])
    leads = sorted({1, *(max(1, horizon * part // 4) for part in (1, 2, 3, 4))})
    return Grid(
        ("forecaster", *(f"{format_duration(lead * interval)} ahead" for lead in leads)),
        tuple((name, *(number(float(error[lead - 1])) for lead in leads)) for name, error in errors),
    )


def markdown(grid: Grid) -> str:
    """The table in Markdown, as GitHub and Prefect read it; first column left, the others right."""

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(" ".join(cell.replace("\\", "\\\\").replace("|", "\\|").split()) for cell in cells) + " |"

    rule = "|---|" + "---:|" * (len(grid.headers) - 1)
    return "\n".join([line(grid.headers), rule, *(line(row) for row in grid.rows)]) + "\n"


def candidates_table(candidates: Sequence[Candidate]) -> str:
    """`candidate_grid` as Markdown."""
    return markdown(candidate_grid(candidates))


def validation_table(report: Report) -> str:
    """`validation_grid` as Markdown."""
    return markdown(validation_grid(report))


def model_card(manifest: Manifest) -> str:
    """What a forecaster is, was made from, can and cannot do, as Markdown; nothing but what its manifest says."""
    contract = manifest.contract
    interval = contract.interval
    facts = [
        ("version", manifest.version),
        ("created", manifest.created),
        ("code", manifest.code_version),
        ("interval", f"{format_duration(interval)}, {contract.aggregation} of its readings"),
        ("window", f"{contract.window} intervals ({format_duration(contract.window * interval)})"),
        ("horizon", f"{contract.horizon} intervals ({format_duration(contract.horizon * interval)})"),
        ("quantiles", ", ".join(f"{level:g}" for level in contract.quantiles)),
        ("missing at most", f"{contract.max_missing:.0%} of the window; beyond that a baseline forecasts"),
        ("series", f"{len(manifest.series)} known by name; others are scaled by their own window"),
    ]
    if manifest.baseline is not None:
        facts.append(("forecaster", f"the baseline {manifest.baseline}: no network was better"))
    if manifest.model is not None:
        model = manifest.model
        facts += [
            ("network", f"{model.cell}, {model.design}, {model.units} units, {model.parameters:,} parameters"),
            ("model file", f"{model.size:,} bytes, {model.precision}, SHA-256 {model.sha256}"),
            ("verified on", model.runtime),
        ]
    if manifest.training is not None:
        training = manifest.training
        facts += [
            ("trained on", f"{iso(training.start)} … {iso(training.end)}, {training.rows:,} filled intervals"),
            ("training", f"{training.epochs} epochs, {number(training.seconds)} s, seed {training.seed}"),
            ("data", training.data_hash),
        ]
    parts = [f"# Model card: {manifest.version}\n", markdown(Grid(("", "what it is"), tuple(facts)))]
    if manifest.metrics:
        leads = lead_grid([(one.forecaster, _floats(one.absolute_error)) for one in manifest.metrics], interval)
        grid = Grid(
            (*leads.headers, "skill", "coverage"),
            tuple(
                (*row, percent(one.skill, sign=True), percent(one.coverage))
                for row, one in zip(leads.rows, manifest.metrics, strict=True)
            ),
        )
        parts += ["## Mean absolute error on held-out readings\n", markdown(grid)]
    if manifest.series:
        parts += ["## Series\n", ", ".join(f"`{name}`" for name in manifest.series) + "\n"]
    return "\n".join(parts)


def _floats(values: Sequence[float | None]) -> Float64:
    return np.array([math.nan if value is None else value for value in values])


def html_report(title: str, sections: Sequence[Section]) -> str:
    """A page with everything in it: no script, no address, readable in light and dark; all text is escaped."""
    return PAGE.format(title=escape(title), body="\n".join(_section(one) for one in sections))


def _section(section: Section) -> str:
    parts = [f"<h2>{escape(section.title)}</h2>", *(f"<p>{escape(line)}</p>" for line in section.lines)]
    if section.grid is not None:
        head = "".join(f"<th>{escape(cell)}</th>" for cell in section.grid.headers)
        body = "\n".join("<tr>" + "".join(_cell(cell) for cell in row) + "</tr>" for row in section.grid.rows)
        parts.append(f'<div class="table"><table>\n<tr>{head}</tr>\n{body}\n</table></div>')
    for picture in section.pictures:
        data, caption = b64encode(picture.png).decode("ascii"), escape(picture.caption)
        parts.append(
            f'<figure><img alt="{caption}" src="data:image/png;base64,{data}"><figcaption>{caption}</figcaption></figure>'
        )
    return "\n".join(parts)


def _cell(text: str) -> str:
    """Numbers to the right, text to the left."""
    return f"<td>{escape(text)}</td>" if text[:1] in "+-–0123456789" else f'<td class="text">{escape(text)}</td>'
