"""The Grafana dashboard fits together, and a real InfluxDB answers everything it asks."""

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge.contract.contract import quantile_name
from edge.contract.schema import MEASUREMENTS
from edge.contract.times import DAY, SECOND, UNITS
from tests.support.grafana_queries import Json, Rows, answers, panels
from tests.support.servers import Influx

GRAFANA = Path(__file__).parents[2] / "deploy" / "grafana"
DATASOURCE = {"type": "influxdb", "uid": "gatecast-influxdb"}
HOUR, MINUTE = UNITS["h"], UNITS["min"]
BAND = "BCD"  # targets of the median and the edges of the band
NOW = 1_768_500_000 * SECOND  # 2026-01-15, 18:00 UTC


@pytest.fixture(scope="module")
def dashboard() -> Json:
    """The dashboard as it is delivered."""
    parsed: Json = json.loads((GRAFANA / "dashboards" / "gatecast.json").read_text())
    return parsed


def _seed(quantiles: tuple[str, str] = ("q10", "q90")) -> str:
    """Nine days of two series and one hour of two agents, in the schema the agent writes.

    Of `ewr.temperature` the forecast errs by 1 at lead 1 and by 2 at lead 6, the baseline by 4, and two of three
    facts are covered. `agent-1` changes its model 7 minutes ago, drops 3 points and repeats one per report.

    Args:
        quantiles: names of the lowest and the highest one.
    """
    lines = [f'series,series=ewr.temperature unit="°F",kind="gauge" {NOW // DAY * DAY}']
    for hour in range(-7 * 24, 25):
        time = NOW // HOUR * HOUR + hour * HOUR
        for series, value in (("ewr.temperature", 50.0 + hour % 24), ("jfk.humidity", 70.0)):
            if hour <= 0:
                lines.append(f"reading,series={series},site={series[:3]} value={value} {time}")
            band = f"{quantiles[0]}={value - 5},q50={value + 1},{quantiles[1]}={value + 5}"
            lines.append(f'forecast,series={series} {band},origin={time - HOUR}i,lead=2i,model="m2" {time}')
            for lead, error in ((1, 1.0), (6, 2.0)):
                lines.append(f'forecast_lead,series={series},lead={lead} {band},origin={time - lead * HOUR}i,model="m2" {time}')
                if hour <= 0:
                    scores = f"error={error},absolute_error={error},pinball=0.5,covered={float(hour % 3 > 0)}"
                    worse = 4.0 if series == "ewr.temperature" else 1.0
                    lines.append(f"forecast_score,series={series},lead={lead} {scores},baseline_absolute_error={worse} {time}")
    lines.append(f'agent,agent=agent-1 released="m2" {NOW - 7 * MINUTE + 1}')
    for report in range(360):
        time = NOW - HOUR + (report + 1) * 10 * SECOND
        for agent, model in (("agent-1", "m2" if time > NOW - 7 * MINUTE else "m1"), ("agent-2", "m1")):
            counts = (
                f"backlog={report}.0,dropped={3.0 * (report > 350)},late=2.0,skipped=0.0,duplicates={report}.0,lag_seconds=1.5"
            )
            rates = f'readings_per_second=100.0,microseconds_per_forecast=31.0,model="{model}"'
            lines.append(f"agent,agent={agent} {counts},{rates} {time}")
    return "\n".join(lines)


def _columns(rows: Rows) -> dict[str, list[Any]]:
    """Column name to values."""
    return {name: [row[name] for row in rows] for name in rows[0]}


@pytest.fixture(scope="module")
def asked(dashboard: Json, influx: Influx, module_bucket: str) -> tuple[dict[str, str], dict[str, Rows]]:
    """The variables, and what a seeded InfluxDB answers to every query."""
    influx.write(module_bucket, _seed())
    return answers(dashboard, lambda query: influx.query(module_bucket, query), now=NOW)


@pytest.mark.servers
def test_every_query_finds_data(asked: tuple[dict[str, str], dict[str, Rows]]) -> None:
    """No panel, variable or annotation is refused, stays empty, or holds only nulls."""
    _, found = asked
    assert len(found) > 20
    for name, rows in found.items():
        assert rows, f"{name} is empty"
        measured = {key: values for key, values in _columns(rows).items() if key not in ("time", "agent", "series", "lead")}
        assert measured, f"{name} has no value"
        for key, values in measured.items():
            assert any(value is not None for value in values), f"{name}: {key} is null"


@pytest.mark.servers
def test_variables_list_series_and_leads_in_order(asked: tuple[dict[str, str], dict[str, Rows]]) -> None:
    """The first series by name and the shortest lead are shown first."""
    variables, found = asked
    assert variables == {"series": "ewr.temperature", "unit": "°F", "lead": "1", "lower": "q10", "upper": "q90"}
    assert [row["value"] for row in found["variable 'series'"]] == ["ewr.temperature", "jfk.humidity"]


@pytest.mark.servers
def test_quality_panels_compute_what_their_titles_say(asked: tuple[dict[str, str], dict[str, Rows]]) -> None:
    """Error, gain and coverage of known errors have known values."""
    _, found = asked
    assert _columns(found["panel 'Error $lead ahead' A"])["mean"] == [1.0]
    assert _columns(found["panel 'Coverage $lead ahead' A"])["mean"] == [pytest.approx(2 / 3, abs=0.01)]
    gain = _columns(found["panel 'Gain by lead' A"])
    assert dict(zip(gain["lead"], gain["gain"], strict=True)) == {"1": 0.75, "6": 0.5}
    worst = _columns(found["panel 'Series with the least gain' A"])
    assert dict(zip(worst["series"], worst["gain"], strict=True)) == {"jfk.humidity": -0.5, "ewr.temperature": 0.625}
    assert worst["error"] == [1.5, 1.5]


@pytest.mark.servers
def test_a_counter_is_shown_as_what_it_added(dashboard: Json, influx: Influx, bucket: str) -> None:
    """Beside the sum of its forecasts of the same hours; where a meter began again there is no value."""
    lines = [
        f"reading,series=meter value={100 + minute / 10 - 100 * (minute >= 300)} {NOW - DAY + minute * MINUTE}"
        for minute in range(600)
    ]
    lines += [f"forecast,series=meter q50=1.5 {NOW - DAY + quarter * 15 * MINUTE}" for quarter in range(40)]
    lines.append(f'series,series=meter unit="kWh",kind="counter" {NOW // DAY * DAY}')
    influx.write(bucket, "\n".join(lines))
    variables, found = answers(dashboard, lambda query: influx.query(bucket, query), now=NOW)
    assert variables["unit"] == "kWh"
    added, forecast = (found[f"panel 'Added and forecast' {ref}"] for ref in "AB")
    assert {round(row["non_negative_difference"], 6) for row in added} == {6.0}
    assert {row["sum"] for row in forecast} == {6.0}


@pytest.mark.servers
def test_the_forecast_is_drawn_past_now(asked: tuple[dict[str, str], dict[str, Rows]]) -> None:
    """Median and band reach a day ahead, the fact ends now."""
    _, found = asked
    name = "panel 'Newest forecast and fact'"
    assert max(row["time"] for row in found[f"{name} A"]) <= NOW
    for ref in BAND:
        assert max(row["time"] for row in found[f"{name} {ref}"]) > NOW + DAY - 2 * HOUR


@pytest.mark.servers
@pytest.mark.parametrize(
    ("stored", "edges"),
    [
        ((("q2_5", "q97_5"),), ("q2_5", "q97_5")),
        ((("q5", "q95"), ("q25", "q75")), ("q5", "q95")),
        ((("q0_5", "q99_5"), ("q0_1", "q99_9"), ("q9", "q91")), ("q0_1", "q99_9")),
        ((("q50", "q50"),), ("q50", "q50")),
    ],
    ids=["95", "90-and-50", "99.8", "median-only"],
)
def test_the_band_is_drawn_under_any_quantiles(
    stored: tuple[tuple[str, str], ...], edges: tuple[str, str], dashboard: Json, influx: Influx, bucket: str
) -> None:
    """Its edges are the outermost quantiles in the store, in both panels; nothing has to be edited."""
    for quantiles in stored:
        influx.write(bucket, _seed(quantiles))
    variables, found = answers(dashboard, lambda query: influx.query(bucket, query), now=NOW)
    assert (variables["lower"], variables["upper"]) == edges
    for panel in ("Newest forecast and fact", "Forecast made $lead intervals ahead, and fact"):
        median, lower, upper = (_columns(found[f"panel '{panel}' {ref}"])["mean"] for ref in BAND)
        assert len(median) == len(lower) == len(upper) > 100
        if len(set(edges)) == 2:
            assert all(low < mid < high for low, mid, high in zip(lower, median, upper, strict=True))


@pytest.mark.servers
def test_a_bucket_without_forecasts_is_no_error(dashboard: Json, influx: Influx, bucket: str) -> None:
    """Grafana shows the readings, and no data for the rest."""
    influx.write(bucket, f"reading,series=a value=1 {NOW - MINUTE}")
    _, found = answers(dashboard, lambda query: influx.query(bucket, query), now=NOW)
    assert [name for name, rows in found.items() if rows] == [
        "variable 'series'",
        "panel 'Latest reading' A",
        "panel 'Newest forecast and fact' A",
        "panel 'Forecast made $lead intervals ahead, and fact' A",
    ]


def test_queries_name_what_the_schema_knows(dashboard: Json) -> None:
    """Measurements, tags and fields in every query of the dashboard are those that the agent writes."""
    tags = {tag for measurement in MEASUREMENTS for tag in measurement.tags}
    fields = {field.name for measurement in MEASUREMENTS for field in measurement.fields}
    quantiles = {quantile_name(0.5), "$lower", "$upper"}
    queries = [target["query"] for panel in panels(dashboard) for target in panel["targets"]]
    queries += [variable["query"] for variable in dashboard["templating"]["list"]]
    queries += [note["target"]["query"] for note in dashboard["annotations"]["list"] if not note.get("builtIn")]
    for query in queries:
        ours = set(re.findall(r'AS "([^"]+)"', query))
        assert set(re.findall(r'FROM "(\w+)"', query)) <= {measurement.name for measurement in MEASUREMENTS}, query
        names = set(re.findall(r'"([^"]+)"', re.sub(r'(FROM|AS) "[^"]+"', "", query)))
        assert names - ours <= tags | fields | quantiles, query


@pytest.mark.servers
def test_agent_panels_add_up_and_show_growth(asked: tuple[dict[str, str], dict[str, Rows]]) -> None:
    """Quick-look figures are sums over the agents, drops are shown when they happen, and a model change once."""
    _, found = asked
    assert _columns(found["panel 'Readings per second' A"])["sum"] == [200.0]
    assert _columns(found["panel 'Dropped' A"])["sum"] == [6.0]
    assert sum(row["non_negative_difference"] for row in found["panel 'Dropped, skipped, late and repeated' A"]) == 6.0
    assert [(row["agent"], row["released"]) for row in found["annotation 'Releases'"]] == [("agent-1", "m2")]
    live = {row["agent"]: row["model"] for row in found["panel 'Live model' A"]}
    assert live == {"agent-1": "m2", "agent-2": "m1"}


def test_panels_have_their_own_ids_and_places(dashboard: Json) -> None:
    """Ids are unique, nothing overlaps, nothing sticks out of the 24 columns."""
    everything = dashboard["panels"]
    assert len({panel["id"] for panel in everything}) == len(everything)
    places = [(panel["title"], panel["gridPos"]) for panel in everything]
    for title, place in places:
        assert 0 <= place["x"] < place["x"] + place["w"] <= 24, title
    for (title, one), (other, two) in itertools.combinations(places, 2):
        apart = (
            one["x"] + one["w"] <= two["x"]
            or two["x"] + two["w"] <= one["x"]
            or one["y"] + one["h"] <= two["y"]
            or two["y"] + two["h"] <= one["y"]
        )
        assert apart, f"{title!r} overlaps {other!r}"


def test_panels_say_what_they_show_and_ask_one_datasource(dashboard: Json) -> None:
    """Every panel has title, description and unit, and every query the fixed datasource."""
    assert isinstance(dashboard["schemaVersion"], int)
    for panel in panels(dashboard):
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        refs = [target["refId"] for target in panel["targets"]]
        assert refs
        assert len(set(refs)) == len(refs)
        assert all(place["datasource"] == DATASOURCE for place in (panel, *panel["targets"]))
    for variable in dashboard["templating"]["list"]:
        assert variable["datasource"] == DATASOURCE
        assert not variable["multi"]


def test_overrides_and_band_name_series_that_exist(dashboard: Json) -> None:
    """An override by name, or a fill below, speaks of a series or column its panel has."""
    for panel in panels(dashboard):
        names = {target.get("alias") for target in panel["targets"]}
        names |= {
            name
            for target in panel["targets"]
            for name in re.findall(r'AS "([^"]+)"|[ (]"(\w+)"', target["query"])
            for name in name
        }
        for override in panel["fieldConfig"]["overrides"]:
            assert override["matcher"]["options"] in names, panel["title"]
            for setting in override["properties"]:
                if setting["id"] == "custom.fillBelowTo":
                    assert setting["value"] in names, panel["title"]


def test_provisioning_names_the_same_datasource_and_folder() -> None:
    """Grafana finds InfluxDB by the dashboard's uid and the dashboard where compose mounts it."""
    (source,) = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "influxdb.yaml").read_text())["datasources"]
    assert {"type": source["type"], "uid": source["uid"]} == DATASOURCE
    assert source["jsonData"]["version"] == "InfluxQL"
    assert source["secureJsonData"]["httpHeaderValue1"] == "Token ${INFLUX_TOKEN}"
    (provider,) = yaml.safe_load((GRAFANA / "provisioning" / "dashboards" / "gatecast.yaml").read_text())["providers"]
    compose = yaml.safe_load((GRAFANA.parent / "compose.yaml").read_text())
    settings = compose["services"]["influxdb"]["environment"]
    assert source["jsonData"]["dbName"] == settings["DOCKER_INFLUXDB_INIT_BUCKET"]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in compose["services"]["grafana"]["volumes"]
