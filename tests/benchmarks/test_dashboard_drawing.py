"""The pictures of the dashboards: every kind of panel is drawn, with data and without."""

import json

import pytest
from as_code.board import UIDS
from as_code.files import GRAFANA
from dashboard_drawing import DRAWN, Shown, draw, formatted

from edge.contract.times import DAY, SECOND
from tests.support.grafana_queries import Json, Rows, answers, panels

NOW = 1_768_500_000 * SECOND
BOARDS: dict[str, Json] = {name: json.loads((GRAFANA / f"dashboards/{name}.json").read_text("utf-8")) for name in UIDS}
PNG = b"\x89PNG"


def shown(name: str, rows: dict[str, Rows] | None = None) -> Shown:
    """A dashboard for which nothing is stored, but for some answers."""
    variables, nothing = answers(BOARDS[name], lambda _: [], now=NOW)
    return Shown(BOARDS[name], variables, nothing | (rows or {}), (NOW - DAY, NOW), NOW)


@pytest.mark.parametrize("name", UIDS)
def test_dashboard_without_data_is_drawn(name: str) -> None:
    """With its texts for that."""
    picture = draw(shown(name))
    assert picture.startswith(PNG)
    assert len(picture) < 150_000


def test_every_kind_of_panel_has_its_drawing() -> None:
    """And no other."""
    assert {panel["type"] for board in BOARDS.values() for panel in panels(board)} == set(DRAWN)


def test_what_is_stored_changes_the_picture() -> None:
    """A line, a text and a mark of an annotation."""
    line: Rows = [{"time": NOW - hour * DAY // 24, "mean": float(hour % 5)} for hour in range(20)]
    empty = draw(shown("forecast"))
    for query, rows in (
        ("panel 'Fact and newest forecast of $series' F", line),
        ("panel 'Unit' A", [{"time": 0, "unit": "kWh"}]),
        ("annotation 'Now'", [{"time": NOW, "now": "model"}]),
    ):
        assert draw(shown("forecast", {query: rows})) != empty, query


@pytest.mark.parametrize(
    ("value", "settings", "text"),
    [
        (0.1234, {"unit": "percentunit", "decimals": 1}, "12.3 %"),
        (1_230_000, {"unit": "decbytes"}, "1.23 MB"),
        (12, {"unit": "decbytes"}, "12 B"),
        (1.5, {"unit": "s"}, "1.5 s"),
        (90, {"unit": "s"}, "1.5 mins"),
        (14_400, {"unit": "s"}, "4 hours"),
        (216_000, {"unit": "s"}, "2.5 days"),
        (1_388_437_200_000, {"unit": "dateTimeAsLocal"}, "2013-12-30 21:00:00"),
        (200.04, {"unit": "suffix: /s", "decimals": 1}, "200.0 /s"),
        (1, {"unit": "short", "mappings": [{"options": {"1": {"text": "failed"}}}]}, "failed"),
        ("gru", {"unit": "short"}, "gru"),
        (None, {"unit": "short"}, ""),
        (NOW - 600 * SECOND, {"unit": "dateTimeFromNow"}, "10 minutes ago"),
    ],
)
def test_value_is_written_as_grafana_does(value: object, settings: Json, text: str) -> None:
    """In the unit of its panel."""
    assert formatted(value, settings, NOW) == text
