"""What Grafana reads is what the code writes, fits together, and is what the SDK's types know."""

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from as_code.__main__ import main
from as_code.board import TITLES, UIDS
from as_code.files import ALERTS, GRAFANA, panels, written
from as_code.influxql import column
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.alerting import Rule
from grafana_foundation_sdk.models.dashboard import Dashboard

from edge.contract.contract import quantile_name
from edge.contract.schema import FORECAST_SCORE, MEASUREMENTS
from tests.support.grafana_alerts import rules
from tests.support.grafana_queries import Json
from tests.support.grafana_queries import panels as asking

ROOT = GRAFANA.parents[1]
FILES: dict[str, Json] = {name: json.loads((GRAFANA / f"dashboards/{name}.json").read_text("utf-8")) for name in UIDS}
BOARDS = [pytest.param(board, id=name) for name, board in FILES.items()]
ALARMS: Json = yaml.safe_load((GRAFANA / ALERTS).read_text("utf-8"))
CHOSEN = {"type": "influxdb", "uid": "${fleet}"}
GRAFANAS = {"timeFilter", "__interval"}  # variables that it has itself


def queries_of(board: Json) -> list[str]:
    """The text of every query: of panels, variables and annotations."""
    asked = [target["query"] for panel in asking(board) for target in panel["targets"]]
    asked += [variable["query"] for variable in board["templating"]["list"] if variable["type"] == "query"]
    return asked + [note["target"]["query"] for note in board["annotations"]["list"]]


ASKED = [query for board in FILES.values() for query in queries_of(board)] + [
    step["model"]["query"] for _, rule in rules(ALARMS) for step in rule["data"] if "query" in step["model"]
]


@pytest.mark.parametrize("name", sorted(written()))
def test_file_is_what_the_code_writes(name: str) -> None:
    """Byte for byte; `make dashboards` writes it anew."""
    assert (GRAFANA / name).read_text("utf-8") == written()[name], "run make dashboards"


def test_no_other_file_is_among_them() -> None:
    """A dashboard that nobody writes any more would be shown for ever."""
    for folder in ("dashboards", "provisioning/alerting"):
        files = {f"{folder}/{path.name}" for path in (GRAFANA / folder).iterdir()}
        assert files == {name for name in written() if name.startswith(folder)}


def test_only_what_differs_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second time nothing is."""
    main(tmp_path)
    assert capsys.readouterr().out.count("written: ") == len(written())
    (tmp_path / ALERTS).write_text("changed by hand")
    main(tmp_path)
    assert capsys.readouterr().out == f"written: {tmp_path / ALERTS}\n"
    assert (tmp_path / ALERTS).read_text("utf-8") == written()[ALERTS]


@pytest.mark.parametrize("board", BOARDS)
def test_types_of_the_sdk_read_it_and_write_the_same(board: Json) -> None:
    """But for the queries of annotations, of which the SDK knows those of Grafana itself only."""
    register_default_plugins()
    again = json.loads(json.dumps(Dashboard.from_json(json.loads(json.dumps(board))), cls=JSONEncoder))
    targets = [note.pop("target") for note in again["annotations"]["list"]]
    assert len(targets) == len(board["annotations"]["list"])
    expected = json.loads(json.dumps(board))
    for note in expected["annotations"]["list"]:
        del note["target"]
    assert again == expected


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule["uid"]) for _, rule in rules(ALARMS)])
def test_types_of_the_sdk_read_a_rule_and_write_the_same(rule: Json) -> None:
    """A file has the panel beside it, and says folder and group elsewhere."""
    register_default_plugins()
    again = json.loads(json.dumps(Rule.from_json(json.loads(json.dumps(rule))), cls=JSONEncoder))
    assert {name: again[name] for name in rule.keys() - {"dashboardUid", "panelId"}} == {
        name: value for name, value in rule.items() if name not in ("dashboardUid", "panelId")
    }


@pytest.mark.parametrize("board", BOARDS)
def test_panels_have_their_own_ids_and_do_not_overlap(board: Json) -> None:
    """Nothing sticks out of the 24 columns; panels of a closed row have places of their own."""
    everything = [inner for panel in board["panels"] for inner in [panel, *panel.get("panels", [])]]
    assert len({panel["id"] for panel in everything}) == len(everything)
    places = [(panel["title"], panel["gridPos"]) for panel in everything]
    for title, place in places:
        assert 0 <= place["x"] < place["x"] + place["w"] <= 24, title
    for (title, first), (other, second) in itertools.combinations(places, 2):
        apart = (
            first["x"] + first["w"] <= second["x"]
            or second["x"] + second["w"] <= first["x"]
            or first["y"] + first["h"] <= second["y"]
            or second["y"] + second["h"] <= first["y"]
        )
        assert apart, f"{title!r} overlaps {other!r}"


@pytest.mark.parametrize("board", BOARDS)
def test_panel_says_what_it_shows_and_asks_the_chosen_fleet(board: Json) -> None:
    """Title, description, unit, and a text where there is nothing; titles of a dashboard differ."""
    for panel in asking(board):
        defaults = panel["fieldConfig"]["defaults"]
        assert panel["description"].endswith("."), panel["title"]
        assert defaults["unit"]
        assert defaults["noValue"]
        refs = [target["refId"] for target in panel["targets"]]
        assert refs
        assert len(set(refs)) == len(refs)
        assert all(asked["datasource"] == CHOSEN for asked in (panel, *panel["targets"]))
    titles = [panel["title"] for panel in asking(board)]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("board", BOARDS)
def test_nothing_is_red_unless_something_is_wrong(board: Json) -> None:
    """The lowest level of thresholds, which holds where there is nothing, is never red, and no lines are by themselves."""
    reds = []
    for panel in asking(board):
        steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        assert steps[0]["color"] not in ("red", "#F2495C"), panel["title"]
        reds += [panel["title"] for step in steps if "red" in str(step["color"])]
    assert set(reds) <= {"Lost in this time"}


@pytest.mark.parametrize("board", BOARDS)
def test_override_and_band_name_lines_that_exist(board: Json) -> None:
    """An override by name, or a fill below, speaks of a line or column that its panel has; no name has a variable in it."""
    for panel in asking(board):
        names = {target.get("alias") for target in panel["targets"]} | {"Time"}
        for target in panel["targets"]:
            names |= {name for found in re.findall(r'AS "([^"]+)"|[ (]"(\w+)"', target["query"]) for name in found}
        for override in panel["fieldConfig"]["overrides"]:
            assert override["matcher"]["options"] in names, panel["title"]
            assert "$" not in override["matcher"]["options"]
            for setting in override["properties"]:
                assert setting["id"] != "custom.fillBelowTo" or setting["value"] in names, panel["title"]


@pytest.mark.parametrize("board", BOARDS)
def test_variable_has_one_value_and_is_asked_when_the_dashboard_loads(board: Json) -> None:
    """No list of several values, no `All`: with 10,000 series either is a pattern that no store answers in time."""
    names = [variable["name"] for variable in board["templating"]["list"]]
    assert names[0] == "fleet"
    for variable in board["templating"]["list"]:
        assert not variable.get("multi")
        assert not variable.get("includeAll")
        if variable["type"] == "query":
            assert variable["datasource"] == CHOSEN
            assert variable["refresh"] == 1
    used = set(re.findall(r"\$\{?(\w+)", " ".join(queries_of(board))))
    assert used - GRAFANAS <= set(names)
    shown = used | set(re.findall(r"\$\{?(\w+)", json.dumps(board["panels"], ensure_ascii=False)))
    assert set(names) - {"fleet"} <= shown


@pytest.mark.parametrize("query", ASKED, ids=range(len(ASKED)))
def test_query_names_what_is_stored(query: str) -> None:
    """Measurements, tags and fields are those of the schema; what a subquery calls its columns is known to the outer one."""
    tags = {tag for measurement in MEASUREMENTS for tag in measurement.tags}
    fields = {field.name for measurement in MEASUREMENTS for field in measurement.fields}
    edges = {"$lower", "$upper", "$inner_lower", "$inner_upper", quantile_name(0.5)}
    called = set(re.findall(r'AS "([^"]+)"', query))
    assert set(re.findall(r'FROM "(\w+)"', query)) <= {measurement.name for measurement in MEASUREMENTS}
    quoted = set(re.findall(r'"([^"]+)"', re.sub(r'FROM "\w+"', "", query)))
    assert quoted - called <= tags | fields | edges, query


def test_name_that_nobody_stores_is_refused() -> None:
    """At the time when the files are written."""
    with pytest.raises(KeyError, match="absolute_eror"):
        column(FORECAST_SCORE, "absolute_eror")
    assert column(FORECAST_SCORE, "lead") == '"lead"'


@pytest.mark.parametrize("board", BOARDS)
def test_dashboards_lead_to_each_other(board: Json) -> None:
    """Links at the top and in the tables lead to dashboards that exist, and carry the fleet."""
    assert board["uid"] in UIDS.values()
    assert [link["url"] for link in board["links"]] == [f"/d/{uid}" for uid in UIDS.values()]
    assert all(link["includeVars"] for link in board["links"])
    for found in re.findall(r"/d/([\w-]+)\?([^\"]*)", json.dumps(board)):
        assert found[0] in UIDS.values()
        assert found[1].startswith("var-fleet=${fleet}&")


def test_provisioning_names_the_same_data_source_folder_and_path() -> None:
    """Grafana finds InfluxDB by the uid that dashboards and rules have, and the files where compose puts them."""
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/influxdb.yaml").read_text())["datasources"]
    assert source["jsonData"]["version"] == "InfluxQL"
    assert source["secureJsonData"]["httpHeaderValue1"] == "Token ${INFLUX_TOKEN}"
    for board in FILES.values():
        assert board["templating"]["list"][0]["current"]["value"] == source["uid"]
    asked = {step["datasourceUid"] for _, rule in rules(ALARMS) for step in rule["data"]}
    assert asked == {source["uid"], "__expr__"}
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/gatecast.yaml").read_text())["providers"]
    services = yaml.safe_load((GRAFANA.parent / "compose.yaml").read_text())["services"]
    assert source["jsonData"]["dbName"] == services["influxdb"]["environment"]["SETUP_BUCKET"]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in services["grafana"]["volumes"]
    assert "./grafana/provisioning:/etc/grafana/provisioning:ro" in services["grafana"]["volumes"]
    home = services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (GRAFANA / "dashboards" / Path(home).name).exists()


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule["uid"]) for _, rule in rules(ALARMS)])
def test_alarm_says_what_to_do_and_leads_to_page_and_panel(rule: Json) -> None:
    """The section of the page exists, and so does the panel; no data is no alarm, and no text has a `$`."""
    texts = rule["annotations"]
    assert set(texts) == {"summary", "description", "documentation"}
    assert texts["description"].endswith(".")
    assert "$" not in json.dumps([rule["title"], rule["labels"], texts])
    page, _, section = texts["documentation"].partition("#")
    assert section in anchors(ROOT / page)
    boards: dict[str, Any] = {name: Dashboard.from_json(json.loads(written()[f"dashboards/{name}.json"])) for name in UIDS}
    shown = {(UIDS[name], number) for (name, _), number in panels(boards).items()}
    assert (rule["dashboardUid"], rule["panelId"]) in shown
    assert rule["noDataState"] == "OK"
    assert not rule["isPaused"]


def test_rules_have_uids_of_their_own_and_one_of_them_tells_that_the_database_is_away() -> None:
    """One alarm is enough for that; the uids never change, or Grafana would have both rules."""
    known = {rule["uid"]: rule["execErrState"] for _, rule in rules(ALARMS)}
    assert len(known) == sum(1 for _ in rules(ALARMS))
    assert all(len(uid) <= 40 for uid in known)
    assert [uid for uid, state in known.items() if state == "Error"] == ["gatecast-agent-gone"]
    assert known.keys() == {
        "gatecast-forecast-1-above",
        "gatecast-coverage",
        "gatecast-gain",
        "gatecast-agent-gone",
        "gatecast-backlog",
        "gatecast-lost",
        "gatecast-silent",
        "gatecast-retraining",
    }
    assert TITLES.keys() == UIDS.keys()


@pytest.mark.parametrize("board", BOARDS)
def test_page_explains_every_panel(board: Json) -> None:
    """By its title, with … for what is chosen."""
    page = (ROOT / "docs" / "dashboards.md").read_text("utf-8")
    told = {name.strip() for line in page.splitlines() if line.startswith("| ") for name in line.split("|")[1].split(", ")}
    told |= {line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")}
    assert {re.sub(r"\$\w+", "…", panel["title"]) for panel in asking(board)} <= told


def test_page_explains_every_alarm() -> None:
    """By its title, with … for what the user sets."""
    page = (ROOT / "docs" / "dashboards.md").read_text("utf-8")
    told = {line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")}
    for _, rule in rules(ALARMS):
        title = re.sub(r"^Forecast of .* goes (above|below) .*$", r"Forecast of … goes above …", rule["title"])
        assert title in told
