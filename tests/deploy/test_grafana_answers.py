"""A real InfluxDB answers everything that the dashboards ask, with known figures, whatever the size of the fleet."""

import json
from typing import Any

import numpy as np
import pytest
from as_code.board import MOST_SERIES, UIDS
from as_code.files import GRAFANA

from edge.contract.columns import Points, SeriesTable
from edge.contract.schema import MEASUREMENTS
from edge.contract.times import DAY
from edge.series.metrics import absolute_error
from edge.stores.influx import InfluxStore
from tests.support.grafana_queries import Json, Rows, answers, escaped
from tests.support.grafana_seed import (
    HOUR,
    LEADS,
    MODELS,
    NOW,
    Run,
    Write,
    write_agents,
    write_alerts,
    write_all,
    write_anomalies,
    write_fleet,
    write_run,
    write_trainer,
)
from tests.support.servers import Influx

BOARDS: dict[str, Json] = {name: json.loads((GRAFANA / f"dashboards/{name}.json").read_text("utf-8")) for name in UIDS}
NEWEST, EARLIER = "Fact and newest forecast of $series", "Forecast made $lead intervals ahead, and fact"
Answers = dict[str, tuple[dict[str, str], dict[str, Rows]]]
POINTS = 1500  # of a line


def writing(influx: Influx, bucket: str) -> Write:
    """A function that stores blocks in a bucket, as the product does."""
    return InfluxStore(influx.url, bucket, influx.organisation, influx.token).write


def asked(influx: Influx, bucket: str, **chosen: str) -> Answers:
    """What a bucket answers to every query of each dashboard."""
    return {
        name: answers(board, lambda query: influx.query(bucket, query), now=NOW, chosen=chosen)
        for name, board in BOARDS.items()
    }


@pytest.fixture(scope="module")
def run(influx: Influx, module_bucket: str) -> Run:
    """A run of the product with one series, in a store of its own."""
    return write_all(writing(influx, module_bucket))


@pytest.fixture(scope="module")
def found(influx: Influx, module_bucket: str, run: Run) -> Answers:
    """What its store answers."""
    assert len(run.names) == 1
    return asked(influx, module_bucket)


def values(found: Answers, name: str, panel: str, ref: str = "A") -> list[Any]:
    """The one column of numbers of an answer."""
    rows = found[name][1][f"panel '{panel}' {ref}"]
    (column,) = {key for key in rows[0] if key not in ("time", "series", "lead", "agent", "scores")}
    return [row[column] for row in rows]


@pytest.mark.servers
@pytest.mark.parametrize("name", UIDS)
def test_every_query_finds_something(name: str, found: Answers) -> None:
    """No panel, variable or annotation is refused, stays empty, or holds only nulls."""
    for query, rows in found[name][1].items():
        assert rows, f"{query} is empty"
        columns = set(rows[0]) - {"time", "agent", "series", "lead"} or {"series"}
        assert all(any(row[key] is not None for row in rows) for key in columns), f"{query} has a column of nulls"


@pytest.mark.servers
def test_variables_take_the_first_series_and_lead_and_the_quantiles_of_the_store(found: Answers) -> None:
    """The shortest lead first; the wide band from the outermost quantiles, the narrow one beside the median."""
    expected = {"filter": "", "series": "ewr.temperature", "unit": "°F", "lead": "1", "lower": "q10", "upper": "q90"}
    assert found["forecast"][0] == {**expected, "inner_lower": "q25", "inner_upper": "q75"}
    assert found["quality"][0] == {**expected, "lower_percent": "10", "upper_percent": "90"}


@pytest.mark.servers
def test_figures_are_those_of_the_scores(found: Answers, run: Run) -> None:
    """Error, gain and coverage of the last fourteen days, computed from what the engine scored."""
    scores = run.scores
    shown = (scores.target >= NOW - 14 * DAY) & np.isfinite(scores.baseline_absolute_error)
    first = shown & (scores.lead == 1)
    errors, naive = scores.absolute_error, scores.baseline_absolute_error
    assert np.allclose(errors, absolute_error(scores.error, np.zeros(len(scores))))
    assert values(found, "quality", "Error at lead $lead") == [pytest.approx(errors[first].mean())]
    assert values(found, "quality", "Error of the seasonal naive") == [pytest.approx(naive[first].mean())]
    assert values(found, "quality", "Gain at lead $lead") == [pytest.approx(1 - errors[first].mean() / naive[first].mean())]
    assert values(found, "quality", "Coverage at lead $lead") == [pytest.approx(np.nanmean(scores.covered[first]))]
    assert values(found, "quality", "Scores") == [first.sum()]
    by_lead = {row["lead"]: row for row in found["quality"][1]["panel 'Error by lead' A"]}
    gains = {row["lead"]: row["gain"] for row in found["quality"][1]["panel 'Gain by lead' A"]}
    for lead in LEADS:
        chosen = shown & (scores.lead == lead)
        assert by_lead[str(lead)]["forecast"] == pytest.approx(errors[chosen].mean())
        assert by_lead[str(lead)]["seasonal naive"] == pytest.approx(naive[chosen].mean())
        assert gains[str(lead)] == pytest.approx(1 - errors[chosen].mean() / naive[chosen].mean())
    last_day = scores.target >= NOW - DAY
    assert values(found, "quality", "Gain of all series") == [
        pytest.approx(1 - errors[last_day].mean() / naive[last_day].mean())
    ]


@pytest.mark.servers
def test_alerts_are_counted_by_their_verdicts(found: Answers) -> None:
    """Two hits of three events, half an hour's multiples before; the newest alert stands, and is the first of the table."""
    totals = [values(found, "alerts", title) for title in ("Raised now", "Hits", "Misses", "False alarms")]
    assert totals == [[1], [2], [1], [1]]
    assert values(found, "alerts", "Hit rate") == [pytest.approx(2 / 3)]
    assert values(found, "alerts", "Time gained") == [pytest.approx(6300.0)]
    (rule,) = found["alerts"][1]["panel 'Rules' A"]
    assert (rule["hits"], rule["misses"], rule["false alarms"]) == (2, 1, 1)
    newest = found["alerts"][1]["panel 'Raised and over' A"][0]
    assert (newest["rule"], newest["series"], newest["state"]) == ("frost", "ewr.temperature", 1)
    assert newest["expected"] == (NOW - 3 * HOUR) // 10**6 + 3 * 3_600_000
    assert len(found["alerts"][1]["panel 'Raised and over' A"]) == 7


@pytest.mark.servers
def test_coverage_stands_beside_what_it_should_be(found: Answers) -> None:
    """The distance of the outermost quantiles, 80 % from q10 to q90."""
    assert set(values(found, "quality", "Coverage by day")) == {0.8}
    rows = found["quality"][1]["panel 'Coverage by lead' A"]
    assert {row["as it should be"] for row in rows} == {0.8}
    assert all(0 <= row["coverage"] <= 1 for row in rows)


@pytest.mark.servers
def test_forecast_is_drawn_past_now(found: Answers) -> None:
    """Median and both bands in their order reach nearly a day ahead, the fact ends now, and the line of now stands there."""
    rows = found["forecast"][1]
    ends = {ref: max(row["time"] for row in rows[f"panel '{NEWEST}' {ref}"]) for ref in "ABCDFG"}
    assert ends.pop("F") <= NOW
    assert {end >= NOW // HOUR * HOUR + 19 * HOUR for end in ends.values()} == {True}
    lines = [values(found, "forecast", NEWEST, ref) for ref in "ACGDB"]  # lower, inner lower, median, inner upper, upper
    assert all(list(edges) == sorted(edges) for edges in zip(*lines, strict=True))
    assert [row["time"] for row in rows["annotation 'Now'"]] == [NOW]
    assert values(found, "forecast", "Highest forecast ahead")[0] > values(found, "forecast", "Lowest forecast ahead")[0]
    assert values(found, "forecast", "Forecast by") == [MODELS[1]]


@pytest.mark.servers
def test_agents_add_up_and_losses_have_reasons(found: Answers) -> None:
    """Sums over the agents, totals by reason, and a change of model once."""
    rows = found["fleet"][1]
    assert values(found, "fleet", "Agents up") == [2]
    assert values(found, "fleet", "Readings") == [200.0]
    assert values(found, "fleet", "Silent series") == [2]
    assert values(found, "fleet", "Lost in this time") == [9]
    assert sum(values(found, "fleet", "Lost, skipped, late and repeated", "A")) == 9
    assert sum(values(found, "fleet", "Lost, skipped, late and repeated", "B")) == 59
    assert rows["panel 'Skipped, by reason' A"] == [{"time": 0, "sum_last_skipped_bad_json": 59}]
    assert rows["panel 'Lost, by reason' A"] == [{"time": 0, "sum_last_dropped_blocks": 9}]
    assert rows["panel 'Without a model's forecast, by reason' A"] == [{"time": 0, "sum_last_too_late": 9}]
    assert [(row["agent"], row["released"]) for row in rows["annotation 'Releases'"]] == [("agent-1", MODELS[1])]
    reported = {row["agent"]: (row["time"], row["model"]) for row in rows["panel 'Model and last report of each agent' A"]}
    assert reported == {"agent-1": (NOW, MODELS[1]), "agent-2": (NOW, MODELS[1])}


@pytest.mark.servers
def test_retraining_shows_the_newest_run_first_and_the_drift(found: Answers) -> None:
    """Nine runs of which one came by drift; one look of sixty that found it."""
    rows = found["retraining"][1]
    runs = rows["panel 'Runs' A"]
    assert [run["time"] for run in runs] == sorted((run["time"] for run in runs), reverse=True)
    assert [run["cause"] for run in runs].count("drift") == 1
    assert len(runs) == 9
    assert values(found, "retraining", "Last run") == [0]
    assert [look["drifted"] for look in rows["panel 'Looks that found drift' A"]] == [1]
    assert len(rows["annotation 'Drift'"]) == 1


@pytest.mark.servers
@pytest.mark.parametrize(
    ("quantiles", "edges"),
    [
        ((0.025, 0.5, 0.975), ("q2_5", "q97_5", "q2_5", "q97_5", "2", "97")),
        ((0.05, 0.25, 0.5, 0.75, 0.95), ("q5", "q95", "q25", "q75", "5", "95")),
        ((0.001, 0.1, 0.4, 0.5, 0.6, 0.9, 0.999), ("q0_1", "q99_9", "q40", "q60", "0", "99")),
        ((0.5,), ("q50", "q50", "", "", "50", "50")),
    ],
    ids=["95", "90-and-50", "99.8", "median-only"],
)
def test_bands_are_drawn_under_any_quantiles(
    quantiles: tuple[float, ...], edges: tuple[str, ...], influx: Influx, bucket: str
) -> None:
    """Their edges are those of the store, in both charts; nothing has to be edited."""
    write_run(writing(influx, bucket), quantiles=quantiles, days=4)
    found = asked(influx, bucket)
    names = ("lower", "upper", "inner_lower", "inner_upper", "lower_percent", "upper_percent")
    shown = {**found["quality"][0], **found["forecast"][0]}
    assert tuple(shown[name] for name in names) == edges
    for panel, median in ((NEWEST, "G"), (EARLIER, "D")):
        lower, upper, middle = (values(found, "forecast", panel, ref) for ref in ("A", "B", median))
        assert len(middle) >= len(lower) == len(upper) > 40
        # The first two days are the baseline's, which knows no intervals.
        newest = list(zip(lower[-20:], middle[-20:], upper[-20:], strict=True))
        assert all((low < mid < high) == (len(quantiles) > 1) for low, mid, high in newest)
    if len(quantiles) > 1:
        (nominal,) = set(values(found, "quality", "Coverage by day"))
        assert nominal == pytest.approx(quantiles[-1] - quantiles[0], abs=0.01)


@pytest.mark.servers
@pytest.mark.parametrize("series", [100, 10_000])
def test_fleet_of_any_size_is_answered_in_few_rows(series: int, influx: Influx, bucket: str) -> None:
    """A list has as many names as a browser can draw, a ranking its twenty; a text narrows the list to one of ten thousand."""
    write = writing(influx, bucket)
    names = write_fleet(write, series)
    write_agents(write)
    write_trainer(write)
    wanted = names[-7]
    write_alerts(write, wanted)
    write_anomalies(write, wanted)
    found = asked(influx, bucket, filter=wanted[:-1].upper(), series=wanted)
    for name, (variables, rows) in found.items():
        for query, answer in rows.items():
            assert answer or query in {"panel 'Unit' A", "variable 'unit'"}, f"{name}: {query} is empty"
            assert len(answer) <= POINTS, f"{name}: {query}"
        assert name not in ("forecast", "quality") or variables["series"] == wanted
    listed = [row["value"] for row in found["forecast"][1]["variable 'series'"]]
    assert wanted in listed
    assert len(listed) <= 10
    whole = answers(BOARDS["forecast"], lambda query: influx.query(bucket, query) if "TAG VALUES" in query else [], now=NOW)
    assert len(whole[1]["variable 'series'"]) == min(series, MOST_SERIES)
    worst = found["quality"][1]["panel 'Series with the least gain' A"]
    assert worst[0]["series"] == names[17]
    assert len(worst) == 20
    assert values(found, "quality", "Series with a gain") == [series - 1]


@pytest.mark.servers
def test_bucket_without_forecasts_is_no_error(influx: Influx, bucket: str) -> None:
    """Grafana shows the readings, and its texts for what is not there yet."""
    influx.write(bucket, f"reading,series=a value=1 {NOW - HOUR}\nreading,series=a value=2 {NOW - 2 * HOUR}")
    found = asked(influx, bucket)
    answered = {query for _, rows in found.values() for query, answer in rows.items() if answer}
    assert answered == {
        "variable 'series'",
        "panel 'Latest reading' A",
        f"panel '{NEWEST}' F",
        f"panel '{EARLIER}' C",
        "panel 'Series with the fewest readings' A",
    }


@pytest.mark.servers
def test_text_in_the_list_is_a_text_and_no_pattern(influx: Influx, bucket: str) -> None:
    """A name with a slash, a dot or a bracket is found by these, and a dot stands for itself alone."""
    names = ["line/1.temp", "line/11temp", "a(b)"]
    influx.write(bucket, "\n".join(f"reading,series={name} value=1 {NOW}" for name in names))
    for text, expected in (("/1.t", ["line/1.temp"]), ("(B)", ["a(b)"]), ("LINE", ["line/1.temp", "line/11temp"]), ("x", [])):
        _, rows = answers(
            BOARDS["forecast"],
            lambda query: influx.query(bucket, query) if "TAG VALUES" in query else [],
            now=NOW,
            chosen={"filter": text},
        )
        assert [row["value"] for row in rows["variable 'series'"]] == expected, text
    assert escaped("a.b/c") == r"a\.b\/c"


@pytest.mark.servers
def test_series_of_any_name_is_shown_and_no_other(influx: Influx, bucket: str) -> None:
    """A name may have quotation marks, braces, dollars, commas, and what means something in a pattern; it stands for itself."""
    store = InfluxStore(influx.url, bucket, influx.organisation, influx.token)
    written = [
        "it's",
        'a "b"',
        "a\\b",
        "$lead",
        "${series}",
        "a.b",
        "a,b=c",
        "line/1 (old)",
        "[x]|y*",
        "^a+?$",
        "Büro 🌡",
        "ab",
        "/",
    ]
    shown = [store.name_of(name) for name in written]
    rows = np.arange(len(shown))
    table = SeriesTable(written)
    for name, write_one in (("reading", "value"), ("forecast", "q50"), ("forecast_lead", "q50"), ("forecast_score", "error")):
        (measurement,) = [each for each in MEASUREMENTS if each.name == name]
        lead = np.full(len(rows), 6, np.int32) if measurement.by_lead else None
        points = Points(
            measurement,
            rows.astype(np.int32),
            np.full(len(rows), NOW - HOUR),
            {write_one: (rows + 0.5).astype(np.float64)},
            lead,
        )
        store.write(store.encode([points], table))
    asking = {"Latest reading": 0, NEWEST: 5, EARLIER: 3, "Forecast minus fact, $lead intervals ahead": 0}
    for number, name in enumerate(shown):
        variables, found = answers(
            BOARDS["forecast"], lambda query: influx.query(bucket, query), now=NOW, chosen={"series": name, "filter": name}
        )
        assert name in [row["value"] for row in found["variable 'series'"]]
        assert variables["lead"] == "6", name
        for panel, query in asking.items():
            values = [
                value for row in found[f"panel '{panel}' {'ABCDEFG'[query]}"] for key, value in row.items() if key != "time"
            ]
            assert values == [number + 0.5], (name, panel)


@pytest.mark.servers
def test_counter_is_shown_as_what_it_added(influx: Influx, bucket: str) -> None:
    """Beside the sum of its forecasts of the same hours; where a meter began again there is no value."""
    minute = HOUR // 60
    lines = [
        f"reading,series=meter value={100 + number / 10 - 100 * (number >= 300)} {NOW - DAY + number * minute}"
        for number in range(600)
    ]
    lines += [f"forecast,series=meter q50=1.5 {NOW - DAY + quarter * 15 * minute}" for quarter in range(40)]
    influx.write(bucket, "\n".join(lines))
    found = asked(influx, bucket)
    added, forecast = (values(found, "forecast", "Added and forecast per hour", ref) for ref in "AB")
    assert {round(value, 6) for value in added} == {6.0}
    assert set(forecast) == {6.0}
